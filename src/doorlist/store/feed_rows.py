"""SQL that turns the audit log into messages: what was sealed since, whose access moved by it, what is to be told.

The audit log is read in the order of its links, which has no gaps and in which nothing appears late; so nothing is
left out and nothing is read twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from doorlist.store.db import Connection

_WITH_ENDPOINTS = "select distinct org_id from webhook_endpoints"

_OPEN = """
insert into webhook_feeds (org_id, link, place, minute, used)
select $1, coalesce((select link from audit_heads where org_id = $1), 0), 0, $2, '{}'
on conflict do nothing
returning true
"""

_SEEN_BEFORE = "update attention_items set told_at = $2 where org_id = $1 and told_at is null and raised_at <= $2"

_LOCK = "select link, place, minute, used::text as used from webhook_feeds where org_id = $1 for update skip locked"

_EVENTS = """
select link, seq, at, action, target_kind, target_id, (change ->> 'active')::boolean as active
  from audit_events
 where org_id = $1 and link > $2
 order by link
 limit $3
"""

_ITEMS = """
update attention_items a set told_at = $2
  from (select id from attention_items where org_id = $1 and told_at is null order by id limit $3) n
 where a.org_id = $1 and a.id = n.id
returning a.id, a.kind, a.target_kind, a.target_id, a.raised_at
"""

_MOVE = "update webhook_feeds set link = $2, place = $3, minute = $4, used = $5::jsonb where org_id = $1"

_WRITE = """
insert into webhook_messages (org_id, place, id, event, at, body)
select $1, m.place, m.id, m.event, $6, m.body
  from unnest($2::bigint[], $3::uuid[], $4::text[], $5::text[]) as m (place, id, event, body)
"""

# Those who joined or left a group since a moment, and everybody in a group that ended.
_MOVED_PEOPLE = """
select user_id from group_members where org_id = $1 and group_id = any($2::uuid[]) and added_at >= $4
union
select user_id from past_members where org_id = $1 and group_id = any($2::uuid[]) and until >= $4
union
select user_id from group_members where org_id = $1 and group_id = any($3::uuid[])
"""

# What changed anywhere since a moment, for events that say more than which thing they are about.
_REGRANTED = """
select resource_id from grants where org_id = $1 and (created_at >= $2 or level_since >= $2)
union
select resource_id from past_grants where org_id = $1 and until >= $2
"""

_REJOINED = """
select user_id from group_members where org_id = $1 and added_at >= $2
union
select user_id from past_members where org_id = $1 and until >= $2
"""

_INSIDE = "select id from resources where org_id = $1 and (id = any($2::uuid[]) or workspace_id = any($2::uuid[]))"

_DIFFERENCE_OF_PEOPLE = """
with earlier as (
    select user_id, resource_id, level from effective_access_at($3) where org_id = $1 and user_id = any($2::uuid[])),
present as (
    select user_id, resource_id, level from effective_access where org_id = $1 and user_id = any($2::uuid[]))
select user_id, resource_id, coalesce(e.level, 0) as before, coalesce(p.level, 0) as after
  from earlier e full join present p using (user_id, resource_id)
 where e.level is distinct from p.level
 order by user_id, resource_id
"""

_DIFFERENCE_OF_PLACES = """
with earlier as (
    select user_id, resource_id, level from effective_access_at($3)
     where org_id = $1 and resource_id = any($2::uuid[])),
present as (
    select user_id, resource_id, level from effective_access where org_id = $1 and resource_id = any($2::uuid[]))
select user_id, resource_id, coalesce(e.level, 0) as before, coalesce(p.level, 0) as after
  from earlier e full join present p using (user_id, resource_id)
 where e.level is distinct from p.level
 order by user_id, resource_id
"""

_PEOPLE_AT_ONCE: Final = 1000
_PLACES_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Feed:
    """How far the audit log was read, and what was told within the present minute."""

    link: int
    place: int
    minute: datetime
    used: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """A sealed event as far as webhooks need it; `active` is what a new person was created as."""

    link: int
    seq: int
    at: datetime
    action: str
    target_kind: str
    target_id: UUID
    active: bool | None


@dataclass(frozen=True, slots=True)
class Raised:
    """An attention item that nobody was told of."""

    id: UUID
    kind: str
    target_kind: str
    target_id: UUID
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """How one person's level on one place changed; 0 is none."""

    user_id: UUID
    resource_id: UUID
    before: int
    after: int


