"""Tokens and keys as text: how one is spelled, checked without a database, and stored. Pure; randomness is a parameter.

A token is a prefix that names its kind (`dl_scim_` for a directory's), 43 characters that spell 256 random bits, and
six that spell their CRC-32, all in base 62. The prefix lets secret scanners find it; the checksum refuses a mistyped
one before anything is looked up.
"""

from __future__ import annotations

import hashlib
import string
import zlib
from typing import Final

PREFIX: Final = "dl_scim_"
_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BODY, _CHECK, _SHOWN = 43, 6, 4


def mint(random: bytes, *, prefix: str = PREFIX) -> str:
    """The token that spells 32 random bytes."""
    body = _spell(int.from_bytes(random[:32], "big"), _BODY)
    return prefix + body + _checksum(body)


def is_well_formed(token: str, *, prefix: str = PREFIX) -> bool:
    """Whether a text could be a token of a kind at all: prefix, length and checksum."""
    body = token[len(prefix) : -_CHECK]
    return token.startswith(prefix) and len(body) == _BODY and token.endswith(_checksum(body))


def digest(token: str) -> bytes:
    """The SHA-256 under which a token is stored and found."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def hint(token: str, *, prefix: str = PREFIX) -> str:
    """The start of a token that may be shown for ever."""
    return token[: len(prefix) + _SHOWN]


def _checksum(body: str) -> str:
    return _spell(zlib.crc32(body.encode("utf-8", "surrogatepass")), _CHECK)


def _spell(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
