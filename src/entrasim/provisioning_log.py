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


def append_entry(state: StateFile, entry: LogEntry) -> None:
    """Keep an entry, inside the caller's transaction."""
    packed = zlib.compress(_encoder.encode(entry), 1)
    state.run("insert into log (time, status, entry) values (?, ?, ?)", (entry.time, entry.status, packed))


def newest_entries(state: StateFile, limit: int, *, failures_only: bool = False) -> list[LogEntry]:
    """Return the newest entries, newest first."""
    where = "where status = 'Failure'" if failures_only else ""
    rows = state.rows(f"select entry from log {where} order by seq desc limit ?", (limit,))  # noqa: S608
    return [_decoder.decode(zlib.decompress(packed)) for (packed,) in rows]


def drop_old_entries(state: StateFile, *, now: datetime) -> None:
    """Drop what is past retention."""
    with state.transaction():
        state.run("delete from log where time < ?", (timestamp(now - RETENTION),))
