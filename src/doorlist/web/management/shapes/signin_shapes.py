"""Sign-in as the management API tells it: SAML, sessions and what was tried."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from doorlist.web.management.shapes.basic_shapes import Shape, Wish, Word

Xml = Annotated[str, StringConstraints(min_length=1, max_length=900_000, pattern=r"^[^\x00]*$")]


class ServiceProviderShape(Shape):
    """The names and addresses to enter at the identity provider."""

    entity_id: str
    acs_url: str
    slo_url: str
    login_url: str


class CertificateShape(Shape):
    """A certificate of the identity provider."""

    fingerprint: str
    subject: str
    not_before: datetime
    not_after: datetime
    source: str


class ChoicesShape(Shape):
    """How sign-in by SAML goes."""

    idp_initiated: bool
    sign_requests: bool
    require_encryption: bool
    force_authn: bool
    create_people: bool
    enforced: bool
    name_id_format: str | None
    stable_id_claim: str
    user_name_claim: str | None
    skew_seconds: int


class ChoicesWish(Wish):
    """The choices to change; what is left out stays. Enforcing is for owners."""

    idp_initiated: bool | None = None
    sign_requests: bool | None = None
    require_encryption: bool | None = None
    force_authn: bool | None = None
    create_people: bool | None = None
    enforced: bool | None = None
    stable_id_claim: Word | None = None
    user_name_claim: Word | None = None
    skew_seconds: int | None = Field(None, ge=0, le=180)


class SamlShape(BaseModel):
    """SAML of the organization; without an identity provider it is not set up."""

    service_provider: ServiceProviderShape
    identity_provider: str | None = Field(description="The entity id of the identity provider.")
    sso_url: str | None
    choices: ChoicesShape | None
    certificates: list[CertificateShape]


class MetadataWish(Wish):
    """The metadata of an identity provider; with several of them in it, which one."""

    metadata: Xml = Field(description="SAML 2.0 metadata as XML.")
    entity_id: Word | None = None


class SessionShape(Shape):
    """A live session."""

    id: UUID
    user_id: UUID
    user_name: str
    method: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


class LimitsShape(BaseModel):
    """After how many minutes a session ends, at the latest and unused."""

    minutes: int
    idle_minutes: int


class LimitsWish(Wish):
    """The limits to change; what is left out stays."""

    minutes: int | None = Field(None, ge=5, le=43_200)
    idle_minutes: int | None = Field(None, ge=5, le=43_200)


class SignInShape(Shape):
    """One sign-in that was tried; `check_name` is the check that refused it."""

    id: UUID
    at: datetime
    method: str
    kind: str
    accepted: bool
    check_name: str | None
    detail: str
    user_id: UUID | None
    subject: str
    address: str
    agent: str
