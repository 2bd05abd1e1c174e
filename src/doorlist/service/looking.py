"""Reading for programs and pages: who may see which part of an organization, and its lists by page.

Whoever manages the organization sees all of it. Anybody else sees what concerns the own person, and who has access to
the places that the person administers. Nothing is written.
"""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from doorlist.domain.directory import fold
from doorlist.domain.levels import MANAGES_ACCESS
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Forbidden, NotFound
from doorlist.service.authority import level_on, require_manager, role_of
from doorlist.store import catalogue, organizations
from doorlist.store.catalogue import (
    ExclusionRow,
    FolderRow,
    GrantRow,
    GroupEntry,
    MemberRow,
    PersonRow,
    RetainedRow,
    WorkspaceRow,
)
from doorlist.store.db import Connection, Database
from doorlist.store.organizations import Organization

T = TypeVar("T")


async def organization(database: Database, administrator: Administrator, org_id: UUID) -> Organization:
    """The organization with its settings. Raises `NotFound`, `Forbidden`."""
    async with database.transaction() as connection:
        await role_of(connection, administrator, org_id)
        found = await organizations.lock(connection, org_id)
    if found is None:
        raise NotFound("There is no such organization.")
    return found


async def require_sight(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    user_id: UUID | None = None,
    resource_id: UUID | None = None,
) -> None:
    """Pass for who may see the access of a person or to a place; with neither, all of it. Raises `Forbidden`."""
    async with database.reading() as connection:
        await _require_sight(connection, administrator, org_id, user_id=user_id, resource_id=resource_id)


async def list_people(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    user_name: str | None = None,
) -> list[PersonRow]:
    """A page of the people, or those of one user name. Raises `Forbidden`."""
    key = None if user_name is None else fold(user_name.strip())
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await catalogue.people(connection, org_id, after=after, limit=limit, user_name_key=key)


async def get_person(database: Database, administrator: Administrator, org_id: UUID, *, user_id: UUID) -> PersonRow:
    """One person. Raises `NotFound`, `Forbidden`."""
    async with database.reading() as connection:
        await _require_sight(connection, administrator, org_id, user_id=user_id)
        return _one(await catalogue.people(connection, org_id, user_id=user_id), "person")


async def list_groups(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    name: str | None = None,
) -> list[GroupEntry]:
    """A page of the groups, or those of one name. Raises `Forbidden`."""
    key = None if name is None else fold(name.strip())
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await catalogue.groups(connection, org_id, after=after, limit=limit, name_key=key)


async def get_group(database: Database, administrator: Administrator, org_id: UUID, *, group_id: UUID) -> GroupEntry:
    """One group. Raises `NotFound`, `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return _one(await catalogue.groups(connection, org_id, group_id=group_id), "group")


async def list_members(
    database: Database, administrator: Administrator, org_id: UUID, *, group_id: UUID, after: UUID | None, limit: int
) -> list[MemberRow]:
    """A page of the members of a group. Raises `NotFound`, `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        _one(await catalogue.groups(connection, org_id, group_id=group_id), "group")
        return await catalogue.members(connection, org_id, group_id, after=after, limit=limit)


async def list_workspaces(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    name: str | None = None,
) -> list[WorkspaceRow]:
    """A page of the workspaces, or that of one name. Raises `Forbidden`."""
    key = None if name is None else fold(name.strip())
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await catalogue.workspaces(connection, org_id, after=after, limit=limit, name_key=key)


async def get_workspace(
    database: Database, administrator: Administrator, org_id: UUID, *, workspace_id: UUID
) -> WorkspaceRow:
    """One workspace, for who manages the organization or reaches it. Raises `NotFound`, `Forbidden`."""
    async with database.reading() as connection:
        await _require_reach(connection, administrator, org_id, workspace_id)
        return _one(await catalogue.workspaces(connection, org_id, workspace_id=workspace_id), "workspace")


async def list_folders(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    workspace_id: UUID | None = None,
    name: str | None = None,
) -> list[FolderRow]:
    """A page of the folders, of one workspace or one name where these are named. Raises `Forbidden`."""
    key = None if name is None else fold(name.strip())
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await catalogue.folders(
            connection, org_id, after=after, limit=limit, workspace_id=workspace_id, name_key=key
        )


async def get_folder(database: Database, administrator: Administrator, org_id: UUID, *, folder_id: UUID) -> FolderRow:
    """One folder, for who manages the organization or reaches it. Raises `NotFound`, `Forbidden`."""
    async with database.reading() as connection:
        await _require_reach(connection, administrator, org_id, folder_id)
        return _one(await catalogue.folders(connection, org_id, folder_id=folder_id), "folder")


async def list_grants(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    resource_id: UUID | None = None,
    principal_id: UUID | None = None,
) -> list[GrantRow]:
    """A page of the grants, of one place or one principal where these are named. Raises `Forbidden`."""
    async with database.reading() as connection:
        await _require_sight(connection, administrator, org_id, user_id=principal_id, resource_id=resource_id)
        return await catalogue.grants(
            connection, org_id, after=after, limit=limit, resource_id=resource_id, principal_id=principal_id
        )


async def list_retained(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    after: tuple[UUID, ...] | None,
    limit: int,
    user_id: UUID | None = None,
    resource_id: UUID | None = None,
) -> list[RetainedRow]:
    """A page of what people kept, of one person or one place where these are named. Raises `Forbidden`."""
    async with database.reading() as connection:
        await _require_sight(connection, administrator, org_id, user_id=user_id, resource_id=resource_id)
        return await catalogue.retained(
            connection, org_id, after=after, limit=limit, user_id=user_id, resource_id=resource_id
        )


async def list_exclusions(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    after: tuple[UUID, ...] | None,
    limit: int,
    user_id: UUID | None = None,
    resource_id: UUID | None = None,
) -> list[ExclusionRow]:
    """A page of the exclusions, of one person or one place where these are named. Raises `Forbidden`."""
    async with database.reading() as connection:
        await _require_sight(connection, administrator, org_id, user_id=user_id, resource_id=resource_id)
        return await catalogue.exclusions(
            connection, org_id, after=after, limit=limit, user_id=user_id, resource_id=resource_id
        )


async def _require_sight(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    *,
    user_id: UUID | None = None,
    resource_id: UUID | None = None,
) -> None:
    role = await role_of(connection, administrator, org_id)
    if role.manages or (user_id is not None and administrator.user_id == user_id):
        return
    if resource_id is not None and await level_on(connection, administrator, org_id, resource_id) >= MANAGES_ACCESS:
        return
    raise Forbidden("Only owners and admins of the organization, or of the place, may see this.")


async def _require_reach(connection: Connection, administrator: Administrator, org_id: UUID, resource_id: UUID) -> None:
    if not await level_on(connection, administrator, org_id, resource_id):
        raise NotFound("There is no such workspace or folder.")


def _one(rows: list[T], what: str) -> T:
    if not rows:
        raise NotFound(f"There is no such {what}.", place=what)
    return rows[0]
