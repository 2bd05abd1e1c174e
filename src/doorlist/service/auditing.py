"""The audit log: sealing what was appended, verifying the chain, listing. Sealing runs beside the product, never in it.

An event is sealed when it is visible, in batches and by one sealer of an organization at a time; until then only the
database's refusal of changes guards it. The seals make a change behind the database's back show.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from doorlist.domain.chain import GENESIS, Link, fault
from doorlist.domain.chain import seal as seal_of
from doorlist.domain.events import Action
from doorlist.domain.ledger import Fact, Ledger
from doorlist.domain.tenancy import Administrator
from doorlist.errors import NotFound, Unavailable
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import details, sealing
from doorlist.store.db import Connection, Database
from doorlist.store.sealing import EventLine

_BATCH: Final = 2000
_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a chain holds: how many events are sealed and not yet, and every fault up to the first hundred."""

    sealed: int
    unsealed: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How the events add up: how many there are, how many rows, which rows no event tells of, and which are missing."""

    events: int
    rows: int
    unexplained: tuple[Fact, ...]
    missing: tuple[Fact, ...]


async def seal(database: Database, org_id: UUID) -> int:
    """Seal every visible event of an organization; returns how many it were."""
    total = 0
    while True:
        at = clock.now()
        async with database.transaction() as connection:
            place, before = await sealing.lock_head(connection, org_id, now=at)
            links: list[tuple[int, int, bytes]] = []
            for event in await sealing.unsealed(connection, org_id, limit=_BATCH):
                place, before = place + 1, seal_of(before, event.seq, event.columns)
                links.append((event.seq, place, before))
            if links:
                await sealing.seal(connection, org_id, links, now=at)
        total += len(links)
        if len(links) < _BATCH:
            return total


async def seal_everything(database: Database) -> int:
    """Seal what is visible of every organization; returns how many events it were."""
    async with database.reading() as connection:
        waiting = await sealing.waiting(connection)
    return sum([await seal(database, org_id) for org_id in waiting])


async def seal_for_ever(database: Database) -> None:
    """Seal every few seconds, as a task of a serving process; several processes take turns."""
    while True:
        with suppress(Unavailable):
            await seal_everything(database)
        await asyncio.sleep(_PAUSE)


async def verify(database: Database, administrator: Administrator, org_id: UUID) -> Verdict:
    """Walk the whole chain of an organization, in constant memory. Raises `Forbidden`."""
    faults: list[str] = []
    async with database.measuring(keep=False) as connection:
        await require_manager(connection, administrator, org_id)
        end, before, place = await sealing.end(connection, org_id), GENESIS, 0
        async for link in sealing.chain(connection, org_id):
            place += 1
            found = fault(before, place, link) or await _fault_beside(connection, org_id, link)
            if found is not None and len(faults) < 100:
                faults.append(found)
            before, place = link.seal, link.place
    if (place, before) != (end.link, end.seal):
        faults.append(f"the chain ends at link {place}, its head says {end.link}: the last events are missing")
    return Verdict(place, end.unsealed, tuple(faults))


async def _fault_beside(connection: Connection, org_id: UUID, link: Link) -> str | None:
    """What is wrong with the rows beside an event, or None."""
    if link.columns["action"] not in {Action.GRANTS_IMPORTED, Action.REMOVALS_UNDONE}:
        return None
    told = json.loads(link.columns["change"]).get("details")
    if told is None or told["sha256"] == await details.digest_of(connection, org_id, UUID(link.columns["request_id"])):
        return None
    return f"event {link.seq}: the rows beside it were changed"


async def reconcile(database: Database, administrator: Administrator, org_id: UUID) -> Reconciled:
    """Add up every event and compare with the memberships, grants and retained rows that there are.

    The memory is that of the rows. Raises `Forbidden`.
    """
    ledger, present, events = Ledger(), 0, 0
    async with database.measuring(keep=False) as connection:
        await require_manager(connection, administrator, org_id)
        async for event in sealing.in_order(connection, org_id):
            rows = (
                [row async for row in details.rows_of(connection, org_id, event.request_id)]
                if ("details" in event.change)
                else []
            )
            ledger.take(event.action, str(event.target_id), event.change, rows)
            events += 1
        told, unexplained = set(ledger.facts()), []
        async for fact in sealing.facts(connection, org_id):
            present += 1
            if fact in told:
                told.remove(fact)
            else:
                unexplained.append(fact)
    return Reconciled(events, present, tuple(sorted(unexplained)), tuple(sorted(told)))


async def list_details(
    database: Database, administrator: Administrator, org_id: UUID, *, request_id: UUID
) -> AsyncIterator[dict[str, Any]]:
    """The rows that an event has beside it, by its request id. Raises `NotFound` where it has none, `Forbidden`."""
    found = False
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        async for row in details.rows_of(connection, org_id, request_id):
            found = True
            yield row
    if not found:
        raise NotFound("No event of this request has rows beside it.", place="request_id")


async def list_events(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    action: str | None = None,
    target_id: UUID | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[EventLine]:
    """The newest events, newest first, those before a number for the next page. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await sealing.events(connection, org_id, action=action, target_id=target_id, before=before, limit=limit)
