"""SQL of the audit log: append only. Updates and deletes do not exist here; the hash chain is sealed elsewhere."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from doorlist.domain.events import Event
from doorlist.store.db import Connection

_APPEND = """
insert into audit_events
       (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id, change)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb)
"""


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
