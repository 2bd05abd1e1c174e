"""SQL of the limit for mass removal: what a directory took away within the hour, where a limit is set. No rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection

_COUNT = """
with guarded as (
    select removal_limit, removals_held, coalesce(removals_allowed_until > $2, false) as allowed
      from organizations where org_id = $1 and removal_limit is not null),
noted as (
    insert into recent_removals (org_id, at, count) select $1, $2, $3 from guarded)
select g.removal_limit as limit, g.removals_held as held, g.allowed,
       $3 + (select coalesce(sum(r.count), 0) from recent_removals r
              where r.org_id = $1 and r.at > $2::timestamptz - interval '1 hour')::int as total
  from guarded g
"""

_FORGET = "delete from recent_removals where org_id = $1 and at < $2"

_SET_LIMIT = "update organizations set removal_limit = $2, removals_held = false where org_id = $1 returning true"

_LIMIT = "select removal_limit from organizations where org_id = $1 for no key update"

_ALLOW = "update organizations set removals_allowed_until = $2, removals_held = false where org_id = $1"

_HOLD = "update organizations set removals_held = true, removals_allowed_until = null where org_id = $1"

_NAMES = "select user_name from users where org_id = $1 and id = any($2::uuid[]) order by user_name_key limit $3"

_MEMBERS = """
select m.user_id
  from organizations o
  join group_members m on m.org_id = o.org_id and m.group_id = $2
 where o.org_id = $1 and o.removal_limit is not null
"""

_OPEN_ITEM = """
select id from attention_items
 where org_id = $1 and kind = 'mass-removal' and resolved_at is null
 order by raised_at limit 1 for update
"""

_ADD_NAMES = """
update attention_items a
   set detail = jsonb_build_object('limit', $3::int, 'refused', (a.detail ->> 'refused')::int + 1, 'people',
       (select coalesce(jsonb_agg(name), '[]')
          from (select distinct name from (select jsonb_array_elements_text(a.detail -> 'people')
                                           union all select unnest($4::text[])) n (name) order by name limit 1000) few))
 where a.org_id = $1 and a.id = $2
"""


@dataclass(frozen=True, slots=True)
class Count:
    """What was taken away within the hour, this time included, beside the limit."""

    limit: int
    held: bool
    allowed: bool
    total: int


async def count(connection: Connection, org_id: UUID, removed: int, *, now: datetime) -> Count | None:
    """Note a removal and count the hour; None where no limit is set, and then nothing is noted."""
    row = await connection.fetchrow(_COUNT, org_id, now, removed)
    return None if row is None else Count(**row)


async def lock_limit(connection: Connection, org_id: UUID) -> int | None:
    """The limit; it stays so until the transaction ends."""
    limit: int | None = await connection.fetchval(_LIMIT, org_id)
    return limit


async def set_limit(connection: Connection, org_id: UUID, limit: int | None, *, older_than: datetime) -> None:
    """Set or lift the limit, and forget what was counted before a moment."""
    await connection.execute(_SET_LIMIT, org_id, limit)
    await connection.execute(_FORGET, org_id, older_than)


async def allow(connection: Connection, org_id: UUID, *, until: datetime) -> None:
    """Let removals through until a moment."""
    await connection.execute(_ALLOW, org_id, until)


async def hold(connection: Connection, org_id: UUID) -> None:
    """Refuse every removal until they are allowed."""
    await connection.execute(_HOLD, org_id)


async def names(connection: Connection, org_id: UUID, people: Sequence[UUID], *, limit: int) -> list[str]:
    """The first user names of some people."""
    return [row["user_name"] for row in await connection.fetch(_NAMES, org_id, list(people), limit)]


async def members(connection: Connection, org_id: UUID, group_id: UUID) -> list[UUID]:
    """The members of a group where a limit is set; nobody where none is."""
    return [row["user_id"] for row in await connection.fetch(_MEMBERS, org_id, group_id)]


async def lock_open_item(connection: Connection, org_id: UUID) -> UUID | None:
    """The attention item about mass removal that waits, if any."""
    found: UUID | None = await connection.fetchval(_OPEN_ITEM, org_id)
    return found


async def add_names(connection: Connection, org_id: UUID, item_id: UUID, *, limit: int, people: Sequence[str]) -> None:
    """Add the people of one more refused request to a waiting item."""
    await connection.execute(_ADD_NAMES, org_id, item_id, limit, list(people))
