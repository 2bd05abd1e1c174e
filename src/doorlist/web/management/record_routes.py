"""Routes of the logs and of what waits for a decision."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from doorlist.service import auditing, provisioning_log, resolving
from doorlist.store.attention import Item
from doorlist.store.journal import Wanted
from doorlist.web.management.asked import (
    SECURED,
    Cursor,
    Limit,
    ReadsAccess,
    ReadsLogs,
    WritesAccess,
    a_number,
    decode_cursor,
    paged,
)
from doorlist.web.management.shapes.basic_shapes import Page, Word
from doorlist.web.management.shapes.record_shapes import (
    Decided,
    DecisionWish,
    EventShape,
    ItemShape,
    RequestShape,
    VerdictShape,
)

router = APIRouter(dependencies=[SECURED])


@router.get("/log", tags=["logs"], summary="List what the directory asked")
async def list_requests(
    asked: ReadsLogs,
    limit: Limit = 100,
    cursor: Cursor = None,
    failures: Annotated[bool, Query(description="Only those that were refused.")] = False,
) -> Page[RequestShape]:
    """The requests of the directory, newest first, with how they were answered; bodies and secrets left out."""
    before = decode_cursor(cursor, a_number)
    database, administrator, org_id = asked.who
    wanted = Wanted(org_id, failures, before=None if before is None else before[0])
    rows = [line async for line in provisioning_log.list_requests(database, administrator, wanted, limit=limit + 1)]
    return paged(rows, limit, RequestShape, lambda row: (row.id,))


@router.get("/audit", tags=["logs"], summary="List the audit log")
async def list_events(
    asked: ReadsLogs,
    limit: Limit = 100,
    cursor: Cursor = None,
    action: Annotated[Word | None, Query(description="Only this action, such as grant.added.")] = None,
    target_id: Annotated[UUID | None, Query(description="Only what is about this thing.")] = None,
) -> Page[EventShape]:
    """Who changed what, newest first."""
    before = decode_cursor(cursor, a_number)
    rows = await auditing.list_events(
        *asked.who, action=action, target_id=target_id, before=None if before is None else before[0], limit=limit + 1
    )
    return paged(rows, limit, EventShape, lambda row: (row.seq,))


@router.get("/audit/verify", tags=["logs"], summary="Verify the audit log")
async def verify_audit(asked: ReadsLogs) -> VerdictShape:
    """Walks the chain of seals; an event that was changed, moved or deleted behind the database's back shows."""
    return VerdictShape.model_validate(await auditing.verify(*asked.who))


@router.get("/attention", tags=["attention"], summary="List what waits for a decision")
async def list_items(
    asked: ReadsAccess,
    resolved: Annotated[bool, Query(description="Also what was decided.")] = False,
) -> Page[ItemShape]:
    """What an administrator has to decide, the oldest first."""
    found = [_item(item) for item in await resolving.list_items(*asked.who, resolved=resolved)]
    return Page[ItemShape](items=found, next=None)


@router.post("/attention/{item_id}/resolve", tags=["attention"], summary="Decide")
async def resolve_item(asked: WritesAccess, item_id: UUID, wish: DecisionWish) -> Decided:
    """Ends the waiting of one item."""
    return Decided(changed=await resolving.resolve(*asked.who, item_id=item_id, decision=wish.decision))


def _item(item: Item) -> ItemShape:
    """An item with the decisions that it takes."""
    decisions = list(resolving.DECISIONS.get(item.kind, ("acknowledge",)))
    fields = {name: getattr(item, name) for name in ItemShape.model_fields.keys() - {"decisions"}}
    return ItemShape(**fields, decisions=decisions)
