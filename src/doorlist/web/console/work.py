"""Where members work: their workspaces and folders, and the projects and tasks in a folder, by their level."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import Final
from uuid import UUID

from starlette.responses import Response

from doorlist.domain.ids import parse_id
from doorlist.domain.levels import Role
from doorlist.errors import BadInput
from doorlist.service import board_access, finding, projects, tasks
from doorlist.service import workspaces as making
from doorlist.service.board_access import After
from doorlist.service.browsing import browse_own
from doorlist.store import lists
from doorlist.store.board import Project
from doorlist.store.checklist import Task
from doorlist.web.console.lists import List, read_view
from doorlist.web.console.visits import Visit

_PAGE: Final = 200


async def home(visit: Visit) -> Response:
    """The workspaces and folders that are the visitor's."""
    view = read_view(visit.request.query_params, lists.REACHED, order="place")
    leaf = await browse_own(visit.database, visit.administrator, visit.org_id, view)
    shown = List(visit.request.url.path, view, leaf)
    grouped = [(name, list(rows)) for name, rows in groupby(shown.rows, key=attrgetter("workspace"))]
    may_create = visit.role is not Role.GUEST and (
        visit.org.members_create_workspaces or (visit.role is not None and visit.role.manages)
    )
    return visit.page("console/home.html", {"list": shown, "grouped": grouped, "may_create": may_create})


async def create_workspace(visit: Visit) -> Response:
    """Make a workspace that is the visitor's own, where the organization lets members do so."""
    name = visit.field("name")
    await making.create_workspace(visit.database, visit.administrator, visit.org_id, name=name)
    return visit.done(f"{name} is there, and you own it.", to=f"{visit.base}/home")


async def folder(visit: Visit) -> Response:
    """A folder with its projects, and the tasks of one of them."""
    folder_id = visit.id("id")
    level = await board_access.level_in_folder(visit.database, visit.administrator, visit.org_id, folder_id)
    place = await finding.place_by_id(visit.database, visit.org_id, folder_id)
    parent = await finding.place_by_id(visit.database, visit.org_id, place.workspace_id)
    found = await projects.list_projects(
        visit.database, visit.administrator, visit.org_id, folder_id=folder_id, limit=_PAGE
    )
    chosen = _chosen(found, parse_id(visit.request.query_params.get("project", "")))
    rows: list[Task] = []
    if chosen is not None:
        after = parse_id(visit.request.query_params.get("after", ""))
        rows = await tasks.list_tasks(
            visit.database, visit.administrator, visit.org_id, project_id=chosen.id, after=after, limit=_PAGE + 1
        )
    values = {
        "place": place,
        "workspace": parent,
        "level": level.label,
        "edits": level >= board_access.EDITS,
        "ticks": level >= board_access.TICKS,
        "projects": found,
        "chosen": chosen,
        "tasks": rows[:_PAGE],
        "more": rows[_PAGE - 1].id if len(rows) > _PAGE else None,
    }
    return visit.page("console/work.html", values)


async def create_project(visit: Visit) -> Response:
    """Make a project in a folder."""
    folder_id = visit.id("id")
    made = await projects.create_project(
        visit.database, visit.administrator, visit.org_id, folder_id=folder_id, name=visit.field("name")
    )
    return visit.done(f"{made.name} is there.", to=_address(visit, folder_id, made.id))


async def change_project(visit: Visit) -> Response:
    """Rename or delete a project."""
    project_id, version = visit.id("id"), _version(visit)
    who = (visit.database, visit.administrator, visit.org_id)
    project = await projects.get_project(*who, project_id=project_id)
    match visit.field("do"):
        case "rename":
            await projects.rename_project(*who, project_id=project_id, name=visit.field("name"), version=version)
            return visit.done("The project is renamed.", to=_address(visit, project.folder_id, project_id))
        case "delete":
            await projects.delete_project(*who, project_id=project_id, version=version)
            return visit.done(f"{project.name} is deleted.", to=_address(visit, project.folder_id, None))
    raise BadInput("This is nothing that can be done with a project.", place="do")


async def create_task(visit: Visit) -> Response:
    """Make a task in a project of the folder."""
    project_id = visit.id_field("project")
    made = await tasks.create_task(
        visit.database, visit.administrator, visit.org_id, project_id=project_id, title=visit.field("title")
    )
    return visit.done("The task is there.", to=_address(visit, made.folder_id, project_id))


async def change_task(visit: Visit) -> Response:
    """Tick, edit, move or delete a task."""
    task_id, version = visit.id("id"), _version(visit)
    who = (visit.database, visit.administrator, visit.org_id)
    task = await tasks.get_task(*who, task_id=task_id)
    match visit.field("do"):
        case "tick" | "untick" as how:
            await tasks.tick_task(*who, task_id=task_id, done=how == "tick")
            told = "Done." if how == "tick" else "Not done any more."
        case "edit":
            title, notes = visit.field("title"), visit.field("notes")
            await tasks.edit_task(*who, task_id=task_id, title=title, notes=notes, version=version)
            told = "The task is changed."
        case "move":
            await tasks.move_task(*who, task_id=task_id, after=_after(visit.field("after")))
            told = "The task is moved."
        case "delete":
            await tasks.delete_task(*who, task_id=task_id, version=version)
            told = "The task is deleted."
        case _:
            raise BadInput("This is nothing that can be done with a task.", place="do")
    return visit.done(told, to=_address(visit, task.folder_id, task.project_id))


def _chosen(found: list[Project], asked: UUID | None) -> Project | None:
    """The project that is asked for, else the first."""
    return next((project for project in found if project.id == asked), found[0] if found else None)


def _after(text: str) -> After:
    if text in {"first", "last"}:
        return "first" if text == "first" else "last"
    found = parse_id(text)
    if found is None:
        raise BadInput("Say after which task it goes.", place="after")
    return found


def _version(visit: Visit) -> int | None:
    """The version that the form was filled in on; a change since then is refused."""
    text = visit.field("version")
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _address(visit: Visit, folder_id: UUID, project_id: UUID | None) -> str:
    return f"{visit.base}/board/{folder_id}" + (f"?project={project_id}" if project_id else "")
