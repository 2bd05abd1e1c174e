"""Who joins and who leaves a locked group in one transaction: done as rows, counted, and told in audit events.

What a request names fits into memory with it. Those whom it does not name, everybody of a group that is emptied or
ended, leave in portions, each told by an event of its own: no list here is longer than a request or a portion.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from doorlist.domain.events import Action, TargetKind
from doorlist.errors import InvalidValue, NoTarget
from doorlist.scim.plan import Delta, RemoveWhere, Step
from doorlist.service import safeguard
from doorlist.service.provisioning import Call, event
from doorlist.store import audit, groups, retention
from doorlist.store.db import Connection
from doorlist.store.groups import PORTION
from doorlist.store.retention import Kept


@dataclass(slots=True)
class Moved:
    """Who really joined and left in one transaction, net of what was undone in it.

    `earlier` left in portions and `earlier_retained` rows were kept by them; their own events tell who.
    """

    added: set[UUID] = field(default_factory=set)
    removed: set[UUID] = field(default_factory=set)
    kept: dict[tuple[UUID, int], set[UUID]] = field(default_factory=dict)
    earlier: int = 0
    earlier_retained: int = 0

    def join(self, people: Iterable[UUID]) -> None:
        for person in people:
            if person in self.removed:
                self.removed.discard(person)
                for keepers in self.kept.values():
                    keepers.discard(person)
            else:
                self.added.add(person)

    def leave(self, people: Sequence[UUID], kept: Iterable[Kept]) -> None:
        for person in people:
            if person in self.added:
                self.added.discard(person)
            else:
                self.removed.add(person)
        for path in kept:
            keepers = self.kept.setdefault((path.resource_id, path.level), set())
            keepers.update(set(people).difference(path.without))

    @property
    def retained(self) -> int:
        return self.earlier_retained + sum(map(len, self.kept.values()))

    def told(self) -> dict[str, list[Any]]:
        """What the event of the change tells; nothing where nobody moved."""
        named = {"added": self.added, "removed": self.removed}
        told: dict[str, list[Any]] = {name: sorted(map(str, people)) for name, people in named.items() if people}
        if any(self.kept.values()):
            told["retained"] = [
                Kept(resource_id, level, len(keepers), list(self.removed - keepers)).told()
                for (resource_id, level), keepers in sorted(self.kept.items())
                if keepers
            ]
        return told

    def counted(self) -> dict[str, int]:
        """What the request log tells: numbers, without those that are none."""
        counted = {
            "members added": len(self.added),
            "members removed": self.earlier + len(self.removed),
            "access retained": self.retained,
        }
        return {name: count for name, count in counted.items() if count}


async def move(connection: Connection, call: Call, group: UUID, step: Step, moved: Moved) -> None:
    """Do one step on the members. Raises `InvalidValue` for unknown people, `NoTarget`, `HeldBack`."""
    org_id = call.caller.org_id
    left: list[UUID] = []
    before = moved.earlier
    if isinstance(step, RemoveWhere):
        left = await _remove_where(connection, call, group, step, moved)
    elif step.reset:
        await thin_out(connection, call, group, moved, but_for=list(step.added))
        left = await groups.remove_others(connection, org_id, group, list(step.added), now=call.now)
    elif step.removed:
        left = await groups.remove_members(connection, org_id, group, list(step.removed), now=call.now)
    if step.demanded and not left and moved.earlier == before:
        raise NoTarget("No member matches the filter of the path.", place=step.demanded)
    if left:
        moved.leave(left, await retention.retain_after_leaving(connection, org_id, group, left, call.now))
    if isinstance(step, Delta) and step.added:
        moved.join(await _add(connection, call, group, step.added))


async def thin_out(
    connection: Connection, call: Call, group: UUID, moved: Moved, *, but_for: Sequence[UUID] = ()
) -> None:
    """Let members go in portions until no more than one is left beside those named. Raises `HeldBack`."""
    after: UUID | None = None
    org_id = call.caller.org_id
    while portion := await groups.portion(connection, org_id, group, after=after, but_for=but_for):
        await _let_go(connection, call, group, portion, moved)
        after = portion[-1]


async def _remove_where(connection: Connection, call: Call, group: UUID, step: RemoveWhere, moved: Moved) -> list[UUID]:
    """Remove who meets the condition, all but the last in portions; the last, which nobody was told of yet."""
    after: UUID | None = None
    org_id = call.caller.org_id
    while True:
        met = await groups.members_where(connection, org_id, group, step.condition, base=call.base, after=after)
        if len(met) <= PORTION:
            return await groups.remove_members(connection, org_id, group, met, now=call.now) if met else []
        after = met[PORTION - 1]
        await _let_go(connection, call, group, met[:PORTION], moved)


async def _let_go(connection: Connection, call: Call, group: UUID, people: Sequence[UUID], moved: Moved) -> None:
    """Remove members with an event of their own; nothing of it has to be remembered but the numbers."""
    org_id = call.caller.org_id
    left = await groups.remove_members(connection, org_id, group, people, now=call.now)
    kept = await retention.retain_after_leaving(connection, org_id, group, left, call.now)
    await safeguard.admit_removal(connection, org_id, left, now=call.now)
    told = Moved()
    told.leave([person for person in left if person not in moved.added], kept)
    moved.added.difference_update(left)
    happened = event(call, Action.GROUP_MEMBERS_CHANGED, TargetKind.GROUP, group, told.told())
    await audit.append(connection, org_id, happened, at=call.now)
    moved.earlier += len(told.removed)
    moved.earlier_retained += told.retained


async def _add(connection: Connection, call: Call, group: UUID, people: frozenset[UUID]) -> list[UUID]:
    added, unknown = await groups.add_members(
        connection,
        org_id=call.caller.org_id,
        connection_id=call.caller.connection_id,
        identifier=group,
        people=list(people),
        now=call.now,
    )
    if unknown:
        named = ", ".join(map(str, sorted(unknown)[:5]))
        raise InvalidValue(
            f"{len(unknown)} of the members are no people of this directory: {named}. Groups of groups are not kept.",
            place="members",
        )
    return added
