"""Webhook endpoints as administrators decide about them: whom to tell of what, secrets, pauses, replays.

Each verb is a check, one transaction and its audit event. The secret is shown by the verb that makes it and never
again; it is stored as it is, because it signs.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.hooks import EVENTS, PING, new_secret
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, Conflict, NotFound
from doorlist.service import clock, feeding
from doorlist.service.authority import require_manager
from doorlist.store import audit, feed_rows, hook_rows, jobs
from doorlist.store.db import Connection, Database
from doorlist.store.feed_rows import Feed
from doorlist.store.hook_rows import Delivery, Endpoint

MOST_ENDPOINTS: Final = 20
OVERLAP: Final = timedelta(hours=24)
"""How long the secret before signs beside a new one."""

_LONGEST_URL: Final = 2000


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """A new endpoint, or one with a new secret; the only copy of it that is shown."""

    id: UUID
    secret: str


async def create_endpoint(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    url: str,
    events: Sequence[str] = (),
    description: str = "",
) -> NewEndpoint:
    """Make an endpoint, which is told of what happens from now on; no events named means all.

    Raises `BadInput` for an address or event that cannot be, `Conflict` for too many, `Forbidden`.
    """
    at = clock.now()
    url, events = _clean_url(url), _known(events)
    new = NewEndpoint(clock.new_id(at), new_secret(secrets.token_bytes(32)))
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        if len(await hook_rows.everything(connection, org_id)) >= MOST_ENDPOINTS:
            raise Conflict(f"There are {MOST_ENDPOINTS} webhooks already, which is the most.")
        await feed_rows.open_feed(connection, org_id, now=at)
        await hook_rows.insert(
            connection,
            org_id,
            endpoint_id=new.id,
            url=url,
            description=description[:200],
            events=events,
            secret=new.secret,
            by=administrator.name,
            now=at,
        )
        change = {"url": url, "events": list(events)}
        await _tell(connection, administrator, org_id, new.id, action=Action.WEBHOOK_CREATED, change=change)
    return new


async def list_endpoints(database: Database, administrator: Administrator, org_id: UUID) -> list[Endpoint]:
    """The endpoints in the order of their making. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await hook_rows.everything(connection, org_id)


async def get_endpoint(
    database: Database, administrator: Administrator, org_id: UUID, *, endpoint_id: UUID
) -> Endpoint:
    """One endpoint. Raises `NotFound`, `Forbidden`."""
    async with database.reading() as connection:
        return await _allowed(connection, administrator, org_id, endpoint_id)


async def change_endpoint(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    endpoint_id: UUID,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
) -> Endpoint:
    """Change what is named; what failed before is tried again at once. Raises `BadInput`, `NotFound`, `Forbidden`."""
    async with database.transaction() as connection:
        endpoint = await _allowed(connection, administrator, org_id, endpoint_id)
        wanted = {
            "url": endpoint.url if url is None else _clean_url(url),
            "description": endpoint.description if description is None else description[:200],
            "events": list(endpoint.events) if events is None else _known(events),
        }
        await hook_rows.change(connection, org_id, endpoint_id, **wanted)  # type: ignore[arg-type]
        await _tell(connection, administrator, org_id, endpoint_id, action=Action.WEBHOOK_CHANGED, change=wanted)
        return await _allowed(connection, administrator, org_id, endpoint_id)


async def rotate_secret(
    database: Database, administrator: Administrator, org_id: UUID, *, endpoint_id: UUID
) -> NewEndpoint:
    """A new secret; for a day both sign, so that the receiver changes in between. Raises `NotFound`, `Forbidden`."""
    at, new = clock.now(), NewEndpoint(endpoint_id, new_secret(secrets.token_bytes(32)))
    async with database.transaction() as connection:
        await _allowed(connection, administrator, org_id, endpoint_id)
        await hook_rows.rotate(connection, org_id, endpoint_id, secret=new.secret, until=at + OVERLAP)
        change = {"secret": "rotated"}
        await _tell(connection, administrator, org_id, endpoint_id, action=Action.WEBHOOK_CHANGED, change=change)
    return new


