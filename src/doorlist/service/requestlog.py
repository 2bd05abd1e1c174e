"""The request log and the last use of tokens: collected in memory, written in batches, never in a request's way.

Secrets are taken out when a batch is written, not while the request is answered. When the database is away the newest
entries are kept up to a bound and written when it is back; what the bound pushes out is counted and reported. `close`
writes what is left. Requests and their bodies older than the settings are forgotten.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from doorlist.domain.redaction import Redactor, is_plain
from doorlist.errors import Unavailable
from doorlist.service import conflicts
from doorlist.store import conflicts as conflict_rows
from doorlist.store import credentials, journal
from doorlist.store.credentials import Use
from doorlist.store.db import Database
from doorlist.store.journal import Bodies, Line

_BATCH: Final = 1000
_KEPT: Final = 20_000
_KEPT_BYTES: Final = 32 << 20
_LONGEST: Final = 1 << 20
_BREATH: Final = 20
_LONGEST_DURATION: Final = (1 << 31) - 1
_PAUSE: Final = 0.5
_HOUR: Final = 3600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it was seen: its line, and the bytes that were sent and answered."""

    line: Line
    request: bytes = b""
    response: bytes = b""

    @property
    def size(self) -> int:
        return len(self.request) + len(self.response)


class RequestLog:
    """The log of one process, kept for so many days; bodies for fewer, or not at all with 0.

    `start` and `close` bracket its tasks.
    """

    def __init__(self, database: Database, *, days: int, body_days: int = 0) -> None:
        self._database = database
        self._days = days
        self._body_days = body_days
        self._waiting: deque[Exchange] = deque()
        self._bytes = 0
        self._dropped = 0
        self.lost = 0
        """How many requests could not be logged since the start."""
        self._writer: asyncio.Task[None] | None = None
        self._forgetter: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def add(self, line: Line, request: bytes = b"", response: bytes = b"") -> None:
        """Remember one request; takes no time and never fails. Bodies are held until the next batch, if there is room.

        A body above a megabyte is not held: nothing of it would be kept but its length.
        """
        exchange = Exchange(line)
        if self._body_days and line.org_id is not None:
            exchange = Exchange(line, _held(request), _held(response))
            if self._bytes + exchange.size > _KEPT_BYTES:
                exchange = Exchange(line)
        self._waiting.append(exchange)
        self._bytes += exchange.size
        if len(self._waiting) > _KEPT:
            self._bytes -= self._waiting.popleft().size
            self._dropped += 1
            self.lost += 1

    def lag(self, now: datetime) -> tuple[int, float]:
        """How many requests are not written yet, and the age in seconds of the oldest."""
        if not self._waiting:
            return 0, 0.0
        return len(self._waiting), max((now - self._waiting[0].line.at).total_seconds(), 0.0)

    def start(self) -> None:
        self._writer = asyncio.create_task(self._write_until_closed())
        self._forgetter = asyncio.create_task(self._forget_for_ever())

    async def close(self) -> None:
        """Stop the writer and write what is left, if the database is there.

        The writer is asked to end, not cancelled: a batch that was committed must not be taken for one that was not.
        """
        self._closing.set()
        if self._writer is not None:
            await self._writer
        if self._forgetter is not None:
            self._forgetter.cancel()
            with suppress(asyncio.CancelledError):
                await self._forgetter
        with suppress(Unavailable):
            await self.flush()

    async def flush(self) -> None:
        """Write all requests collected so far. Raises `Unavailable`; they are then kept."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._bytes -= sum(exchange.size for exchange in batch)
            try:
                await self._write(batch)
            except BaseException:
                self._waiting.extendleft(reversed(batch))
                self._bytes += sum(exchange.size for exchange in batch)
                raise

    async def _write(self, batch: list[Exchange]) -> None:
        lines: list[Line] = []
        bodies: list[Bodies] = []
        for number, exchange in enumerate(batch):
            if number % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)  # requests come first
            line, said = _cleaned(exchange)
            lines.append(line)
            if said is not None:
                bodies.append(said)
        async with self._database.transaction() as connection:
            await journal.write(connection, lines, bodies)
            if seen := _collisions(lines):
                await conflicts.note(connection, seen)
            if uses := _uses(lines):
                await credentials.touch(connection, uses)

    async def _write_until_closed(self) -> None:
        while not self._closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _PAUSE)
            try:
                await self.flush()
            except Unavailable:
                _log.warning("the request log waits for the database", waiting=len(self._waiting))
            except Exception:  # the edge of a task: one request that cannot be written must not end the log
                await self._write_singly()
            if self._dropped:
                _log.error("requests were not logged", dropped=self._dropped)
                self._dropped = 0

    async def _write_singly(self) -> None:
        """Write a batch that failed one by one, and give up only those requests that cannot be written."""
        for _ in range(min(_BATCH, len(self._waiting))):
            exchange = self._waiting.popleft()
            self._bytes -= exchange.size
            try:
                await self._write([exchange])
            except Unavailable:
                self._waiting.appendleft(exchange)
                self._bytes += exchange.size
                return
            except Exception as error:  # whatever it is, the next one may be fine
                _log.error("a request cannot be logged", request_id=str(exchange.line.request_id), exc_info=error)
                self._dropped += 1
                self.lost += 1

    async def _forget_for_ever(self) -> None:
        while True:
            with suppress(Unavailable):
                await self.forget(datetime.now(UTC))
            await asyncio.sleep(_HOUR)

    async def forget(self, now: datetime) -> None:
        """Delete what is older than the settings allow at that moment. Raises `Unavailable`."""
        async with self._database.reading() as connection:
            await journal.forget(connection, older_than=now - timedelta(days=self._days))
            await conflict_rows.forget(connection, older_than=now - timedelta(days=self._days))
            days = min(self._days, self._body_days)
            await journal.forget_bodies(connection, older_than=now - timedelta(days=days))


def _held(body: bytes) -> bytes:
    return body if len(body) <= _LONGEST else f"[{len(body)} bytes, too long to be kept]".encode()


def _cleaned(exchange: Exchange) -> tuple[Line, Bodies | None]:
    """The line and the bodies without their secrets; the request first, because answers repeat what it said."""
    line, redactor = exchange.line, Redactor()
    plain = is_plain(line.query, line.path, line.agent, line.detail or "", line.change or "")
    query = line.query if plain else redactor.query(line.query)
    request = redactor.body(exchange.request)
    if redactor.found or not plain or line.duration_us > _LONGEST_DURATION:
        line = _rewritten(line, query, redactor)
    if line.org_id is None or exchange.size == 0:
        return line, None
    return line, Bodies(line.org_id, line.request_id, line.at, request, redactor.body(exchange.response))


def _rewritten(line: Line, query: str, redactor: Redactor) -> Line:
    return replace(
        line,
        query=redactor.text(query),
        path=redactor.path(line.path),
        agent=redactor.text(line.agent),
        detail=None if line.detail is None else redactor.detail(line.detail),
        change=None if line.change is None else redactor.document(line.change).replace("\\u0000", "\\ufffd"),
        duration_us=min(line.duration_us, _LONGEST_DURATION),
    )


def _collisions(lines: list[Line]) -> list[conflicts.Seen]:
    """What the requests of a batch could not write because it belongs to somebody else."""
    return [
        conflicts.Seen(line.org_id, line.connection_id, line.request_id, line.at, collision)
        for line in lines
        if line.org_id is not None and line.connection_id is not None
        for collision in line.collisions
    ]


def _uses(lines: list[Line]) -> list[Use]:
    """The last request of each token that opened the door; a token that was refused was not used."""
    last = {
        line.token_id: Use(line.org_id, line.token_id, line.at, line.agent)
        for line in lines
        if line.org_id is not None and line.token_id is not None and line.status != 401
    }
    return list(last.values())
