"""The logs and what waits for a decision, as the management API tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from doorlist.web.management.shapes.basic_shapes import (
    Shape,
    Wish,
    Word,
)


class RequestShape(Shape):
    """A request of the directory as it was answered; `code` and `detail` are set where it was refused."""

    id: int
    at: datetime
    request_id: UUID
    method: str
    path: str
    query: str
    status: int
    duration_us: int
    token: str | None
    code: str | None
    detail: str | None
    change: str | None
    client: str
    agent: str


class EventShape(Shape):
    """An event of the audit log; `change` is what was before and after, by ids."""

    seq: int
    at: datetime
    action: str
    actor_kind: str
    actor_id: str
    source: str
    target_kind: str
    target_id: UUID
    request_id: UUID
    change: dict[str, Any]
    sealed: bool


class VerdictShape(Shape):
    """Whether the chain of the audit log holds; an empty list of faults says so."""

    sealed: int
    unsealed: int
    faults: list[str]


class ItemShape(Shape):
    """Something that waits for a decision; `decisions` are those that it takes."""

    id: UUID
    kind: str
    target_kind: str
    target_id: UUID
    target: str
    detail: dict[str, Any]
    decisions: list[str]
    raised_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


class DecisionWish(Wish):
    """The decision about an item: one of its `decisions`."""

    decision: Word


class Decided(BaseModel):
    """How many levels the decision changed."""

    changed: int
