"""SQL of the audit log: append only. Updates and deletes do not exist here; the hash chain is sealed elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.events import Event
from doorlist.store.db import Connection

_APPEND = """
insert into audit_events
       (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id, change)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """The columns of an event for a statement that writes it together with the change itself.

    `columns` are action, actor_kind, actor_id, source and request_id, in that order; `change` is JSON text.
    """

    columns: tuple[str, str, str, str, UUID]
    change: str

    @classmethod
    def of(cls, event: Event) -> Entry:
        actor = event.actor
        columns = (event.action.value, actor.kind, actor.identity, actor.source, event.request_id)
        return cls(columns, json.dumps(event.change, separators=(",", ":")))


async def append(connection: Connection, org_id: UUID, event: Event, *, at: datetime) -> None:
    """Remember one event; call it inside the transaction that makes the change."""
    await connection.execute(
        _APPEND,
        org_id,
        at,
        event.action.value,
        event.actor.kind,
        event.actor.identity,
        event.actor.source,
        event.target_kind.value,
        event.target_id,
        event.request_id,
        json.dumps(event.change, separators=(",", ":")),
    )
