"""Routes of questions about access, and of changes that are previewed before they are made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from doorlist.domain.changes import (
    Change,
    DeleteGroup,
    DeleteResource,
    GrantGroup,
    GrantPerson,
    RemovePerson,
    RestoreMembers,
    SwitchPolicy,
    UngrantGroup,
    UngrantPerson,
)
from doorlist.errors import BadInput
from doorlist.service import insight, looking, planning
from doorlist.store.access import Page as AccessPage
from doorlist.web.management.asked import (
    SECURED,
    Cursor,
    Limit,
    ReadsAccess,
    WritesAccess,
    a_text,
    an_id,
    decode_cursor,
    encode_cursor,
    moment,
)
from doorlist.web.management.shapes.access_shapes import (
    AccessShape,
    ApplyWish,
    ChangeWish,
    DeleteChange,
    DeleteGroupChange,
    ExplanationShape,
    GrantChange,
    PlanShape,
    PlanWish,
    PolicyChange,
    RemoveChange,
    RestoreMembersChange,
    UngrantChange,
)
from doorlist.web.management.shapes.basic_shapes import Page, level_of

router = APIRouter(tags=["access"], dependencies=[SECURED])

At = Annotated[datetime | None, Query(description="As of this moment (ISO 8601; without a zone it is UTC).")]


@router.get("/access/explain", summary="Explain a level")
async def explain(asked: ReadsAccess, user_id: UUID, resource_id: UUID, at: At = None) -> ExplanationShape:
    """Why a person has a level on a workspace or folder, or none: every way, what stands in the way, what to change."""
    await looking.require_sight(*asked.who, user_id=user_id, resource_id=resource_id)
    database, _, org_id = asked.who
    found = await insight.explain(database, org_id, user_id=user_id, resource_id=resource_id, at=moment(at))
    return ExplanationShape.model_validate(found)


@router.get("/access/who", summary="List who reaches a place")
async def who(
    asked: ReadsAccess, resource_id: UUID, limit: Limit = 100, cursor: Cursor = None, at: At = None
) -> Page[AccessShape]:
    """Everybody who reaches a workspace or folder, by user name, with the effective level."""
    await looking.require_sight(*asked.who, resource_id=resource_id)
    database, _, org_id = asked.who
    after = decode_cursor(cursor, a_text, an_id)
    key = None if after is None else tuple(str(part) for part in after)
    found = await insight.page_of_who(database, org_id, resource_id, after=key, limit=limit, at=moment(at))
    return _page(found)


@router.get("/access/what", summary="List what a person reaches")
async def what(
    asked: ReadsAccess, user_id: UUID, limit: Limit = 100, cursor: Cursor = None, at: At = None
) -> Page[AccessShape]:
    """Every workspace and folder that a person reaches, with the effective level."""
    await looking.require_sight(*asked.who, user_id=user_id)
    database, _, org_id = asked.who
    after = decode_cursor(cursor, a_text, a_text, a_text, an_id)
    key = None if after is None else tuple(str(part) for part in after)
    found = await insight.page_of_what(database, org_id, user_id, after=key, limit=limit, at=moment(at))
    return _page(found)


@router.post("/plans", summary="Preview a change")
async def make_plan(asked: WritesAccess, wish: PlanWish) -> PlanShape:
    """Who would gain, lose and keep what, exactly, without doing it."""
    return PlanShape.model_validate(await planning.plan(*asked.who, _change(wish.change)))


@router.post("/plans/apply", summary="Make a change as it was previewed")
async def apply_plan(asked: WritesAccess, wish: ApplyWish) -> PlanShape:
    """Does exactly what was planned; refused with `stale-plan` when it would do anything else by now."""
    return PlanShape.model_validate(await planning.apply(*asked.who, _change(wish.change), wish.plan_hash))


def _page(found: AccessPage) -> Page[AccessShape]:
    lines = [AccessShape.model_validate(line) for line in found.lines]
    return Page[AccessShape](items=lines, next=encode_cursor(found.next))


def _change(wish: ChangeWish) -> Change:
    """The change that was asked for. Raises `BadInput` where it does not say who."""
    match wish:
        case GrantChange() | UngrantChange():
            return _of_grant(wish)
        case RemoveChange():
            return RemovePerson(wish.resource_id, wish.user_id)
        case DeleteChange():
            return DeleteResource(wish.resource_id)
        case DeleteGroupChange():
            return DeleteGroup(wish.group_id)
        case PolicyChange():
            return SwitchPolicy(wish.policy)
        case RestoreMembersChange():
            since = moment(wish.since)
            assert since is not None
            return RestoreMembers(wish.group_id, since)


def _of_grant(wish: GrantChange | UngrantChange) -> Change:
    if wish.group_id is not None and wish.user_id is None:
        if isinstance(wish, GrantChange):
            return GrantGroup(wish.resource_id, wish.group_id, level_of(wish.level), wish.policy)
        if wish.members is None:
            raise BadInput("Say keep or remove: whether the members keep the level.", place="members")
        return UngrantGroup(wish.resource_id, wish.group_id, wish.members)
    if wish.user_id is None or wish.group_id is not None:
        raise BadInput("Name either a person or a group.", place="user_id")
    if isinstance(wish, GrantChange):
        return GrantPerson(wish.resource_id, wish.user_id, level_of(wish.level))
    return UngrantPerson(wish.resource_id, wish.user_id)
