"""Identifiers: UUIDs of version 7, so that ids sort by creation. Standard library only; randomness is a parameter."""

from __future__ import annotations

import re
from uuid import UUID

_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def uuid7(microseconds: int, random: bytes) -> UUID:
    """The UUID of version 7 (RFC 9562 section 5.7) for a Unix time in microseconds and eight random bytes.

    The part of the millisecond is in the twelve bits after the version (section 6.2, method 3), so that ids made one
    after the other sort so.
    """
    milliseconds, rest = divmod(microseconds, 1000)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | (rest * 4096 // 1000) << 64
    value |= 0b10 << 62 | int.from_bytes(random[:8], "big") & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=value)


def parse_id(text: str) -> UUID | None:
    """The id that a text spells in canonical form (lower case, hyphens), or None: it can then name nothing here."""
    return UUID(text) if _CANONICAL.fullmatch(text) else None
