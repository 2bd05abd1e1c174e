"""The operator's way into the console: a link from the command line, good once, becomes a session.

Whoever can run commands on the host may do everything anyway; the link carries that right into a browser without
a password that could be guessed or forgotten.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from doorlist.domain.tenancy import Administrator
from doorlist.errors import Forbidden
from doorlist.service import clock
from doorlist.store import operators
from doorlist.store.db import Database

LINK_LIFE: Final = timedelta(minutes=10)
SESSION_LIFE: Final = timedelta(hours=12)
IDLE: Final = timedelta(hours=2)


async def make_link(database: Database, administrator: Administrator) -> str:
    """The secret of a link that signs the operator in once, within ten minutes. Raises `Forbidden`."""
    if administrator.org_id is not None or administrator.user_id is not None:
        raise Forbidden("Only the operator of the installation makes such links.")
    secret, at = secrets.token_urlsafe(32), clock.now()
    async with database.transaction() as connection:
        await operators.forget(connection, now=at)
        await operators.insert_link(connection, _digest(secret), name=administrator.name, expires_at=at + LINK_LIFE)
    return secret


async def open_session(database: Database, link: str) -> str | None:
    """The secret of a new session in exchange for a link; None where the link is used up, too old or made up."""
    secret, at = secrets.token_urlsafe(32), clock.now()
    async with database.transaction() as connection:
        name = await operators.take_link(connection, _digest(link), now=at)
        if name is None:
            return None
        await operators.insert_session(connection, _digest(secret), name=name, now=at, expires_at=at + SESSION_LIFE)
    return secret


async def operator_of(database: Database, secret: str) -> Administrator | None:
    """The operator whose session it is; None for one that is over, idle for two hours, or made up."""
    at = clock.now()
    async with database.reading() as connection:
        name = await operators.find_session(connection, _digest(secret), now=at, idle_since=at - IDLE)
    return None if name is None else Administrator(name, "console")


async def close_session(database: Database, secret: str) -> None:
    """End a session; one that is over already stays so."""
    async with database.reading() as connection:
        await operators.end_session(connection, _digest(secret))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
