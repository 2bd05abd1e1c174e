"""People and groups as the management API tells them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from doorlist.domain.levels import Role
from doorlist.web.management.shapes.basic_shapes import (
    Shape,
    Wish,
)


class PersonShape(Shape):
    """A person; `origin` is the directory that manages the person, or local."""

    id: UUID
    user_name: str
    display_name: str
    role: Role
    active: bool = Field(description="What the directory says.")
    blocked: bool = Field(description="An administrator's block, which no directory lifts.")
    origin: str
    external_id: str | None
    created_at: datetime
    modified_at: datetime


class RoleWish(Wish):
    """The role to give."""

    role: Role


class GroupShape(Shape):
    """A group; `origin` is the directory that manages it, or local."""

    id: UUID
    display_name: str
    origin: str
    external_id: str | None
    members: int
    created_at: datetime
    modified_at: datetime


class MemberShape(Shape):
    """A member of a group."""

    user_id: UUID
    user_name: str
    display_name: str
    active: bool
    added_at: datetime


class MembersWish(Wish):
    """Whom to add to a group, and whom to take out of it."""

    add: list[UUID] = Field(default_factory=list, max_length=10_000)
    remove: list[UUID] = Field(default_factory=list, max_length=10_000)


class MembersDone(BaseModel):
    """How many really joined and left."""

    added: int
    removed: int
