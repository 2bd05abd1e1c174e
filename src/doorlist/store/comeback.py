"""SQL of what is given back: the parked grants of a deleted group, the old access of a deleted person, memberships that
ended. No rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from doorlist.store.db import Connection

_REATTACH = """
with parked as (
    delete from grants where org_id = $1 and principal_id = $2 and principal_kind = 'group' returning *),
remembered as (
    insert into past_grants (org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
                             since, until)
    select org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
           coalesce(level_since, created_at), $4
      from parked where coalesce(level_since, created_at) < $4
    on conflict do nothing),
attached as (
    insert into grants (org_id, id, resource_id, principal_kind, principal_id, level, policy, created_at, created_by)
    select org_id, gen_random_uuid(), resource_id, 'group', $3, level, policy, $4, $5 from parked
    on conflict (org_id, resource_id, principal_id) do nothing
    returning resource_id, level, policy),
superseded as (
    delete from retained k
     using group_members m, attached a
     where k.org_id = $1 and k.group_id = $2 and k.resource_id = a.resource_id
       and m.org_id = $1 and m.group_id = $3 and m.user_id = k.user_id
    returning k.*),
closed as (
    insert into past_retained (org_id, resource_id, user_id, group_id, group_name, level, since, until)
    select org_id, resource_id, user_id, group_id, group_name, level, since, $4
      from superseded where state = 'live' and since < $4
    on conflict do nothing)
select resource_id, level, policy from attached order by resource_id
"""

_RETURN_DIRECT = """
insert into grants (org_id, id, resource_id, principal_kind, principal_id, level, created_at, created_by)
select org_id, gen_random_uuid(), resource_id, 'user', $3, level, $4, $5
  from grants where org_id = $1 and principal_id = $2 and principal_kind = 'user'
on conflict (org_id, resource_id, principal_id) do nothing
returning resource_id, level
"""

_RETURN_RETAINED = """
insert into retained (org_id, resource_id, user_id, group_id, group_name, level, state, since)
select org_id, resource_id, $3, group_id, group_name, level, 'live', $4
  from retained k
 where org_id = $1 and user_id = $2
   and not exists (select from group_members m
                    where m.org_id = k.org_id and m.group_id = k.group_id and m.user_id = $3)
on conflict do nothing
returning resource_id, level, group_id
"""

_RESTORE_MEMBERS = """
with present as (
    select u.id from users u
     where u.org_id = $1 and u.deleted_at is null
       and u.id in (select user_id from past_members where org_id = $1 and group_id = $2 and until >= $3)
       for key share of u),
added as (
    insert into group_members (org_id, group_id, user_id, added_at)
    select $1, $2, id, $4 from present
    on conflict do nothing
    returning user_id),
superseded as (
    delete from retained r using added, grants p
     where r.org_id = $1 and r.group_id = $2 and r.user_id = added.user_id
       and p.org_id = $1 and p.principal_id = $2 and p.resource_id = r.resource_id
    returning r.*),
remembered as (
    insert into past_retained (org_id, resource_id, user_id, group_id, group_name, level, since, until)
    select org_id, resource_id, user_id, group_id, group_name, level, since, $4
      from superseded where state = 'live' and since < $4
    on conflict do nothing),
touched as (
    update groups set version = version + 1, modified_at = greatest($4, modified_at)
     where org_id = $1 and id = $2 and exists (select from added))
select user_id from added order by user_id
"""


@dataclass(frozen=True, slots=True)
class Returned:
    """A level that is there again; `group_id` is set where it is kept of a group, `policy` where the grant has one."""

    resource_id: UUID
    level: int
    group_id: UUID | None = None
    policy: str | None = None

    def told(self) -> dict[str, Any]:
        """As an audit event tells it."""
        told: dict[str, Any] = {"resource": str(self.resource_id), "level": self.level}
        group = {} if self.group_id is None else {"group": str(self.group_id)}
        return {**told, **group, **({} if self.policy is None else {"policy": self.policy})}


async def reattach(
    connection: Connection, org_id: UUID, *, parked: UUID, group_id: UUID, by: str, now: datetime
) -> list[Returned]:
    """Give a group the grants of a deleted one, but where it has a grant of its own; what its members had kept of the
    deleted one there is superseded."""
    return [Returned(**row) for row in await connection.fetch(_REATTACH, org_id, parked, group_id, now, by)]


async def give_back(
    connection: Connection, org_id: UUID, *, buried: UUID, user_id: UUID, by: str, now: datetime
) -> list[Returned]:
    """Give a person the own grants of a deleted one and what that one had kept, where there is nothing better."""
    direct = await connection.fetch(_RETURN_DIRECT, org_id, buried, user_id, now, by)
    kept = await connection.fetch(_RETURN_RETAINED, org_id, buried, user_id, now)
    return [Returned(**row) for row in (*direct, *kept)]


async def restore_members(
    connection: Connection, org_id: UUID, group_id: UUID, *, since: datetime, now: datetime
) -> list[UUID]:
    """Add everybody to a locked group whose membership ended since a moment; who really joined."""
    rows = await connection.fetch(_RESTORE_MEMBERS, org_id, group_id, since, now)
    return [row["user_id"] for row in rows]
