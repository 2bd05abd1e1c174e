"""SQL of webhook endpoints, what they are to be told, and how that went. No rules.

Who delivers holds an endpoint by a lease instead of a transaction, so that no connection waits for another host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from doorlist.store.db import Connection, Record

_COLUMNS = """id, url, description, events, secret, previous_secret, previous_until, created_at, created_by, paused_at,
       paused_because, place, failures, retry_at"""

_INSERT = """
insert into webhook_endpoints (org_id, id, url, description, events, secret, created_at, created_by, place)
select $1, $2, $3, $4, $5, $6, $7, $8, coalesce((select place from webhook_feeds where org_id = $1), 0)
"""

_LIST = f"select {_COLUMNS} from webhook_endpoints where org_id = $1 order by id"

_FIND = f"select {_COLUMNS} from webhook_endpoints where org_id = $1 and id = $2"

_CHANGE = """
update webhook_endpoints set url = $3, description = $4, events = $5, failures = 0, retry_at = null
 where org_id = $1 and id = $2
"""

_ROTATE = """
update webhook_endpoints set previous_secret = secret, previous_until = $4, secret = $3 where org_id = $1 and id = $2
"""

_PAUSE = """
update webhook_endpoints set paused_at = $3, paused_because = $4
 where org_id = $1 and id = $2 and paused_at is null
returning true
"""

_RESUME = """
update webhook_endpoints set paused_at = null, paused_because = null, failures = 0, retry_at = null
 where org_id = $1 and id = $2 and paused_at is not null
returning true
"""

_DELETE = "delete from webhook_endpoints where org_id = $1 and id = $2 returning true"

_REPLAY = """
update webhook_endpoints e set place = m.place - 1, failures = 0, retry_at = null
  from (select min(place) as place from webhook_messages where org_id = $1 and at >= $3) m
 where e.org_id = $1 and e.id = $2 and m.place <= e.place
returning (select count(*) from webhook_messages n where n.org_id = $1 and n.place >= m.place) as again
"""

_TAKE = f"""
update webhook_endpoints set leased_until = $4
 where org_id = $1 and id = $2 and paused_at is null and (leased_until is null or leased_until <= $3)
   and (retry_at is null or retry_at <= $3)
returning {_COLUMNS}
"""

_RELEASE = "update webhook_endpoints set leased_until = null where org_id = $1 and id = $2"

_NEXT = """
select place, id, event, at, body from webhook_messages
 where org_id = $1 and place > $2
   and (cardinality($3::text[]) = 0 or event = $4 or regexp_replace(event, '\\.summary$', '') = any($3))
 order by place
 limit 1
"""

_DELIVERED = """
update webhook_endpoints set place = $3, failures = 0, retry_at = null, leased_until = $4
 where org_id = $1 and id = $2 and place = $5 and paused_at is null
returning true
"""

_FAILED = """
update webhook_endpoints
   set failures = $3, retry_at = $4, leased_until = null,
       paused_at = case when $4::timestamptz is null then $5::timestamptz end,
       paused_because = case when $4::timestamptz is null then $6 end
 where org_id = $1 and id = $2
"""

_LOG = """
insert into webhook_deliveries (org_id, id, endpoint_id, message_id, event, at, attempt, status, detail, milliseconds)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
 where exists (select from webhook_endpoints where org_id = $1 and id = $3)
"""

_DELIVERIES = """
select id, endpoint_id, message_id, event, at, attempt, status, detail, milliseconds
  from webhook_deliveries
 where org_id = $1 and endpoint_id = $2 and ($3::uuid is null or id < $3)
 order by id desc
 limit $4
"""

_DUE = """
select e.org_id, e.id from webhook_endpoints e
  join webhook_feeds f on f.org_id = e.org_id
 where e.paused_at is null and e.place < f.place and (e.retry_at is null or e.retry_at <= $1)
   and (e.leased_until is null or e.leased_until <= $1)
"""

_FORGET_MESSAGES = "delete from webhook_messages where org_id = $1 and at < $2"

_FORGET_DELIVERIES = "delete from webhook_deliveries where org_id = $1 and at < $2"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an organization is told of events; `place` is the last message that went there."""

    id: UUID
    url: str
    description: str
    events: tuple[str, ...]
    secret: str
    previous_secret: str | None
    previous_until: datetime | None
    created_at: datetime
    created_by: str
    paused_at: datetime | None
    paused_because: str | None
    place: int
    failures: int
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell; `body` is what is sent, the same at every attempt."""

    place: int
    id: UUID
    event: str
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt; without a status there was no answer, and `detail` says why."""

    id: UUID
    endpoint_id: UUID
    message_id: UUID
    event: str
    at: datetime
    attempt: int
    status: int | None
    detail: str
    milliseconds: int


async def insert(
    connection: Connection,
    org_id: UUID,
    *,
    endpoint_id: UUID,
    url: str,
    description: str,
    events: Sequence[str],
    secret: str,
    by: str,
    now: datetime,
) -> None:
    """Make an endpoint, which is told of what comes from now on."""
    values = (endpoint_id, url, description, list(events), secret, now, by)
    await connection.execute(_INSERT, org_id, *values)


