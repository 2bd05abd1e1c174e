"""Routes of grants, what people kept, and exclusions: who is given what, directly and at once."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from doorlist.domain.levels import Level, Policy
from doorlist.errors import BadInput
from doorlist.service import excluding, looking, sharing
from doorlist.web.management.asked import (
    SECURED,
    Cursor,
    Limit,
    ReadsAccess,
    WritesAccess,
    after_id,
    an_id,
    by_id,
    decode_cursor,
    paged,
)
from doorlist.web.management.shapes.access_shapes import (
    ExclusionShape,
    Granted,
    GrantShape,
    GrantWish,
    RetainedShape,
    Ungranted,
)
from doorlist.web.management.shapes.basic_shapes import Changed, Page, PersonAndPlace, Removed, level_of

router = APIRouter(tags=["access"], dependencies=[SECURED])

OfPlace = Annotated[UUID | None, Query(description="Only those of this workspace or folder.")]
OfPerson = Annotated[UUID | None, Query(description="Only those of this person.")]


@router.get("/grants", summary="List grants")
async def list_grants(
    asked: ReadsAccess,
    limit: Limit = 100,
    cursor: Cursor = None,
    resource_id: OfPlace = None,
    principal_id: Annotated[UUID | None, Query(description="Only those of this person or group.")] = None,
) -> Page[GrantShape]:
    """Every level that was given, to people and to groups; what follows from it is asked for under access."""
    rows = await looking.list_grants(
        *asked.who, after=after_id(cursor), limit=limit + 1, resource_id=resource_id, principal_id=principal_id
    )
    return paged(rows, limit, GrantShape, by_id)


@router.put("/grants", summary="Give a level")
async def put_grant(asked: WritesAccess, wish: GrantWish) -> Granted:
    """Gives a person or a group a level on a workspace or folder, or changes the one given."""
    level, place = level_of(wish.level), wish.resource_id
    if (wish.user_id is None) == (wish.group_id is None):
        raise BadInput("Name either a person or a group.", place="user_id")
    if wish.group_id is not None:
        put = await sharing.grant_group(
            *asked.who, resource_id=place, group_id=wish.group_id, level=level, policy=wish.policy
        )
    else:
        assert wish.user_id is not None
        put = await sharing.grant_person(*asked.who, resource_id=place, user_id=wish.user_id, level=level)
    before = 0 if put.before is None else put.before[0].value
    return Granted(id=put.id, before=Level(before).label if before else "none", changed=put.changed)  # type: ignore[arg-type] # a label is a LevelName


@router.delete("/grants", summary="Take a level away")
async def remove_grant(
    asked: WritesAccess,
    resource_id: Annotated[UUID, Query(description="The workspace or folder.")],
    user_id: Annotated[UUID | None, Query(description="The person whose own grant it is.")] = None,
    group_id: Annotated[UUID | None, Query(description="The group whose grant it is.")] = None,
    members: Annotated[Policy | None, Query(description="For a group: whether its members keep the level.")] = None,
) -> Ungranted:
    """For a group `members` has to be said; there is no default."""
    if (user_id is None) == (group_id is None):
        raise BadInput("Name either a person or a group.", place="user_id")
    if group_id is None:
        assert user_id is not None
        done = await sharing.ungrant_person(*asked.who, resource_id=resource_id, user_id=user_id)
    elif members is None:
        raise BadInput("Say keep or remove: whether the members keep the level.", place="members")
    else:
        done = await sharing.ungrant_group(*asked.who, resource_id=resource_id, group_id=group_id, members=members)
    return Ungranted(level=done.level, kept=done.kept)  # type: ignore[arg-type] # the shape turns it into its name


@router.get("/retained", summary="List what people kept")
async def list_retained(
    asked: ReadsAccess,
    limit: Limit = 100,
    cursor: Cursor = None,
    user_id: OfPerson = None,
    resource_id: OfPlace = None,
) -> Page[RetainedShape]:
    """What people kept after they left a group, live and held."""
    after = decode_cursor(cursor, an_id, an_id, an_id)
    rows = await looking.list_retained(
        *asked.who, after=after, limit=limit + 1, user_id=user_id, resource_id=resource_id
    )
    return paged(rows, limit, RetainedShape, lambda row: (row.resource_id, row.user_id, row.group_id))


@router.delete("/retained", summary="Remove what a person kept")
async def remove_retained(asked: WritesAccess, user_id: UUID, resource_id: UUID) -> Removed:
    """Deletes everything that one person kept in one place."""
    return Removed(removed=await sharing.remove_retained(*asked.who, resource_id=resource_id, user_id=user_id))


@router.get("/exclusions", summary="List exclusions")
async def list_exclusions(
    asked: ReadsAccess,
    limit: Limit = 100,
    cursor: Cursor = None,
    user_id: OfPerson = None,
    resource_id: OfPlace = None,
) -> Page[ExclusionShape]:
    """The people to whom groups give nothing in a place."""
    after = decode_cursor(cursor, an_id, an_id)
    rows = await looking.list_exclusions(
        *asked.who, after=after, limit=limit + 1, user_id=user_id, resource_id=resource_id
    )
    return paged(rows, limit, ExclusionShape, lambda row: (row.resource_id, row.user_id))


@router.post("/exclusions", summary="Exclude a person")
async def exclude_person(asked: WritesAccess, wish: PersonAndPlace) -> Changed:
    """Lets what groups give one person in one place count nothing."""
    done = await excluding.exclude_person(*asked.who, resource_id=wish.resource_id, user_id=wish.user_id)
    return Changed(changed=done)


@router.delete("/exclusions", status_code=204, summary="Lift an exclusion")
async def lift_exclusion(asked: WritesAccess, user_id: UUID, resource_id: UUID) -> None:
    """Lets what groups give the person there count again."""
    await excluding.lift_exclusion(*asked.who, resource_id=resource_id, user_id=user_id)
