"""SQL of the request log: what directories asked and what they were answered. Written in batches, off the hot path.

Nothing here redacts: texts have lost their secrets before they come. Lists page by id, newest first, and are filtered
in the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.store.conflicts import Collision
from doorlist.store.db import Connection

_COLUMNS: Final = (
    "at",
    "org_id",
    "connection_id",
    "token_id",
    "token_hint",
    "request_id",
    "target_id",
    "method",
    "path",
    "query",
    "status",
    "duration_us",
    "client",
    "agent",
    "code",
    "detail",
    "change",
)
_BODY_COLUMNS: Final = ("org_id", "request_id", "at", "request", "response")

_SELECT: Final = """
select r.id, r.at, r.org_id, r.token_id, t.label as token, coalesce(t.hint, r.token_hint) as token_hint,
       r.request_id, r.target_id, r.method, r.path, r.query, r.status, r.duration_us, r.client, r.agent, r.code,
       r.detail, r.change::text as change
  from request_log r
  left join tokens t on t.org_id = r.org_id and t.id = r.token_id
"""

_TEXT: Final = """
(strpos(lower(r.path || ' ' || r.query || ' ' || r.agent || ' ' || r.client || ' ' || coalesce(r.code, '') || ' '
        || coalesce(r.detail, '') || ' ' || coalesce(r.change::text, '')), lower({0})) > 0
 or exists (select from request_bodies b
             where b.org_id = r.org_id and b.request_id = r.request_id
               and strpos(lower(coalesce(b.request, '') || ' ' || coalesce(b.response, '')), lower({0})) > 0))
"""

_CONDITIONS: Final = {
    "org_id": "r.org_id = {0}",
    "before": "r.id < {0}",
    "status": "r.status = {0}",
    "method": "r.method = upper({0})",
    "path": "strpos(lower(r.path), lower({0})) > 0",
    "token": "(t.label = {0} or r.token_id::text = {0} or coalesce(t.hint, r.token_hint) = {0})",
    "since": "r.at >= {0}",
    "until": "r.at < {0}",
    "text": _TEXT,
}

_BODIES: Final = "select request, response from request_bodies where org_id = $1 and request_id = $2"

_FIGURES: Final = """
select count(*) filter (where at >= $2) as requests,
       count(*) filter (where at >= $2 and failed) as failures,
       (percentile_disc(0.95) within group (order by duration_us) filter (where at >= $2))::int as p95_us,
       count(*) filter (where at >= $3) as recent,
       count(*) filter (where at >= $3 and failed) as recent_failures
  from (select at, duration_us, status >= 400 and not (status = 404 and method in ('GET', 'HEAD')) as failed
          from request_log where org_id = $1 and at >= $4) r
"""

_CONNECTION_TEST: Final = """
 where r.org_id = $1 and r.method = 'GET' and r.path ~ '/Users/?$'
   and r.query ~* ('filter=[^&]*userName(%20|[+])+eq(%20|[+])+%22'
                   || '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}%22')
 order by r.id desc limit 1
"""

_FORGET_BODIES: Final = "delete from request_bodies where at < $1"


@dataclass(frozen=True, slots=True)
class Line:
    """One request. `code` and `detail` are set where it was refused; `change` is JSON text of what it changed.

    `token_hint` is the visible start of a token that is not known here. `collisions` are noted apart, as conflicts.
    """

    at: datetime
    request_id: UUID
    method: str
    path: str
    query: str
    status: int
    duration_us: int
    client: str
    agent: str
    org_id: UUID | None = None
    connection_id: UUID | None = None
    token_id: UUID | None = None
    code: str | None = None
    detail: str | None = None
    change: str | None = None
    token_hint: str | None = None
    target_id: UUID | None = None
    collisions: tuple[Collision, ...] = ()


@dataclass(frozen=True, slots=True)
class Bodies:
    """What a request and its answer said, cleaned and bounded."""

    org_id: UUID
    request_id: UUID
    at: datetime
    request: str | None
    response: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests: all that are set must hold. `org_id` None means those that named no organization.

    `before` is the id below which a page begins; `since` is inclusive, `until` is not.
    """

    org_id: UUID | None
    failures: bool = False
    status: int | None = None
    method: str | None = None
    path: str | None = None
    token: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """A request as it was written. `token` is the label of its token as it is today."""

    id: int
    at: datetime
    org_id: UUID | None
    token_id: UUID | None
    token: str | None
    token_hint: str | None
    request_id: UUID
    target_id: UUID | None
    method: str
    path: str
    query: str
    status: int
    duration_us: int
    client: str
    agent: str
    code: str | None
    detail: str | None
    change: str | None


