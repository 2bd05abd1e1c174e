"""Cursors (RFC 9865): a place in a sorted list as an opaque text of unreserved characters. Pure.

A cursor gives no rights: it only says after which key to go on, and every page is cut from what the caller may see.
It is bound to the query that made it by a digest, and to a time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from doorlist.errors import ExpiredCursor, InvalidCursor

TIMEOUT_SECONDS: Final = 3600
MAX_LENGTH: Final = 8192


@dataclass(frozen=True, slots=True)
class Cursor:
    """The key of the resource at the edge of a page, and the direction in which to go on from it.

    `value` is the text of what is sorted by, None where there is none or nothing is sorted by.
    """

    backward: bool
    value: str | None
    id: UUID


def digest(*parts: str) -> bytes:
    """What identifies a query: its type, filter and sort, in that order."""
    return hashlib.sha256("\x00".join(parts).encode()).digest()[:12]


def encode(cursor: Cursor, query: bytes, *, now: int) -> str:
    """The text of a cursor made at `now`, in Unix seconds."""
    packed = msgspec.msgpack.encode((query, now, cursor.backward, cursor.value, cursor.id.bytes))
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode(text: str, query: bytes, *, now: int) -> Cursor:
    """The cursor that a text spells. Raises `InvalidCursor` or `ExpiredCursor`."""
    made_for, at, backward, value, identifier = _unpacked(text)
    if made_for != query:
        raise InvalidCursor("The cursor belongs to another query.", place="cursor")
    if not at <= now <= at + TIMEOUT_SECONDS:
        raise ExpiredCursor(f"The cursor was good for {TIMEOUT_SECONDS} seconds.", place="cursor")
    return Cursor(backward, value, UUID(bytes=identifier))


def _unpacked(text: str) -> Any:
    try:
        packed = base64.b64decode(text[:MAX_LENGTH] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        fields = msgspec.msgpack.decode(packed, type=tuple[bytes, int, bool, str | None, bytes])
        if len(fields[4]) != 16:
            raise ValueError("an id has 16 bytes")
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise InvalidCursor("This is no cursor of this server.", place="cursor") from error
    return fields
