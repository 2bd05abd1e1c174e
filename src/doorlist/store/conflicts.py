"""SQL of conflicts: values that a directory wanted and another resource has. No rules.

They are noted with the request log, off the path of requests. Whether one is over is read from the present holder of
the value when somebody looks, so that a write which succeeds costs nothing more than it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.store.db import Connection

_NOTE: Final = """
insert into conflicts (org_id, id, connection_id, kind, attribute, value, value_key, method, target_id, existing_id,
                       existing_active, times, first_at, last_at, request_id)
select n.org_id, n.id, n.connection_id, n.kind, n.attribute, n.value, n.value_key, n.method, n.target_id,
       h.id, h.active, n.times, n.first_at, n.last_at, n.request_id
  from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::uuid[], $10::int[], $11::timestamptz[], $12::timestamptz[], $13::uuid[])
       as n (org_id, id, connection_id, kind, attribute, value, value_key, method, target_id, times, first_at, last_at,
             request_id)
  left join unique_holders h on h.org_id = n.org_id and h.connection_id = n.connection_id and h.kind = n.kind
                            and h.attribute = lower(n.attribute) and h.value_key = n.value_key
 order by n.org_id, n.connection_id, n.kind, n.attribute, n.value_key, n.target_id
on conflict (org_id, connection_id, kind, attribute, value_key, target_id) where closed_at is null
do update set times = conflicts.times + excluded.times, last_at = greatest(conflicts.last_at, excluded.last_at),
              value = excluded.value, request_id = excluded.request_id,
              existing_id = coalesce(excluded.existing_id, conflicts.existing_id),
              existing_active = coalesce(excluded.existing_active, conflicts.existing_active)
"""

# Over is: the resource that was to be changed has the value, or is gone; somebody else than before has it, so it was
# created; the deactivated person who had it is active again, so the directory found them; or nobody tried for a week.
# The attention item goes with the last one.
_SETTLE: Final = """
with judged as (
    select c.id,
           case when c.target_id is not null and h.id = c.target_id then 'done'
                when c.target_id is null and h.id is distinct from c.existing_id and h.id is not null then 'done'
                when c.target_id is null and not c.existing_active and h.active then 'linked'
                when c.target_id is not null and t.id is null and g.id is null then 'gone'
                when c.last_at < $2::timestamptz - interval '7 days' then 'not repeated' end as outcome,
           greatest(c.last_at, h.modified_at) as over_at
      from conflicts c
      left join unique_holders h on h.org_id = c.org_id and h.connection_id = c.connection_id and h.kind = c.kind
                                and h.attribute = lower(c.attribute) and h.value_key = c.value_key
      left join users t on t.org_id = c.org_id and t.id = c.target_id and t.deleted_at is null
      left join groups g on g.org_id = c.org_id and g.id = c.target_id and g.deleted_at is null
     where c.org_id = $1 and c.closed_at is null),
closed as (
    update conflicts c
       set outcome = j.outcome,
           closed_at = case when j.outcome in ('done', 'linked') then j.over_at else $2::timestamptz end
      from judged j
     where c.org_id = $1 and c.id = j.id and j.outcome is not null and c.closed_at is null
    returning c.id),
answered as (
    update attention_items a set resolved_at = $2::timestamptz, resolved_by = 'doorlist', resolution = 'closed'
     where a.org_id = $1 and a.kind = 'conflicts' and a.resolved_at is null
       and not exists (select from conflicts c
                        where c.org_id = $1 and c.closed_at is null and c.id not in (select id from closed)))
select count(*) from closed
"""

_LIST: Final = """
select c.id, c.kind, c.attribute, c.value, c.method, c.target_id, coalesce(t.user_name, g.display_name) as target,
       coalesce(h.id, c.existing_id) as existing_id, coalesce(h.name, e.user_name, f.display_name) as existing,
       coalesce(h.active, c.existing_active) as existing_active, h.id is null as free, c.times,
       c.first_at, c.last_at, c.request_id, c.closed_at, c.outcome
  from conflicts c
  left join unique_holders h on h.org_id = c.org_id and h.connection_id = c.connection_id and h.kind = c.kind
                            and h.attribute = lower(c.attribute) and h.value_key = c.value_key
  left join users t on t.org_id = c.org_id and t.id = c.target_id
  left join groups g on g.org_id = c.org_id and g.id = c.target_id
  left join users e on e.org_id = c.org_id and e.id = c.existing_id
  left join groups f on f.org_id = c.org_id and f.id = c.existing_id
 where c.org_id = $1 and ($2 or c.closed_at is null)
 order by c.last_at desc, c.id
"""

_CLOSE: Final = """
update conflicts set closed_at = $3, outcome = 'closed' where org_id = $1 and id = $2 and closed_at is null
returning id
"""

_FORGET: Final = "delete from conflicts where last_at < $1"


@dataclass(frozen=True, slots=True)
class Collision:
    """A value that one request wanted and another resource has. `key` is the value as it is compared."""

    kind: str
    attribute: str
    value: str
    key: str
    method: str
    target_id: UUID | None


@dataclass(frozen=True, slots=True)
class Noted:
    """The same collision of one connection, however often it happened between two moments."""

    org_id: UUID
    id: UUID
    connection_id: UUID
    collision: Collision
    times: int
    first_at: datetime
    last_at: datetime
    request_id: UUID


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict as an administrator reads it.

    `existing` is who has the value now, or had it; `free` says that nobody has it any more. `target` is the name of
    the resource that was to be changed, None for one that was to be created.
    """

    id: UUID
    kind: str
    attribute: str
    value: str
    method: str
    target_id: UUID | None
    target: str | None
    existing_id: UUID | None
    existing: str | None
    existing_active: bool | None
    free: bool
    times: int
    first_at: datetime
    last_at: datetime
    request_id: UUID
    closed_at: datetime | None
    outcome: str | None


async def note(connection: Connection, noted: Sequence[Noted]) -> None:
    """Remember collisions, each named once; one that is open already is counted on."""
    rows = [
        (
            one.org_id,
            one.id,
            one.connection_id,
            one.collision.kind,
            one.collision.attribute,
            one.collision.value,
            one.collision.key,
            one.collision.method,
            one.collision.target_id,
            one.times,
            one.first_at,
            one.last_at,
            one.request_id,
        )
        for one in noted
    ]
    await connection.execute(_NOTE, *map(list, zip(*rows, strict=True)))


async def settle(connection: Connection, org_id: UUID, *, now: datetime) -> int:
    """Close what is over, and the attention item with the last of them; returns how many were closed."""
    return int(await connection.fetchval(_SETTLE, org_id, now))


async def everything(connection: Connection, org_id: UUID, *, closed: bool) -> list[Conflict]:
    """The conflicts, the latest first; closed ones only when asked for."""
    return [Conflict(**row) for row in await connection.fetch(_LIST, org_id, closed)]


async def close(connection: Connection, org_id: UUID, conflict_id: UUID, *, now: datetime) -> bool:
    """Close one; False where it is not open."""
    return await connection.fetchval(_CLOSE, org_id, conflict_id, now) is not None


async def forget(connection: Connection, *, older_than: datetime) -> None:
    """Delete what was last seen before a moment."""
    await connection.execute(_FORGET, older_than)
