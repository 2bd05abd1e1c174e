"""SQL of retained access: what people keep when a path is lost, what is held while they are inactive, and its end.

Every write is one statement for any number of people. Statements that write retained rows run in the transaction
that ends the path, under the lock of the group's row, so that a retained row and a live path of one group on one
resource never meet. What ends goes to the past in the same statement.
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
    returning resource_id, user_id, level)
select resource_id, level, count(*) as people,
       array(select unnest($3::uuid[])
             except select o.user_id from kept o where o.resource_id = kept.resource_id) as without
  from kept group by resource_id, level order by resource_id
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
    returning resource_id, user_id, level)
select resource_id, level, count(*) as people,
       array(select m.user_id from group_members m where m.org_id = $1 and m.group_id = $2
             except select o.user_id from kept o where o.resource_id = kept.resource_id) as without
  from kept group by resource_id, level order by resource_id
"""

_LIST = """
select u.user_name, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, k.level,
       k.group_name, k.state, k.since, k.user_id, k.resource_id, k.group_id
  from retained k
  join users u on u.org_id = k.org_id and u.id = k.user_id and u.deleted_at is null
  join resources r on r.org_id = k.org_id and r.id = k.resource_id and r.deleted_at is null
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where k.org_id = $1
 order by u.user_name_key, u.id, w.name_key, r.kind = 'folder', r.name_key, k.group_name, k.group_id
"""

_DELETE = """
with gone as (
    delete from retained k
     using resources r
     where k.org_id = $1 and k.user_id = $2 and r.org_id = k.org_id and r.id = k.resource_id
       and (r.id = $3 or ($4 and r.workspace_id = $3))
    returning k.*),
remembered as (
    insert into past_retained (org_id, resource_id, user_id, group_id, group_name, level, since, until)
    select org_id, resource_id, user_id, group_id, group_name, level, since, $5
      from gone where state = 'live' and since < $5
    on conflict do nothing)
select resource_id, level, group_id from gone order by resource_id, group_id
"""

_CONFIRM_HELD = """
update retained set state = 'live', since = $3
 where org_id = $1 and user_id = $2 and state = 'held'
returning resource_id, level, group_id
"""

_DROP_HELD = """
delete from retained where org_id = $1 and user_id = $2 and state = 'held' returning resource_id, level, group_id
"""


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
class Kept:
    """What those who lost a group keep in one place: how many `people` do, and who of them do not (`without`)."""

    resource_id: UUID
    level: int
    people: int
    without: list[UUID]

    def told(self) -> dict[str, object]:
        """As an audit event tells it."""
        without = sorted(map(str, self.without))
        return {"resource": str(self.resource_id), "level": self.level, "people": self.people, "without": without}


@dataclass(frozen=True, slots=True)
class Lost:
    """A path that was deleted; `group_id` is None for a direct grant."""

    resource_id: UUID
    level: int
    group_id: UUID | None = None


async def retain_after_leaving(
    connection: Connection, org_id: UUID, group_id: UUID, user_ids: list[UUID], now: datetime
) -> list[Kept]:
    """Write what former members keep: a live row for every keep-grant of the group.

    Call it after the member rows were deleted, in the same transaction. People who are inactive, deleted or excluded
    on the resource get none; neither do grants whose policy (or the organization's) is remove.
    """
    rows = await connection.fetch(_RETAIN_AFTER_LEAVING, org_id, group_id, user_ids, now)
    return [Kept(**row) for row in rows]


async def retain_after_group_deleted(connection: Connection, org_id: UUID, group_id: UUID, now: datetime) -> list[Kept]:
    """As `retain_after_leaving` for every member at once. Call it while the member rows still exist."""
    rows = await connection.fetch(_RETAIN_AFTER_GROUP_DELETED, org_id, group_id, now)
    return [Kept(**row) for row in rows]


async def delete_retained(
    connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID, inside: bool, now: datetime
) -> list[Lost]:
    """Delete what a person kept on a resource, and with `inside` on every folder of that workspace."""
    rows = await connection.fetch(_DELETE, org_id, user_id, resource_id, inside, now)
    return [Lost(**row) for row in rows]


async def confirm_held(connection: Connection, org_id: UUID, *, user_id: UUID, now: datetime) -> list[Lost]:
    """Let everything count again that was held while a person was inactive; what was held."""
    return [Lost(**row) for row in await connection.fetch(_CONFIRM_HELD, org_id, user_id, now)]


async def drop_held(connection: Connection, org_id: UUID, *, user_id: UUID) -> list[Lost]:
    """Delete everything that was held while a person was inactive; what it was."""
    return [Lost(**row) for row in await connection.fetch(_DROP_HELD, org_id, user_id)]


async def everything(connection: Connection, org_id: UUID) -> AsyncIterator[RetainedLine]:
    """Everything that people kept, by person and place, read as it is asked for; needs a transaction."""
    async for row in connection.cursor(_LIST, org_id, prefetch=500):
        yield RetainedLine(**row)
