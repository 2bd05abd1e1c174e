"""Reading the request log: what the directory of an organization asked, newest first, and how it was answered.

Lines are written in batches half a second behind the requests (`service.requestlog`); nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.tenancy import Administrator
from doorlist.service.authority import require_manager
from doorlist.store import journal
from doorlist.store.db import Database
from doorlist.store.journal import Wanted


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
        lines = await journal.page(connection, Wanted(org_id, failures), limit=limit)
    return [
        Seen(
            at=line.at,
            method=line.method,
            path=line.path,
            query=line.query,
            status=line.status,
            milliseconds=line.duration_us / 1000,
            token=line.token,
            code=line.code,
            detail=line.detail,
            change=line.change,
            client=line.client,
            agent=line.agent,
            request_id=line.request_id,
        )
        for line in lines
    ]
