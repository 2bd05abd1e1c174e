"""Workspaces, folders, and what members work on, as the management API tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from doorlist.domain.tenancy import Plan
from doorlist.web.management.shapes.basic_shapes import (
    Name,
    NameWish,
    Shape,
    Text,
    Wish,
)


class WorkspaceShape(Shape):
    """A workspace; its home folder came with it."""

    id: UUID
    name: str
    plan: Plan
    home_folder_id: UUID
    created_at: datetime
    archived_at: datetime | None


class WorkspaceWish(NameWish):
    """A workspace to make; without a plan it has the organization's."""

    plan: Plan | None = None


class FolderShape(Shape):
    """A folder of a workspace; `home` is the one that came with it."""

    id: UUID
    workspace_id: UUID
    name: str
    home: bool
    created_at: datetime
    archived_at: datetime | None


class DeletedShape(Shape):
    """A workspace (then `folder` is empty) or folder that can be restored."""

    id: UUID
    workspace: str
    folder: str
    deleted_at: datetime


class ProjectShape(Shape):
    """A project of a folder, with how many tasks it has and how many are done."""

    id: UUID
    folder_id: UUID
    name: str
    version: int
    tasks: int
    done: int
    created_at: datetime
    created_by: str
    modified_at: datetime


class TaskShape(Shape):
    """A task of a project; `done_by` is who ticked it."""

    id: UUID
    project_id: UUID
    folder_id: UUID
    title: str
    notes: str
    done_at: datetime | None
    done_by: str | None
    version: int
    created_at: datetime
    created_by: str
    modified_at: datetime


After = UUID | Literal["first", "last"]


class ProjectWish(NameWish):
    """A project to make, behind another one or at an end of the folder."""

    after: After = "last"


class ProjectMove(Wish):
    """Where a project goes: behind another one or to an end, in its folder or in another."""

    folder_id: UUID | None = None
    after: After = "last"


class TaskWish(Wish):
    """A task to make, behind another one or at an end of the project."""

    title: Name
    notes: Text = ""
    after: After = "last"


class TaskChange(Wish):
    """What to change of a task; what is left out stays."""

    title: Name | None = None
    notes: Text | None = None


class TaskMove(Wish):
    """Where a task goes: behind another one or to an end, in its project or in another."""

    project_id: UUID | None = None
    after: After = "last"
