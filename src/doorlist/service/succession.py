"""When the last owner goes, somebody is next: nothing stays ownerless, and no directory is refused for it.

The oldest admin of the place becomes its owner, else an owner of the workspace, else an owner of the organization; an
attention item tells of it. This runs in the transaction that ends the person's standing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.levels import Level
from doorlist.service import clock
from doorlist.store import attention, audit, grants, ownership
from doorlist.store.db import Connection
from doorlist.store.grants import Principal
from doorlist.store.ownership import Heir


async def pass_on(
    connection: Connection, org_id: UUID, *, user_id: UUID, actor: Actor, request_id: UUID, now: datetime
) -> list[Heir]:
    """Give what a person who stands no longer owned alone to who is next; returns what was passed on, and to whom.

    Call it after the person was deactivated, blocked or deleted, in the same transaction.
    """
    owned = await ownership.lock_owned(connection, org_id, user_id)
    heirs = await _heirs(connection, org_id, user_id, owned) if owned else []
    for heir in heirs:
        await _promote(connection, org_id, heir, lost=user_id, now=now)
    if heirs:
        passed = [{"resource": str(heir.resource_id), "owner": _text(heir.heir_id)} for heir in heirs]
        event = Event(Action.OWNERSHIP_PASSED, TargetKind.USER, user_id, actor, request_id, {"passed": passed})
        await audit.append(connection, org_id, event, at=now)
    return heirs


async def note_ownerless(
    connection: Connection, org_id: UUID, *, resource_ids: Sequence[UUID], lost: UUID | None, now: datetime
) -> None:
    """Ask about those of some places that nobody who stands owns, when an administrator took or brought them so.

    Nobody is made the owner over the head of whoever decided; the item names who is next. Call it where the places were
    owned before, with them locked.
    """
    found = await ownership.heirs(connection, org_id, user_id=lost or org_id, resource_ids=resource_ids)
    for heir in found:
        await attention.put_once(
            connection,
            org_id,
            item_id=clock.new_id(now),
            kind="ownerless",
            target_kind="resource",
            target_id=heir.resource_id,
            detail={"lost": _text(lost), "owner": None, "fallback": _text(heir.heir_id)},
            now=now,
        )


async def owned_again(connection: Connection, org_id: UUID, resource_id: UUID, *, by: str, now: datetime) -> None:
    """Close the question about a place that has an owner now."""
    if not await ownership.ownerless(connection, org_id, [resource_id]):
        await attention.settle(connection, org_id, "ownerless", [resource_id], by=by, resolution="owned", now=now)


async def _heirs(connection: Connection, org_id: UUID, user_id: UUID, owned: list[UUID]) -> list[Heir]:
    """The heirs, looked for again while one of them goes in the same moment."""
    while True:
        heirs = await ownership.heirs(connection, org_id, user_id=user_id, resource_ids=owned)
        wanted = {heir.heir_id for heir in heirs if heir.heir_id is not None}
        if wanted == await ownership.keep_standing(connection, org_id, sorted(wanted)):
            return heirs


async def _promote(connection: Connection, org_id: UUID, heir: Heir, *, lost: UUID, now: datetime) -> None:
    if heir.heir_id is not None:
        await grants.put(
            connection,
            org_id,
            grant_id=clock.new_id(now),
            resource_id=heir.resource_id,
            principal=Principal("user", heir.heir_id),
            level=Level.OWNER,
            policy=None,
            created_by="succession",
            now=now,
        )
    await attention.put(
        connection,
        org_id,
        item_id=clock.new_id(now),
        kind="owner-left" if heir.heir_id is not None else "ownerless",
        target_kind="resource",
        target_id=heir.resource_id,
        detail={"lost": str(lost), "owner": _text(heir.heir_id)},
        now=now,
    )


def _text(identifier: UUID | None) -> str | None:
    return None if identifier is None else str(identifier)
