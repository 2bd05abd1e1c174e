"""Routes of projects and tasks: what members work on, as far as the level of the key's person goes."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from doorlist.service import projects, tasks
from doorlist.store.board import Project
from doorlist.store.checklist import Task
from doorlist.web.management.asked import (
    SECURED,
    Cursor,
    IfMatch,
    Limit,
    ReadsProjects,
    WritesProjects,
    after_id,
    by_id,
    expected_version,
    paged,
    tag,
)
from doorlist.web.management.shapes.basic_shapes import NameWish, Page
from doorlist.web.management.shapes.place_shapes import (
    ProjectMove,
    ProjectShape,
    ProjectWish,
    TaskChange,
    TaskMove,
    TaskShape,
    TaskWish,
)

router = APIRouter(tags=["projects and tasks"], dependencies=[SECURED])


@router.get("/folders/{folder_id}/projects", summary="List the projects of a folder")
async def list_projects(
    asked: ReadsProjects, folder_id: UUID, limit: Limit = 100, cursor: Cursor = None
) -> Page[ProjectShape]:
    """The projects in the order that editors gave them; for viewers."""
    rows = await projects.list_projects(*asked.who, folder_id=folder_id, after=after_id(cursor), limit=limit + 1)
    return paged(rows, limit, ProjectShape, by_id)


@router.post("/folders/{folder_id}/projects", status_code=201, summary="Create a project")
async def create_project(asked: WritesProjects, folder_id: UUID, wish: ProjectWish, response: Response) -> ProjectShape:
    """Makes a project in a folder; for editors."""
    made = await projects.create_project(*asked.who, folder_id=folder_id, name=wish.name, after=wish.after)
    return _project(made, response)


@router.get("/projects/{project_id}", summary="Show a project")
async def get_project(asked: ReadsProjects, project_id: UUID, response: Response) -> ProjectShape:
    """One project; its ETag is its version."""
    return _project(await projects.get_project(*asked.who, project_id=project_id), response)


@router.patch("/projects/{project_id}", summary="Rename a project")
async def rename_project(
    asked: WritesProjects, project_id: UUID, wish: NameWish, response: Response, if_match: IfMatch = None
) -> ProjectShape:
    """For editors; with If-Match only from the version that it names."""
    changed = await projects.rename_project(
        *asked.who, project_id=project_id, name=wish.name, version=expected_version(if_match)
    )
    return _project(changed, response)


@router.post("/projects/{project_id}/move", summary="Move a project")
async def move_project(
    asked: WritesProjects, project_id: UUID, wish: ProjectMove, response: Response, if_match: IfMatch = None
) -> ProjectShape:
    """To another place of its folder, or with its tasks into another folder; for editors of both."""
    moved = await projects.move_project(
        *asked.who,
        project_id=project_id,
        folder_id=wish.folder_id,
        after=wish.after,
        version=expected_version(if_match),
    )
    return _project(moved, response)


@router.delete("/projects/{project_id}", status_code=204, summary="Delete a project")
async def delete_project(asked: WritesProjects, project_id: UUID, if_match: IfMatch = None) -> None:
    """With its tasks, for good; for editors."""
    await projects.delete_project(*asked.who, project_id=project_id, version=expected_version(if_match))


@router.get("/projects/{project_id}/tasks", summary="List the tasks of a project")
async def list_tasks(
    asked: ReadsProjects, project_id: UUID, limit: Limit = 100, cursor: Cursor = None
) -> Page[TaskShape]:
    """The tasks in the order that editors gave them; for viewers."""
    rows = await tasks.list_tasks(*asked.who, project_id=project_id, after=after_id(cursor), limit=limit + 1)
    return paged(rows, limit, TaskShape, by_id)


@router.post("/projects/{project_id}/tasks", status_code=201, summary="Create a task")
async def create_task(asked: WritesProjects, project_id: UUID, wish: TaskWish, response: Response) -> TaskShape:
    """Makes a task in a project; for editors."""
    made = await tasks.create_task(
        *asked.who, project_id=project_id, title=wish.title, notes=wish.notes, after=wish.after
    )
    return _task(made, response)


@router.get("/tasks/{task_id}", summary="Show a task")
async def get_task(asked: ReadsProjects, task_id: UUID, response: Response) -> TaskShape:
    """One task; its ETag is its version."""
    return _task(await tasks.get_task(*asked.who, task_id=task_id), response)


@router.patch("/tasks/{task_id}", summary="Edit a task")
async def edit_task(
    asked: WritesProjects, task_id: UUID, wish: TaskChange, response: Response, if_match: IfMatch = None
) -> TaskShape:
    """Changes title and notes; for editors. With If-Match only from the version that it names."""
    changed = await tasks.edit_task(
        *asked.who, task_id=task_id, title=wish.title, notes=wish.notes, version=expected_version(if_match)
    )
    return _task(changed, response)


@router.post("/tasks/{task_id}/tick", summary="Tick a task")
async def tick_task(asked: WritesProjects, task_id: UUID, response: Response, if_match: IfMatch = None) -> TaskShape:
    """Marks it as done; for checkers."""
    version = expected_version(if_match)
    return _task(await tasks.tick_task(*asked.who, task_id=task_id, done=True, version=version), response)


@router.post("/tasks/{task_id}/untick", summary="Untick a task")
async def untick_task(asked: WritesProjects, task_id: UUID, response: Response, if_match: IfMatch = None) -> TaskShape:
    """Marks it as not done; for checkers."""
    version = expected_version(if_match)
    return _task(await tasks.tick_task(*asked.who, task_id=task_id, done=False, version=version), response)


@router.post("/tasks/{task_id}/move", summary="Move a task")
async def move_task(
    asked: WritesProjects, task_id: UUID, wish: TaskMove, response: Response, if_match: IfMatch = None
) -> TaskShape:
    """To another place of its project, or into another project; for editors of both folders."""
    moved = await tasks.move_task(
        *asked.who,
        task_id=task_id,
        project_id=wish.project_id,
        after=wish.after,
        version=expected_version(if_match),
    )
    return _task(moved, response)


@router.delete("/tasks/{task_id}", status_code=204, summary="Delete a task")
async def delete_task(asked: WritesProjects, task_id: UUID, if_match: IfMatch = None) -> None:
    """For good; for editors."""
    await tasks.delete_task(*asked.who, task_id=task_id, version=expected_version(if_match))


def _project(project: Project, response: Response) -> ProjectShape:
    tag(response, project.version)
    return ProjectShape.model_validate(project)


def _task(task: Task, response: Response) -> TaskShape:
    tag(response, task.version)
    return TaskShape.model_validate(task)
