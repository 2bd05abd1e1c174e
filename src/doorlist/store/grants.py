"""SQL of grants: one row gives one principal one level on one resource, whatever the size of a group.

A statement that makes a group path live again also deletes what its members had kept there, so that a retained row
and a live path of one group on one resource never meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.levels import Level, Policy
from doorlist.store.db import Connection
from doorlist.store.retention import Kept

_PUT = """
with before as (
    select * from grants where org_id = $1 and resource_id = $3 and principal_id = $5),
placed as (
    insert into grants
           (org_id, id, resource_id, principal_kind, principal_id, level, policy, created_at, created_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (org_id, resource_id, principal_id) do update
       set level = excluded.level, policy = coalesce(excluded.policy, grants.policy),
           level_since = case when grants.level = excluded.level then grants.level_since else $8 end
    returning id, level, policy),
remembered as (
    insert into past_grants (org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
                             since, until)
    select b.org_id, b.resource_id, b.principal_kind, b.principal_id, b.id, b.level, b.created_at, b.created_by,
           coalesce(b.level_since, b.created_at), $8
      from before b join placed on placed.level <> b.level
     where coalesce(b.level_since, b.created_at) < $8
    on conflict do nothing)
select placed.id, placed.level, placed.policy, before.level as level_before, before.policy as policy_before
  from placed left join before on true
"""

_SUPERSEDE = """
with superseded as (
    delete from retained k
     using group_members m
     where k.org_id = $1 and k.resource_id = any($2::uuid[]) and k.group_id = any($3::uuid[])
       and m.org_id = k.org_id and m.group_id = k.group_id and m.user_id = k.user_id
       and exists (select from grants g where g.org_id = k.org_id and g.resource_id = k.resource_id
                                          and g.principal_id = k.group_id)
    returning k.*),
remembered as (
    insert into past_retained (org_id, resource_id, user_id, group_id, group_name, level, since, until)
    select org_id, resource_id, user_id, group_id, group_name, level, since, $4
      from superseded where state = 'live' and since < $4
    on conflict do nothing)
select count(*) from superseded
"""

_REMOVE = """
with gone as (
    delete from grants
     where org_id = $1 and resource_id = $2 and principal_kind = $3 and principal_id = $4
    returning *),
remembered as (
    insert into past_grants (org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
                             since, until)
    select org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
           coalesce(level_since, created_at), $5
      from gone where coalesce(level_since, created_at) < $5
    on conflict do nothing)
select id, level, policy from gone
"""

_RETAIN_MEMBERS = """
with kept as (
    insert into retained (org_id, resource_id, user_id, group_id, group_name, level, state, since)
    select m.org_id, $3, m.user_id, m.group_id, d.display_name, $4, 'live', $5
      from group_members m
      join groups d on d.org_id = m.org_id and d.id = m.group_id
      join users u on u.org_id = m.org_id and u.id = m.user_id and u.active and u.deleted_at is null
     where m.org_id = $1 and m.group_id = $2
       and not exists (select from exclusions x
                        where x.org_id = m.org_id and x.resource_id = $3 and x.user_id = m.user_id)
    on conflict (org_id, resource_id, user_id, group_id) do update
       set level = excluded.level, group_name = excluded.group_name, state = 'live', since = excluded.since
    returning user_id)
select $3 as resource_id, $4::int as level, (select count(*) from kept) as people,
       array(select user_id from group_members where org_id = $1 and group_id = $2
             except select user_id from kept) as without
"""

_PUT_MANY = """
with before as (
    select g.* from grants g
      join unnest($3::uuid[], $4::uuid[]) as n (resource_id, group_id)
        on n.resource_id = g.resource_id and n.group_id = g.principal_id
     where g.org_id = $1),
placed as (
    insert into grants
           (org_id, id, resource_id, principal_kind, principal_id, level, created_at, created_by)
    select $1, n.id, n.resource_id, 'group', n.group_id, n.level, $6, $7
      from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::smallint[]) as n (id, resource_id, group_id, level)
     order by n.resource_id, n.group_id
    on conflict (org_id, resource_id, principal_id) do update
       set level = excluded.level, level_since = $6
     where grants.level <> excluded.level
    returning id, resource_id, principal_id, level),