async def organizations_with_endpoints(connection: Connection) -> list[UUID]:
    """The organizations that want to be told of anything."""
    return [row["org_id"] for row in await connection.fetch(_WITH_ENDPOINTS)]


async def open_feed(connection: Connection, org_id: UUID, *, now: datetime) -> None:
    """Begin to read the audit log of an organization, from its present end; what waits already is not told."""
    if await connection.fetchval(_OPEN, org_id, now):
        await connection.execute(_SEEN_BEFORE, org_id, now)


async def lock(connection: Connection, org_id: UUID) -> Feed | None:
    """The feed of an organization, for who turns the log into messages; None while somebody else does."""
    row = await connection.fetchrow(_LOCK, org_id)
    return None if row is None else Feed(**{**row, "used": json.loads(row["used"])})


async def entries(connection: Connection, org_id: UUID, *, after: int, limit: int) -> list[Entry]:
    """The sealed events behind a link, in their order."""
    return [Entry(**row) for row in await connection.fetch(_EVENTS, org_id, after, limit)]


async def take_items(connection: Connection, org_id: UUID, *, now: datetime, limit: int) -> list[Raised]:
    """The attention items that nobody was told of, which from now on somebody was."""
    rows = await connection.fetch(_ITEMS, org_id, now, limit)
    return sorted((Raised(**row) for row in rows), key=lambda item: item.id)


async def moved_people(
    connection: Connection, org_id: UUID, *, groups: Sequence[UUID], ended: Sequence[UUID], since: datetime
) -> list[UUID]:
    """Everybody who joined or left some groups since a moment, or was in some that ended."""
    rows = await connection.fetch(_MOVED_PEOPLE, org_id, list(groups), list(ended), since)
    return [row["user_id"] for row in rows]


async def changed_anywhere(connection: Connection, org_id: UUID, *, since: datetime) -> tuple[list[UUID], list[UUID]]:
    """The people whose memberships and the places whose grants changed since a moment, in the whole organization."""
    people = [row["user_id"] for row in await connection.fetch(_REJOINED, org_id, since)]
    return people, [row["resource_id"] for row in await connection.fetch(_REGRANTED, org_id, since)]


async def moves(
    connection: Connection, org_id: UUID, *, people: Sequence[UUID], places: Sequence[UUID], since: datetime
) -> list[Move]:
    """Whose level changed since before a moment: of some people anywhere, and of anybody on some places.

    Asked in parts, so that no statement runs longer than the pool lets it, however many there are.
    """
    found: dict[tuple[UUID, UUID], Move] = {}
    inside = [row["id"] for row in await connection.fetch(_INSIDE, org_id, list(places))] if places else []
    parts = [
        *((_DIFFERENCE_OF_PLACES, part) for part in _parts(inside, _PLACES_AT_ONCE)),
        *((_DIFFERENCE_OF_PEOPLE, part) for part in _parts(people, _PEOPLE_AT_ONCE)),
    ]
    for statement, ids in parts:
        for row in await connection.fetch(statement, org_id, ids, since):
            found[row["user_id"], row["resource_id"]] = Move(**row)
    return list(found.values())


async def write(
    connection: Connection, org_id: UUID, messages: Sequence[tuple[int, UUID, str, str]], *, now: datetime
) -> None:
    """Store messages: place, id, event and body of each."""
    if messages:
        places, ids, events, bodies = (list(column) for column in zip(*messages, strict=True))
        await connection.execute(_WRITE, org_id, places, ids, events, bodies, now)


async def move(connection: Connection, org_id: UUID, feed: Feed) -> None:
    """Remember how far the log was read and what was told."""
    used: dict[str, Any] = dict(feed.used)
    await connection.execute(_MOVE, org_id, feed.link, feed.place, feed.minute, json.dumps(used))


def _parts(ids: Sequence[UUID], length: int) -> Iterator[list[UUID]]:
    return (list(ids[start : start + length]) for start in range(0, len(ids), length))
