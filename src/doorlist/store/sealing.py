"""SQL of the audit log's chain and of reading the log. Sealing is the one change that the table allows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from doorlist.domain.chain import GENESIS, Link
from doorlist.store.db import Connection, Record

_WAITING = "select distinct org_id from audit_events where link is null"

_HEAD = """
insert into audit_heads (org_id, link, seal, sealed_at) values ($1, 0, $2, $3)
on conflict (org_id) do update set org_id = excluded.org_id
returning link, seal
"""

_UNSEALED = """
select seq, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id, change::text as change
  from audit_events where org_id = $1 and link is null order by seq limit $2
"""

_SEAL = """
update audit_events e set link = n.link, seal = n.seal
  from unnest($2::bigint[], $3::bigint[], $4::bytea[]) as n (seq, link, seal)
 where e.org_id = $1 and e.seq = n.seq
"""

_MOVE_HEAD = "update audit_heads set link = $2, seal = $3, sealed_at = $4 where org_id = $1"

_CHAIN = """
select link, seal, seq, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id,
       change::text as change
  from audit_events where org_id = $1 and link is not null order by link
"""

_IN_ORDER = """
select seq, action, target_id, request_id, change::text as change from audit_events where org_id = $1 order by seq
"""

_FACTS = """
select array['member', group_id::text, user_id::text] as fact from group_members where org_id = $1
union all
select array['grant', resource_id::text, principal_id::text, level::text, coalesce(policy, '')]
  from grants where org_id = $1
union all
select array['retained', resource_id::text, user_id::text, group_id::text, level::text, state]
  from retained where org_id = $1
"""

_END = """
select coalesce((select link from audit_heads where org_id = $1), 0) as link,
       (select seal from audit_heads where org_id = $1) as seal,
       (select count(*) from audit_events where org_id = $1 and link is null) as unsealed
"""

_LIST = """
select seq, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id, change::text as change,
       link is not null as sealed
  from audit_events
 where org_id = $1 and ($2::text is null or action = $2) and ($3::uuid is null or target_id = $3)
   and ($4::bigint is null or seq < $4)
 order by seq desc
 limit $5
"""

_COLUMNS = ("at", "action", "actor_kind", "actor_id", "source", "target_kind", "target_id", "request_id", "change")


@dataclass(frozen=True, slots=True)
class Unsealed:
    """An event that waits for its seal, its columns as they go into it."""

    seq: int
    columns: dict[str, Any]


@dataclass(frozen=True, slots=True)
class End:
    """Where a chain ends by its head, and how many events are not in it yet."""

    link: int
    seal: bytes
    unsealed: int


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says of a change."""

    seq: int
    action: str
    target_id: UUID
    request_id: UUID
    change: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event in a list."""

    seq: int
    at: datetime
    action: str
    actor_kind: str
    actor_id: str
    source: str
    target_kind: str
    target_id: UUID
    request_id: UUID
    change: dict[str, Any]
    sealed: bool


async def waiting(connection: Connection) -> list[UUID]:
    """The organizations that have events without a seal."""
    return [row["org_id"] for row in await connection.fetch(_WAITING)]


async def lock_head(connection: Connection, org_id: UUID, *, now: datetime) -> tuple[int, bytes]:
    """The last link and its seal; nobody else seals for this organization until the transaction ends."""
    row = await connection.fetchrow(_HEAD, org_id, GENESIS, now)
    return row["link"], row["seal"]


async def unsealed(connection: Connection, org_id: UUID, *, limit: int) -> list[Unsealed]:
    """The oldest visible events without a seal."""
    return [Unsealed(row["seq"], _columns(row)) for row in await connection.fetch(_UNSEALED, org_id, limit)]


async def seal(connection: Connection, org_id: UUID, links: Sequence[tuple[int, int, bytes]], *, now: datetime) -> None:
    """Write seals: number of the event, link, seal; the last one becomes the head."""
    numbers, places, seals = (list(column) for column in zip(*links, strict=True))
    await connection.execute(_SEAL, org_id, numbers, places, seals)
    await connection.execute(_MOVE_HEAD, org_id, places[-1], seals[-1], now)


async def chain(connection: Connection, org_id: UUID) -> AsyncIterator[Link]:
    """The sealed events in the order of their links, read as they are asked for; needs a transaction."""
    async for row in connection.cursor(_CHAIN, org_id, prefetch=1000):
        yield Link(row["link"], row["seq"], _columns(row), row["seal"])


async def in_order(connection: Connection, org_id: UUID) -> AsyncIterator[Told]:
    """Every event in the order in which they were written, read as they are asked for; needs a transaction."""
    async for row in connection.cursor(_IN_ORDER, org_id, prefetch=1000):
        yield Told(**{**row, "change": json.loads(row["change"])})


async def facts(connection: Connection, org_id: UUID) -> AsyncIterator[tuple[str, ...]]:
    """Every membership, grant and retained row in the words of the ledger; needs a transaction."""
    async for row in connection.cursor(_FACTS, org_id, prefetch=5000):
        yield tuple(row["fact"])


async def end(connection: Connection, org_id: UUID) -> End:
    """Where the chain ends by its head."""
    row = await connection.fetchrow(_END, org_id)
    return End(row["link"], row["seal"] or GENESIS, row["unsealed"])


async def events(
    connection: Connection,
    org_id: UUID,
    *,
    action: str | None,
    target_id: UUID | None,
    before: int | None,
    limit: int,
) -> list[EventLine]:
    """The newest events, newest first: of one action, about one thing, before one number, where these are named."""
    rows = await connection.fetch(_LIST, org_id, action, target_id, before, limit)
    return [EventLine(**{**row, "change": json.loads(row["change"])}) for row in rows]


def _columns(row: Record) -> dict[str, Any]:
    """The columns in one fixed spelling: times in UTC to the microsecond, the change as the database spells it."""
    return {name: row[name].isoformat() if name == "at" else str(row[name]) for name in _COLUMNS}
