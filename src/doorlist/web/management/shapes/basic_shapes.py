"""What every resource of the management API shares: names of levels, texts with bounds, pages."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from doorlist.domain.levels import Level

T = TypeVar("T")

LevelName = Literal["viewer", "checker", "editor", "admin", "owner"]
LevelOrNone = Literal["none", "viewer", "checker", "editor", "admin", "owner"]


def _label(value: Any) -> Any:
    return ("none" if value == 0 else Level(value).label) if isinstance(value, int) else value


ShownLevel = Annotated[LevelOrNone, BeforeValidator(_label)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


def level_of(name: LevelName) -> Level:
    """The level of a name."""
    return Level[name.upper()]


class Shape(BaseModel):
    """What is answered: made from any object with the same attributes."""

    model_config = ConfigDict(from_attributes=True)


class Wish(BaseModel):
    """What is asked for: an unknown member is a mistake and refused."""

    model_config = ConfigDict(extra="forbid")


class NameWish(Wish):
    """A name."""

    name: Name


class Page(BaseModel, Generic[T]):
    """Some items of a list. `next` is the cursor of the following page, null at the end."""

    items: list[T]
    next: str | None = Field(description="Give it as `cursor` to get the next page; null at the end.")


class Changed(BaseModel):
    """Whether anything is different now."""

    changed: bool


class Removed(BaseModel):
    """How many ways of access ended."""

    removed: int


class PersonAndPlace(Wish):
    """A person and a workspace or folder."""

    user_id: UUID
    resource_id: UUID