remembered as (
    insert into past_grants (org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
                             since, until)
    select b.org_id, b.resource_id, b.principal_kind, b.principal_id, b.id, b.level, b.created_at, b.created_by,
           coalesce(b.level_since, b.created_at), $6
      from before b join placed on placed.id = b.id
     where coalesce(b.level_since, b.created_at) < $6
    on conflict do nothing)
select p.resource_id, p.principal_id as group_id, b.level as before, p.level
  from placed p left join before b on b.id = p.id
  join unnest($3::uuid[], $4::uuid[]) with ordinality as n (resource_id, group_id, place)
    on n.resource_id = p.resource_id and n.group_id = p.principal_id
 order by n.place
"""


_REFRESH_STATISTICS = "analyze resources, grants, groups, group_members, users, retained"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is granted something; `kind` is user or group."""

    kind: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Put:
    """A grant after it was put, and what was there before; `before` is None for a new one."""

    id: UUID
    level: Level
    policy: Policy | None
    before: tuple[Level, Policy | None] | None

    @property
    def changed(self) -> bool:
        """Whether anything is different now."""
        return self.before != (self.level, self.policy)


@dataclass(frozen=True, slots=True)
class Removed:
    """A grant that is gone."""

    id: UUID
    level: Level
    policy: Policy | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A level that a group was given by an import; `before` is the one that it had, None where it had none."""

    resource_id: UUID
    group_id: UUID
    before: int | None
    level: int


@dataclass(frozen=True, slots=True)
class GroupGrant:
    """A group's level on a resource, with the id that the row gets when it is new."""

    id: UUID
    resource_id: UUID
    group_id: UUID
    level: Level


async def put(
    connection: Connection,
    org_id: UUID,
    *,
    grant_id: UUID,
    resource_id: UUID,
    principal: Principal,
    level: Level,
    policy: Policy | None,
    created_by: str,
    now: datetime,
) -> Put:
    """Grant a level, or change the level of the grant that is there; a policy of None leaves the present one.

    Call it under the lock of the resource.
    """
    row = await connection.fetchrow(
        _PUT,
        org_id,
        grant_id,
        resource_id,
        principal.kind,
        principal.id,
        level.value,
        policy,
        now,
        created_by,
    )
    before = row["level_before"]
    return Put(
        row["id"],
        Level(row["level"]),
        _policy(row["policy"]),
        None if before is None else (Level(before), _policy(row["policy_before"])),
    )


async def put_for_groups(
    connection: Connection, org_id: UUID, wanted: Sequence[GroupGrant], *, created_by: str, now: datetime
) -> list[Placed]:
    """Grant many groups at once, each resource and group once at most; what is new or changed, in the order wanted."""
    rows = await connection.fetch(
        _PUT_MANY,
        org_id,
        [grant.id for grant in wanted],
        [grant.resource_id for grant in wanted],
        [grant.group_id for grant in wanted],
        [grant.level.value for grant in wanted],
        now,
        created_by,
        timeout=600,
    )
    return [Placed(*row) for row in rows]


async def refresh_statistics(connection: Connection) -> None:
    """Let the planner know at once about a great many new rows; its own daemon takes a minute to notice."""
    await connection.execute(_REFRESH_STATISTICS)


async def supersede_retained_of_members(
    connection: Connection, org_id: UUID, *, resource_ids: Sequence[UUID], group_ids: Sequence[UUID], now: datetime
) -> int:
    """Delete what present members had kept of groups that are granted on the resource now. Returns the number."""
    superseded: int = await connection.fetchval(_SUPERSEDE, org_id, list(resource_ids), list(group_ids), now)
    return superseded


async def remove(
    connection: Connection, org_id: UUID, *, resource_id: UUID, principal: Principal, now: datetime
) -> Removed | None:
    """Take a grant away; None when there was none."""
    row = await connection.fetchrow(_REMOVE, org_id, resource_id, principal.kind, principal.id, now)
    return None if row is None else Removed(row["id"], Level(row["level"]), _policy(row["policy"]))


async def retain_members(
    connection: Connection, org_id: UUID, *, group_id: UUID, resource_id: UUID, level: Level, now: datetime
) -> Kept:
    """Let every active, not excluded member of a group keep a level on a resource.

    Call it after the group's grant was removed, in the same transaction.
    """
    return Kept(**await connection.fetchrow(_RETAIN_MEMBERS, org_id, group_id, resource_id, level.value, now))


def _policy(text: str | None) -> Policy | None:
    return None if text is None else Policy(text)
