"""Reading the request log: what the directory of an organization asked, newest first, and how it was answered.

Lines are written in batches half a second behind the requests (`service.requestlog`); nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.tenancy import Administrator
from doorlist.service.authority import require_manager
from doorlist.store import credentials, journal
from doorlist.store.db import Database


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it was answered; `code` and `detail` are set where it was refused, `token` is a label."""

    at: datetime
    method: str
    path: str
    query: str
    status: int
    milliseconds: float
    token: str | None
    code: str | None
    detail: str | None
    change: str | None
    client: str
    agent: str
    request_id: UUID


async def newest(
    database: Database, administrator: Administrator, org_id: UUID, *, limit: int, failures: bool
) -> list[Seen]:
    """The newest requests of the organization's directory, only refused ones with `failures`. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        labels = {token.id: token.label for token in await credentials.everyone(connection, org_id)}
        rows = await journal.newest(connection, org_id, limit=limit, failures=failures)
    return [
        Seen(
            at=row["at"],
            method=row["method"],
            path=row["path"],
            query=row["query"],
            status=row["status"],
            milliseconds=row["duration_us"] / 1000,
            token=labels.get(row["token_id"]),
            code=row["code"],
            detail=row["detail"],
            change=row["change"],
            client=row["client"],
            agent=row["agent"],
            request_id=row["request_id"],
        )
        for row in rows
    ]
