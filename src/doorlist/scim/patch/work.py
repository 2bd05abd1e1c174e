"""What one request may make the server do beyond reading its body: a budget that all its operations draw on. Pure.

A Bulk request has one budget for all of its operations, so nothing is multiplied by putting it into another envelope.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from doorlist.errors import TooMany

MAX_COMPARISONS: Final = 100_000
MAX_PATHS: Final = 1_000_000
MAX_SEARCHES: Final = 100


@dataclass(slots=True)
class Work:
    """What the operations of a request have cost so far."""

    comparisons: int = 0
    characters: int = 0
    searches: int = 0

    @property
    def mark(self) -> int:
        """Where the comparisons stand, to come back to before they are done again."""
        return self.comparisons

    def back_to(self, mark: int) -> None:
        self.comparisons = mark

    def compare(self, values: int, place: str) -> None:
        """Spend the comparisons of a change. Raises `TooMany`."""
        self.comparisons += values
        if self.comparisons > MAX_COMPARISONS:
            raise TooMany("The operations look through too many values; send fewer at a time.", place=place)

    def parse(self, path: str, place: str) -> None:
        """Spend the characters of a path. Raises `TooMany`."""
        self.characters += len(path)
        if self.characters > MAX_PATHS:
            raise TooMany(f"The paths have more than {MAX_PATHS} characters together.", place=place)

    def search(self, place: str) -> None:
        """Spend a search among the members of a group. Raises `TooMany`."""
        self.searches += 1
        if self.searches > MAX_SEARCHES:
            raise TooMany(
                f"More than {MAX_SEARCHES} operations search among members; name members by their ids.", place=place
            )
