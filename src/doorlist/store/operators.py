"""SQL of the operator's sign-in links and sessions. They belong to the installation, not to an organization."""

from __future__ import annotations

from datetime import datetime

from doorlist.store.db import Connection

_INSERT_LINK = "insert into operator_links (hash, name, expires_at) values ($1, $2, $3)"

_TAKE_LINK = "delete from operator_links where hash = $1 returning case when expires_at > $2 then name end"

_FORGET = """
with links as (delete from operator_links where expires_at <= $1)
delete from operator_sessions where expires_at <= $1
"""

_INSERT_SESSION = """
insert into operator_sessions (hash, name, created_at, last_seen_at, expires_at) values ($1, $2, $3, $3, $4)
"""

_FIND_SESSION = """
update operator_sessions set last_seen_at = $2
 where hash = $1 and expires_at > $2 and last_seen_at > $3
returning name
"""

_END_SESSION = "delete from operator_sessions where hash = $1"


async def insert_link(connection: Connection, digest: bytes, *, name: str, expires_at: datetime) -> None:
    """Remember a link."""
    await connection.execute(_INSERT_LINK, digest, name, expires_at)


async def take_link(connection: Connection, digest: bytes, *, now: datetime) -> str | None:
    """Use a link up; the name that it was made under, or None where there is none that is still good."""
    found: str | None = await connection.fetchval(_TAKE_LINK, digest, now)
    return found


async def insert_session(
    connection: Connection, digest: bytes, *, name: str, now: datetime, expires_at: datetime
) -> None:
    """Remember a session."""
    await connection.execute(_INSERT_SESSION, digest, name, now, expires_at)


async def find_session(connection: Connection, digest: bytes, *, now: datetime, idle_since: datetime) -> str | None:
    """The name of a session that is neither over nor idle since then; it counts as seen now."""
    found: str | None = await connection.fetchval(_FIND_SESSION, digest, now, idle_since)
    return found


async def end_session(connection: Connection, digest: bytes) -> None:
    """Forget a session."""
    await connection.execute(_END_SESSION, digest)


async def forget(connection: Connection, *, now: datetime) -> None:
    """Delete links and sessions whose time is over."""
    await connection.execute(_FORGET, now)
