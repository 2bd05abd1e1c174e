"""Webhooks as the management API tells them; the secret only when it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from doorlist.web.management.shapes.basic_shapes import Shape, Wish, Word

Url = Annotated[str, StringConstraints(min_length=8, max_length=2000, pattern=r"^https?://[\x21-\x7e]+$")]
Description = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]


class EndpointShape(Shape):
    """An address that is told of events; no events means all. `failures` counts those of the present message."""

    id: UUID
    url: str
    description: str
    events: list[str]
    created_at: datetime
    created_by: str
    paused_at: datetime | None
    paused_because: str | None
    failures: int
    retry_at: datetime | None


class EndpointWish(Wish):
    """An address to tell; without events it is told of all."""

    url: Url = Field(examples=["https://hooks.marigold.example/doorlist"])
    events: list[Word] = Field(default_factory=list, max_length=50)
    description: Description = ""


class EndpointChange(Wish):
    """What to change; what is left out stays."""

    url: Url | None = None
    events: list[Word] | None = Field(None, max_length=50)
    description: Description | None = None


class NewEndpointShape(Shape):
    """The endpoint's id and its secret, which is shown this once."""

    id: UUID
    secret: str


class ReplayWish(Wish):
    """From which moment on everything is told again."""

    since: datetime


class Replayed(BaseModel):
    """How many messages are told again."""

    messages: int


class DeliveryShape(Shape):
    """One attempt; without a status there was no answer, and `detail` says why."""

    id: UUID
    message_id: UUID
    event: str
    at: datetime
    attempt: int
    status: int | None
    detail: str
    milliseconds: int
