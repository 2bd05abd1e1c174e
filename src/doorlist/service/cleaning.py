"""The clean-up of what was deleted and cannot be restored any more, and of a history that is too old.

Two stages: after some days whatever was given to a deleted person or group, or on a deleted place, ends, and documents
go, while names stay for access at an earlier moment; after many days the history goes, and what it named. Work is done
in bounded batches, one organization and one process at a time, each batch a transaction with its audit event.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.errors import Unavailable
from doorlist.service import clock
from doorlist.store import attention, audit, cleanup, organizations
from doorlist.store.db import Connection, Database

CHORE: Final = Actor("chore", "clean-up", "server")
"""Who does it when nobody asked."""

_BATCH: Final = 500
_ROWS: Final = 10_000
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How long what was deleted is kept whole, and how long the history is."""

    deleted: timedelta
    history: timedelta


async def clean_up(database: Database, terms: Terms, *, actor: Actor = CHORE) -> Counter[str]:
    """Clean every organization up; how many people, groups, resources, rows of access and of the history it took.

    What another process is at is left to it.
    """
    total: Counter[str] = Counter()
    async with database.reading() as connection:
        waiting = [organization.org_id for organization in await organizations.everyone(connection)]
    for org_id in waiting:
        while done := await _batch(database, org_id, terms, actor):
            total += done
    return total


async def clean_for_ever(database: Database, terms: Terms) -> None:
    """Clean up every hour, as a task of a serving process; several processes take turns."""
    while True:
        with suppress(Unavailable):
            await clean_up(database, terms)
        await asyncio.sleep(_HOUR)


async def _batch(database: Database, org_id: UUID, terms: Terms, actor: Actor) -> Counter[str]:
    """One transaction's worth; nothing when nothing is left, or somebody else is at it."""
    now = clock.now()
    async with database.transaction() as connection:
        if not await cleanup.take_turn(connection, org_id):
            return Counter()
        await cleanup.forget_removals(connection, org_id, before=now - timedelta(hours=1))
        ended = await _end(connection, org_id, actor, before=now - terms.deleted, now=now)
        return ended or await _forget(connection, org_id, actor, before=now - terms.history, now=now)


async def _end(connection: Connection, org_id: UUID, actor: Actor, *, before: datetime, now: datetime) -> Counter[str]:
    marked = await cleanup.mark(connection, org_id, before=before, limit=_BATCH, now=now)
    if not marked:
        return Counter()
    rows = await cleanup.end(connection, org_id, marked, now=now)
    await attention.lapse(connection, org_id, [*marked.people, *marked.groups], now=now)
    named = {"people": marked.people, "groups": marked.groups, "resources": marked.resources}
    change = {"before": before.isoformat(), **{name: list(map(str, ids)) for name, ids in named.items()}, "rows": rows}
    await _tell(connection, org_id, actor, Action.DELETED_CLEANED, change=change, now=now)
    return Counter({**{name: len(ids) for name, ids in named.items()}, **rows})


async def _forget(
    connection: Connection, org_id: UUID, actor: Actor, *, before: datetime, now: datetime
) -> Counter[str]:
    rows = await cleanup.forget(connection, org_id, before=before, limit=_ROWS)
    if rows:
        change = {"before": before.isoformat(), "rows": rows}
        await _tell(connection, org_id, actor, Action.HISTORY_FORGOTTEN, change=change, now=now)
    return Counter({"history": rows}) if rows else Counter()


async def _tell(
    connection: Connection, org_id: UUID, actor: Actor, action: Action, *, change: Mapping[str, object], now: datetime
) -> None:
    event = Event(action, TargetKind.ORGANIZATION, org_id, actor, clock.new_id(now), change)
    await audit.append(connection, org_id, event, at=now)
