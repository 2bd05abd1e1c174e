"""SQL of exclusions: one suppresses what groups give to one person in one place. No rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection

_SET = """
insert into exclusions (org_id, resource_id, user_id, created_at, created_by) values ($1, $2, $3, $4, $5)
on conflict do nothing
returning true
"""

_LIFT = """
with gone as (
    delete from exclusions where org_id = $1 and resource_id = $2 and user_id = $3 returning *),
remembered as (
    insert into past_exclusions (org_id, resource_id, user_id, since, until)
    select org_id, resource_id, user_id, created_at, $4 from gone where created_at < $4
    on conflict do nothing)
select true from gone
"""

_LIST = """
select u.user_name, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder,
       x.created_at, x.created_by
  from exclusions x
  join users u on u.org_id = x.org_id and u.id = x.user_id and u.deleted_at is null
  join resources r on r.org_id = x.org_id and r.id = x.resource_id and r.deleted_at is null
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where x.org_id = $1
 order by u.user_name_key, u.id, w.name_key, r.kind = 'folder', r.name_key
"""

_ON_RESOURCE = """
select x.user_id, u.user_name, x.created_at, x.created_by
  from exclusions x
  join users u on u.org_id = x.org_id and u.id = x.user_id and u.deleted_at is null
 where x.org_id = $1 and x.resource_id = $2
 order by u.user_name_key, u.id
 limit 200
"""


@dataclass(frozen=True, slots=True)
class ExcludedPerson:
    """A person to whom groups give nothing in the place that was asked for, since when and by whom."""

    user_id: UUID
    user_name: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class ExclusionLine:
    """A person to whom groups give nothing in a place, since when and by whom."""

    user_name: str
    workspace: str
    folder: str
    created_at: datetime
    created_by: str


async def exclude(
    connection: Connection, org_id: UUID, *, resource_id: UUID, user_id: UUID, by: str, now: datetime
) -> bool:
    """Let derived paths of a person count nothing on a resource; whether they did before."""
    return bool(await connection.fetchval(_SET, org_id, resource_id, user_id, now, by))


async def lift(connection: Connection, org_id: UUID, *, resource_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Let derived paths of a person count again on a resource; whether they did not before."""
    return bool(await connection.fetchval(_LIFT, org_id, resource_id, user_id, now))


async def on_resource(connection: Connection, org_id: UUID, resource_id: UUID) -> list[ExcludedPerson]:
    """The exclusions of one place by user name, at most 200."""
    return [ExcludedPerson(**row) for row in await connection.fetch(_ON_RESOURCE, org_id, resource_id)]


async def everything(connection: Connection, org_id: UUID) -> AsyncIterator[ExclusionLine]:
    """Every exclusion by person and place, read as it is asked for; needs a transaction."""
    async for row in connection.cursor(_LIST, org_id, prefetch=500):
        yield ExclusionLine(**row)
