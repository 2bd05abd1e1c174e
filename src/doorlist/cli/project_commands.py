"""`doorlist project`: the projects of a folder, for whoever acts."""

from __future__ import annotations

from typing import Annotated

import typer

from doorlist.cli.acting import As, Org, Workspace, administrator
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import finding, projects
from doorlist.store.board import Project

app = typer.Typer()

Folder = Annotated[str, typer.Option("--folder", metavar="NAME", help="The folder.")]
Where = tuple[str, str, str]


@app.command()
def create(
    name: str,
    *,
    org: Org,
    workspace: Workspace,
    folder: Folder = "Home",
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Make a project in a folder, behind the others."""
    made = run(_create(settings(data, database_url), (org, workspace, folder), name, acting_as))
    if json:
        emit_json(made)
    else:
        say(f"Created the project {made.name} ({made.id}).")


@app.command("list")
def list_all(
    org: Org,
    *,
    workspace: Workspace,
    folder: Folder = "Home",
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List the projects of a folder in their order."""
    found = run(_list(settings(data, database_url), (org, workspace, folder), acting_as))
    if json:
        emit_json(found)
    else:
        show_table(["name", "tasks", "done", "id"], [(one.name, one.tasks, one.done, one.id) for one in found])


@app.command()
def rename(
    project: str,
    new_name: str,
    *,
    org: Org,
    workspace: Workspace,
    folder: Folder = "Home",
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Give a project another name."""
    renamed = run(_rename(settings(data, database_url), (org, workspace, folder), project, new_name, acting_as))
    if json:
        emit_json(renamed)
    else:
        say(f"It is called {renamed.name} now.")


@app.command()
def delete(
    project: str,
    *,
    org: Org,
    workspace: Workspace,
    folder: Folder = "Home",
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Delete a project with its tasks."""
    gone = run(_delete(settings(data, database_url), (org, workspace, folder), project, acting_as))
    if json:
        emit_json(gone)
    else:
        say(f"Deleted the project {gone.name} with {gone.tasks} tasks.")


async def _create(config: Settings, where: Where, name: str, acting_as: str | None) -> Project:
    async with opened(config) as database:
        org_id = (await finding.organization(database, where[0])).org_id
        place = await finding.place(database, org_id, workspace=where[1], folder=where[2])
        acting = await administrator(database, org_id, acting_as)
        return await projects.create_project(database, acting, org_id, folder_id=place.id, name=name)


async def _list(config: Settings, where: Where, acting_as: str | None) -> list[Project]:
    async with opened(config) as database:
        org_id = (await finding.organization(database, where[0])).org_id
        place = await finding.place(database, org_id, workspace=where[1], folder=where[2])
        acting = await administrator(database, org_id, acting_as)
        return await projects.list_projects(database, acting, org_id, folder_id=place.id, limit=projects.MOST_PROJECTS)


async def _rename(config: Settings, where: Where, project: str, new_name: str, acting_as: str | None) -> Project:
    async with opened(config) as database:
        org_id = (await finding.organization(database, where[0])).org_id
        acting = await administrator(database, org_id, acting_as)
        found = await finding.project(database, acting, org_id, where=where[1:], name=project)
        return await projects.rename_project(database, acting, org_id, project_id=found.id, name=new_name)


async def _delete(config: Settings, where: Where, project: str, acting_as: str | None) -> Project:
    async with opened(config) as database:
        org_id = (await finding.organization(database, where[0])).org_id
        acting = await administrator(database, org_id, acting_as)
        found = await finding.project(database, acting, org_id, where=where[1:], name=project)
        await projects.delete_project(database, acting, org_id, project_id=found.id)
        return found
