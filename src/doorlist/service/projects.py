"""Projects of a folder: viewers read them, editors create, rename, order, move and delete them.

Each verb is a check, one transaction and its audit event; whoever calls, the console, the API or the command line,
meets the same checks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.naming import clean_name
from doorlist.domain.tenancy import Administrator
from doorlist.errors import NotFound
from doorlist.service import clock
from doorlist.service.board_access import (
    EDITS,
    READS,
    After,
    find_spot,
    lock_folder,
    require_folder,
    require_room,
    require_version,
)
from doorlist.store import audit, board
from doorlist.store.board import Project
from doorlist.store.db import Connection, Database
from doorlist.store.sequence import PROJECTS

MOST_PROJECTS: Final = 1000
"""How many projects a folder holds at most."""


async def list_projects(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    folder_id: UUID,
    after: UUID | None = None,
    limit: int = 100,
) -> list[Project]:
    """The projects of a folder in their order; the next page is behind the last one. Raises `NotFound`."""
    async with database.reading() as connection:
        await require_folder(connection, administrator, org_id, folder_id, level=READS)
        return await board.page(connection, org_id, folder_id, after=after, limit=limit)


async def get_project(database: Database, administrator: Administrator, org_id: UUID, *, project_id: UUID) -> Project:
    """One project. Raises `NotFound` also for somebody who sees nothing of its folder."""
    async with database.reading() as connection:
        return await seen(connection, administrator, org_id, project_id)


async def create_project(
    database: Database, administrator: Administrator, org_id: UUID, *, folder_id: UUID, name: str, after: After = "last"
) -> Project:
    """Make a project in a folder, last unless `after` says where.

    Raises `Forbidden` below editor, `NotFound`, `BadInput` for the name, `Conflict` in a full folder.
    """
    name, at = clean_name(name, place="name"), clock.now()
    async with database.transaction() as connection:
        await lock_folder(connection, administrator, org_id, folder_id, level=EDITS)
        await require_room(connection, PROJECTS, org_id, folder_id, most=MOST_PROJECTS)
        project_id = clock.new_id(at)
        await board.insert(
            connection,
            org_id,
            project_id=project_id,
            position=await find_spot(connection, PROJECTS, org_id, folder_id, after),
            folder_id=folder_id,
            name=name,
            by=administrator.name,
            now=at,
        )
        change = {"name": name, "folder": str(folder_id)}
        await _tell(connection, administrator, org_id, project_id, action=Action.PROJECT_CREATED, change=change, at=at)
        return await _present(connection, org_id, project_id)


async def rename_project(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    project_id: UUID,
    name: str,
    version: int | None = None,
) -> Project:
    """Give a project another name; the same name writes nothing.

    Raises `VersionMismatch` where it is not of that version any more, `Forbidden` below editor, `NotFound`, `BadInput`.
    """
    name, at = clean_name(name, place="name"), clock.now()
    async with database.transaction() as connection:
        project = await _lock(connection, administrator, org_id, project_id, version=version)
        if project.name == name:
            return project
        await board.update(
            connection, org_id, project_id, name=name, folder_id=project.folder_id, position=None, now=at
        )
        change = {"before": {"name": project.name}, "after": {"name": name}}
        await _tell(connection, administrator, org_id, project_id, action=Action.PROJECT_CHANGED, change=change, at=at)
        return await _present(connection, org_id, project_id)


async def move_project(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    project_id: UUID,
    folder_id: UUID | None = None,
    after: After = "last",
    version: int | None = None,
) -> Project:
    """Put a project at another place of its folder, or into another folder with all its tasks.

    Raises `Forbidden` below editor in either folder, `VersionMismatch`, `NotFound`, `Conflict` in a full folder.
    """
    at = clock.now()
    async with database.transaction() as connection:
        project = await seen(connection, administrator, org_id, project_id)
        target = folder_id or project.folder_id
        await lock_folder(connection, administrator, org_id, target, level=EDITS)
        project = await _lock(connection, administrator, org_id, project_id, version=version)
        if target != project.folder_id:
            await require_room(connection, PROJECTS, org_id, target, most=MOST_PROJECTS)
        spot = await find_spot(connection, PROJECTS, org_id, target, after, moving=project_id)
        await board.update(connection, org_id, project_id, name=project.name, folder_id=target, position=spot, now=at)
        change = {"name": project.name, "from": str(project.folder_id), "to": str(target), "after": str(after)}
        await _tell(connection, administrator, org_id, project_id, action=Action.PROJECT_MOVED, change=change, at=at)
        return await _present(connection, org_id, project_id)


async def delete_project(
    database: Database, administrator: Administrator, org_id: UUID, *, project_id: UUID, version: int | None = None
) -> None:
    """Delete a project with its tasks. Raises `Forbidden` below editor, `VersionMismatch`, `NotFound`."""
    at = clock.now()
    async with database.transaction() as connection:
        project = await _lock(connection, administrator, org_id, project_id, version=version)
        await board.delete(connection, org_id, project_id)
        change = {"name": project.name, "folder": str(project.folder_id), "tasks": project.tasks}
        await _tell(connection, administrator, org_id, project_id, action=Action.PROJECT_DELETED, change=change, at=at)


async def seen(connection: Connection, administrator: Administrator, org_id: UUID, project_id: UUID) -> Project:
    """The project, for somebody who may read in its folder. Raises `NotFound`."""
    project = await board.find(connection, org_id, project_id)
    if project is None:
        raise _missing()
    try:
        await require_folder(connection, administrator, org_id, project.folder_id, level=READS)
    except NotFound:
        raise _missing() from None
    return project


async def _lock(
    connection: Connection, administrator: Administrator, org_id: UUID, project_id: UUID, *, version: int | None
) -> Project:
    """Lock a project for somebody who edits, at the version that the change starts from."""
    await seen(connection, administrator, org_id, project_id)
    project = await _present(connection, org_id, project_id)
    await require_folder(connection, administrator, org_id, project.folder_id, level=EDITS)
    require_version(project.version, version)
    return project


async def _present(connection: Connection, org_id: UUID, project_id: UUID) -> Project:
    project = await board.lock(connection, org_id, project_id)
    if project is None:
        raise _missing()
    return project


def _missing() -> NotFound:
    return NotFound("There is no such project.", place="project")


async def _tell(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    project_id: UUID,
    *,
    action: Action,
    change: Mapping[str, object],
    at: datetime,
) -> None:
    actor = Actor.administrator(administrator)
    event = Event(action, TargetKind.PROJECT, project_id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
