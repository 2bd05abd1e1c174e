"""Routes of people and groups: the lists, and what an administrator decides about them, not the directory."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from doorlist.service import grouping, looking, staffing
from doorlist.web.management.asked import SECURED, Cursor, Limit, ReadsPeople, WritesPeople, after_id, by_id, paged
from doorlist.web.management.shapes.basic_shapes import Changed, NameWish, Page, Word
from doorlist.web.management.shapes.people_shapes import (
    GroupShape,
    MembersDone,
    MemberShape,
    MembersWish,
    PersonShape,
    RoleWish,
)

router = APIRouter(tags=["people and groups"], dependencies=[SECURED])


@router.get("/people", summary="List people")
async def list_people(
    asked: ReadsPeople,
    limit: Limit = 100,
    cursor: Cursor = None,
    user_name: Annotated[Word | None, Query(description="Only those of this user name, whatever its case.")] = None,
) -> Page[PersonShape]:
    """Everybody in the organization, from the directory and local, in the order of their making."""
    rows = await looking.list_people(*asked.who, after=after_id(cursor), limit=limit + 1, user_name=user_name)
    return paged(rows, limit, PersonShape, by_id)


@router.get("/people/{user_id}", summary="Show a person")
async def get_person(asked: ReadsPeople, user_id: UUID) -> PersonShape:
    """One person; a key that acts as a person shows that person."""
    return PersonShape.model_validate(await looking.get_person(*asked.who, user_id=user_id))


@router.put("/people/{user_id}/role", summary="Give a person a role")
async def set_role(asked: WritesPeople, user_id: UUID, wish: RoleWish) -> Changed:
    """The role in the organization; for owners. One owner always stays."""
    return Changed(changed=await staffing.set_role(*asked.who, user_id=user_id, role=wish.role))


@router.post("/people/{user_id}/block", summary="Block a person")
async def block_person(asked: WritesPeople, user_id: UUID) -> Changed:
    """Ends the person's access everywhere at once, whatever the directory says."""
    return Changed(changed=await staffing.block(*asked.who, user_id=user_id))


@router.post("/people/{user_id}/unblock", summary="Lift a block")
async def unblock_person(asked: WritesPeople, user_id: UUID) -> Changed:
    """The access is again what the directory and the grants say."""
    return Changed(changed=await staffing.unblock(*asked.who, user_id=user_id))


@router.get("/groups", summary="List groups")
async def list_groups(
    asked: ReadsPeople,
    limit: Limit = 100,
    cursor: Cursor = None,
    name: Annotated[Word | None, Query(description="Only those of this name, whatever its case.")] = None,
) -> Page[GroupShape]:
    """Every group, from the directory and local, in the order of their making."""
    rows = await looking.list_groups(*asked.who, after=after_id(cursor), limit=limit + 1, name=name)
    return paged(rows, limit, GroupShape, by_id)


@router.post("/groups", status_code=201, summary="Create a local group")
async def create_group(asked: WritesPeople, wish: NameWish) -> GroupShape:
    """A group of nobody, which no directory sees."""
    group_id = await grouping.create_group(*asked.who, name=wish.name)
    return GroupShape.model_validate(await looking.get_group(*asked.who, group_id=group_id))


@router.get("/groups/{group_id}", summary="Show a group")
async def get_group(asked: ReadsPeople, group_id: UUID) -> GroupShape:
    """One group with the number of its members."""
    return GroupShape.model_validate(await looking.get_group(*asked.who, group_id=group_id))


@router.patch("/groups/{group_id}", summary="Rename a group")
async def rename_group(asked: WritesPeople, group_id: UUID, wish: NameWish) -> GroupShape:
    """For a local or detached group; one of a directory is changed there."""
    await grouping.rename_group(*asked.who, group_id=group_id, name=wish.name)
    return GroupShape.model_validate(await looking.get_group(*asked.who, group_id=group_id))


@router.delete("/groups/{group_id}", status_code=204, summary="Delete a group")
async def delete_group(asked: WritesPeople, group_id: UUID) -> None:
    """Ends a local or detached group; under keep its members retain what it gave. Preview it with a plan first."""
    await grouping.delete_group(*asked.who, group_id=group_id)


@router.get("/groups/{group_id}/members", summary="List the members of a group")
async def list_members(
    asked: ReadsPeople, group_id: UUID, limit: Limit = 100, cursor: Cursor = None
) -> Page[MemberShape]:
    """The members in the order of their making."""
    rows = await looking.list_members(*asked.who, group_id=group_id, after=after_id(cursor), limit=limit + 1)
    return paged(rows, limit, MemberShape, lambda row: (row.user_id,))


@router.post("/groups/{group_id}/members", summary="Change the members of a group")
async def change_members(asked: WritesPeople, group_id: UUID, wish: MembersWish) -> MembersDone:
    """Adds people to a local or detached group and takes others out."""
    added, removed = await grouping.change_members(*asked.who, group_id=group_id, add=wish.add, remove=wish.remove)
    return MembersDone(added=added, removed=removed)
