"""Routes of workspaces and folders: making, listing, archiving, deleting and restoring them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from doorlist.service import lifecycle, looking, staffing, workspaces
from doorlist.web.management.asked import SECURED, Cursor, Limit, ReadsAccess, WritesAccess, after_id, by_id, paged
from doorlist.web.management.shapes.basic_shapes import Changed, NameWish, Page, Word
from doorlist.web.management.shapes.organization_shapes import Upgraded, UpgradeWish
from doorlist.web.management.shapes.place_shapes import DeletedShape, FolderShape, WorkspaceShape, WorkspaceWish

router = APIRouter(tags=["workspaces and folders"], dependencies=[SECURED])


@router.get("/workspaces", summary="List workspaces")
async def list_workspaces(
    asked: ReadsAccess,
    limit: Limit = 100,
    cursor: Cursor = None,
    name: Annotated[Word | None, Query(description="Only that of this name, whatever its case.")] = None,
) -> Page[WorkspaceShape]:
    """Every workspace in the order of their making."""
    rows = await looking.list_workspaces(*asked.who, after=after_id(cursor), limit=limit + 1, name=name)
    return paged(rows, limit, WorkspaceShape, by_id)


@router.post("/workspaces", status_code=201, summary="Create a workspace")
async def create_workspace(asked: WritesAccess, wish: WorkspaceWish) -> WorkspaceShape:
    """A workspace comes with its home folder; a person who makes it becomes its owner."""
    workspace_id = await workspaces.create_workspace(*asked.who, name=wish.name, plan=wish.plan)
    return WorkspaceShape.model_validate(await looking.get_workspace(*asked.who, workspace_id=workspace_id))


@router.post("/workspaces/upgrade", summary="Put workspaces on a plan")
async def upgrade_workspaces(asked: WritesAccess, wish: UpgradeWish) -> Upgraded:
    """One or several, all of them or none; for owners of the organization."""
    return Upgraded(upgraded=await workspaces.upgrade_workspaces(*asked.who, names=wish.names, plan=wish.plan))


@router.get("/workspaces/{workspace_id}", summary="Show a workspace")
async def get_workspace(asked: ReadsAccess, workspace_id: UUID) -> WorkspaceShape:
    """One workspace with the id of its home folder."""
    return WorkspaceShape.model_validate(await looking.get_workspace(*asked.who, workspace_id=workspace_id))


@router.post("/workspaces/{workspace_id}/folders", status_code=201, summary="Create a folder")
async def create_folder(asked: WritesAccess, workspace_id: UUID, wish: NameWish) -> FolderShape:
    """A folder is private to begin with; a person who makes it becomes its owner."""
    folder_id = await workspaces.create_folder(*asked.who, workspace_id=workspace_id, name=wish.name)
    return FolderShape.model_validate(await looking.get_folder(*asked.who, folder_id=folder_id))


@router.get("/folders", summary="List folders")
async def list_folders(
    asked: ReadsAccess,
    limit: Limit = 100,
    cursor: Cursor = None,
    workspace_id: Annotated[UUID | None, Query(description="Only those of this workspace.")] = None,
    name: Annotated[Word | None, Query(description="Only those of this name, whatever its case.")] = None,
) -> Page[FolderShape]:
    """Every folder of every workspace in the order of their making."""
    rows = await looking.list_folders(
        *asked.who, after=after_id(cursor), limit=limit + 1, workspace_id=workspace_id, name=name
    )
    return paged(rows, limit, FolderShape, by_id)


@router.get("/folders/{folder_id}", summary="Show a folder")
async def get_folder(asked: ReadsAccess, folder_id: UUID) -> FolderShape:
    """One folder."""
    return FolderShape.model_validate(await looking.get_folder(*asked.who, folder_id=folder_id))


@router.get("/places/deleted", summary="List what can be restored")
async def list_deleted(asked: ReadsAccess) -> Page[DeletedShape]:
    """The workspaces and folders that were deleted within thirty days, the latest first."""
    await looking.require_sight(*asked.who)
    found = await lifecycle.list_deleted(asked.database, asked.program.org_id)
    return Page[DeletedShape](items=[DeletedShape.model_validate(line) for line in found], next=None)


@router.post("/places/{resource_id}/archive", summary="Archive a workspace or folder")
async def archive_place(asked: WritesAccess, resource_id: UUID) -> Changed:
    """Nobody is above viewer there from now on."""
    return Changed(changed=await lifecycle.archive(*asked.who, resource_id=resource_id))


@router.post("/places/{resource_id}/unarchive", summary="Take a workspace or folder out of the archive")
async def unarchive_place(asked: WritesAccess, resource_id: UUID) -> Changed:
    """The levels are again what they were."""
    return Changed(changed=await lifecycle.unarchive(*asked.who, resource_id=resource_id))


@router.delete("/places/{resource_id}", summary="Delete a workspace or folder")
async def delete_place(asked: WritesAccess, resource_id: UUID) -> Changed:
    """It can be restored as it was within thirty days. Preview it with a plan first."""
    return Changed(changed=await lifecycle.delete(*asked.who, resource_id=resource_id))


@router.post("/places/{resource_id}/restore", status_code=204, summary="Restore a workspace or folder")
async def restore_place(asked: WritesAccess, resource_id: UUID) -> None:
    """Brings it back with every grant."""
    await lifecycle.restore(*asked.who, resource_id=resource_id)


@router.post("/places/{resource_id}/join", summary="Become an owner of a workspace or folder")
async def join_place(asked: WritesAccess, resource_id: UUID) -> Changed:
    """For an owner of the organization, with a key that acts as that person; everybody there can see it."""
    return Changed(changed=(await staffing.join_as_owner(*asked.who, resource_id=resource_id)).changed)
