"""Grants, previews and answers about access, as the management API tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from doorlist.domain.levels import Policy
from doorlist.web.management.shapes.basic_shapes import (
    LevelName,
    LevelOrNone,
    PersonAndPlace,
    Shape,
    ShownLevel,
    Wish,
)


class GrantShape(Shape):
    """A level that a person or a group was given on a workspace or folder."""

    id: UUID
    resource_id: UUID
    principal_kind: Literal["user", "group"]
    principal_id: UUID
    level: ShownLevel
    policy: Policy | None = Field(description="What leavers keep; null: what the organization says.")
    created_at: datetime
    created_by: str


class GrantWish(Wish):
    """A level to give to one person or one group on a workspace or folder."""

    resource_id: UUID
    user_id: UUID | None = None
    group_id: UUID | None = None
    level: LevelName = Field(description="Groups carry viewer, checker or editor.")
    policy: Policy | None = Field(None, description="For a group: what leavers keep.")


class Granted(BaseModel):
    """The grant, the level before (none where there was none), and whether anything changed."""

    id: UUID
    before: LevelOrNone
    changed: bool


class Ungranted(BaseModel):
    """The level that was taken away, and how many members keep it."""

    level: ShownLevel
    kept: int


class RetainedShape(Shape):
    """What a person kept of a group after leaving it; held while the person is inactive."""

    user_id: UUID
    resource_id: UUID
    group_id: UUID
    group_name: str
    level: ShownLevel
    state: Literal["live", "held"]
    since: datetime


class ExclusionShape(Shape):
    """A person to whom groups give nothing on a workspace or folder."""

    user_id: UUID
    resource_id: UUID
    created_at: datetime
    created_by: str


class AccessShape(Shape):
    """One person's effective level in one place; an empty folder is the workspace itself."""

    user_name: str
    workspace: str
    folder: str
    level: ShownLevel


class WayShape(Shape):
    """One way by which a person may reach a place, and whether it counts (`bearing`)."""

    kind: Literal["direct", "group", "retained"]
    bearing: Literal["counts", "excluded", "not-a-member", "parked", "held"]
    level: ShownLevel
    via_id: UUID = Field(description="The place that carries it: the place itself, or the workspace of a home folder.")
    via: str
    group_id: UUID | None
    group: str
    origin: str
    since: datetime
    by: str


class BlockerShape(Shape):
    """Something that keeps a level from counting in full; `code` is stable."""

    code: str
    text: str


class LeverShape(Shape):
    """A change that would change the answer, and where it is made; `code` is stable."""

    code: str
    where: str
    text: str


class ExplanationShape(Shape):
    """Why a person has a level on a place, or none."""

    user_name: str
    place: str
    level: ShownLevel
    sentences: list[str] = Field(description="The whole answer in words.")
    winning: WayShape | None = Field(description="The way that decides, if any.")
    ways: list[WayShape] = Field(description="Every way, each with whether it counts.")
    blockers: list[BlockerShape] = Field(description="What stands in the way.")
    levers: list[LeverShape] = Field(description="What to change, and where.")


class LineShape(Shape):
    """What changes for one person in one place."""

    kind: str
    user_name: str
    workspace: str
    folder: str
    before: ShownLevel
    after: ShownLevel


class PlanShape(Shape):
    """What a change does. Counts are of (person, place) and exact; `lines` are the first hundred of each kind."""

    gained: int
    raised: int
    lowered: int
    lost: int
    retained: int
    unchanged: int
    ownerless: int
    lines: list[LineShape]
    keepers: list[str] = Field(description="The first people who keep a level as retained access.")
    warnings: list[str]
    plan_hash: str = Field(description="Give it to apply: exactly this is done, or nothing.")


class GrantChange(GrantWish):
    """Give a person or a group a level."""

    kind: Literal["grant"]


class UngrantChange(Wish):
    """Take a grant away; for a group `members` says what its members keep, and there is no default."""

    kind: Literal["ungrant"]
    resource_id: UUID
    user_id: UUID | None = None
    group_id: UUID | None = None
    members: Policy | None = None


class RemoveChange(PersonAndPlace):
    """Delete a person's own and kept access to a folder, or to a workspace with all its folders."""

    kind: Literal["remove"]


class DeleteChange(Wish):
    """Delete a folder, or a workspace with all its folders."""

    kind: Literal["delete"]
    resource_id: UUID


class DeleteGroupChange(Wish):
    """End a group."""

    kind: Literal["delete-group"]
    group_id: UUID


class PolicyChange(Wish):
    """Say what leavers of groups keep where the grant does not."""

    kind: Literal["policy"]
    policy: Policy


class RestoreMembersChange(Wish):
    """Put back everybody whose membership of a group ended since a moment, at most thirty days ago."""

    kind: Literal["restore-members"]
    group_id: UUID
    since: datetime


ChangeWish = Annotated[
    GrantChange | UngrantChange | RemoveChange | DeleteChange | DeleteGroupChange | PolicyChange | RestoreMembersChange,
    Field(discriminator="kind"),
]


class PlanWish(Wish):
    """The change to preview."""

    change: ChangeWish


class ApplyWish(PlanWish):
    """The change to make, as it was planned."""

    plan_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
