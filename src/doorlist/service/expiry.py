"""Tokens never end without warning: who is near the end, a line in the server's log at 30, 14, 7 and 1 days, and an
attention item from the first of them until the token is revoked or somebody acknowledges it.

Which warnings were given is kept with the token, so each is given once, by one of several processes, over restarts.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog

from doorlist.domain.events import TargetKind
from doorlist.errors import Unavailable
from doorlist.service import clock
from doorlist.service.detaching import note_everywhere
from doorlist.store import attention, credentials
from doorlist.store.credentials import Expiring
from doorlist.store.db import Connection, Database

WARNED_AT: Final = (30, 14, 7, 1)
KIND: Final = "token-expires"
"""The kind of the attention item."""

_HOUR: Final = 3600.0

_log = structlog.get_logger(__name__)


def days_left(expires_at: datetime, now: datetime) -> int:
    """Days until then, a begun one counts whole: 1 on the last day, 0 when it is over."""
    return max(-((now - expires_at) // timedelta(days=1)), 0)


async def expiring(database: Database, within: timedelta) -> list[Expiring]:
    """Valid tokens of every organization that end within that time, the next to end first."""
    now = clock.now()
    async with database.reading() as connection:
        return await credentials.expiring(connection, now=now, until=now + within)


async def warn(database: Database, now: datetime) -> list[Expiring]:
    """Warn of each token that has come within 30, 14, 7 or 1 days of its end since the last call: log and item."""
    async with database.transaction() as connection:
        found = await credentials.take_warnings(connection, now=now, days=WARNED_AT)
        for token in found:
            await _ask(connection, token, now)
    for token in found:
        _log.warning(
            "a token expires soon",
            organization=token.slug,
            label=token.label,
            hint=token.hint,
            days=days_left(token.expires_at, now),
            expires_at=token.expires_at.isoformat(),
        )
    return found


async def _ask(connection: Connection, token: Expiring, now: datetime) -> None:
    """Raise the item of a token; later warnings find it waiting."""
    await attention.put_once(
        connection,
        token.org_id,
        item_id=clock.new_id(now),
        kind=KIND,
        target_kind=TargetKind.TOKEN.value,
        target_id=token.id,
        detail={"label": token.label, "hint": token.hint, "expires_at": token.expires_at.isoformat()},
        now=now,
    )


async def warn_for_ever(database: Database) -> None:
    """Look every hour for tokens that end and groups that lost theirs; each warning is given once."""
    while True:
        with suppress(Unavailable):
            await warn(database, clock.now())
            await note_everywhere(database)
        await asyncio.sleep(_HOUR)
