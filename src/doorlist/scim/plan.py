"""What a PATCH does to a group: attribute changes apart, members as deltas that need no member list. Pure.

Consecutive changes of members are drawn together into as few steps as their order allows, so that the cost of a
step depends on the members it names and never on the size of the group.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from doorlist.domain.ids import parse_id
from doorlist.scim.condition import Compares, Condition, Either
from doorlist.scim.filter import Operator
from doorlist.scim.patch import Change, Op, Work
from doorlist.scim.resource import MEMBERS


@dataclass(frozen=True, slots=True)
class Delta:
    """Remove everybody if `reset`, remove `removed`, then add `added`; the two sets are disjoint.

    With `demanded`, the place of an operation, somebody has to leave, else it is noTarget.
    """

    added: frozenset[UUID] = frozenset()
    removed: frozenset[UUID] = frozenset()
    reset: bool = False
    demanded: str = ""


@dataclass(frozen=True, slots=True)
class RemoveWhere:
    """Remove the members that meet a condition which names more than ids; `demanded` as in `Delta`."""

    condition: Condition
    demanded: str = ""


Step = Delta | RemoveWhere


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A PATCH of a group in normal form: changes of its document, then steps on its members."""

    attributes: tuple[Change, ...]
    steps: tuple[Step, ...]


@dataclass(slots=True)
class _Draft:
    added: set[UUID] = field(default_factory=set)
    removed: set[UUID] = field(default_factory=set)
    reset: bool = False

    def add(self, ids: set[UUID]) -> None:
        self.added |= ids
        self.removed -= ids

    def remove(self, ids: set[UUID]) -> None:
        self.added -= ids
        if not self.reset:
            self.removed |= ids

    def replace(self, ids: set[UUID]) -> None:
        self.added, self.removed, self.reset = set(ids), set(), True

    def take(self) -> Iterator[Delta]:
        if self.added or self.removed or self.reset:
            yield Delta(frozenset(self.added), frozenset(self.removed), self.reset)
        self.added, self.removed, self.reset = set(), set(), False


def plan_group(changes: tuple[Change, ...], *, work: Work | None = None) -> GroupChange:
    """Split the changes of a group into those of its document and steps on its members.

    Raises `TooMany` where too many of them search among the members.
    """
    spent = Work() if work is None else work
    attributes = tuple(change for change in changes if change.target.attribute.name != MEMBERS)
    members = (change for change in changes if change.target.attribute.name == MEMBERS)
    return GroupChange(attributes, tuple(_steps(members, spent)))


def _steps(changes: Iterator[Change], work: Work) -> Iterator[Step]:
    draft = _Draft()
    for change in changes:
        ids = _named(change)
        if ids is None and change.condition is not None:
            work.search(change.place)
            yield from draft.take()
            yield RemoveWhere(change.condition, change.place if change.strict else "")
        elif ids is not None and change.condition is not None and change.strict:
            yield from draft.take()
            yield Delta(removed=frozenset(ids), demanded=change.place)
        elif ids is None:
            draft.replace(set())
        elif change.op is Op.ADD:
            draft.add(ids)
        elif change.op is Op.REPLACE:
            draft.replace(ids)
        else:
            draft.remove(ids)
    yield from draft.take()


def _named(change: Change) -> set[UUID] | None:
    """The ids that a change names; None where it means all members, or those that meet a condition."""
    if change.condition is not None:
        return ids_of(change.condition)
    return set(change.value) if change.value is not None else None if change.op is Op.REMOVE else set()


def ids_of(condition: Condition) -> set[UUID] | None:
    """The ids in ``value eq "…"`` or an or-chain of it, or None for any other condition."""
    if isinstance(condition, Either):
        found = [ids_of(part) for part in condition.parts]
        return None if any(ids is None for ids in found) else {one for ids in found if ids for one in ids}
    if isinstance(condition, Compares) and condition.target.leaf.name == "value" and condition.operator is Operator.EQ:
        identifier = parse_id(str(condition.value))
        return {identifier} if identifier is not None else set()
    return None
