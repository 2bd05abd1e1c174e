"""SQL of what administrators decide about people: the role in the organization, and a block that no directory lifts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from doorlist.domain.levels import Role
from doorlist.store.db import Connection

_LOCK = """
select role from users where org_id = $1 and id = $2 and deleted_at is null for no key update
"""

_LOCK_OWNERS = """
select id from users
 where org_id = $1 and role = 'owner' and active and blocked_at is null and deleted_at is null
 order by id
   for no key update
"""

_SET_ROLE = "update users set role = $3 where org_id = $1 and id = $2"

_BLOCK = """
update users set blocked_at = $3, blocked_by = $4
 where org_id = $1 and id = $2 and deleted_at is null and blocked_at is null
returning true
"""

_UNBLOCK = """
with before as (
    select blocked_at from users
     where org_id = $1 and id = $2 and deleted_at is null and blocked_at is not null),
lifted as (
    update users set blocked_at = null, blocked_by = null where org_id = $1 and id = $2),
remembered as (
    insert into past_states (org_id, id, state, since, until)
    select $1, $2, 'blocked', blocked_at, $3 from before where blocked_at < $3
    on conflict do nothing)
select true from before
"""


async def lock_role(connection: Connection, org_id: UUID, user_id: UUID) -> Role | None:
    """The role of a live person; it stays so until the transaction ends."""
    role = await connection.fetchval(_LOCK, org_id, user_id)
    return None if role is None else Role(role)


async def lock_owners(connection: Connection, org_id: UUID) -> set[UUID]:
    """The owners of an organization who are active and not blocked; they stay so until the transaction ends."""
    return {row["id"] for row in await connection.fetch(_LOCK_OWNERS, org_id)}


async def set_role(connection: Connection, org_id: UUID, user_id: UUID, role: Role) -> None:
    """Give a locked person a role."""
    await connection.execute(_SET_ROLE, org_id, user_id, role.value)


async def block(connection: Connection, org_id: UUID, user_id: UUID, *, by: str, now: datetime) -> bool:
    """Block a live person; whether there was no block before."""
    return bool(await connection.fetchval(_BLOCK, org_id, user_id, now, by))


async def unblock(connection: Connection, org_id: UUID, user_id: UUID, *, now: datetime) -> bool:
    """Lift the block of a live person; whether there was one."""
    return bool(await connection.fetchval(_UNBLOCK, org_id, user_id, now))
