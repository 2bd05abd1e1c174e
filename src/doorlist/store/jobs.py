"""The job queue in the database: PgQueuer, on our driver and with tables of our migrations. Knows no job's meaning.

A job is put in by the transaction that gives it its reason; one that is in already is not put in twice. A worker that
dies leaves its jobs to the others after half a minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from doorlist.store.db import Connection, Database

_STALE: Final = timedelta(seconds=30)
_POLL: Final = timedelta(seconds=5)


async def put(connection: Connection, kind: str, names: Sequence[str], *, after: timedelta = timedelta(0)) -> None:
    """Put in a job of a kind for each name, to be done no earlier than after a while, with the transaction."""
    count = len(names)
    if count:
        await Queries(AsyncpgDriver(connection)).enqueue(
            [kind] * count,
            [name.encode() for name in names],
            [0] * count,
            [after] * count,
            [f"{kind} {name}" for name in names],
            on_conflict="skip",
        )


async def work(database: Database, kind: str, do: Callable[[str], Awaitable[None]], *, at_once: int) -> None:
    """Do the jobs of a kind, a few at once, until cancelled; a job that raises is logged and gone."""
    logging.getLogger("pgqueuer").setLevel(logging.ERROR)
    pool = database.driver_pool
    manager = QueueManager(Queries(AsyncpgPoolDriver(pool)))

    @manager.entrypoint(kind, concurrency_limit=at_once)
    async def run(job: Job) -> None:
        await do((job.payload or b"").decode())

    running = asyncio.create_task(manager.run(dequeue_timeout=_POLL, batch_size=at_once, heartbeat_timeout=_STALE))
    try:
        await asyncio.shield(running)
    finally:
        manager.shutdown.set()
        with suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.wait_for(running, timeout=10)
