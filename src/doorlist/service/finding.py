"""From the names that people type to the things that verbs act on. Refuses with `NotFound`, or `Conflict` for a name
that several bear; an id is accepted wherever a name is, so that nothing is out of reach."""

from __future__ import annotations

from uuid import UUID

from doorlist.domain.directory import fold
from doorlist.domain.ids import parse_id
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Conflict, NotFound
from doorlist.store import organizations, resources, roster
from doorlist.store.board import Project
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from doorlist.store.resources import Place
from doorlist.store.roster import Somebody, SomeGroup


async def organization(database: Database, slug: str) -> Organization:
    """The organization of a slug."""
    async with database.reading() as connection:
        found = await organizations.find(connection, slug)
    if found is None:
        raise NotFound(f"There is no organization {slug!r}.", place="org")
    return found


async def place(database: Database, org_id: UUID, *, workspace: str, folder: str = "") -> Place:
    """The live workspace of a name, or the live folder of a name in it."""
    key = fold(workspace.strip())
    async with database.reading() as connection:
        found = (await resources.workspaces_by_key(connection, org_id, [key])).get(key)
        if found is None:
            raise NotFound(f"There is no workspace {workspace!r}.", place="workspace")
        if not folder.strip():
            return found
        inner = await resources.find_folder(connection, org_id, workspace_key=key, folder_key=fold(folder.strip()))
    if inner is None:
        raise NotFound(f"There is no folder {folder!r} in the workspace {found.name!r}.", place="folder")
    return inner


async def group(database: Database, org_id: UUID, name: str) -> SomeGroup:
    """The live group of a name or id."""
    async with database.reading() as connection:
        found = await roster.find_groups(connection, org_id, fold(name.strip()))
        if not found and (identifier := parse_id(name)) is not None:
            by_id = await roster.lock_group(connection, org_id, identifier)
            found = [] if by_id is None else [by_id]
    if not found:
        raise NotFound(f"There is no group {name!r}.", place="group")
    if len(found) > 1:
        raise Conflict(f"{len(found)} groups are called {name!r}; give the id of one.", place="group")
    return found[0]


async def person(database: Database, org_id: UUID, name: str) -> Somebody:
    """The live person of a user name or id."""
    async with database.reading() as connection:
        found = await roster.find_people(connection, org_id, fold(name.strip()))
        if not found and (identifier := parse_id(name)) is not None:
            by_id = await roster.find_person(connection, org_id, identifier)
            found = [] if by_id is None else [by_id]
    if not found:
        raise NotFound(f"There is no person {name!r}.", place="user")
    if len(found) > 1:
        raise Conflict(f"{len(found)} people have the user name {name!r}; give the id of one.", place="user")
    return found[0]


async def project(
    database: Database, administrator: Administrator, org_id: UUID, *, where: tuple[str, str], name: str
) -> Project:
    """The project of a name or id in a folder, which `where` names with its workspace, for who may read there."""
    folder = await place(database, org_id, workspace=where[0], folder=where[1])
    from doorlist.service.projects import MOST_PROJECTS, list_projects  # noqa: PLC0415 - slow to import, used here only

    row = await list_projects(database, administrator, org_id, folder_id=folder.id, limit=MOST_PROJECTS)
    found = [one for one in row if fold(one.name) == fold(name.strip()) or str(one.id) == name]
    if not found:
        raise NotFound(f"There is no project {name!r}.", place="project")
    if len(found) > 1:
        raise Conflict(f"{len(found)} projects are called {name!r}; give the id of one.", place="project")
    return found[0]


async def acting_as(database: Database, org_id: UUID, name: str, *, source: str) -> Administrator:
    """A person of the organization as the one who acts."""
    somebody = await person(database, org_id, name)
    return Administrator(name=somebody.user_name, source=source, org_id=org_id, user_id=somebody.id)


async def place_by_id(database: Database, org_id: UUID, resource_id: UUID) -> Place:
    """The live workspace or folder of an id."""
    async with database.reading() as connection:
        found = await resources.find(connection, org_id, resource_id)
    if found is None:
        raise NotFound("There is no such workspace or folder.")
    return found


async def person_by_id(database: Database, org_id: UUID, user_id: UUID) -> Somebody:
    """The live person of an id."""
    async with database.reading() as connection:
        found = await roster.find_person(connection, org_id, user_id)
    if found is None:
        raise NotFound("There is no such person.")
    return found


async def group_by_id(database: Database, org_id: UUID, group_id: UUID) -> SomeGroup:
    """The live group of an id."""
    async with database.reading() as connection:
        found = await roster.lock_group(connection, org_id, group_id)
    if found is None:
        raise NotFound("There is no such group.")
    return found
