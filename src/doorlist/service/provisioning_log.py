"""Reading the provisioning log: lists by filter, one request with all that is known of it, the health of a connection.

For managers of the organization; requests that named no organization are for the operator. Lines are written half a
second behind the requests (`service.requestlog`); nothing is written here.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from doorlist.domain.guidance import Advice, advice
from doorlist.domain.redaction import REDACTED
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Forbidden, NotFound
from doorlist.service.authority import require_manager
from doorlist.store import credentials, journal, organizations, trail
from doorlist.store.credentials import Token
from doorlist.store.db import Connection, Database
from doorlist.store.journal import Figures, Logged, Wanted
from doorlist.store.trail import Happened, Moved

_PAGE: Final = 500
_STALE: Final = timedelta(hours=3)
_RECENT: Final = timedelta(hours=24)
_DEGRADED_SHARE: Final = 0.05
_DEGRADED_COUNT: Final = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything about one request.

    Attributes:
        change: what was told when it was made: attribute names with before and after, members by count.
        events: its audit events.
        advice: for a failure, who can mend it and where.
        curl: a command that repeats it, with the token left out; None where its body is not known in full.
    """

    line: Logged
    change: dict[str, Any]
    events: list[Happened]
    request: str | None
    response: str | None
    advice: Advice | None
    curl: str | None


class State(StrEnum):
    """How a directory's connection does."""

    DISABLED = "disabled"
    PAUSED = "paused"
    NOT_CONFIGURED = "not configured"
    WAITING = "waiting for the first request"
    STALE = "stale"
    DEGRADED = "degraded"
    HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class Health:
    """The state with its figures of today (UTC); `token` is the label of the one last used."""

    state: State
    requests_today: int
    failures_today: int
    p95_ms: float | None
    last_contact: datetime | None
    last_connection_test: datetime | None
    last_connection_test_status: int | None
    token: str | None
    client: str | None


async def list_requests(
    database: Database, administrator: Administrator, wanted: Wanted, *, limit: int | None
) -> AsyncIterator[Logged]:
    """The wanted requests, newest first, read page by page; all of them without a limit. Raises `Forbidden`."""
    async with database.reading() as connection:
        await _admit(connection, administrator, wanted.org_id)
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(left, _PAGE)
        async with database.reading() as connection:
            lines = await journal.page(connection, wanted, limit=size)
        for line in lines:
            yield line
        if len(lines) < size:
            return
        wanted = replace(wanted, before=lines[-1].id)
        left = None if left is None else left - size


async def show_request(
    database: Database, administrator: Administrator, org_id: UUID | None, request_id: UUID, *, base_url: str
) -> Shown:
    """One request by its id. Raises `NotFound`, `Forbidden`."""
    async with database.reading() as connection:
        await _admit(connection, administrator, org_id)
        line = await journal.find(connection, org_id, request_id)
        if line is None:
            raise NotFound(f"The log has no request {request_id}.", place="request")
        request, response, events = None, None, list[Happened]()
        if org_id is not None:
            request, response = await journal.find_bodies(connection, org_id, request_id)
            if line.change is not None:
                events = await trail.events(connection, org_id, request_id, line.target_id)
    return Shown(
        line,
        json.loads(line.change or "{}"),
        events,
        request,
        response,
        advice(line.code, line.status),
        _curl(line, request, base_url),
    )


async def list_moved(
    database: Database, administrator: Administrator, org_id: UUID, line: Logged, *, limit: int | None
) -> AsyncIterator[Moved]:
    """Who joined and who left by a request, by name, read page by page. Raises `Forbidden`."""
    async with database.reading() as connection:
        await _admit(connection, administrator, org_id)
    left, last = limit, None
    while left is None or left > 0:
        size = _PAGE if left is None else min(left, _PAGE)
        async with database.reading() as connection:
            found = await trail.members(connection, org_id, line.request_id, line.target_id, after=last, limit=size)
        for last in found:
            yield last
        if len(found) < size:
            return
        left = None if left is None else left - size


async def health(database: Database, administrator: Administrator, org_id: UUID, *, now: datetime) -> Health:
    """How the connection of an organization does. Raises `Forbidden`, `NotFound`."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    async with database.reporting() as connection:
        await _admit(connection, administrator, org_id)
        organization = await organizations.lock(connection, org_id)
        if organization is None:
            raise NotFound("There is no such organization.")
        tokens = await credentials.everyone(connection, org_id)
        figures = await journal.figures(connection, org_id, today=midnight, recent=now - _RECENT)
        contact = await journal.last_contact(connection, org_id)
        test = await journal.last_connection_test(connection, org_id)
        paused = await credentials.paused_since(connection, org_id)
    state = _state(
        organization.scim_enabled, paused is not None, tokens=tokens, figures=figures, contact=contact, now=now
    )
    return Health(
        state,
        figures.requests,
        figures.failures,
        None if figures.p95_us is None else figures.p95_us / 1000,
        None if contact is None else contact.at,
        None if test is None else test.at,
        None if test is None else test.status,
        None if contact is None else contact.token,
        None if contact is None else contact.agent,
    )


def _state(
    enabled: bool, paused: bool, *, tokens: list[Token], figures: Figures, contact: Logged | None, now: datetime
) -> State:
    """The first that applies, from what stops everything to what is only slow."""
    share = figures.recent_failures / figures.recent if figures.recent else 0.0
    checks = {
        State.DISABLED: not enabled,
        State.PAUSED: paused,
        State.NOT_CONFIGURED: not any(token.state(now) == "valid" for token in tokens),
        State.WAITING: contact is None,
        State.STALE: contact is not None and contact.at < now - _STALE,
        State.DEGRADED: share >= _DEGRADED_SHARE and figures.recent_failures >= _DEGRADED_COUNT,
    }
    return next((state for state, applies in checks.items() if applies), State.HEALTHY)


async def _admit(connection: Connection, administrator: Administrator, org_id: UUID | None) -> None:
    if org_id is not None:
        await require_manager(connection, administrator, org_id)
    elif administrator.org_id is not None:
        raise Forbidden("Requests that named no organization are for the operator of the installation.")


def _curl(line: Logged, request: str | None, base_url: str) -> str | None:
    writes = line.method in ("POST", "PUT", "PATCH")
    if writes and (request is None or not request.endswith(("}", "]")) or "bytes, not kept" in (request or "")):
        return None
    url = base_url + line.path + (f"?{line.query}" if line.query else "")
    words = ["curl", "-X", line.method, shlex.quote(url), "-H", '"Authorization: Bearer $TOKEN"']
    if writes:
        words += ["-H", "'Content-Type: application/scim+json'", "--data", shlex.quote(request or "")]
    command = " ".join(words)
    return f"{command}  # put in what was redacted" if REDACTED in command else command
