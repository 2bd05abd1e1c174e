"""Tasks of a project: viewers read them, checkers tick them, editors create, edit, order, move and delete them.

Each verb is a check, one transaction and its audit event; whoever calls meets the same checks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.levels import Level
from doorlist.domain.naming import clean_name
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, NotFound
from doorlist.service import clock
from doorlist.service.board_access import (
    EDITS,
    READS,
    TICKS,
    After,
    find_spot,
    require_folder,
    require_room,
    require_version,
)
from doorlist.service.projects import seen
from doorlist.store import audit, board, checklist
from doorlist.store.checklist import Task
from doorlist.store.db import Connection, Database
from doorlist.store.sequence import TASKS

MOST_TASKS: Final = 10_000
"""How many tasks a project holds at most."""

MOST_NOTES: Final = 10_000
"""How many characters the notes of a task have at most."""


async def list_tasks(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    project_id: UUID,
    after: UUID | None = None,
    limit: int = 100,
) -> list[Task]:
    """The tasks of a project in their order; the next page is behind the last one. Raises `NotFound`."""
    async with database.reading() as connection:
        await seen(connection, administrator, org_id, project_id)
        return await checklist.page(connection, org_id, project_id, after=after, limit=limit)


async def get_task(database: Database, administrator: Administrator, org_id: UUID, *, task_id: UUID) -> Task:
    """One task. Raises `NotFound` also for somebody who sees nothing of its folder."""
    async with database.reading() as connection:
        return await _allowed(connection, administrator, org_id, task_id, level=READS)


async def create_task(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    project_id: UUID,
    title: str,
    notes: str = "",
    after: After = "last",
) -> Task:
    """Make a task in a project, last unless `after` says where.

    Raises `Forbidden` below editor, `NotFound`, `BadInput` for title and notes, `Conflict` in a full project.
    """
    title, notes, at = clean_name(title, place="title"), _clean_notes(notes), clock.now()
    async with database.transaction() as connection:
        await _lock_project(connection, administrator, org_id, project_id)
        await require_room(connection, TASKS, org_id, project_id, most=MOST_TASKS)
        task_id = clock.new_id(at)
        await checklist.insert(
            connection,
            org_id,
            task_id=task_id,
            position=await find_spot(connection, TASKS, org_id, project_id, after),
            project_id=project_id,
            title=title,
            notes=notes,
            by=administrator.name,
            now=at,
        )
        change = {"title": title, "project": str(project_id)}
        await _tell(connection, administrator, org_id, task_id, action=Action.TASK_CREATED, change=change, at=at)
        return await _present(connection, org_id, task_id)


async def edit_task(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    task_id: UUID,
    title: str | None = None,
    notes: str | None = None,
    version: int | None = None,
) -> Task:
    """Change the title or the notes of a task; what is None stays, what is so already writes nothing.

    Raises `VersionMismatch` where it is not of that version any more, `Forbidden` below editor, `NotFound`, `BadInput`.
    """
    title = None if title is None else clean_name(title, place="title")
    notes, at = None if notes is None else _clean_notes(notes), clock.now()
    async with database.transaction() as connection:
        task = await _lock(connection, administrator, org_id, task_id, level=EDITS, version=version)
        wanted = {"title": task.title if title is None else title, "notes": task.notes if notes is None else notes}
        before = {name: getattr(task, name) for name in wanted if getattr(task, name) != wanted[name]}
        if not before:
            return task
        await checklist.update(connection, org_id, task_id, **wanted, project_id=task.project_id, position=None, now=at)
        change = {"before": before, "after": {name: wanted[name] for name in before}}
        await _tell(connection, administrator, org_id, task_id, action=Action.TASK_CHANGED, change=change, at=at)
        return await _present(connection, org_id, task_id)


async def tick_task(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    task_id: UUID,
    done: bool,
    version: int | None = None,
) -> Task:
    """Mark a task as done or as not done; what is so already writes nothing.

    Raises `Forbidden` below checker, `VersionMismatch`, `NotFound`.
    """
    at = clock.now()
    async with database.transaction() as connection:
        task = await _lock(connection, administrator, org_id, task_id, level=TICKS, version=version)
        if (task.done_at is not None) == done:
            return task
        await checklist.tick(connection, org_id, task_id, by=administrator.name if done else None, now=at)
        action = Action.TASK_TICKED if done else Action.TASK_UNTICKED
        await _tell(connection, administrator, org_id, task_id, action=action, change={"title": task.title}, at=at)
        return await _present(connection, org_id, task_id)


async def move_task(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    task_id: UUID,
    project_id: UUID | None = None,
    after: After = "last",
    version: int | None = None,
) -> Task:
    """Put a task at another place of its project, or into another project.

    Raises `Forbidden` below editor in either folder, `VersionMismatch`, `NotFound`, `Conflict` in a full project.
    """
    at = clock.now()
    async with database.transaction() as connection:
        task = await _allowed(connection, administrator, org_id, task_id, level=EDITS)
        target = project_id or task.project_id
        await _lock_project(connection, administrator, org_id, target)
        task = await _lock(connection, administrator, org_id, task_id, level=EDITS, version=version)
        if target != task.project_id:
            await require_room(connection, TASKS, org_id, target, most=MOST_TASKS)
        spot = await find_spot(connection, TASKS, org_id, target, after, moving=task_id)
        await checklist.update(
            connection, org_id, task_id, title=task.title, notes=task.notes, project_id=target, position=spot, now=at
        )
        change = {"title": task.title, "from": str(task.project_id), "to": str(target), "after": str(after)}
        await _tell(connection, administrator, org_id, task_id, action=Action.TASK_MOVED, change=change, at=at)
        return await _present(connection, org_id, task_id)


async def delete_task(
    database: Database, administrator: Administrator, org_id: UUID, *, task_id: UUID, version: int | None = None
) -> None:
    """Delete a task. Raises `Forbidden` below editor, `VersionMismatch`, `NotFound`."""
    at = clock.now()
    async with database.transaction() as connection:
        task = await _lock(connection, administrator, org_id, task_id, level=EDITS, version=version)
        await checklist.delete(connection, org_id, task_id)
        change = {"title": task.title, "project": str(task.project_id)}
        await _tell(connection, administrator, org_id, task_id, action=Action.TASK_DELETED, change=change, at=at)


def _clean_notes(text: str) -> str:
    if len(text) > MOST_NOTES:
        raise BadInput(f"Notes have at most {MOST_NOTES} characters, not {len(text)}.", place="notes")
    if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in text):
        raise BadInput("Notes have a character that cannot be stored.", place="notes")
    return text


async def _lock_project(connection: Connection, administrator: Administrator, org_id: UUID, project_id: UUID) -> None:
    """Lock the order of a project for somebody who edits in its folder."""
    await seen(connection, administrator, org_id, project_id)
    project = await board.lock(connection, org_id, project_id)
    if project is None:
        raise NotFound("There is no such project.", place="project")
    await require_folder(connection, administrator, org_id, project.folder_id, level=EDITS)


async def _allowed(
    connection: Connection, administrator: Administrator, org_id: UUID, task_id: UUID, *, level: Level
) -> Task:
    """The task, for somebody of that level in its folder. Raises `NotFound`, `Forbidden`."""
    task = await checklist.find(connection, org_id, task_id)
    if task is None:
        raise _missing()
    try:
        await require_folder(connection, administrator, org_id, task.folder_id, level=level)
    except NotFound:
        raise _missing() from None
    return task


async def _lock(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    task_id: UUID,
    *,
    level: Level,
    version: int | None,
) -> Task:
    """Lock a task for somebody of that level, at the version that the change starts from."""
    await _allowed(connection, administrator, org_id, task_id, level=level)
    task = await _present(connection, org_id, task_id)
    await require_folder(connection, administrator, org_id, task.folder_id, level=level)
    require_version(task.version, version)
    return task


async def _present(connection: Connection, org_id: UUID, task_id: UUID) -> Task:
    task = await checklist.lock(connection, org_id, task_id)
    if task is None:
        raise _missing()
    return task


def _missing() -> NotFound:
    return NotFound("There is no such task.", place="task")


async def _tell(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    task_id: UUID,
    *,
    action: Action,
    change: Mapping[str, object],
    at: datetime,
) -> None:
    actor = Actor.administrator(administrator)
    event = Event(action, TargetKind.TASK, task_id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
