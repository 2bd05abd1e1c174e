"""Who may do what to an organization and to a resource. Reads, never writes; every answer is now or a refusal.

The operator acts for every organization; an administrator without a person acts for the whole of one; a person acts
by the role in the organization and by the effective level on the resource. Nobody learns of another organization.
"""

from __future__ import annotations

from uuid import UUID

from doorlist.domain.levels import MANAGES_ACCESS, Level, Role, authority
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Forbidden, NotFound
from doorlist.store import access, roster
from doorlist.store.db import Connection


async def role_of(connection: Connection, administrator: Administrator, org_id: UUID) -> Role:
    """The role in which somebody acts for an organization: owner for the operator.

    Raises `NotFound` for somebody of another organization, `Forbidden` for a person who is not active in this one.
    """
    if administrator.org_id not in {None, org_id}:
        raise NotFound("There is no such organization.")
    if administrator.user_id is None:
        return Role.OWNER
    person = await roster.find_person(connection, org_id, administrator.user_id)
    if person is None or not person.active or person.blocked:
        raise Forbidden("You are not an active member of this organization.")
    return person.role


async def require_manager(connection: Connection, administrator: Administrator, org_id: UUID) -> Role:
    """The role, when it manages the organization. Raises `Forbidden`."""
    role = await role_of(connection, administrator, org_id)
    if not role.manages:
        raise Forbidden("Only owners and admins of the organization may do this.")
    return role


async def require_owner(connection: Connection, administrator: Administrator, org_id: UUID) -> None:
    """Pass for an owner of the organization. Raises `Forbidden`."""
    if await role_of(connection, administrator, org_id) is not Role.OWNER:
        raise Forbidden("Only owners of the organization may do this.")


async def level_on(connection: Connection, administrator: Administrator, org_id: UUID, resource_id: UUID) -> int:
    """The level up to which somebody may act on a resource, 0 for none."""
    role = await role_of(connection, administrator, org_id)
    if administrator.user_id is None:
        return Level.OWNER
    effective = await access.effective_level(connection, org_id, user_id=administrator.user_id, resource_id=resource_id)
    return authority(role, effective)


async def require_access_manager(
    connection: Connection, administrator: Administrator, org_id: UUID, resource_id: UUID
) -> int:
    """The level up to which somebody may grant on a resource.

    Raises `NotFound` where the person sees nothing at all, `Forbidden` below the level that manages access.
    """
    level = await level_on(connection, administrator, org_id, resource_id)
    if level == 0:
        raise NotFound("There is no such workspace or folder.")
    if level < MANAGES_ACCESS:
        raise Forbidden(f"Changing who has access needs the level {MANAGES_ACCESS.label} there.")
    return level
