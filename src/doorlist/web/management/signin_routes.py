"""Routes of sign-in: SAML of the organization, who is signed in, and what was tried."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request

from doorlist.service import looking, saml_setup, session_control, signin_log
from doorlist.web.management.asked import (
    SECURED,
    Asked,
    Cursor,
    Limit,
    ReadsLogs,
    ReadsOrganization,
    WritesOrganization,
    after_id,
    by_id,
    paged,
)
from doorlist.web.management.shapes.basic_shapes import Page, Removed
from doorlist.web.management.shapes.signin_shapes import (
    CertificateShape,
    ChoicesShape,
    ChoicesWish,
    LimitsShape,
    LimitsWish,
    MetadataWish,
    SamlShape,
    ServiceProviderShape,
    SessionShape,
    SignInShape,
)

router = APIRouter(tags=["sign-in"], dependencies=[SECURED])


@router.get("/saml", summary="Show SAML")
async def get_saml(asked: ReadsOrganization, request: Request) -> SamlShape:
    """What to enter at the identity provider, and what is known of it here."""
    return await _saml(asked, request.state.base_url)


@router.put("/saml/metadata", summary="Set the identity provider from its metadata")
async def set_saml_metadata(asked: WritesOrganization, wish: MetadataWish, request: Request) -> SamlShape:
    """Sets SAML up, or replaces the identity provider; certificates that are pinned by hand stay."""
    await looking.require_sight(*asked.who)  # before anything is made of what was sent
    organization = await looking.organization(*asked.who)
    database, administrator, _ = asked.who
    data = wish.metadata.encode()
    await saml_setup.set_from_metadata(database, administrator, organization, data, entity_id=wish.entity_id)
    return await _saml(asked, request.state.base_url)


@router.patch("/saml/choices", summary="Change how sign-in by SAML goes")
async def change_saml_choices(asked: WritesOrganization, wish: ChoicesWish) -> ChoicesShape:
    """Changes what is named. Enforcing ends every session that was not begun by SAML, but those of owners."""
    organization = await looking.organization(*asked.who)
    database, administrator, _ = asked.who
    changes = wish.model_dump(exclude_none=True)
    return ChoicesShape.model_validate(await saml_setup.choose(database, administrator, organization, changes))


@router.delete("/saml", status_code=204, summary="Forget the identity provider")
async def remove_saml(asked: WritesOrganization) -> None:
    """Nobody signs in by SAML until one is set again; for owners."""
    await saml_setup.remove(*asked.who)


@router.get("/sessions", summary="List who is signed in")
async def list_sessions(
    asked: ReadsOrganization,
    user_id: Annotated[UUID | None, Query(description="Only those of this person.")] = None,
    limit: Limit = 200,
) -> Page[SessionShape]:
    """The live sessions, newest first."""
    found = await session_control.list_sessions(*asked.who, user_id=user_id, limit=limit)
    return Page[SessionShape](items=[SessionShape.model_validate(one) for one in found], next=None)


@router.delete("/sessions/{session_id}", status_code=204, summary="End a session")
async def revoke_session(asked: WritesOrganization, session_id: UUID) -> None:
    """It opens nothing from now on."""
    await session_control.revoke_session(*asked.who, session_id)


@router.post("/people/{user_id}/sign-out", summary="End every session of a person")
async def revoke_sessions_of(asked: WritesOrganization, user_id: UUID) -> Removed:
    """How many there were."""
    await looking.get_person(*asked.who, user_id=user_id)
    return Removed(removed=await session_control.revoke_sessions_of(*asked.who, user_id=user_id))


@router.patch("/sessions/limits", summary="Change how long sessions live")
async def set_session_limits(asked: WritesOrganization, wish: LimitsWish) -> LimitsShape:
    """What there is ends accordingly; without a change it answers the present limits."""
    minutes, idle = await session_control.set_limits(*asked.who, minutes=wish.minutes, idle_minutes=wish.idle_minutes)
    return LimitsShape(minutes=minutes, idle_minutes=idle)


@router.get("/sign-ins", summary="List what was tried to sign in")
async def list_sign_ins(
    asked: ReadsLogs,
    limit: Limit = 100,
    cursor: Cursor = None,
    refused: Annotated[bool, Query(description="Only those that were refused.")] = False,
) -> Page[SignInShape]:
    """The tries, newest first, with the check that refused one."""
    rows = await signin_log.list_attempts(*asked.who, before=after_id(cursor), refused=refused, limit=limit + 1)
    return paged(rows, limit, SignInShape, by_id)


async def _saml(asked: Asked, base_url: str) -> SamlShape:
    organization = await looking.organization(*asked.who)
    database, administrator, _ = asked.who
    found = await saml_setup.show(database, administrator, organization, base_url)
    settings = found.settings
    return SamlShape(
        service_provider=ServiceProviderShape.model_validate(found.provider),
        identity_provider=None if settings is None else settings.identity.entity_id,
        sso_url=None if settings is None else settings.identity.sso.url,
        choices=None if settings is None else ChoicesShape.model_validate(settings.choices),
        certificates=[CertificateShape.model_validate(one) for one in found.certificates],
    )
