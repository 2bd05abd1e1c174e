"""`doorlist task`: the tasks of a project, for whoever acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import typer

from doorlist.cli.acting import As, Org, administrator
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.tenancy import Administrator
from doorlist.service import finding, tasks
from doorlist.store.checklist import Task
from doorlist.store.db import Database

app = typer.Typer()

ProjectId = Annotated[UUID, typer.Option("--project", metavar="ID", help="The project; `project list` shows its id.")]
TaskId = Annotated[UUID, typer.Argument(metavar="ID", help="The task; `list` shows its id.")]
Verb = Callable[[Database, Administrator, UUID], Awaitable[Task]]


@app.command()
def create(
    title: str,
    *,
    org: Org,
    project: ProjectId,
    notes: Annotated[str, typer.Option("--notes", help="More about it.")] = "",
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Make a task in a project, behind the others."""

    def verb(database: Database, acting: Administrator, org_id: UUID) -> Awaitable[Task]:
        return tasks.create_task(database, acting, org_id, project_id=project, title=title, notes=notes)

    _show(run(_do(settings(data, database_url), org, acting_as, verb)), "Created", json=json)


@app.command("list")
def list_all(
    org: Org,
    *,
    project: ProjectId,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List the tasks of a project in their order."""
    found = run(_list(settings(data, database_url), org, acting_as, project))
    if json:
        emit_json(found)
    else:
        show_table(["title", "done", "by", "id"], [(one.title, one.done_at, one.done_by, one.id) for one in found])


@app.command()
def tick(
    task: TaskId,
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Mark a task as done."""
    _show(run(_do(settings(data, database_url), org, acting_as, _ticking(task, done=True))), "Done", json=json)


@app.command()
def untick(
    task: TaskId,
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Mark a task as not done."""
    _show(run(_do(settings(data, database_url), org, acting_as, _ticking(task, done=False))), "Open again", json=json)


@app.command()
def delete(
    task: TaskId,
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Delete a task."""

    async def verb(database: Database, acting: Administrator, org_id: UUID) -> Task:
        found = await tasks.get_task(database, acting, org_id, task_id=task)
        await tasks.delete_task(database, acting, org_id, task_id=task)
        return found

    _show(run(_do(settings(data, database_url), org, acting_as, verb)), "Deleted", json=json)


def _ticking(task: UUID, *, done: bool) -> Verb:
    return lambda database, acting, org_id: tasks.tick_task(database, acting, org_id, task_id=task, done=done)


def _show(task: Task, done: str, *, json: bool) -> None:
    if json:
        emit_json(task)
    else:
        say(f"{done}: {task.title} ({task.id}).")


async def _do(config: Settings, org: str, acting_as: str | None, verb: Verb) -> Task:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        return await verb(database, await administrator(database, org_id, acting_as), org_id)


async def _list(config: Settings, org: str, acting_as: str | None, project: UUID) -> list[Task]:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        acting = await administrator(database, org_id, acting_as)
        return await tasks.list_tasks(database, acting, org_id, project_id=project, limit=tasks.MOST_TASKS)
