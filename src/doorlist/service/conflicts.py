"""Conflicts of a directory: which value collided, with whom, since when, how often, and what to do about it.

The request log notes them (`noted`); they close by themselves when the write succeeds later, when the directory finds
the person, or when nobody tries for a week. For managers of the organization.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import Administrator
from doorlist.errors import NotFound
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import attention, audit, conflicts
from doorlist.store.conflicts import Collision, Conflict, Noted
from doorlist.store.db import Connection, Database

KIND: Final = "conflicts"
"""The kind of the one attention item that an organization with open conflicts has."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A collision with the request that met it."""

    org_id: UUID
    connection_id: UUID
    request_id: UUID
    at: datetime
    collision: Collision


async def note(connection: Connection, seen: Sequence[Seen]) -> None:
    """Remember the collisions of a batch of requests, in its transaction, and ask for attention once."""
    noted = merged(seen)
    await conflicts.note(connection, noted)
    for org_id in sorted({one.org_id for one in noted}):
        at = max(one.last_at for one in noted if one.org_id == org_id)
        await attention.put_once(
            connection,
            org_id,
            item_id=clock.new_id(at),
            kind=KIND,
            target_kind=TargetKind.ORGANIZATION.value,
            target_id=org_id,
            detail={},
            now=at,
        )


def merged(seen: Iterable[Seen]) -> list[Noted]:
    """One entry for each collision, with how often it was met; one differs from another as the index of the table."""
    together: dict[tuple[object, ...], list[Seen]] = {}
    for one in seen:
        key = (one.org_id, one.connection_id, *_identity(one.collision))
        together.setdefault(key, []).append(one)
    return [_noted(sorted(group, key=lambda one: one.at)) for group in together.values()]


def _identity(collision: Collision) -> tuple[object, ...]:
    return collision.kind, collision.attribute, collision.key, collision.target_id


def _noted(group: list[Seen]) -> Noted:
    last = group[-1]
    return Noted(
        org_id=last.org_id,
        id=clock.new_id(last.at),
        connection_id=last.connection_id,
        collision=last.collision,
        times=len(group),
        first_at=group[0].at,
        last_at=last.at,
        request_id=last.request_id,
    )


async def list_conflicts(
    database: Database, administrator: Administrator, org_id: UUID, *, closed: bool = False
) -> list[Conflict]:
    """The conflicts that are open now, the latest first; with `closed` also those that are over. Raises `Forbidden`."""
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        await conflicts.settle(connection, org_id, now=clock.now())
        return await conflicts.everything(connection, org_id, closed=closed)


async def close_conflict(database: Database, administrator: Administrator, org_id: UUID, conflict_id: UUID) -> None:
    """Close a conflict that does not matter; the next collision opens another. Raises `NotFound`, `Forbidden`."""
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        if not await conflicts.close(connection, org_id, conflict_id, now=at):
            raise NotFound("There is no open conflict with this id.", place="conflict")
        await conflicts.settle(connection, org_id, now=at)
        actor, change = Actor.administrator(administrator), {"conflict": str(conflict_id)}
        event = Event(Action.ATTENTION_RESOLVED, TargetKind.ATTENTION, conflict_id, actor, clock.new_id(at), change)
        await audit.append(connection, org_id, event, at=at)


def advice(conflict: Conflict) -> str:
    """What to do about an open conflict, and where."""
    what, name = ("person", "userName") if conflict.kind == "User" else ("group", "displayName")
    if conflict.free:
        return f"Nobody has this {conflict.attribute} any more: the directory's next attempt succeeds."
    if conflict.target_id is not None or conflict.attribute != name:
        return (
            f"In the directory, give one of the two its own {conflict.attribute}; letters of another case are the same."
        )
    if conflict.existing_active is False:
        return (
            "The person exists and is deactivated: let the directory match by userName and set active, or answer "
            "it so: doorlist connection set --create-of-inactive restore."
        )
    if conflict.kind == "Group":
        return f"In the directory, rename one of two groups called {conflict.value!r}, or match groups by displayName."
    return (
        f"If it is the same {what}, let the directory match by {name} and provision again, so that it finds the one "
        f"that exists; if it is another, give that {what} another {conflict.attribute} in the directory."
    )
