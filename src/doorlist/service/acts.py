"""An administrator's act on one workspace or folder: the resource locked, the right checked, the event told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.levels import Level
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Forbidden, NotFound
from doorlist.service import clock
from doorlist.service.authority import require_access_manager
from doorlist.store import audit, resources
from doorlist.store.db import Connection
from doorlist.store.resources import Place


@dataclass(frozen=True, slots=True)
class Act:
    """One verb under way: who acts where, up to which level, at which moment."""

    administrator: Administrator
    org_id: UUID
    place: Place
    own: int
    at: datetime

    async def tell(self, connection: Connection, action: Action, change: Mapping[str, object]) -> None:
        """Append the event of the act, in its transaction."""
        actor = Actor.administrator(self.administrator)
        event = Event(action, TargetKind.RESOURCE, self.place.id, actor, clock.new_id(self.at), change)
        await audit.append(connection, self.org_id, event, at=self.at)

    def require(self, level: Level) -> None:
        """Pass for somebody of at least that level there. Raises `Forbidden`."""
        if self.own < level:
            raise Forbidden(f"This needs the level {level.label} there.")


async def begin(connection: Connection, administrator: Administrator, org_id: UUID, resource_id: UUID) -> Act:
    """Lock the resource and check that the administrator may change who has access to it.

    Raises `NotFound`, `Forbidden`.
    """
    place = await resources.lock(connection, org_id, resource_id)
    if place is None:
        raise NotFound("There is no such workspace or folder.")
    own = await require_access_manager(connection, administrator, org_id, resource_id)
    return Act(administrator, org_id, place, own, clock.now())
