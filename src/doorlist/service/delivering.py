"""Delivering webhooks: one message after the other to each endpoint, repeated until it arrives or nobody is there.

An endpoint is held by a lease while it is told something, so that its messages keep their order whatever the number of
processes. What failed is tried again later and later, and holds back what comes after it; after a day and a half the
endpoint is paused, and goes on from there when it is resumed. A message may arrive twice, with the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from doorlist.domain.hooks import PING, pause_after, sign
from doorlist.errors import Unavailable
from doorlist.service import clock, feeding
from doorlist.store import hook_rows, jobs
from doorlist.store.db import Connection, Database
from doorlist.store.hook_rows import Delivery, Endpoint, Message

LEASE: Final = timedelta(seconds=60)
AT_ONCE: Final = 4
"""How many endpoints one process tells something at a time."""

_PAUSE: Final = 5.0
_log = structlog.get_logger(__name__)
_LONGEST_DETAIL: Final = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: the address, the headers of the convention, and the body."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """How it went: the status, or why there was none; how long it took."""

    status: int | None
    detail: str
    milliseconds: int

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


Send = Callable[[Letter], Awaitable[Receipt]]


async def deliver_for_ever(database: Database, send: Send) -> None:
    """Read the log and deliver, as a task of a serving process; nothing is done while nobody wants to be told."""
    worker: asyncio.Task[None] | None = None
    try:
        while True:
            wanting = await _feed(database)
            if worker is not None and worker.done():
                _log.error("the delivery of webhooks ended and begins again", exc_info=worker.exception())
                worker = None
            if wanting and worker is None:
                worker = asyncio.create_task(_work(database, send))
            await asyncio.sleep(_PAUSE)
    finally:
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


async def _feed(database: Database) -> bool:
    """Turn what was sealed into messages, and put in the delivery of whatever is due; whether anybody is told.

    An organization whose log cannot be read now is tried again later, and holds up no other.
    """
    try:
        wanting = await feeding.wanting(database)
        for org_id in wanting:
            try:
                await feeding.feed(database, org_id)
            except Exception as error:  # the edge of a task: what fails now is tried again, and must be seen
                _log.error("webhooks cannot be fed", organization=str(org_id), exc_info=error)
        if wanting:
            await _wake(database)
    except Unavailable:
        _log.warning("webhooks wait for the database")
        return False
    return bool(wanting)


async def _wake(database: Database) -> None:
    """Put in the delivery of whatever is due, also what a process that died had taken."""
    async with database.transaction() as connection:
        due = await hook_rows.due(connection, now=clock.now())
        await jobs.put(connection, feeding.JOB, [f"{org_id} {endpoint_id}" for org_id, endpoint_id in due])


async def _work(database: Database, send: Send) -> None:
    async def do(name: str) -> None:
        org_id, endpoint_id = (UUID(part) for part in name.split())
        await deliver(database, send, org_id, endpoint_id)

    await jobs.work(database, feeding.JOB, do, at_once=AT_ONCE)


async def deliver(database: Database, send: Send, org_id: UUID, endpoint_id: UUID) -> int:
    """Tell an endpoint everything that waits for it, up to the first failure; returns how many messages arrived."""
    async with database.transaction() as connection:
        endpoint = await hook_rows.take(connection, org_id, endpoint_id, now=clock.now(), lease=LEASE)
    if endpoint is None:
        return 0
    arrived = 0
    while (after := await _deliver_next(database, send, org_id, endpoint)) is not None:
        endpoint, arrived = after, arrived + 1
    async with database.reading() as connection:
        await hook_rows.release(connection, org_id, endpoint_id)
    return arrived


async def _deliver_next(database: Database, send: Send, org_id: UUID, endpoint: Endpoint) -> Endpoint | None:
    """Tell an endpoint that is held the next message; the endpoint behind it, or None where that is the end for now."""
    async with database.reading() as connection:
        message = await hook_rows.following(connection, org_id, endpoint.place, events=endpoint.events, always=PING)
    if message is None:
        return None
    receipt = await send(letter(endpoint, message))
    at, attempt = clock.now(), endpoint.failures + 1
    async with database.transaction() as connection:
        await hook_rows.log(connection, org_id, _attempt(endpoint, message, receipt, attempt=attempt, at=at))
        if not receipt.arrived:
            await _fail(connection, org_id, endpoint, receipt, attempt=attempt, at=at)
            return None
        moved = await hook_rows.delivered(
            connection, org_id, endpoint.id, before=endpoint.place, place=message.place, leased_until=at + LEASE
        )
    return replace(endpoint, place=message.place, failures=0) if moved else None


def letter(endpoint: Endpoint, message: Message) -> Letter:
    """A message with its signature of this moment; during a rotation both secrets sign."""
    at, secrets = clock.now(), [endpoint.secret]
    if endpoint.previous_secret is not None and endpoint.previous_until is not None and endpoint.previous_until > at:
        secrets.append(endpoint.previous_secret)
    name, body, seconds = f"msg_{message.id}", message.body.encode(), int(at.timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": "Doorlist-Webhooks/1",
        "webhook-id": name,
        "webhook-timestamp": str(seconds),
        "webhook-signature": sign(secrets, message_id=name, timestamp=seconds, body=body),
    }
    return Letter(endpoint.url, headers, body)


def _attempt(endpoint: Endpoint, message: Message, receipt: Receipt, *, attempt: int, at: datetime) -> Delivery:
    told = receipt.detail[:_LONGEST_DETAIL].replace("\x00", "")
    ids = (clock.new_id(at), endpoint.id, message.id)
    return Delivery(*ids, message.event, at, attempt, receipt.status, told, receipt.milliseconds)


async def _fail(
    connection: Connection, org_id: UUID, endpoint: Endpoint, receipt: Receipt, *, attempt: int, at: datetime
) -> None:
    """Put the next attempt off, or pause the endpoint after the last."""
    wait = pause_after(attempt)
    said = receipt.detail if receipt.status is None else f"{receipt.status} {receipt.detail}"
    await hook_rows.failed(
        connection,
        org_id,
        endpoint.id,
        failures=attempt,
        retry_at=None if wait is None else at + wait,
        now=at,
        because=f"{attempt} attempts at one message failed, the last one: {said[:_LONGEST_DETAIL]}",
    )
