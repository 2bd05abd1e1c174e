"""SQL that tells what one request changed, from its audit events. Reads only; no rules.

An event is found by the resource that the request was about, whose index the audit log has; a request about several
has none, and is found by its id alone, which reads the organization's events from end to end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from doorlist.store.db import Connection

_EVENTS: Final = """
select action, target_kind, target_id, (change - 'added' - 'removed')::text as change,
       jsonb_array_length(coalesce(change -> 'added', '[]')) as added,
       jsonb_array_length(coalesce(change -> 'removed', '[]')) as removed
  from audit_events
 where org_id = $1 and request_id = $2 and ($3::uuid is null or target_id = $3)
 order by seq limit 1000
"""

_EVENTS_OF_TARGET: Final = _EVENTS.replace("($3::uuid is null or target_id = $3)", "target_id = $3")

_MEMBERS: Final = """
select m.way, m.id, coalesce(u.user_name, m.id::text) as name, e.target_id as group_id
  from audit_events e
 cross join lateral (
       select 'added' as way, a::uuid as id from jsonb_array_elements_text(coalesce(e.change -> 'added', '[]')) a
       union all
       select 'removed', r::uuid from jsonb_array_elements_text(coalesce(e.change -> 'removed', '[]')) r) m
  left join users u on u.org_id = e.org_id and u.id = m.id
 where e.org_id = $1 and e.request_id = $2 and ($3::uuid is null or e.target_id = $3)
   and e.target_kind = 'group'
   and ($4::text is null or (m.way, coalesce(u.user_name, m.id::text), m.id) > ($4, $5, $6::uuid))
 order by 1, 3, 2 limit $7
"""


@dataclass(frozen=True, slots=True)
class Happened:
    """One audit event; `change` is JSON text without the lists of members, whose lengths are `added` and `removed`."""

    action: str
    target_kind: str
    target_id: UUID
    change: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody who joined or left a group by the request; the name is the id of somebody who is gone for good."""

    way: str
    id: UUID
    name: str
    group_id: UUID


async def events(connection: Connection, org_id: UUID, request_id: UUID, target_id: UUID | None) -> list[Happened]:
    """What the request did, in order; the first thousand events."""
    statement = _EVENTS if target_id is None else _EVENTS_OF_TARGET
    return [Happened(**row) for row in await connection.fetch(statement, org_id, request_id, target_id)]


async def members(
    connection: Connection,
    org_id: UUID,
    request_id: UUID,
    target_id: UUID | None,
    *,
    after: Moved | None,
    limit: int,
) -> list[Moved]:
    """Who joined, then who left, each by name; the page after a member."""
    start = (None, None, None) if after is None else (after.way, after.name, after.id)
    return [Moved(**row) for row in await connection.fetch(_MEMBERS, org_id, request_id, target_id, *start, limit)]
