"""The provisioning log: one entry for each thing done to one object, with its steps, changes and raw requests.

Entries are written in the transaction that saves the result, are never changed, and are dropped after 30 days, as
in the real service. A body is kept packed; the token is in none of them.
"""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

import msgspec

from entrasim.people import timestamp
from entrasim.scim_client import Exchange
from entrasim.statefile import StateFile

RETENTION = timedelta(days=30)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Which object an entry is about: kind is `User` or `Group`, `id` the object id of the directory."""

    kind: str
    id: str
    name: str
    target_id: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of the work on an object. kind: import, scope, match, action. status: success, skipped, failure."""

    kind: str
    status: str
    verdict: str
    details: dict[str, str] = {}


class Modified(msgspec.Struct, frozen=True, kw_only=True):
    """A target attribute that was, or was to be, changed."""

    name: str
    old: str | None = None
    new: str | None = None


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. action: Create, Update, Disable, Delete, Skip, Other. status: Success, Failure, Skipped."""

    change_id: str
    time: str
    identity: Identity
    action: str
    status: str
    cycle: int | None = None
    code: str | None = None
    message: str | None = None
    recommendation: str | None = None
    steps: list[Step] = []
    modified: list[Modified] = []
    requests: list[Exchange] = []


_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder(LogEntry)


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted: all that are given have to fit. `text` is looked for in names and in both ids."""

    text: str | None = None
    kind: str | None = None
    action: str | None = None
    status: str | None = None
    object_id: str | None = None
    before: int | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with its place in the log; the next page begins `before` the last one's."""

    seq: int
    entry: LogEntry


def append_entry(state: StateFile, entry: LogEntry) -> None:
    """Keep an entry, inside the caller's transaction."""
    packed, identity = zlib.compress(_encoder.encode(entry), 1), entry.identity
    state.run(
        "insert into log (time, status, entry, change_id, kind, object_id, name_key, action)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.time,
            entry.status,
            packed,
            entry.change_id,
            identity.kind,
            identity.id,
            f"{identity.name} {identity.target_id or ''}".casefold(),
            entry.action,
        ),
    )


def newest_entries(state: StateFile, limit: int, *, failures_only: bool = False) -> list[LogEntry]:
    """Return the newest entries, newest first."""
    query = LogQuery(status="Failure") if failures_only else LogQuery()
    return [listed.entry for listed in search_entries(state, query, limit=limit)]


def search_entries(state: StateFile, query: LogQuery, *, limit: int) -> list[Listed]:
    """Return the newest entries that fit, newest first."""
    rows = state.rows(
        "select seq, entry from log where (:before is null or seq < :before) and (:kind is null or kind = :kind)"
        " and (:action is null or action = :action) and (:status is null or status = :status)"
        " and (:object_id is null or object_id = :object_id)"
        " and (:text is null or instr(name_key, :text) or object_id = :text or change_id = :text)"
        " order by seq desc limit :limit",
        {
            "before": query.before,
            "kind": query.kind,
            "action": query.action,
            "status": query.status,
            "object_id": query.object_id,
            "text": query.text.casefold() if query.text else None,
            "limit": limit,
        },
    )
    return [Listed(seq=seq, entry=_decoder.decode(zlib.decompress(packed))) for seq, packed in rows]


def find_entry(state: StateFile, change_id: str) -> LogEntry | None:
    """Return the entry of a change id, or None."""
    row = state.find("select entry from log where change_id = ?", (change_id,))
    return None if row is None else _decoder.decode(zlib.decompress(row[0]))


def drop_old_entries(state: StateFile, *, now: datetime) -> None:
    """Drop what is past retention."""
    with state.transaction():
        state.run("delete from log where time < ?", (timestamp(now - RETENTION),))
