"""Scoping filters: conditions on source attributes that an object must meet to be in scope, beside assignment.

The clauses of a filter all have to hold; of several filters one has to. A clause about an empty attribute does not
hold, unless it asks for emptiness. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from entrasim.expressions.functions import compiled
from entrasim.expressions.values import Source, text

Operator = Literal[
    "EQUALS",
    "NOT EQUALS",
    "IS TRUE",
    "IS FALSE",
    "IS NULL",
    "IS NOT NULL",
    "REGEX MATCH",
    "NOT REGEX MATCH",
    "GREATER_THAN",
    "GREATER_THAN_OR_EQUALS",
    "INCLUDES",
    "ENDS_WITH",
]


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One condition; `value` means nothing to the operators that ask for truth or emptiness."""

    attribute: str
    operator: Operator
    value: str = ""

    def holds(self, source: Source) -> bool:
        """Tell whether an object meets the condition."""
        found = text(source.get(self.attribute))
        if self.operator in ("IS NULL", "IS NOT NULL"):
            return bool(found) == (self.operator == "IS NOT NULL")
        return bool(found) and _TESTS[self.operator](found, self.value)

    def __str__(self) -> str:
        return f"{self.attribute} {self.operator} {self.value}".rstrip()


class ScopingFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A titled filter; every clause has to hold."""

    title: str
    clauses: list[Clause]


def passes(filters: Sequence[ScopingFilter], source: Source) -> bool:
    """Tell whether an object is let through; no filters let everything through."""
    return not filters or any(all(clause.holds(source) for clause in one.clauses) for one in filters)


def explained(filters: Sequence[ScopingFilter], source: Source) -> dict[str, str]:
    """Return `{title} {clause}` → True or False for every clause, as provision on demand shows them."""
    return {f"{one.title} {clause}": str(clause.holds(source)) for one in filters for clause in one.clauses}


def _as_integers(compare: Callable[[int, int], bool]) -> Callable[[str, str], bool]:
    def test(found: str, value: str) -> bool:
        try:
            return compare(int(found), int(value))
        except ValueError:
            return False

    return test


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "EQUALS": lambda found, value: found == value,
    "NOT EQUALS": lambda found, value: found != value,
    "IS TRUE": lambda found, value: found.casefold() == "true",
    "IS FALSE": lambda found, value: found.casefold() == "false",
    "REGEX MATCH": lambda found, value: compiled(value).search(found) is not None,
    "NOT REGEX MATCH": lambda found, value: compiled(value).search(found) is None,
    "GREATER_THAN": _as_integers(lambda found, value: found > value),
    "GREATER_THAN_OR_EQUALS": _as_integers(lambda found, value: found >= value),
    "INCLUDES": lambda found, value: value in found,
    "ENDS_WITH": lambda found, value: found.endswith(value),
}
