"""From the audit log to webhooks: what was sealed becomes messages, in one order for each organization.

Runs beside the product, never in a request. One process at a time reads an organization's log; a message and the place
up to which the log was read are stored together, so that nothing is lost and nothing told twice by a crash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action, TargetKind
from doorlist.domain.hooks import Budget, Happening, coalesce, event_of
from doorlist.domain.levels import Level
from doorlist.service import clock
from doorlist.service.expiry import KIND as TOKEN_KIND
from doorlist.store import feed_rows, hook_rows, jobs
from doorlist.store.db import Connection, Database
from doorlist.store.feed_rows import Entry, Feed, Move, Raised

JOB: Final = "webhook"
KEPT_FOR: Final = timedelta(days=30)
_BATCH: Final = 2000
_INSTANT: Final = timedelta(microseconds=1)
_MINUTE: Final = timedelta(minutes=1)


_WIDE: Final = {
    Action.OWNERSHIP_PASSED.value,
    Action.GRANTS_REATTACHED.value,
    Action.ACCESS_RESTORED.value,
    Action.PERSON_REMOVED.value,
}
"""What moves the access of others than the thing that the event is about."""

_WIDE_TARGETS: Final = {TargetKind.ORGANIZATION.value, TargetKind.ATTENTION.value}


@dataclass(frozen=True, slots=True)
class _Concerned:
    """Whose access a batch of events may have moved; `wide`: also that of others than the targets."""

    people: frozenset[UUID]
    places: frozenset[UUID]
    groups: frozenset[UUID]
    ended_groups: frozenset[UUID]
    wide: bool


async def wanting(database: Database) -> list[UUID]:
    """The organizations that want to be told of anything."""
    async with database.reading() as connection:
        return await feed_rows.organizations_with_endpoints(connection)


async def feed(database: Database, org_id: UUID) -> int:
    """Turn what was sealed of one organization into messages, and put their delivery in; returns how many."""
    total = 0
    while True:
        async with database.reporting() as connection:
            told, more = await _feed_batch(connection, org_id)
        total += told
        if not more:
            return total


async def _feed_batch(connection: Connection, org_id: UUID) -> tuple[int, bool]:
    at = clock.now()
    await feed_rows.open_feed(connection, org_id, now=at)
    state = await feed_rows.lock(connection, org_id)
    if state is None:
        return 0, False
    entries = await feed_rows.entries(connection, org_id, after=state.link, limit=_BATCH)
    items = await feed_rows.take_items(connection, org_id, now=at, limit=_BATCH)
    if not entries and not items:
        return 0, False
    minute, used = (at, {}) if at - state.minute >= _MINUTE else (state.minute, state.used)
    moves = await _moves(connection, org_id, entries) if entries else []
    told, budget = coalesce([*_told(entries), *_moved(moves), *_raised(items)], Budget(used))
    messages = [
        (state.place + number, identifier, one.event, _body(one, at))
        for number, (identifier, one) in enumerate(zip(clock.new_ids(at, len(told)), told, strict=True), 1)
    ]
    await feed_rows.write(connection, org_id, messages, now=at)
    link = entries[-1].link if entries else state.link
    await feed_rows.move(connection, org_id, Feed(link, state.place + len(told), minute, budget.used))
    await hook_rows.forget(connection, org_id, older_than=at - KEPT_FOR)
    endpoints = await hook_rows.everything(connection, org_id)
    await jobs.put(connection, JOB, [f"{org_id} {endpoint.id}" for endpoint in endpoints])
    return len(told), len(entries) == _BATCH or len(items) == _BATCH


async def _moves(connection: Connection, org_id: UUID, entries: Sequence[Entry]) -> list[Move]:
    """Whose level the events moved, from just before the first of them to now."""
    since, concerned = min(entry.at for entry in entries), _concerned(entries)
    people = set(concerned.people)
    if concerned.groups:
        people |= set(
            await feed_rows.moved_people(
                connection,
                org_id,
                groups=sorted(concerned.groups),
                ended=sorted(concerned.ended_groups),
                since=since,
            )
        )
    places = set(concerned.places)
    if concerned.wide:
        joined, granted = await feed_rows.changed_anywhere(connection, org_id, since=since)
        people, places = people | set(joined), places | set(granted)
    return await feed_rows.moves(
        connection, org_id, people=sorted(people), places=sorted(places), since=since - _INSTANT
    )


def _concerned(entries: Sequence[Entry]) -> _Concerned:
    def targets(kind: TargetKind) -> frozenset[UUID]:
        return frozenset(entry.target_id for entry in entries if entry.target_kind == kind)

    ended = frozenset(entry.target_id for entry in entries if entry.action == Action.GROUP_DELETED)
    wide = any(entry.action in _WIDE or entry.target_kind in _WIDE_TARGETS for entry in entries)
    return _Concerned(targets(TargetKind.USER), targets(TargetKind.RESOURCE), targets(TargetKind.GROUP), ended, wide)


def _told(entries: Sequence[Entry]) -> Iterator[Happening]:
    for entry in entries:
        event = event_of(entry.action, active=entry.active)
        if event is not None:
            of = "group_id" if entry.target_kind == TargetKind.GROUP else "user_id"
            data = {of: str(entry.target_id), "action": entry.action, "at": entry.at.isoformat(), "seq": entry.seq}
            yield Happening(event, data)


def _moved(moves: Sequence[Move]) -> Iterator[Happening]:
    for move in moves:
        event = "access.gained" if move.after > move.before else "access.lost"
        ids = {"user_id": str(move.user_id), "resource_id": str(move.resource_id)}
        yield Happening(event, {**ids, "before": _named(move.before), "after": _named(move.after)})


def _raised(items: Sequence[Raised]) -> Iterator[Happening]:
    for item in items:
        event = "token.expiring" if item.kind == TOKEN_KIND else "attention.raised"
        target = {"target_kind": item.target_kind, "target_id": str(item.target_id)}
        yield Happening(event, {"item_id": str(item.id), "kind": item.kind, **target})


def _body(one: Happening, at: datetime) -> str:
    return json.dumps({"type": one.event, "timestamp": at.isoformat(), "data": one.data}, separators=(",", ":"))


def _named(level: int) -> str:
    return Level(level).label if level else "none"
