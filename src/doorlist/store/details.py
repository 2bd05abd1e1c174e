"""SQL of the details of audit events: the rows of a change set that is too large for its event, in parts. Append only.

An event names how many rows it has and the SHA-256 of their parts, so its seal holds the details as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec

from doorlist.store.db import Connection

_PUT: Final = "insert into audit_details (org_id, request_id, part, rows) values ($1, $2, $3, $4)"

_PARTS: Final = "select rows from audit_details where org_id = $1 and request_id = $2 and part >= $3 order by part"

PART: Final = 1000
"""How many rows are in a part."""


async def put(
    connection: Connection, org_id: UUID, request_id: UUID, rows: Iterable[Mapping[str, object]]
) -> dict[str, object]:
    """Write the rows of an event; what the event has to tell of them: their number and their digest."""
    digest, count, waiting = hashlib.sha256(), 0, iter(rows)
    parts: list[tuple[UUID, UUID, int, str]] = []
    while some := list(islice(waiting, PART)):
        text = msgspec.json.encode(some)
        digest.update(text)
        count += len(some)
        parts.append((org_id, request_id, len(parts), text.decode()))
    await connection.executemany(_PUT, parts)
    return {"rows": count, "sha256": digest.hexdigest()}


async def rows_of(
    connection: Connection, org_id: UUID, request_id: UUID, *, first_part: int = 0
) -> AsyncIterator[dict[str, Any]]:
    """The rows of an event from a part on, read as they are asked for; needs a transaction."""
    async for row in connection.cursor(_PARTS, org_id, request_id, first_part, prefetch=10):
        for detail in msgspec.json.decode(row["rows"]):
            yield detail


async def digest_of(connection: Connection, org_id: UUID, request_id: UUID) -> str:
    """The digest of the rows that are there; needs a transaction."""
    digest = hashlib.sha256()
    async for row in connection.cursor(_PARTS, org_id, request_id, 0, prefetch=10):
        digest.update(row["rows"].encode())
    return digest.hexdigest()
