"""The audit log: sealing what was appended, verifying the chain, listing. Sealing runs beside the product, never in it.

An event is sealed when it is visible, in batches and by one sealer of an organization at a time; until then only the
database's refusal of changes guards it. The seals make a change behind the database's back show.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from doorlist.domain.chain import GENESIS, fault
from doorlist.domain.chain import seal as seal_of
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Unavailable
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import sealing
from doorlist.store.db import Database
from doorlist.store.sealing import EventLine

_BATCH: Final = 2000
_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a chain holds: how many events are sealed and not yet, and every fault up to the first hundred."""

    sealed: int
    unsealed: int
    faults: tuple[str, ...]


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
            found = fault(before, place, link)
            if found is not None and len(faults) < 100:
                faults.append(found)
            before, place = link.seal, link.place
    if (place, before) != (end.link, end.seal):
        faults.append(f"the chain ends at link {place}, its head says {end.link}: the last events are missing")
    return Verdict(place, end.unsealed, tuple(faults))


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
