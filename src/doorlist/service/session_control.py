"""Sessions: opening, finding, replacing the token, ending. A token leaves this module once, for the browser's cookie.

A session ends at the organization's limit, at the SessionNotOnOrAfter of the identity provider, after the idle time,
when the person signs out or an administrator revokes it, and with the person: the database ends it in the transaction
that deactivates, blocks or deletes.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.signin import Method, SignedIn
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, Forbidden, NotFound
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import audit, session_rows
from doorlist.store.db import Connection, Database
from doorlist.store.session_rows import SessionLine

ROTATED_AFTER: Final = timedelta(minutes=15)
GRACE: Final = timedelta(minutes=1)
_TOUCHED_AFTER: Final = timedelta(minutes=1)
_LONGEST_AGENT: Final = 300
_SHORTEST, _LONGEST = 5, 43_200


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in comes from: the address and the browser, as they said."""

    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: the token for the cookie, and when it ends at the latest."""

    id: UUID
    token: str
    expires_at: datetime


async def open_session(
    connection: Connection,
    org_id: UUID,
    *,
    user_id: UUID,
    method: Method,
    origin: Origin,
    now: datetime,
    until: datetime | None = None,
) -> Opened:
    """Open a session in the caller's transaction, always under a new id and token.

    Raises `Forbidden` for a person who is not active: that is asked in the statement that opens.
    """
    token, session_id = secrets.token_urlsafe(32), clock.new_id(now)
    ends = await session_rows.insert(
        connection,
        org_id,
        session_id=session_id,
        user_id=user_id,
        digest=digest_of(token),
        form_key=secrets.token_bytes(16),
        method=method,
        now=now,
        until=until,
        address=origin.address,
        agent=origin.agent[:_LONGEST_AGENT],
    )
    if ends is None:
        raise Forbidden("This person is not active in the organization.")
    return Opened(session_id, token, ends)


async def find_session(database: Database, token: str, *, now: datetime) -> tuple[SignedIn | None, str | None]:
    """The live session of a token, and a new token where this one has served its time.

    One statement, and a second one at most once a minute.
    """
    digest = digest_of(token)
    async with database.reading() as connection:
        found = await session_rows.find(connection, digest, now=now, rotated_after=now - GRACE)
        if found is None:
            return None, None
        if now - found.rotated_at >= ROTATED_AFTER:
            fresh = secrets.token_urlsafe(32)
            hashes = {"before": digest, "after": digest_of(fresh)}
            if await session_rows.rotate(connection, found.org_id, session_id=found.session_id, now=now, **hashes):
                return found, fresh
        elif now - found.seen_at >= _TOUCHED_AFTER:
            await session_rows.touch(connection, found.org_id, session_id=found.session_id, now=now)
    return found, None


async def sign_out(database: Database, session: SignedIn) -> None:
    """End one's own session."""
    async with database.reading() as connection:
        await session_rows.end(
            connection, session.org_id, session_id=session.session_id, now=clock.now(), by=session.user_name
        )


async def list_sessions(
    database: Database, administrator: Administrator, org_id: UUID, *, user_id: UUID | None = None, limit: int = 200
) -> list[SessionLine]:
    """The live sessions, newest first: one's own for a person, all for who manages the organization.

    Raises `Forbidden`.
    """
    async with database.reading() as connection:
        if user_id is None or user_id != administrator.user_id:
            await require_manager(connection, administrator, org_id)
        return await session_rows.live(connection, org_id, now=clock.now(), user_id=user_id, limit=limit)


async def revoke_session(database: Database, administrator: Administrator, org_id: UUID, session_id: UUID) -> None:
    """End a session of the organization at once. Raises `NotFound`, `Forbidden`."""
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        if not await session_rows.end(connection, org_id, session_id=session_id, now=at, by=administrator.name):
            raise NotFound("There is no such session that could be ended.", place="session")
        target = (TargetKind.SESSION, session_id)
        await _tell(connection, administrator, org_id, target=target, ended=[session_id], at=at)


async def revoke_sessions_of(
    database: Database, administrator: Administrator, org_id: UUID, *, user_id: UUID, besides: UUID | None = None
) -> int:
    """End every session of a person, `besides` the one that asks; how many there were. One's own need no right.

    Raises `Forbidden`.
    """
    at = clock.now()
    async with database.transaction() as connection:
        if user_id != administrator.user_id:
            await require_manager(connection, administrator, org_id)
        ended = await session_rows.end_all(
            connection, org_id, user_id=user_id, now=at, by=administrator.name, besides=besides
        )
        if ended:
            target = (TargetKind.USER, user_id)
            await _tell(connection, administrator, org_id, target=target, ended=ended, at=at)
    return len(ended)


async def set_limits(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    minutes: int | None = None,
    idle_minutes: int | None = None,
) -> tuple[int, int]:
    """Set after how many minutes sessions end, at the latest and unused; what there is ends accordingly.

    Returns both limits as they are then. Raises `BadInput` outside 5 minutes to 30 days, `Forbidden`.
    """
    for place, value in (("minutes", minutes), ("idle_minutes", idle_minutes)):
        if value is not None and not _SHORTEST <= value <= _LONGEST:
            raise BadInput(f"A session lives {_SHORTEST} to {_LONGEST} minutes.", place=place)
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        limits = await session_rows.limit(connection, org_id, minutes=minutes, idle_minutes=idle_minutes)
        if minutes is not None or idle_minutes is not None:
            change = {"session_minutes": limits[0], "session_idle_minutes": limits[1]}
            actor = Actor.administrator(administrator)
            request_id = clock.new_id(at)
            event = Event(Action.ORGANIZATION_CHANGED, TargetKind.ORGANIZATION, org_id, actor, request_id, change)
            await audit.append(connection, org_id, event, at=at)
    return limits


def digest_of(token: str) -> bytes:
    """The SHA-256 under which a token is stored and found."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def _tell(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    *,
    target: tuple[TargetKind, UUID],
    ended: list[UUID],
    at: datetime,
) -> None:
    change = {"sessions": [str(session_id) for session_id in ended]}
    event = Event(Action.SESSIONS_REVOKED, *target, Actor.administrator(administrator), clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
