"""The request log and the last use of tokens: collected in memory, written in batches, never in a request's way.

When the database is away the newest entries are kept up to a bound and written when it is back; what the bound
pushes out is counted and reported. `close` writes what is left. Requests older than the setting are forgotten.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from doorlist.errors import Unavailable
from doorlist.store import credentials, journal
from doorlist.store.credentials import Use
from doorlist.store.db import Database
from doorlist.store.journal import Line

_BATCH: Final = 1000
_KEPT: Final = 20_000
_PAUSE: Final = 0.5
_HOUR: Final = 3600.0

_log = structlog.get_logger(__name__)


class RequestLog:
    """The log of one process, kept for so many days. `start` and `close` bracket its tasks."""

    def __init__(self, database: Database, *, days: int) -> None:
        self._database = database
        self._days = days
        self._lines: deque[Line] = deque()
        self._dropped = 0
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, line: Line) -> None:
        """Remember one request; takes no time and never fails."""
        self._lines.append(line)
        if len(self._lines) > _KEPT:
            self._lines.popleft()
            self._dropped += 1

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._write_for_ever()), asyncio.create_task(self._forget_for_ever())]

    async def close(self) -> None:
        """Stop the writer and write what is left, if the database is there."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        with suppress(Unavailable):
            await self.flush()

    async def flush(self) -> None:
        """Write all lines collected so far. Raises `Unavailable`; the lines are then kept."""
        while self._lines:
            batch = [self._lines.popleft() for _ in range(min(_BATCH, len(self._lines)))]
            try:
                await self._write(batch)
            except BaseException:
                self._lines.extendleft(reversed(batch))
                raise

    async def _write(self, batch: list[Line]) -> None:
        uses = {
            line.token_id: Use(line.org_id, line.token_id, line.at, line.agent)
            for line in batch
            if line.org_id is not None and line.token_id is not None and line.status not in (401, 403)
        }
        async with self._database.transaction() as connection:
            await journal.write(connection, batch)
            if uses:
                await credentials.touch(connection, list(uses.values()))

    async def _write_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_PAUSE)
            try:
                await self.flush()
            except Unavailable:
                _log.warning("the request log waits for the database", waiting=len(self._lines))
            if self._dropped:
                _log.error("requests were not logged", dropped=self._dropped)
                self._dropped = 0

    async def _forget_for_ever(self) -> None:
        while True:
            with suppress(Unavailable):
                async with self._database.reading() as connection:
                    await journal.forget(connection, older_than=datetime.now(UTC) - timedelta(days=self._days))
            await asyncio.sleep(_HOUR)
