"""SQL of retained access and of the lists over the access views: what stays when a path is lost, who reaches what.

Every write is one statement for any number of people. The rule itself is the views of the schema; nothing here
decides who may call. Statements that write retained rows run in the transaction that ends the path, under the lock
of the group's row, so that a retained row and a live path of one group on one resource never meet.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection

_RETAIN_AFTER_LEAVING = """
with kept as (
    insert into retained (org_id, resource_id, user_id, group_id, group_name, level, state, since)
    select g.org_id, g.resource_id, u.id, g.principal_id, d.display_name, g.level, 'live', $4
      from grants g
      join organizations o on o.org_id = g.org_id
      join groups d on d.org_id = g.org_id and d.id = g.principal_id
      join users u on u.org_id = g.org_id and u.id = any($3::uuid[]) and u.active and u.deleted_at is null
     where g.org_id = $1 and g.principal_id = $2 and g.principal_kind = 'group'
       and coalesce(g.policy, o.removal_policy) = 'keep'
       and not exists (select from exclusions x
                        where x.org_id = g.org_id and x.resource_id = g.resource_id and x.user_id = u.id)
    on conflict (org_id, resource_id, user_id, group_id) do update
       set level = excluded.level, group_name = excluded.group_name, state = 'live', since = excluded.since
    returning 1)
select count(*) from kept
"""

_RETAIN_AFTER_GROUP_DELETED = """
with kept as (
    insert into retained (org_id, resource_id, user_id, group_id, group_name, level, state, since)
    select g.org_id, g.resource_id, u.id, g.principal_id, d.display_name, g.level, 'live', $3
      from grants g
      join organizations o on o.org_id = g.org_id
      join groups d on d.org_id = g.org_id and d.id = g.principal_id
      join group_members m on m.org_id = g.org_id and m.group_id = g.principal_id
      join users u on u.org_id = m.org_id and u.id = m.user_id and u.active and u.deleted_at is null
     where g.org_id = $1 and g.principal_id = $2 and g.principal_kind = 'group'
       and coalesce(g.policy, o.removal_policy) = 'keep'
       and not exists (select from exclusions x
                        where x.org_id = g.org_id and x.resource_id = g.resource_id and x.user_id = u.id)
    on conflict (org_id, resource_id, user_id, group_id) do update
       set level = excluded.level, group_name = excluded.group_name, state = 'live', since = excluded.since
    returning 1)
select count(*) from kept
"""

_SUPERSEDE_RETAINED = """
with superseded as (
    delete from retained k
     using grants g
     where k.org_id = $1 and k.group_id = $2 and k.user_id = any($3::uuid[])
       and g.org_id = k.org_id and g.resource_id = k.resource_id and g.principal_id = k.group_id
    returning 1)
select count(*) from superseded
"""

_HOLD_RETAINED = """
with held as (
    update retained set state = 'held'
     where org_id = $1 and user_id = $2 and state = 'live'
    returning 1)
select count(*) from held
"""


_LIST_RETAINED = """
select u.user_name, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, k.level,
       k.group_name, k.state, k.since, k.user_id, k.resource_id, k.group_id
  from retained k
  join users u on u.org_id = k.org_id and u.id = k.user_id and u.deleted_at is null
  join resources r on r.org_id = k.org_id and r.id = k.resource_id and r.deleted_at is null
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where k.org_id = $1
 order by u.user_name_key, u.id, w.name_key, r.kind = 'folder', r.name_key, k.group_name, k.group_id
"""

_DELETE_RETAINED = """
delete from retained k
 using resources r
 where k.org_id = $1 and k.user_id = $2 and r.org_id = k.org_id and r.id = k.resource_id
   and (r.id = $3 or ($4 and r.workspace_id = $3))
