"""Slowing guesses down: wrong tries are counted for the person who is guessed and for the address it comes from.

After a few wrong tries each next one has to wait twice as long. The counters are in the database, so that all
processes count together; a right try clears those of the person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorlist.errors import TooManyTries
from doorlist.store import local_rows
from doorlist.store.db import Connection

FREE: Final = 5
FREE_OF_ADDRESS: Final = 40
_LONGEST: Final = timedelta(minutes=15)
_FORGOTTEN: Final = timedelta(hours=1)


def person_key(org_id: UUID, name: str) -> bytes:
    """What guesses at one person are counted under."""
    return hashlib.sha256(f"person\n{org_id}\n{name}".encode("utf-8", "replace")).digest()


def address_key(address: str) -> bytes:
    """What guesses from one address are counted under."""
    return hashlib.sha256(f"address\n{address}".encode("utf-8", "replace")).digest()


async def admit(connection: Connection, person: bytes, address: bytes, *, now: datetime) -> None:
    """Pass for a try that need not wait. Raises `TooManyTries`."""
    for key, free in ((person, FREE), (address, FREE_OF_ADDRESS)):
        for failures, last_at in await local_rows.failures(connection, [key]):
            if now < last_at + _waits(failures, free):
                raise TooManyTries("Too many wrong tries; wait some minutes.")


async def failed(connection: Connection, keys: Sequence[bytes], *, now: datetime) -> None:
    """Count a wrong try."""
    await local_rows.failed(connection, sorted(keys), now=now, forgotten_before=now - _FORGOTTEN)


async def succeeded(connection: Connection, person: bytes) -> None:
    """Clear the counter of a person who got in."""
    await local_rows.succeeded(connection, [person])


def _waits(failures: int, free: int) -> timedelta:
    """How long the next try waits: nothing at first, then 2, 4, 8 … seconds, up to a quarter of an hour."""
    if failures < free:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - free + 1, 20)), _LONGEST)
