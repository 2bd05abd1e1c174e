"""SQL of grants and retained access: who may reach what, and what stays when a group path is lost.

Every write is one statement for any number of people. The rule itself is the views of the schema; nothing here
decides who may call. Statements that write retained rows run in the transaction that ends the path, under the lock
of the group's row, so that a retained row and a live path of one group on one resource never meet.
"""

from __future__ import annotations

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
