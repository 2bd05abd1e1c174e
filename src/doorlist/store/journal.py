"""SQL of the request log: what directories asked and what they were answered. Written in batches, off the hot path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from doorlist.store.db import Connection

_COLUMNS: Final = (
    "at",
    "org_id",
    "connection_id",
    "token_id",
    "request_id",
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


@dataclass(frozen=True, slots=True)
class Line:
    """One request. `code` and `detail` are set where it was refused; `change` is JSON text of what it changed."""

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


async def write(connection: Connection, lines: Sequence[Line]) -> None:
    """Append the lines, in one COPY."""
    records = [tuple(getattr(line, name) for name in _COLUMNS) for line in lines]
    await connection.copy_records_to_table("request_log", records=records, columns=_COLUMNS)


async def newest(
    connection: Connection, org_id: UUID, *, limit: int, failures: bool, before: int | None = None
) -> list[dict[str, Any]]:
    """The newest requests of an organization, newest first; only refused ones if `failures`."""
    rows = await connection.fetch(
        """select id, at, token_id, request_id, method, path, query, status, duration_us, client, agent, code,
                  detail, change::text as change
             from request_log
            where org_id = $1 and (not $2 or status >= 400) and ($3::bigint is null or id < $3)
            order by id desc limit $4""",
        org_id,
        failures,
        before,
        limit,
    )
    return [dict(row) for row in rows]


async def forget(connection: Connection, *, older_than: datetime) -> int:
    """Delete requests older than a moment; returns how many."""
    status = await connection.execute("delete from request_log where at < $1", older_than)
    return int(str(status).rpartition(" ")[2])
