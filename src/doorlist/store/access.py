"""SQL of the questions about access: one check, who reaches a place, what a person reaches, the export.

The rule itself is the views of the schema; nothing here decides who may call. With a moment the same questions are
asked of the past, through the functions of the schema that bear the names of the views.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection
from doorlist.store.retention import Lost

_DELETE_DIRECT = """
with gone as (
    delete from grants g
     using resources r
     where g.org_id = $1 and g.principal_id = $2 and g.principal_kind = 'user'
       and r.org_id = g.org_id and r.id = g.resource_id and (r.id = $3 or ($4 and r.workspace_id = $3))
    returning g.*),
remembered as (
    insert into past_grants (org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
                             since, until)
    select org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
           coalesce(level_since, created_at), $5
      from gone where coalesce(level_since, created_at) < $5
    on conflict do nothing)
select resource_id, level from gone order by resource_id
"""

_REMAINING_GROUP_PATHS = """
select d.display_name as group_name, w.name as workspace,
       case when r.kind = 'folder' then r.name else '' end as folder, p.level
  from access_paths p
  join groups d on d.org_id = p.org_id and d.id = p.group_id
  join resources r on r.org_id = p.org_id and r.id = p.via_id and r.id = p.resource_id and r.deleted_at is null
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id
 where p.org_id = $1 and p.user_id = $2 and p.kind = 'group' and (r.id = $3 or ($4 and r.workspace_id = $3))
 order by w.name_key, r.kind = 'folder', r.name_key, d.display_key
"""

_EFFECTIVE = """
select coalesce(max(level), 0) from effective_access where org_id = $1 and user_id = $2 and resource_id = $3
"""

_EXPORT = """
select u.user_name, e.workspace, e.folder, e.level
  from users u
 cross join lateral (
       select w.name as workspace, w.name_key as workspace_key, r.kind = 'folder' as inside,
              case when r.kind = 'folder' then r.name else '' end as folder, r.name_key as folder_key, a.level
         from effective_access a
         join resources r on r.org_id = a.org_id and r.id = a.resource_id
         join resources w on w.org_id = r.org_id and w.id = r.workspace_id
        where a.org_id = u.org_id and a.user_id = u.id
       offset 0) e
 where u.org_id = $1 and u.active and u.deleted_at is null
 order by u.user_name_key, u.id, e.workspace_key, e.inside, e.folder_key
"""

_WHO = """
select u.user_name, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, a.level
  from effective_access a
  join users u on u.org_id = a.org_id and u.id = a.user_id
  join resources r on r.org_id = a.org_id and r.id = a.resource_id
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id
 where a.org_id = $1 and a.resource_id = $2
 order by u.user_name_key, u.id
"""

_WHAT = """
select u.user_name, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, a.level
  from effective_access a
  join users u on u.org_id = a.org_id and u.id = a.user_id
  join resources r on r.org_id = a.org_id and r.id = a.resource_id
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id
 where a.org_id = $1 and a.user_id = $2
 order by w.name_key, r.kind = 'folder', r.name_key
"""


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One person's effective level in one place; `folder` is empty for the workspace itself."""

    user_name: str
    workspace: str
    folder: str
    level: int


@dataclass(frozen=True, slots=True)
class GroupPath:
    """A way by which a group still leads somebody to a place."""

    group_name: str
    workspace: str
    folder: str
    level: int


async def effective_level(connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID) -> int:
    """The one level that a person has on a resource, 0 for none."""
    level: int = await connection.fetchval(_EFFECTIVE, org_id, user_id, resource_id)
    return level


async def delete_direct(
    connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID, inside: bool, now: datetime
) -> list[Lost]:
    """Delete a person's own grants on a resource, and with `inside` on every folder of that workspace."""
    rows = await connection.fetch(_DELETE_DIRECT, org_id, user_id, resource_id, inside, now)
    return [Lost(**row) for row in rows]


async def group_paths(
    connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID, inside: bool
) -> list[GroupPath]:
    """The grants of groups by which a person is on a resource, and with `inside` on folders of that workspace."""
    rows = await connection.fetch(_REMAINING_GROUP_PATHS, org_id, user_id, resource_id, inside)
    return [GroupPath(**row) for row in rows]


async def export(connection: Connection, org_id: UUID) -> AsyncIterator[AccessLine]:
    """Every effective level above none, by person and place, from one snapshot; needs a transaction.

    The database works person by person, so neither side holds more than a few hundred rows at a time.
    """
    async for row in connection.cursor(_EXPORT, org_id, prefetch=2000):
        yield AccessLine(*row)


async def who(connection: Connection, org_id: UUID, resource_id: UUID) -> AsyncIterator[AccessLine]:
    """Everybody who reaches a resource, by user name, read as it is asked for; needs a transaction."""
    async for row in connection.cursor(_WHO, org_id, resource_id, prefetch=500):
        yield AccessLine(*row)


async def what(connection: Connection, org_id: UUID, user_id: UUID) -> AsyncIterator[AccessLine]:
    """Every place that a person reaches, read as it is asked for; needs a transaction."""
    async for row in connection.cursor(_WHAT, org_id, user_id, prefetch=500):
        yield AccessLine(*row)
