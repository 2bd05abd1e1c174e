"""Conditional requests (RFC 9110 section 13, RFC 7644 section 3.14): entity tags in headers, what they demand. Pure.

Tags compare weakly, in If-Match too: those of SCIM are weak, and RFC 7644 shows them there, where RFC 9110 would never
let a weak tag match.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from doorlist.errors import VersionMismatch

_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Versions:
    """The tags of If-Match and If-None-Match without their ``W/``, or `ANY`; None where the header is missing."""

    match: frozenset[str] | None
    none_match: frozenset[str] | None

    def check(self, current: Collection[str]) -> None:
        """Raise `VersionMismatch` unless a resource with these entity tags may be worked on."""
        tags = _opaque(current)
        if self.match is not None and ANY not in self.match and not self.match & tags:
            raise VersionMismatch("The resource has changed since it was read.", place="If-Match")
        if self.knows(current):
            raise VersionMismatch("The resource is one of those that the request excludes.", place="If-None-Match")

    def check_read(self, current: Collection[str]) -> None:
        """The same for a read, where If-None-Match is no refusal but an answer without a body."""
        Versions(self.match, None).check(current)

    def knows(self, current: Collection[str]) -> bool:
        """Whether If-None-Match names one of these entity tags, or any."""
        return self.none_match is not None and (ANY in self.none_match or bool(self.none_match & _opaque(current)))

    @property
    def given(self) -> bool:
        """Whether there is anything to check."""
        return self.match is not None or self.none_match is not None


UNCONDITIONAL: Final = Versions(None, None)


def read_versions(match: str | None, none_match: str | None) -> Versions:
    """The preconditions in the two headers. What is no entity tag matches nothing."""
    return Versions(_tags(match), _tags(none_match))


def _tags(header: str | None) -> frozenset[str] | None:
    if header is None:
        return None
    if header.strip() == ANY:
        return frozenset({ANY})
    return frozenset(found for part in _parts(header) if (found := _tag(part)) is not None)


def _parts(header: str) -> list[str]:
    """The elements of a list, whose commas may stand inside the quotes of an entity tag."""
    return [part.strip() for part in re.findall(r'(?:[^,"]|"[^"]*"?)+', header)]


def _tag(text: str) -> str | None:
    found = _TAG.fullmatch(text)
    return None if found is None else found.group(1)


def _opaque(tags: Collection[str]) -> frozenset[str]:
    return frozenset(tag.removeprefix("W/") for tag in tags)
