"""The chain of seals over an organization's audit events: a change, a gap or another order shows. Pure.

A seal is SHA-256 over the seal before it and the event in one fixed spelling. The first link follows 32 zero bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

GENESIS: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Link:
    """One sealed event: its place in the chain, its number, its columns as the store spells them, its seal."""

    place: int
    seq: int
    columns: Mapping[str, Any]
    seal: bytes


def seal(before: bytes, seq: int, columns: Mapping[str, Any]) -> bytes:
    """The seal of an event that follows the seal `before`."""
    spelled = json.dumps({"seq": seq, **columns}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(before + spelled.encode()).digest()


def fault(before: bytes, expected: int, link: Link) -> str | None:
    """What is wrong with the next link of a chain, or None: its place has to be the expected one, its seal right."""
    if link.place != expected:
        return f"event {link.seq}: link {link.place} stands where {expected} has to: events are missing or moved"
    if link.seal != seal(before, link.seq, link.columns):
        return f"event {link.seq}: its content or its order was changed after it was sealed"
    return None