async def everything(connection: Connection, org_id: UUID) -> list[Endpoint]:
    """The endpoints of an organization in the order of their making."""
    return [_endpoint(row) for row in await connection.fetch(_LIST, org_id)]


async def find(connection: Connection, org_id: UUID, endpoint_id: UUID) -> Endpoint | None:
    """The endpoint of that id."""
    row = await connection.fetchrow(_FIND, org_id, endpoint_id)
    return None if row is None else _endpoint(row)


async def change(
    connection: Connection, org_id: UUID, endpoint_id: UUID, *, url: str, description: str, events: Sequence[str]
) -> None:
    """Store what an endpoint is; what failed before is tried again at once."""
    await connection.execute(_CHANGE, org_id, endpoint_id, url, description, list(events))


async def rotate(connection: Connection, org_id: UUID, endpoint_id: UUID, *, secret: str, until: datetime) -> None:
    """Give an endpoint a new secret; the one before signs as well until a moment."""
    await connection.execute(_ROTATE, org_id, endpoint_id, secret, until)


async def pause(connection: Connection, org_id: UUID, endpoint_id: UUID, *, because: str, now: datetime) -> bool:
    """Tell an endpoint nothing until it is resumed; whether it was told before."""
    return bool(await connection.fetchval(_PAUSE, org_id, endpoint_id, now, because))


async def resume(connection: Connection, org_id: UUID, endpoint_id: UUID) -> bool:
    """Tell an endpoint everything since its last message; whether it was paused."""
    return bool(await connection.fetchval(_RESUME, org_id, endpoint_id))


async def delete(connection: Connection, org_id: UUID, endpoint_id: UUID) -> bool:
    """Delete an endpoint with its log; whether there was one."""
    return bool(await connection.fetchval(_DELETE, org_id, endpoint_id))


async def replay(connection: Connection, org_id: UUID, endpoint_id: UUID, *, since: datetime) -> int:
    """Let an endpoint be told again of everything since a moment; how many messages that are."""
    return await connection.fetchval(_REPLAY, org_id, endpoint_id, since) or 0


async def take(
    connection: Connection, org_id: UUID, endpoint_id: UUID, *, now: datetime, lease: timedelta
) -> Endpoint | None:
    """Hold an endpoint for a delivery; None where somebody else does, or it has to wait."""
    row = await connection.fetchrow(_TAKE, org_id, endpoint_id, now, now + lease)
    return None if row is None else _endpoint(row)


async def release(connection: Connection, org_id: UUID, endpoint_id: UUID) -> None:
    """Let an endpoint go."""
    await connection.execute(_RELEASE, org_id, endpoint_id)


async def following(
    connection: Connection, org_id: UUID, place: int, *, events: Sequence[str], always: str
) -> Message | None:
    """The next message behind a place that is wanted; of no events named: any."""
    row = await connection.fetchrow(_NEXT, org_id, place, list(events), always)
    return None if row is None else Message(**row)


async def delivered(
    connection: Connection, org_id: UUID, endpoint_id: UUID, *, before: int, place: int, leased_until: datetime
) -> bool:
    """Move an endpoint behind a message that arrived, and hold it for the next; False where it was paused or moved."""
    return bool(await connection.fetchval(_DELIVERED, org_id, endpoint_id, place, leased_until, before))


async def failed(
    connection: Connection,
    org_id: UUID,
    endpoint_id: UUID,
    *,
    failures: int,
    retry_at: datetime | None,
    now: datetime,
    because: str,
) -> None:
    """Remember a failure; without a time to try again the endpoint is paused."""
    await connection.execute(_FAILED, org_id, endpoint_id, failures, retry_at, now, because)


async def log(connection: Connection, org_id: UUID, delivery: Delivery) -> None:
    """Remember an attempt."""
    columns = ("id", "endpoint_id", "message_id", "event", "at", "attempt", "status", "detail", "milliseconds")
    await connection.execute(_LOG, org_id, *(getattr(delivery, name) for name in columns))


async def deliveries(
    connection: Connection, org_id: UUID, endpoint_id: UUID, *, before: UUID | None, limit: int
) -> list[Delivery]:
    """The newest attempts at an endpoint, newest first."""
    rows = await connection.fetch(_DELIVERIES, org_id, endpoint_id, before, limit)
    return [Delivery(**row) for row in rows]


async def due(connection: Connection, *, now: datetime) -> list[tuple[UUID, UUID]]:
    """The organization and the id of every endpoint that has something to be told, and nobody who does."""
    return [(row["org_id"], row["id"]) for row in await connection.fetch(_DUE, now)]


async def forget(connection: Connection, org_id: UUID, *, older_than: datetime) -> None:
    """Delete messages and attempts older than a moment."""
    await connection.execute(_FORGET_MESSAGES, org_id, older_than)
    await connection.execute(_FORGET_DELIVERIES, org_id, older_than)


def _endpoint(row: Record) -> Endpoint:
    return Endpoint(**{**row, "events": tuple(row["events"])})
