"""Who asks: a bearer token becomes a caller before a byte of the body is read.

Callers are kept in memory for a few seconds and dropped the moment the database announces a change of the
organization's tokens, plan or settings, so that a revoked token stops in every process at once. While the
announcements cannot be heard nothing is kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from doorlist.domain import bearer
from doorlist.domain.tenancy import Caller
from doorlist.errors import ConnectionPaused, Refusal, TokenExpired, TokenRevoked, Unauthenticated, Unavailable
from doorlist.store import credentials
from doorlist.store.credentials import Credential
from doorlist.store.db import Database
from doorlist.web.pacing import Crowd

_KEPT_SECONDS: Final = 5.0
_KEPT_CALLERS: Final = 10_000
_RECONNECT_SECONDS: Final = 1.0


class Refused(Exception):  # noqa: N818 - carries the reason and whose token it was, for the log
    """A known token that opens nothing any more, or nothing just now."""

    def __init__(self, reason: Refusal, credential: Credential) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.credential = credential


class Authenticator:
    """The callers of one process. `start` and `close` bracket the listening task."""

    def __init__(self, database: Database, crowd: Crowd, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._crowd = crowd
        self._clock = clock
        self._callers: dict[bytes, tuple[Caller, float]] = {}
        self._listening = False
        self._announcements = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._listen_for_ever(), name="credential announcements")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def caller(self, authorization: str | None, *, now: datetime) -> Caller:
        """The caller that the header presents.

        Raises `Unauthenticated`, `Refused` for a token that was valid, `Overloaded` before the database is asked.
        """
        digest = bearer.digest(_token(authorization))
        kept = self._callers.get(digest)
        if kept is not None and kept[1] > self._clock() and not _is_over(kept[0].expires_at, now):
            return kept[0]
        self._crowd.admit(self._database)
        heard = self._announcements
        async with self._database.reading() as connection:
            credential = await credentials.find_by_hash(connection, digest)
        if credential is None:
            raise Unauthenticated("The token is not known here.")
        return self._keep(digest, _valid(credential, now), heard)

    def _keep(self, digest: bytes, caller: Caller, heard: int) -> Caller:
        """Remember a caller, unless something was announced while it was read."""
        if self._listening and heard == self._announcements:
            if len(self._callers) >= _KEPT_CALLERS:
                self._callers.clear()
            self._callers[digest] = (caller, self._clock() + _KEPT_SECONDS)
        return caller

    async def _listen_for_ever(self) -> None:
        while True:
            with suppress(Unavailable):
                async with self._database.listening(credentials.CHANNEL, self._forget) as lost:
                    self._announcements += 1
                    self._callers.clear()
                    self._listening = True
                    await lost.wait()
            self._listening = False
            self._callers.clear()
            await asyncio.sleep(_RECONNECT_SECONDS)

    def _forget(self, org_id: str) -> None:
        self._announcements += 1
        gone = [digest for digest, (caller, _) in self._callers.items() if str(caller.org_id) == org_id]
        for digest in gone:
            del self._callers[digest]


def visible_hint(authorization: str | None) -> str | None:
    """What may be shown of a credential that is not known here: the start of a token of ours, else only its kind."""
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return "another kind of credential"
    token = token.strip()
    if token.startswith(bearer.PREFIX):
        return bearer.hint(token)
    return "a JWT" if token.startswith("eyJ") and token.count(".") == 2 else "no token of Doorlist"


def _token(authorization: str | None) -> str:
    if not authorization:
        raise Unauthenticated("The request has no credential.")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("The credential is not a bearer token.")
    return token.strip()


def _valid(credential: Credential, now: datetime) -> Caller:
    if credential.revoked_at is not None:
        raise Refused(TokenRevoked("The token was revoked."), credential)
    if _is_over(credential.expires_at, now):
        raise Refused(TokenExpired("The token has expired."), credential)
    if credential.paused_at is not None:
        raise Refused(ConnectionPaused("Provisioning is paused by an administrator; nothing is lost."), credential)
    return Caller(
        org_id=credential.org_id,
        connection_id=credential.connection_id,
        token_id=credential.token_id,
        scopes=credential.scopes,
        plan=credential.plan,
        scim_enabled=credential.scim_enabled,
        expires_at=credential.expires_at,
        behaviour=credential.behaviour,
        declared=credential.declared,
    )


def _is_over(expires_at: datetime | None, now: datetime) -> bool:
    return expires_at is not None and expires_at <= now
