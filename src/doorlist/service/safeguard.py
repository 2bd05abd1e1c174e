"""The safety net for mass removal: above a limit an hour, a directory is told to try again and somebody is asked.

It counts people whom a directory deactivates or deletes, and memberships that it ends. The refused request changed
nothing; directories repeat what was answered with 503, so nothing is lost when an administrator lets it through.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, HeldBack
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import attention, audit, removals
from doorlist.store.db import Connection, Database

ALLOWED_FOR: Final = timedelta(hours=24)
"""How long removals pass after an administrator let them through."""

_HOUR: Final = timedelta(hours=1)
_NAMED: Final = 1000


class _Above(HeldBack):
    """The refusal with what the attention item needs to know."""

    def __init__(self, limit: int, people: Sequence[UUID]) -> None:
        super().__init__(f"The directory takes away more than {limit} within an hour; an administrator was asked.")
        self.limit = limit
        self.people = people


async def admit_removal(connection: Connection, org_id: UUID, people: Sequence[UUID], *, now: datetime) -> None:
    """Count a removal in its transaction. Raises `HeldBack` above the limit, or while removals are held."""
    counted = await removals.count(connection, org_id, len(people), now=now)
    if counted is None or counted.allowed:
        return
    if counted.held or counted.total > counted.limit:
        raise _Above(counted.limit, people)


async def admit_end_of_group(connection: Connection, org_id: UUID, group_id: UUID, *, now: datetime) -> None:
    """As `admit_removal`, for every member of a group. Call it while the member rows still exist."""
    people = await removals.members(connection, org_id, group_id)
    if people:
        await admit_removal(connection, org_id, people, now=now)


@asynccontextmanager
async def asking(database: Database, org_id: UUID) -> AsyncIterator[None]:
    """Where the block is refused for mass removal, ask an administrator: one item, with everybody concerned."""
    try:
        yield
    except _Above as refusal:
        async with database.transaction() as connection:
            await _ask(connection, org_id, refusal)
        raise


async def limit(database: Database, administrator: Administrator, org_id: UUID) -> int | None:
    """How much a directory may take away within an hour, None for any number. Raises `Forbidden`."""
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        return await removals.lock_limit(connection, org_id)


async def set_limit(database: Database, administrator: Administrator, org_id: UUID, limit: int | None) -> None:
    """Set how much a directory may take away within an hour, None for any number.

    Raises `BadInput` for a limit below one, `Forbidden`.
    """
    if limit is not None and limit < 1:
        raise BadInput("The limit is at least one.", place="limit")
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        before = await removals.lock_limit(connection, org_id)
        if before == limit:
            return
        await removals.set_limit(connection, org_id, limit, older_than=at - _HOUR)
        actor, change = Actor.administrator(administrator), {"removal_limit": [before, limit]}
        event = Event(Action.ORGANIZATION_CHANGED, TargetKind.ORGANIZATION, org_id, actor, clock.new_id(at), change)
        await audit.append(connection, org_id, event, at=at)


async def _ask(connection: Connection, org_id: UUID, refusal: _Above) -> None:
    names = await removals.names(connection, org_id, refusal.people, limit=_NAMED)
    waiting = await removals.lock_open_item(connection, org_id)
    if waiting is not None:
        await removals.add_names(connection, org_id, waiting, limit=refusal.limit, people=names)
        return
    at = clock.now()
    await attention.put(
        connection,
        org_id,
        item_id=clock.new_id(at),
        kind="mass-removal",
        target_kind="organization",
        target_id=org_id,
        detail={"limit": refusal.limit, "refused": 1, "people": names},
        now=at,
    )
