"""Routes of webhooks: who is told of what happens, and how that goes."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from doorlist.service import hooking
from doorlist.web.management.asked import (
    SECURED,
    Cursor,
    Limit,
    ReadsOrganization,
    WritesOrganization,
    after_id,
    by_id,
    moment,
    paged,
)
from doorlist.web.management.door import holds_secret
from doorlist.web.management.shapes.basic_shapes import Changed, Page
from doorlist.web.management.shapes.hook_shapes import (
    DeliveryShape,
    EndpointChange,
    EndpointShape,
    EndpointWish,
    NewEndpointShape,
    Replayed,
    ReplayWish,
)

router = APIRouter(prefix="/webhooks", tags=["webhooks"], dependencies=[SECURED])


@router.get("", summary="List webhooks")
async def list_webhooks(asked: ReadsOrganization) -> Page[EndpointShape]:
    """Every endpoint, without its secret."""
    found = [EndpointShape.model_validate(one) for one in await hooking.list_endpoints(*asked.who)]
    return Page[EndpointShape](items=found, next=None)


@router.post("", status_code=201, summary="Create a webhook")
async def create_webhook(asked: WritesOrganization, wish: EndpointWish, response: Response) -> NewEndpointShape:
    """The endpoint is told of what happens from now on. The secret is in the answer, this once."""
    holds_secret(response)
    made = await hooking.create_endpoint(*asked.who, url=wish.url, events=wish.events, description=wish.description)
    return NewEndpointShape.model_validate(made)


@router.get("/{webhook_id}", summary="Show a webhook")
async def get_webhook(asked: ReadsOrganization, webhook_id: UUID) -> EndpointShape:
    """One endpoint, and whether it fails."""
    return EndpointShape.model_validate(await hooking.get_endpoint(*asked.who, endpoint_id=webhook_id))


@router.patch("/{webhook_id}", summary="Change a webhook")
async def change_webhook(asked: WritesOrganization, webhook_id: UUID, wish: EndpointChange) -> EndpointShape:
    """Changes what is named; what failed before is tried again at once."""
    changed = await hooking.change_endpoint(*asked.who, endpoint_id=webhook_id, **wish.model_dump())
    return EndpointShape.model_validate(changed)


@router.delete("/{webhook_id}", status_code=204, summary="Delete a webhook")
async def delete_webhook(asked: WritesOrganization, webhook_id: UUID) -> None:
    """The address is told nothing any more."""
    await hooking.delete_endpoint(*asked.who, endpoint_id=webhook_id)


@router.post("/{webhook_id}/rotate", summary="Give a webhook a new secret")
async def rotate_webhook(asked: WritesOrganization, webhook_id: UUID, response: Response) -> NewEndpointShape:
    """The secret is in the answer, this once; for a day the one before signs as well."""
    holds_secret(response)
    return NewEndpointShape.model_validate(await hooking.rotate_secret(*asked.who, endpoint_id=webhook_id))


@router.post("/{webhook_id}/pause", summary="Tell a webhook nothing for now")
async def pause_webhook(asked: WritesOrganization, webhook_id: UUID) -> Changed:
    """What happens meanwhile waits for up to thirty days."""
    return Changed(changed=await hooking.pause_endpoint(*asked.who, endpoint_id=webhook_id, paused=True))


@router.post("/{webhook_id}/resume", summary="Go on telling a webhook")
async def resume_webhook(asked: WritesOrganization, webhook_id: UUID) -> Changed:
    """From where it stopped, in order."""
    return Changed(changed=await hooking.pause_endpoint(*asked.who, endpoint_id=webhook_id, paused=False))


@router.post("/{webhook_id}/replay", summary="Tell a webhook everything again since a moment")
async def replay_webhook(asked: WritesOrganization, webhook_id: UUID, wish: ReplayWish) -> Replayed:
    """The messages keep their ids and their order."""
    since = moment(wish.since)
    assert since is not None
    return Replayed(messages=await hooking.replay(*asked.who, endpoint_id=webhook_id, since=since))


@router.post("/{webhook_id}/ping", status_code=204, summary="Send a webhook.ping")
async def ping_webhook(asked: WritesOrganization, webhook_id: UUID) -> None:
    """A message that means nothing goes to every endpoint, to see that it arrives."""
    await hooking.ping(*asked.who, endpoint_id=webhook_id)


@router.get("/{webhook_id}/deliveries", summary="List the attempts at a webhook")
async def list_deliveries(
    asked: ReadsOrganization, webhook_id: UUID, limit: Limit = 100, cursor: Cursor = None
) -> Page[DeliveryShape]:
    """The newest first, with what was answered."""
    rows = await hooking.list_deliveries(*asked.who, endpoint_id=webhook_id, before=after_id(cursor), limit=limit + 1)
    return paged(rows, limit, DeliveryShape, by_id)
