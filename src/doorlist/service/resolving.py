"""Attention items: what waits for an administrator, and the decisions that end the waiting.

Each kind of item has its decisions; a decision is a check, one transaction and one audit event with what it changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, Conflict, NotFound
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.service.safeguard import ALLOWED_FOR
from doorlist.store import attention, audit, comeback, conflicts, removals, retention
from doorlist.store.attention import Item
from doorlist.store.db import Connection, Database

DECISIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "held-access": ("confirm", "drop"),
    "parked-grants": ("attach", "dismiss"),
    "returning-person": ("restore", "dismiss"),
    "owner-left": ("acknowledge",),
    "ownerless": ("acknowledge",),
    "mass-removal": ("allow", "hold"),
    "token-expires": ("acknowledge",),
    "detached-groups": ("acknowledge",),
    "conflicts": ("acknowledge",),
}
"""The kinds of items, each with the decisions that it takes."""

_ACTIONS: Final = {
    "confirm": Action.HELD_CONFIRMED,
    "drop": Action.HELD_DROPPED,
    "attach": Action.GRANTS_REATTACHED,
    "restore": Action.ACCESS_RESTORED,
}


async def list_items(
    database: Database, administrator: Administrator, org_id: UUID, *, resolved: bool = False
) -> list[Item]:
    """What waits for a decision, the oldest first; with `resolved` also what was decided. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        await conflicts.settle(connection, org_id, now=clock.now())
        return await attention.items(connection, org_id, resolved=resolved)


async def resolve(
    database: Database, administrator: Administrator, org_id: UUID, *, item_id: UUID, decision: str
) -> int:
    """Decide about an item; returns how many levels that changed.

    Raises `BadInput` for a decision that the item does not take, `Conflict` for one that is decided, `NotFound`,
    `Forbidden`.
    """
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        item = await attention.lock(connection, org_id, item_id)
        if item is None:
            raise NotFound("There is no such item.", place="item")
        if item.resolved_at is not None:
            raise Conflict(f"This was decided by {item.resolved_by}: {item.resolution}.", place="item")
        _require_known(item, decision)
        changed = await _decide(connection, administrator, org_id, item, decision, at=at)
        await attention.resolve(connection, org_id, item_id, by=administrator.name, resolution=decision, now=at)
        change = {"item": str(item_id), "kind": item.kind, "decision": decision, "rows": changed, **_sources(item)}
        action = _ACTIONS.get(decision, Action.ATTENTION_RESOLVED)
        actor = Actor.administrator(administrator)
        event = Event(action, TargetKind(item.target_kind), item.target_id, actor, clock.new_id(at), change)
        await audit.append(connection, org_id, event, at=at)
    return len(changed)


def _require_known(item: Item, decision: str) -> None:
    known = DECISIONS.get(item.kind, ("acknowledge",))
    if decision not in known:
        raise BadInput(f"This item takes {' or '.join(known)}, not {decision!r}.", place="decision")


async def _decide(
    connection: Connection, administrator: Administrator, org_id: UUID, item: Item, decision: str, *, at: datetime
) -> list[dict[str, object]]:
    """Do what was decided; the levels that it changed."""
    by, person = administrator.name, item.target_id
    match decision:
        case "confirm":
            held = await retention.confirm_held(connection, org_id, user_id=person, now=at)
            return [_told(path.resource_id, path.level, path.group_id) for path in held]
        case "drop":
            held = await retention.drop_held(connection, org_id, user_id=person)
            return [_told(path.resource_id, path.level, path.group_id) for path in held]
        case "attach":
            parked = UUID(item.detail["parked"])
            given = await comeback.reattach(connection, org_id, parked=parked, group_id=item.target_id, by=by, now=at)
            return [path.told() for path in given]
        case "restore":
            buried = UUID(item.detail["buried"])
            given = await comeback.give_back(connection, org_id, buried=buried, user_id=person, by=by, now=at)
            return [path.told() for path in given]
        case "allow":
            await removals.allow(connection, org_id, until=at + ALLOWED_FOR)
        case "hold":
            await removals.hold(connection, org_id)
    return []


def _sources(item: Item) -> dict[str, object]:
    """The deleted group or person that an item is about."""
    return {name: item.detail[name] for name in ("parked", "buried") if name in item.detail}


def _told(resource_id: UUID, level: int, group_id: UUID | None) -> dict[str, object]:
    return {"resource": str(resource_id), "group": str(group_id), "level": level}