returning k.resource_id, k.level, k.group_id
"""

_DELETE_DIRECT = """
delete from grants g
 using resources r
 where g.org_id = $1 and g.principal_id = $2 and g.principal_kind = 'user'
   and r.org_id = g.org_id and r.id = g.resource_id and (r.id = $3 or ($4 and r.workspace_id = $3))
returning g.resource_id, g.level
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
class RetainedLine:
    """What somebody kept of a group, under the name that the group had then; `state` is live or held."""

    user_name: str
    workspace: str
    folder: str
    level: int
    group_name: str
    state: str
    since: datetime
    user_id: UUID
    resource_id: UUID
    group_id: UUID


@dataclass(frozen=True, slots=True)
class Lost:
    """A path that was deleted; `group_id` is None for a direct grant."""

    resource_id: UUID
    level: int
    group_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class GroupPath:
    """A way by which a group still leads somebody to a place."""

    group_name: str
    workspace: str
    folder: str
    level: int


async def retain_after_leaving(
    connection: Connection, org_id: UUID, group_id: UUID, user_ids: list[UUID], now: datetime
) -> int:
    """Write what former members keep: a live row for every keep-grant of the group. Returns the number of rows.

    Call it after the member rows were deleted, in the same transaction. People who are inactive, deleted or excluded
    on the resource get none; neither do grants whose policy (or the organization's) is remove.
    """
    kept: int = await connection.fetchval(_RETAIN_AFTER_LEAVING, org_id, group_id, user_ids, now)
    return kept


async def retain_after_group_deleted(connection: Connection, org_id: UUID, group_id: UUID, now: datetime) -> int:
    """As `retain_after_leaving` for every member at once. Call it while the member rows still exist."""
    kept: int = await connection.fetchval(_RETAIN_AFTER_GROUP_DELETED, org_id, group_id, now)
    return kept


async def supersede_retained(connection: Connection, org_id: UUID, group_id: UUID, user_ids: list[UUID]) -> int:
    """Delete retained rows that a live path of the same group replaces, for people who joined it again.

    A row on a resource that the group is no longer granted on stays: nothing would take its place. Returns the number
    of rows deleted.
    """
    superseded: int = await connection.fetchval(_SUPERSEDE_RETAINED, org_id, group_id, user_ids)
    return superseded


async def hold_retained(connection: Connection, org_id: UUID, user_id: UUID) -> int:
    """Suspend everything that a person had kept, when the person is deactivated. Returns the number of rows."""
    held: int = await connection.fetchval(_HOLD_RETAINED, org_id, user_id)
    return held


async def effective_level(connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID) -> int:
    """The one level that a person has on a resource, 0 for none."""
    level: int = await connection.fetchval(_EFFECTIVE, org_id, user_id, resource_id)
    return level


async def delete_retained(
    connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID, inside: bool
) -> list[Lost]:
    """Delete what a person kept on a resource, and with `inside` on every folder of that workspace."""
    rows = await connection.fetch(_DELETE_RETAINED, org_id, user_id, resource_id, inside)
    return [Lost(**row) for row in rows]


async def delete_direct(
    connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID, inside: bool
) -> list[Lost]:
    """Delete a person's own grants on a resource, and with `inside` on every folder of that workspace."""
    rows = await connection.fetch(_DELETE_DIRECT, org_id, user_id, resource_id, inside)
    return [Lost(**row) for row in rows]


async def group_paths(
    connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID, inside: bool
) -> list[GroupPath]:
    """The grants of groups by which a person is on a resource, and with `inside` on folders of that workspace."""
    rows = await connection.fetch(_REMAINING_GROUP_PATHS, org_id, user_id, resource_id, inside)
    return [GroupPath(**row) for row in rows]


async def retained(connection: Connection, org_id: UUID) -> AsyncIterator[RetainedLine]:
    """Everything that people kept, by person and place, read as it is asked for; needs a transaction."""
    async for row in connection.cursor(_LIST_RETAINED, org_id, prefetch=500):
        yield RetainedLine(**row)


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
