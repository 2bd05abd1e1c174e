"""How one directory connection is answered where two clients need opposite answers. Values only.

Everything that only adds tolerance is on for everybody (`scim.quirks`); here is what cannot be, because one client's
good answer is another's fault. The usual values are those that Entra and Okta both accept
(docs/reference/clients.md tells who wants another).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PatchAnswer(StrEnum):
    """What a PATCH is answered with (RFC 7644 section 3.5.2 allows both)."""

    USUAL = "usual"  # people 200 with the person, groups 204
    BODY = "body"  # 200 with the resource, groups too
    EMPTY = "empty"  # 204, people too


class NoMatch(StrEnum):
    """What becomes of a filter in a PATCH path that selects nothing."""

    TOLERANT = "tolerant"  # type and primary describe the value to create; a removal of nothing succeeds
    STRICT = "strict"  # 400 noTarget always (RFC 7644 section 3.5.2.3 and table 9)


class CreateOfInactive(StrEnum):
    """What becomes of a POST with the userName of a deactivated person of the same connection."""

    REFUSE = "refuse"  # 409 uniqueness: the client looks the person up and sets active
    RESTORE = "restore"  # 201 with that person, active again and as the body says


class EmptyMembers(StrEnum):
    """What a group without members is told with (RFC 7643 section 2.5: both mean the same)."""

    OMITTED = "omitted"  # no attribute members
    LISTED = "listed"  # "members": []


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The answers of one connection."""

    patch_answer: PatchAnswer = PatchAnswer.USUAL
    no_match: NoMatch = NoMatch.TOLERANT
    create_of_inactive: CreateOfInactive = CreateOfInactive.REFUSE
    empty_members: EmptyMembers = EmptyMembers.OMITTED

    @property
    def strict(self) -> bool:
        """Whether a filter in a path has to select something."""
        return self.no_match is NoMatch.STRICT

    def empties(self, *, usually_told: bool) -> bool:
        """Whether a PATCH is answered without a body, for a resource that is usually told or not."""
        if self.patch_answer is PatchAnswer.USUAL:
            return not usually_told
        return self.patch_answer is PatchAnswer.EMPTY


USUAL: Final = Behaviour()
