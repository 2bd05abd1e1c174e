"""The sum of an organization's audit events: its memberships, grants and retained rows, as the events add up to. Pure.

An event tells what it changed; what it says of people who keep something names the few who do not. One rule of the
model is applied here rather than told: a retained row ends where the same group's path lives on the same resource.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from doorlist.domain.events import Action
from doorlist.domain.levels import Level

Fact = tuple[str, ...]
"""A row in words: its kind, the ids that name it, and what it says."""

Change = Mapping[str, Any]


class Ledger:
    """What the events taken so far add up to. Every id is text, as events spell it."""

    def __init__(self) -> None:
        self.members: defaultdict[str, set[str]] = defaultdict(set)
        self.grants: defaultdict[str, dict[str, tuple[int, str | None]]] = defaultdict(dict)
        self.retained: defaultdict[str, dict[tuple[str, str], tuple[int, str]]] = defaultdict(dict)

    def take(self, action: str, target: str, change: Change, details: Iterable[Change] = ()) -> None:
        """Add one event, in the order of the log; `details` are the rows that it has beside it."""
        handler = _HANDLERS.get(action)
        if handler is not None:
            handler(self, target, change)
        elif action == Action.GRANTS_IMPORTED:
            self._imported(details)
        elif action == Action.REMOVALS_UNDONE:
            self._undone(change, details)

    def facts(self) -> Iterator[Fact]:
        """Every row, in no order."""
        for group, people in self.members.items():
            yield from (("member", group, person) for person in people)
        for principal, given in self.grants.items():
            for resource, (level, policy) in given.items():
                yield "grant", resource, principal, str(level), policy or ""
        for person, kept in self.retained.items():
            for (resource, group), (level, state) in kept.items():
                yield "retained", resource, person, group, str(level), state

    def _members_changed(self, group: str, change: Change) -> None:
        removed, added = change.get("removed", ()), change.get("added", ())
        self.members[group].difference_update(removed)
        self._keep(group, removed, change.get("retained", ()))
        self.members[group].update(added)
        for person in added:
            for resource in self.grants.get(group, ()):
                self.retained[person].pop((resource, group), None)

    def _keep(self, group: str, people: Iterable[str], told: Iterable[Change]) -> None:
        for path in told:
            for person in set(people).difference(path["without"]):
                self.retained[person][path["resource"], group] = (path["level"], "live")

    def _person_deleted(self, person: str, change: Change) -> None:
        for group in change["groups"]:
            self.members[group].discard(person)

    def _deactivated(self, person: str, _: Change) -> None:
        kept = self.retained[person]
        kept.update({where: (level, "held") for where, (level, _) in kept.items()})

    def _decided(self, person: str, change: Change, state: str | None) -> None:
        for row in change["rows"]:
            where = row["resource"], row["group"]
            if state is None:
                self.retained[person].pop(where, None)
            else:
                self.retained[person][where] = (row["level"], state)

    def _granted(self, resource: str, change: Change) -> None:
        principal, after = change["principal"]["id"], change["after"]
        self._give(principal, resource, after["level"], after["policy"])

    def _give(self, principal: str, resource: str, level: int, policy: str | None) -> None:
        self.grants[principal][resource] = (level, policy)
        for person in self.members.get(principal, ()):
            self.retained[person].pop((resource, principal), None)

    def _ungranted(self, resource: str, change: Change) -> None:
        principal = change["principal"]["id"]
        self.grants[principal].pop(resource, None)
        self._keep(principal, self.members.get(principal, ()), change["retained"])

    def _removed(self, _: str, change: Change) -> None:
        person = change["user"]
        for path in change["direct"]:
            self.grants[person].pop(path["resource"], None)
        for path in change["retained"]:
            self.retained[person].pop((path["resource"], path["group"]), None)

    def _imported(self, details: Iterable[Change]) -> None:
        for row in details:
            if "group" in row:
                _, policy = self.grants[row["group"]].get(row["resource"], (0, None))
                self._give(row["group"], row["resource"], row["level"], policy)

    def _undone(self, change: Change, details: Iterable[Change]) -> None:
        for person in change["reactivated"]:
            kept = self.retained[person]
            kept.update({where: (level, "live") for where, (level, _) in kept.items()})
        for row in details:
            self._members_changed(row["group"], {"added": [row["user"]]})

    def _reattached(self, group: str, change: Change) -> None:
        parked = change["parked"]
        self.grants.pop(parked, None)
        for row in change["rows"]:
            self._give(group, row["resource"], row["level"], row.get("policy"))
            for person in self.members.get(group, ()):
                self.retained[person].pop((row["resource"], parked), None)

    def _restored(self, person: str, change: Change) -> None:
        for row in change["rows"]:
            if "group" in row:
                self.retained[person][row["resource"], row["group"]] = (row["level"], "live")
            else:
                self.grants[person][row["resource"]] = (row["level"], None)

    def _passed_on(self, _: str, change: Change) -> None:
        for row in change["passed"]:
            if row["owner"] is not None:
                self._own(row["resource"], row["owner"])

    def _own(self, resource: str, owner: str | None) -> None:
        if owner is not None:
            self.grants[owner][resource] = (Level.OWNER.value, None)

    def _cleaned(self, _: str, change: Change) -> None:
        """What the clean-up ends: everything given to what was deleted, and everything given on it."""
        for principal in (*change["groups"], *change["people"]):
            self.grants.pop(principal, None)
            self.retained.pop(principal, None)
        places = set(change["resources"])
        for given in self.grants.values():
            for resource in places.intersection(given):
                del given[resource]
        for kept in self.retained.values():
            for where in [where for where in kept if where[0] in places]:
                del kept[where]


_HANDLERS: Final[Mapping[str, Callable[[Ledger, str, Change], None]]] = {
    Action.GROUP_CREATED: Ledger._members_changed,
    Action.GROUP_CHANGED: Ledger._members_changed,
    Action.GROUP_MEMBERS_CHANGED: Ledger._members_changed,
    Action.GROUP_DELETED: Ledger._members_changed,
    Action.USER_DELETED: Ledger._person_deleted,
    Action.USER_DEACTIVATED: Ledger._deactivated,
    Action.HELD_CONFIRMED: lambda ledger, person, change: ledger._decided(person, change, "live"),
    Action.HELD_DROPPED: lambda ledger, person, change: ledger._decided(person, change, None),
    Action.GRANT_ADDED: Ledger._granted,
    Action.GRANT_CHANGED: Ledger._granted,
    Action.GRANT_REMOVED: Ledger._ungranted,
    Action.RETAINED_REMOVED: Ledger._removed,
    Action.PERSON_REMOVED: Ledger._removed,
    Action.GRANTS_REATTACHED: Ledger._reattached,
    Action.ACCESS_RESTORED: Ledger._restored,
    Action.OWNERSHIP_PASSED: Ledger._passed_on,
    Action.JOINED_AS_OWNER: lambda ledger, resource, change: ledger._own(resource, change["user"]),
    Action.WORKSPACE_CREATED: lambda ledger, resource, change: ledger._own(resource, change["owner"]),
    Action.FOLDER_CREATED: lambda ledger, resource, change: ledger._own(resource, change["owner"]),
    Action.DELETED_CLEANED: Ledger._cleaned,
}
"""The events that change a row; those whose rows are beside them are apart."""
