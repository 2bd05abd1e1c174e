"""The time and new ids: the only place of the service layer that reads the clock and the source of randomness."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from uuid import UUID

from doorlist.domain.ids import uuid7


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def new_id(at: datetime) -> UUID:
    """An id that sorts by the moment of its making."""
    return uuid7(_microseconds(at), secrets.token_bytes(8))


def new_ids(at: datetime, count: int) -> list[UUID]:
    """Many ids of one moment."""
    entropy, microseconds = secrets.token_bytes(8 * count), _microseconds(at)
    return [uuid7(microseconds, entropy[place : place + 8]) for place in range(0, 8 * count, 8)]


def _microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
