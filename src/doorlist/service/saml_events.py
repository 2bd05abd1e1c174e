"""The audit events of an organization's SAML settings."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import Administrator
from doorlist.service import clock
from doorlist.store import audit
from doorlist.store.db import Connection


async def tell(
    connection: Connection, administrator: Administrator, org_id: UUID, change: Mapping[str, object]
) -> None:
    """Append a change of the settings, in the transaction that makes it."""
    at = clock.now()
    actor = Actor.administrator(administrator)
    event = Event(Action.SAML_CHANGED, TargetKind.ORGANIZATION, org_id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