async def write(connection: Connection, lines: Sequence[Line], bodies: Sequence[Bodies] = ()) -> None:
    """Append lines and bodies, each in one COPY, in a transaction that does not wait for the disk."""
    await connection.execute("set local synchronous_commit = off")
    records = [tuple(getattr(line, name) for name in _COLUMNS) for line in lines]
    await connection.copy_records_to_table("request_log", records=records, columns=_COLUMNS)
    if bodies:
        kept = [tuple(getattr(body, name) for name in _BODY_COLUMNS) for body in bodies]
        await connection.copy_records_to_table("request_bodies", records=kept, columns=_BODY_COLUMNS)


async def page(connection: Connection, wanted: Wanted, *, limit: int) -> list[Logged]:
    """The newest requests that are wanted, newest first."""
    conditions = ["r.org_id is null"] if wanted.org_id is None else []
    conditions += ["r.status >= 400"] if wanted.failures else []
    values: list[object] = []
    for name, condition in _CONDITIONS.items():
        if (value := getattr(wanted, name)) is not None:
            values.append(value)
            conditions.append(condition.format(f"${len(values)}"))
    statement = f"{_SELECT} where {' and '.join(conditions)} order by r.id desc limit ${len(values) + 1}"
    return [Logged(**row) for row in await connection.fetch(statement, *values, limit)]


async def find(connection: Connection, org_id: UUID | None, request_id: UUID) -> Logged | None:
    """The request of an id; of no organization where `org_id` is None."""
    row = await connection.fetchrow(
        f"{_SELECT} where r.request_id = $1 and r.org_id is not distinct from $2", request_id, org_id
    )
    return None if row is None else Logged(**row)


async def find_bodies(connection: Connection, org_id: UUID, request_id: UUID) -> tuple[str | None, str | None]:
    """What the request and its answer said; None where nothing was, is not kept or is forgotten."""
    row = await connection.fetchrow(_BODIES, org_id, request_id)
    return (None, None) if row is None else (row["request"], row["response"])


async def forget(connection: Connection, *, older_than: datetime) -> int:
    """Delete requests older than a moment; returns how many."""
    status = await connection.execute("delete from request_log where at < $1", older_than)
    return int(str(status).rpartition(" ")[2])


async def forget_bodies(connection: Connection, *, older_than: datetime) -> int:
    """Delete the bodies of requests older than a moment; returns of how many."""
    status = await connection.execute(_FORGET_BODIES, older_than)
    return int(str(status).rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests, failures and the 95th percentile of the duration of a day; requests and failures of late."""

    requests: int
    failures: int
    p95_us: int | None
    recent: int
    recent_failures: int


async def figures(connection: Connection, org_id: UUID, *, today: datetime, recent: datetime) -> Figures:
    """The figures since `today`, and the count since `recent`. A look-up that found nobody is no failure."""
    row = await connection.fetchrow(_FIGURES, org_id, today, recent, min(today, recent))
    return Figures(**row)


async def last_contact(connection: Connection, org_id: UUID) -> Logged | None:
    """The newest request that a token of the organization came with."""
    row = await connection.fetchrow(f"{_SELECT} where r.org_id = $1 order by r.id desc limit 1", org_id)
    return None if row is None else Logged(**row)


async def last_connection_test(connection: Connection, org_id: UUID) -> Logged | None:
    """The newest request that looks like a directory's connection test: people by a userName that is a random UUID."""
    row = await connection.fetchrow(_SELECT + _CONNECTION_TEST, org_id)
    return None if row is None else Logged(**row)
