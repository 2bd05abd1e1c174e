"""The organization, the tokens of its directory and the keys of programs, as the management API tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from doorlist.domain.levels import Policy
from doorlist.domain.tenancy import Plan
from doorlist.web.management.shapes.basic_shapes import (
    Name,
    Shape,
    Wish,
    Word,
)


class OrganizationShape(Shape):
    """An organization with its settings."""

    id: UUID = Field(validation_alias="org_id", serialization_alias="id")
    slug: str
    name: str
    plan: Plan
    removal_policy: Policy = Field(description="What leavers of a group keep where the grant does not say.")
    members_create_workspaces: bool
    scim_enabled: bool
    created_at: datetime


class SettingsWish(Wish):
    """The settings to change; what is left out stays."""

    plan: Plan | None = Field(None, description="For owners.")
    removal_policy: Policy | None = None
    members_create_workspaces: bool | None = None
    scim_enabled: bool | None = None


class UpgradeWish(Wish):
    """Which workspaces go to which plan: all of them, or for a wrong name none."""

    names: list[Name] = Field(min_length=1, max_length=1000)
    plan: Plan


class Upgraded(BaseModel):
    """The workspaces that were on a lower plan."""

    upgraded: list[str]


class ConnectionShape(Shape):
    """How the directory's connection does, with its figures of today (UTC)."""

    state: Literal[
        "disabled",
        "paused",
        "not configured",
        "waiting for the first request",
        "stale",
        "degraded",
        "healthy",
    ]
    requests_today: int
    failures_today: int
    p95_ms: float | None
    last_contact: datetime | None
    last_connection_test: datetime | None
    last_connection_test_status: int | None
    token: str | None = Field(description="The label of the token that was used last.")


class TokenShape(BaseModel):
    """A token of a directory by its visible start."""

    id: UUID
    label: str
    hint: str
    scopes: list[str]
    state: Literal["valid", "expired", "revoked"]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class TokenWish(Wish):
    """A token to make for a directory; without scopes it has all, without days no end."""

    label: Name
    scopes: list[Word] = Field(default_factory=list, max_length=20)
    expires_days: float | None = Field(None, ge=0, le=3650)


class NewToken(BaseModel):
    """A new token; `token` is shown this once."""

    id: UUID
    label: str
    token: str
    scopes: list[str]
    expires_at: datetime | None


class KeyShape(BaseModel):
    """A key of a program by its visible start; `user_name` is whom it acts as, null for the organization."""

    id: UUID
    label: str
    hint: str
    scopes: list[str]
    state: Literal["valid", "expired", "revoked"]
    user_id: UUID | None
    user_name: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyWish(TokenWish):
    """A key to make, with scopes that the key in use has itself; with a person it acts as that person."""

    user_id: UUID | None = None


class NewKeyShape(BaseModel):
    """A new key; `key` is shown this once."""

    id: UUID
    label: str
    key: str
    scopes: list[str]
    user_id: UUID | None
    expires_at: datetime | None
