"""SQL of the answers that are kept for repeated requests (Idempotency-Key). No rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection

_BEGIN = """
insert into api_replies (org_id, key_id, name, digest, created_at) values ($1, $2, $3, $4, $5)
on conflict do nothing
returning true
"""

_FIND = """
select digest, status, body, media_type, location, etag from api_replies
 where org_id = $1 and key_id = $2 and name = $3
"""

_FINISH = """
update api_replies set status = $4, body = $5, media_type = $6, location = $7, etag = $8
 where org_id = $1 and key_id = $2 and name = $3
"""

_ABANDON = "delete from api_replies where org_id = $1 and key_id = $2 and name = $3"

_FORGET = "delete from api_replies where org_id = $1 and key_id = $2 and created_at < $3"

_COUNT = "select count(*) from api_replies where org_id = $1 and key_id = $2"


@dataclass(frozen=True, slots=True)
class KeptReply:
    """An answer as it was given; no status: the request is being carried out, no body: it held a secret."""

    digest: bytes
    status: int | None
    body: bytes | None
    media_type: str | None
    location: str | None
    etag: str | None


async def begin(connection: Connection, org_id: UUID, key_id: UUID, name: str, digest: bytes, *, now: datetime) -> bool:
    """Remember that a request is being carried out; False where one of that name is known."""
    return bool(await connection.fetchval(_BEGIN, org_id, key_id, name, digest, now))


async def find(connection: Connection, org_id: UUID, key_id: UUID, name: str) -> KeptReply | None:
    """The answer that is kept under a name."""
    row = await connection.fetchrow(_FIND, org_id, key_id, name)
    return None if row is None else KeptReply(**row)


async def finish(connection: Connection, org_id: UUID, key_id: UUID, name: str, reply: KeptReply) -> None:
    """Keep the answer of a request."""
    values = (reply.status, reply.body, reply.media_type, reply.location, reply.etag)
    await connection.execute(_FINISH, org_id, key_id, name, *values)


async def abandon(connection: Connection, org_id: UUID, key_id: UUID, name: str) -> None:
    """Forget a request that was not carried out, so that it can be tried again."""
    await connection.execute(_ABANDON, org_id, key_id, name)


async def forget(connection: Connection, org_id: UUID, key_id: UUID, *, older_than: datetime) -> None:
    """Delete the answers of a key that are older than a moment."""
    await connection.execute(_FORGET, org_id, key_id, older_than)


async def count(connection: Connection, org_id: UUID, key_id: UUID) -> int:
    """How many answers are kept for a key."""
    number: int = await connection.fetchval(_COUNT, org_id, key_id)
    return number
