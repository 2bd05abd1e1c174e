"""Routes of the organization itself: settings, plan, and the connection of its directory."""

from __future__ import annotations

from fastapi import APIRouter

from doorlist.service import clock, connections, looking, provisioning_log, tenants
from doorlist.web.management.asked import SECURED, ReadsOrganization, WritesOrganization
from doorlist.web.management.shapes.basic_shapes import Changed
from doorlist.web.management.shapes.organization_shapes import ConnectionShape, OrganizationShape, SettingsWish

router = APIRouter(prefix="/organization", tags=["organization"], dependencies=[SECURED])


@router.get("", summary="Show the organization")
async def get_organization(asked: ReadsOrganization) -> OrganizationShape:
    """The organization that the key belongs to, with its plan and settings."""
    return OrganizationShape.model_validate(await looking.organization(*asked.who))


@router.patch("", summary="Change plan and settings")
async def change_organization(asked: WritesOrganization, settings: SettingsWish) -> OrganizationShape:
    """Changes what is named and leaves the rest. The plan is for owners."""
    wanted = tenants.Settings(**settings.model_dump())
    return OrganizationShape.model_validate(await tenants.change_settings(*asked.who, wanted))


@router.get("/connection", summary="Show how the directory's connection does")
async def get_connection(asked: ReadsOrganization) -> ConnectionShape:
    """The state of the connection and the figures of today."""
    return ConnectionShape.model_validate(await provisioning_log.health(*asked.who, now=clock.now()))


@router.post("/connection/pause", summary="Put the directory's requests off")
async def pause_connection(asked: WritesOrganization) -> Changed:
    """Every request of the directory is answered 503 until the connection is resumed; the directory repeats them."""
    return Changed(changed=await connections.pause_connection(*asked.who))


@router.post("/connection/resume", summary="Take the directory's requests again")
async def resume_connection(asked: WritesOrganization) -> Changed:
    """Ends a pause."""
    return Changed(changed=await connections.resume_connection(*asked.who))