async def pause_endpoint(
    database: Database, administrator: Administrator, org_id: UUID, *, endpoint_id: UUID, paused: bool
) -> bool:
    """Tell an endpoint nothing for now, or go on where it stopped; whether that was different before.

    Raises `NotFound`, `Forbidden`.
    """
    async with database.transaction() as connection:
        await _allowed(connection, administrator, org_id, endpoint_id)
        if paused:
            because = f"paused by {administrator.name}"
            changed = await hook_rows.pause(connection, org_id, endpoint_id, because=because, now=clock.now())
        else:
            changed = await hook_rows.resume(connection, org_id, endpoint_id)
            await jobs.put(connection, feeding.JOB, [f"{org_id} {endpoint_id}"])
        if changed:
            change = {"paused": paused}
            await _tell(connection, administrator, org_id, endpoint_id, action=Action.WEBHOOK_CHANGED, change=change)
    return changed


async def replay(
    database: Database, administrator: Administrator, org_id: UUID, *, endpoint_id: UUID, since: datetime
) -> int:
    """Tell an endpoint everything since a moment again, in order; how many messages are repeated.

    Raises `NotFound`, `Forbidden`.
    """
    async with database.transaction() as connection:
        await _allowed(connection, administrator, org_id, endpoint_id)
        count = await hook_rows.replay(connection, org_id, endpoint_id, since=since)
        if count:
            change = {"replayed since": since.isoformat(), "messages": count}
            await _tell(connection, administrator, org_id, endpoint_id, action=Action.WEBHOOK_CHANGED, change=change)
            await jobs.put(connection, feeding.JOB, [f"{org_id} {endpoint_id}"])
    return count


async def ping(database: Database, administrator: Administrator, org_id: UUID, *, endpoint_id: UUID) -> None:
    """Tell every endpoint a message that means nothing, to see that it arrives. Raises `NotFound`, `Forbidden`."""
    at = clock.now()
    async with database.transaction() as connection:
        endpoint = await _allowed(connection, administrator, org_id, endpoint_id)
        state = await feed_rows.lock(connection, org_id)
        if state is None:
            raise Conflict("Messages are being made just now; try again.")
        data = {"type": PING, "timestamp": at.isoformat(), "data": {"endpoint_id": str(endpoint.id)}}
        await feed_rows.write(connection, org_id, [(state.place + 1, clock.new_id(at), PING, json.dumps(data))], now=at)
        await feed_rows.move(connection, org_id, Feed(state.link, state.place + 1, state.minute, state.used))
        await jobs.put(connection, feeding.JOB, [f"{org_id} {endpoint_id}"])


async def delete_endpoint(database: Database, administrator: Administrator, org_id: UUID, *, endpoint_id: UUID) -> None:
    """Tell an address nothing any more. Raises `NotFound`, `Forbidden`."""
    async with database.transaction() as connection:
        endpoint = await _allowed(connection, administrator, org_id, endpoint_id)
        await hook_rows.delete(connection, org_id, endpoint_id)
        change = {"url": endpoint.url}
        await _tell(connection, administrator, org_id, endpoint_id, action=Action.WEBHOOK_DELETED, change=change)


async def list_deliveries(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    endpoint_id: UUID,
    before: UUID | None = None,
    limit: int = 100,
) -> list[Delivery]:
    """The newest attempts at an endpoint, newest first. Raises `NotFound`, `Forbidden`."""
    async with database.reading() as connection:
        await _allowed(connection, administrator, org_id, endpoint_id)
        return await hook_rows.deliveries(connection, org_id, endpoint_id, before=before, limit=limit)


async def _allowed(connection: Connection, administrator: Administrator, org_id: UUID, endpoint_id: UUID) -> Endpoint:
    await require_manager(connection, administrator, org_id)
    endpoint = await hook_rows.find(connection, org_id, endpoint_id)
    if endpoint is None:
        raise NotFound("There is no such webhook.", place="webhook")
    return endpoint


def _clean_url(url: str) -> str:
    """An address that can be told something. Raises `BadInput`; whether it may be is seen at every delivery."""
    try:
        parts = urlsplit(url)
        fit = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fit = False
    if not fit or len(url) > _LONGEST_URL or not url.isascii() or any(c in url for c in " \t\r\n") or "@" in url:
        raise BadInput("An address is https://host/path, without a user name.", place="url")
    return url


def _known(events: Sequence[str]) -> list[str]:
    unknown = sorted(set(events) - EVENTS.keys())
    if unknown:
        raise BadInput(f"There is no event {unknown[0]!r}; there are {', '.join(EVENTS)}.", place="events")
    return sorted(set(events))


async def _tell(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    endpoint_id: UUID,
    *,
    action: Action,
    change: Mapping[str, object],
) -> None:
    at = clock.now()
    actor = Actor.administrator(administrator)
    event = Event(action, TargetKind.WEBHOOK, endpoint_id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
