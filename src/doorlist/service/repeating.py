"""Requests that a program may repeat without their being carried out twice: the Idempotency-Key.

A name stands for one request of one key for a day. The first one is carried out and its answer is kept; a repetition
gets that answer. What failed for a reason of the moment (a status of 5xx or 429) is not kept: it may be tried again.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from doorlist.domain.api_keys import Program
from doorlist.errors import AlreadyDone, BadInput, Conflict, KeyReused
from doorlist.service import clock
from doorlist.store import reply_rows
from doorlist.store.db import Database
from doorlist.store.reply_rows import KeptReply

KEPT_FOR: Final = timedelta(hours=24)
MOST_KEPT: Final = 10_000
"""How many answers are kept for one key at a time."""

LONGEST_KEPT: Final = 1 << 16
"""Bytes of the longest answer that is kept; of a longer one only the status is."""

_NAME: Final = re.compile(r"[\x21-\x7e]{1,255}")


async def begin(database: Database, program: Program, name: str, digest: bytes) -> KeptReply | None:
    """The kept answer of a request that was carried out before, or None for one to carry out now.

    Raises `BadInput` for a name of another form, `KeyReused` where it stands for another request, `AlreadyDone` where
    the answer held a secret, `Conflict` while the first one is being carried out or too many are kept.
    """
    if not _NAME.fullmatch(name):
        raise BadInput("An Idempotency-Key has 1 to 255 visible ASCII characters.", place="Idempotency-Key")
    at = clock.now()
    async with database.transaction() as connection:
        await reply_rows.forget(connection, program.org_id, program.key_id, older_than=at - KEPT_FOR)
        if await reply_rows.count(connection, program.org_id, program.key_id) >= MOST_KEPT:
            raise Conflict(f"{MOST_KEPT} answers are kept for this key already; go on without, or tomorrow.")
        if await reply_rows.begin(connection, program.org_id, program.key_id, name, digest, now=at):
            return None
        kept = await reply_rows.find(connection, program.org_id, program.key_id, name)
    if kept is None or (kept.digest == digest and kept.status is None):
        raise Conflict("The first request with this Idempotency-Key is still being carried out.")
    if kept.digest != digest:
        raise KeyReused("This Idempotency-Key stands for another request.", place="Idempotency-Key")
    if kept.body is None:
        raise AlreadyDone("A request with this Idempotency-Key was carried out; its answer is not kept.")
    return kept


async def finish(database: Database, program: Program, name: str, reply: KeptReply) -> None:
    """Keep the answer of the request that was begun, unless it may be tried again."""
    async with database.reading() as connection:
        if reply.status is None or reply.status >= 500 or reply.status in {409, 429}:
            await reply_rows.abandon(connection, program.org_id, program.key_id, name)
        else:
            await reply_rows.finish(connection, program.org_id, program.key_id, name, reply)
