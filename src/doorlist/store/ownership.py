"""SQL of ownership: what a person owned alone, and who is next. Who is active, not blocked and not deleted, stands.

The resources are locked before anybody looks for other owners, and the heir's row is shared before the heir is given
anything: so of two owners who leave at once the second one finds the first gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from doorlist.store.db import Connection

_LOCK_OWNED = """
select r.id
  from resources r
  join grants g on g.org_id = r.org_id and g.resource_id = r.id
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where r.org_id = $1 and g.principal_id = $2 and g.principal_kind = 'user' and g.level = 5 and r.deleted_at is null
 order by r.id
   for no key update of r
"""

_ONCE_OWNED = """
select r.id
  from resources r
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where r.org_id = $1 and (r.id = $2 or r.workspace_id = $2) and r.deleted_at is null
   and exists (select from grants g
                where g.org_id = r.org_id and g.resource_id = r.id and g.principal_kind = 'user' and g.level = 5)
 order by r.id
"""

_HEIRS = """
with standing as (
    select id, role, created_at from users
     where org_id = $1 and active and blocked_at is null and deleted_at is null and id <> $2),
orphaned as (
    select r.id, r.kind, r.workspace_id from resources r
     where r.org_id = $1 and r.id = any($3::uuid[])
       and not exists (select from grants g join standing u on u.id = g.principal_id
                        where g.org_id = $1 and g.resource_id = r.id and g.level = 5))
select o.id as resource_id, heir.id as heir_id, heir.rank
  from orphaned o
  left join lateral (
       select u.id, 1 as rank, g.created_at
         from grants g join standing u on u.id = g.principal_id
        where g.org_id = $1 and g.resource_id = o.id and g.level = 4
       union all
       select u.id, 2, g.created_at
         from grants g join standing u on u.id = g.principal_id
        where g.org_id = $1 and g.resource_id = o.workspace_id and o.kind = 'folder' and g.level = 5
       union all
       select u.id, 3, u.created_at from standing u where u.role = 'owner'
        order by rank, created_at, id
        limit 1) heir on true
 order by o.id
"""

_SHARE = """
select id from users
 where org_id = $1 and id = any($2::uuid[]) and active and blocked_at is null and deleted_at is null
 order by id
   for share
"""

_OWNERLESS = """
select count(*)
  from resources r
 where r.org_id = $1 and r.id = any($2::uuid[]) and r.deleted_at is null
   and not exists (select from grants g
                     join users u on u.org_id = g.org_id and u.id = g.principal_id and u.active
                                 and u.blocked_at is null and u.deleted_at is null
                    where g.org_id = r.org_id and g.resource_id = r.id and g.level = 5)
"""


@dataclass(frozen=True, slots=True)
class Heir:
    """A resource without an owner who stands, and who is next: an admin there (1), an owner of its workspace (2) or of
    the organization (3); nobody where `heir_id` is None."""

    resource_id: UUID
    heir_id: UUID | None
    rank: int | None


async def lock_owned(connection: Connection, org_id: UUID, user_id: UUID) -> list[UUID]:
    """The live resources that a person owns directly; their owners stay as they are until the transaction ends."""
    return [row["id"] for row in await connection.fetch(_LOCK_OWNED, org_id, user_id)]


async def once_owned(connection: Connection, org_id: UUID, resource_id: UUID) -> list[UUID]:
    """A live place, and the live folders of a workspace, as far as somebody is their owner, standing or not."""
    return [row["id"] for row in await connection.fetch(_ONCE_OWNED, org_id, resource_id)]


async def heirs(connection: Connection, org_id: UUID, *, user_id: UUID, resource_ids: Sequence[UUID]) -> list[Heir]:
    """Who is next on those of the locked resources that nobody else who stands owns."""
    rows = await connection.fetch(_HEIRS, org_id, user_id, list(resource_ids))
    return [Heir(**row) for row in rows]


async def keep_standing(connection: Connection, org_id: UUID, people: Sequence[UUID]) -> set[UUID]:
    """Those who stand; they do so until the transaction ends."""
    return {row["id"] for row in await connection.fetch(_SHARE, org_id, list(people))}


async def ownerless(connection: Connection, org_id: UUID, resource_ids: Sequence[UUID]) -> int:
    """How many of the resources have no owner who stands."""
    count: int = await connection.fetchval(_OWNERLESS, org_id, list(resource_ids))
    return count
