"""People as administrators decide about them: roles in the organization, blocks, joining a place as its owner.

None of it is the directory's: SCIM neither sets nor clears it. Each verb is a check, one transaction, an audit event.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.levels import Level, Role
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Conflict, Forbidden, NotFound
from doorlist.service import clock, succession
from doorlist.service.acts import begin
from doorlist.service.authority import require_manager, require_owner
from doorlist.store import audit, exclusions, grants, personnel
from doorlist.store.db import Connection, Database
from doorlist.store.grants import Principal, Put


async def set_role(
    database: Database, administrator: Administrator, org_id: UUID, *, user_id: UUID, role: Role
) -> bool:
    """Give a person a role in the organization; whether it was another one before. For owners.

    Raises `Conflict` for the last owner who stands, `NotFound`, `Forbidden`.
    """
    async with database.transaction() as connection:
        await require_owner(connection, administrator, org_id)
        owners = await personnel.lock_owners(connection, org_id)
        before = await _role(connection, org_id, user_id)
        if before is role:
            return False
        if owners == {user_id}:
            raise Conflict("This is the last owner of the organization; name another one first.", place="role")
        await personnel.set_role(connection, org_id, user_id, role)
        change = {"before": before, "after": role}
        await _tell(
            connection, administrator, org_id, user_id, action=Action.ROLE_CHANGED, change=change, at=clock.now()
        )
    return True


async def block(database: Database, administrator: Administrator, org_id: UUID, *, user_id: UUID) -> bool:
    """End a person's access everywhere at once, whatever the directory says; whether it was not blocked before.

    What the person owned alone goes to who is next. Raises `Conflict` for the last owner of the organization and for
    oneself, `Forbidden` for an owner unless by one, `NotFound`.
    """
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        if administrator.user_id == user_id:
            raise Conflict("You cannot block yourself.", place="user")
        owners = await personnel.lock_owners(connection, org_id)
        if await _role(connection, org_id, user_id) is Role.OWNER:
            await require_owner(connection, administrator, org_id)
        if owners == {user_id}:
            raise Conflict("This is the last owner of the organization; name another one first.", place="user")
        if not await personnel.block(connection, org_id, user_id, by=administrator.name, now=at):
            return False
        await _tell(connection, administrator, org_id, user_id, action=Action.USER_BLOCKED, change={}, at=at)
        actor, request_id = Actor.administrator(administrator), clock.new_id(at)
        await succession.pass_on(connection, org_id, user_id=user_id, actor=actor, request_id=request_id, now=at)
    return True


async def unblock(database: Database, administrator: Administrator, org_id: UUID, *, user_id: UUID) -> bool:
    """Lift a block: the access is what the directory and the grants say. Whether there was one.

    Raises `NotFound`, `Forbidden`.
    """
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        if await _role(connection, org_id, user_id) is Role.OWNER:
            await require_owner(connection, administrator, org_id)
        at = clock.now()
        lifted = await personnel.unblock(connection, org_id, user_id, now=at)
        if lifted:
            await _tell(connection, administrator, org_id, user_id, action=Action.USER_UNBLOCKED, change={}, at=at)
    return lifted


async def join_as_owner(database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID) -> Put:
    """Let an owner of the organization become an owner of a place by a direct grant, which everybody there can see.

    Raises `Forbidden` for anybody else, and for the operator, who is no person; `NotFound`.
    """
    if administrator.user_id is None:
        raise Forbidden("Only a person joins; name the owner of the organization who does.")
    async with database.transaction() as connection:
        await require_owner(connection, administrator, org_id)
        act = await begin(connection, administrator, org_id, resource_id)
        put = await grants.put(
            connection,
            org_id,
            grant_id=clock.new_id(act.at),
            resource_id=resource_id,
            principal=Principal("user", administrator.user_id),
            level=Level.OWNER,
            policy=None,
            created_by=administrator.name,
            now=act.at,
        )
        ids = {"resource_id": resource_id, "user_id": administrator.user_id}
        lifted = await exclusions.lift(connection, org_id, **ids, now=act.at)
        await succession.owned_again(connection, org_id, resource_id, by=administrator.name, now=act.at)
        if put.changed or lifted:
            before = None if put.before is None else put.before[0].value
            change = {"user": str(administrator.user_id), "grant": str(put.id), "before": before, "lifted": lifted}
            await act.tell(connection, Action.JOINED_AS_OWNER, change)
    return put


async def _role(connection: Connection, org_id: UUID, user_id: UUID) -> Role:
    role = await personnel.lock_role(connection, org_id, user_id)
    if role is None:
        raise NotFound("There is no such person.", place="user")
    return role


async def _tell(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    user_id: UUID,
    *,
    action: Action,
    change: Mapping[str, object],
    at: datetime,
) -> None:
    """Append the event, at the moment of the change itself: whoever compares before and after goes by it."""
    event = Event(action, TargetKind.USER, user_id, Actor.administrator(administrator), clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
