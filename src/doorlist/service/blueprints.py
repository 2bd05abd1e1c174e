"""An organization as a configuration, and the steps that lead from it to another one.

Names become ids here, and back. A step is made by the verb that makes the change everywhere else; finding the steps
changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from doorlist.domain.configuration import Configuration, Given, PlaceEntry
from doorlist.domain.directory import fold
from doorlist.domain.ids import parse_id
from doorlist.domain.levels import Level, Policy
from doorlist.domain.tenancy import Plan
from doorlist.domain.wishlist import HOME
from doorlist.errors import BadInput
from doorlist.store import blueprint
from doorlist.store.blueprint import Bearer, GivenRow
from doorlist.store.db import Connection
from doorlist.store.organizations import Organization

Key = tuple[str, str]
"""A place by the folded names of workspace and folder; the folder "" is the workspace itself."""

_BY_ID: Final = "id:"
_SETTINGS: Final = ("plan", "removal_policy", "members_create_workspaces", "scim_enabled")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a grant: the kind (group or user), the id, and the name as it is shown."""

    kind: str
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Present:
    """What there is: the ids of places, what they are, and who is given what on them."""

    organization: Organization
    ids: Mapping[Key, UUID]
    entries: Mapping[Key, PlaceEntry]
    grants: Mapping[Key, Mapping[UUID, tuple[Holder, Given]]]


@dataclass(frozen=True, slots=True)
class Steps:
    """What leads to another configuration, in the order in which it is done.

    Attributes:
        put: grants to give or to change; taken: grants to take away.
    """

    settings: Mapping[str, Any]
    upgrades: list[tuple[Key, str, Plan]] = field(default_factory=list)
    workspaces: list[tuple[Key, PlaceEntry]] = field(default_factory=list)
    folders: list[tuple[Key, PlaceEntry]] = field(default_factory=list)
    put: list[tuple[Key, Holder, Given]] = field(default_factory=list)
    taken: list[tuple[Key, Holder]] = field(default_factory=list)
    archived: list[tuple[Key, bool]] = field(default_factory=list)

    def told(self, names: Mapping[Key, str]) -> Iterator[str]:
        """The steps in words."""
        yield from (f"set {name} to {_spelled(value)}" for name, value in self.settings.items())
        yield from (f"upgrade {name} to {plan}" for _, name, plan in self.upgrades)
        yield from (f"create the workspace {names[key]}" for key, _ in self.workspaces)
        yield from (f"create the folder {names[key]}" for key, _ in self.folders)
        for key, holder, given in self.put:
            policy = "" if given.policy is None else f", {given.policy}"
            yield f"give {given.level.label}{policy} on {names[key]} to the {holder.kind} {holder.name}"
        yield from (f"take what the {holder.kind} {holder.name} has on {names[key]}" for key, holder in self.taken)
        yield from (f"{'archive' if on else 'unarchive'} {names[key]}" for key, on in self.archived)


async def read_present(connection: Connection, organization: Organization) -> Present:
    """The organization as it is."""
    org_id = organization.org_id
    ids: dict[Key, UUID] = {}
    entries: dict[Key, PlaceEntry] = {}
    for row in await blueprint.places(connection, org_id):
        key = (row.workspace_key, row.folder_key)
        ids[key] = row.id
        plan = None if row.plan is None or row.plan == organization.plan else Plan(row.plan)
        entries[key] = PlaceEntry(row.name, row.archived_at is not None, plan)
    keys = {identifier: key for key, identifier in ids.items()}
    rows = [row for row in await blueprint.grants(connection, org_id) if row.resource_id in keys]
    shared = await _shared_names(connection, org_id, rows)
    grants: dict[Key, dict[UUID, tuple[Holder, Given]]] = {}
    for grant in rows:
        name = f"{_BY_ID}{grant.principal_id}" if (grant.principal_kind, grant.name_key) in shared else grant.name
        given = Given(Level(grant.level), None if grant.policy is None else Policy(grant.policy))
        holder = Holder(grant.principal_kind, grant.principal_id, name)
        grants.setdefault(keys[grant.resource_id], {})[grant.principal_id] = (holder, given)
    return Present(organization, ids, entries, grants)


def as_configuration(present: Present) -> Configuration:
    """The organization as a text has it; a home folder only where something of its own is on it."""
    places = {}
    for key, entry in present.entries.items():
        grants = present.grants.get(key, {}).values()
        groups = {holder.name: given for holder, given in grants if holder.kind == "group"}
        people = {holder.name: given for holder, given in grants if holder.kind == "user"}
        if key[1] != HOME or groups or people:
            places[key] = PlaceEntry(entry.name, entry.archived, entry.plan, groups, people)
    settings = {name: getattr(present.organization, name) for name in _SETTINGS}
    return Configuration(settings, places)


async def find_steps(connection: Connection, present: Present, wanted: Configuration) -> Steps:
    """What leads from what there is to a configuration. Raises `BadInput` with every name that nobody bears."""
    org_id = present.organization.org_id
    groups = await _holders(connection, org_id, "group", {n for p in wanted.places.values() for n in p.groups})
    people = await _holders(connection, org_id, "user", {n for p in wanted.places.values() for n in p.people})
    problems = [*groups.problems, *people.problems, *_impossible(present, wanted)]
    if problems:
        raise BadInput("The file cannot be used; nothing was changed.", problems=tuple(problems[:100]))
    settings = {n: v for n, v in wanted.settings.items() if getattr(present.organization, n) != v}
    steps = Steps(settings)
    for key, entry in sorted(wanted.places.items(), key=lambda item: item[0]):
        _add_place(steps, present, wanted, key, entry)
        given = {groups.found[name].id: (groups.found[name], level) for name, level in entry.groups.items()}
        given |= {people.found[name].id: (people.found[name], level) for name, level in entry.people.items()}
        before = present.grants.get(key, {})
        steps.put.extend((key, h, g) for i, (h, g) in given.items() if i not in before or before[i][1] != g)
        steps.taken.extend((key, holder) for i, (holder, _) in before.items() if i not in given)
        archived = key in present.entries and present.entries[key].archived
        steps.archived.extend([(key, entry.archived)] if entry.archived != archived else [])
    return steps


def _add_place(steps: Steps, present: Present, wanted: Configuration, key: Key, entry: PlaceEntry) -> None:
    """The steps that make a place what it is to be, apart from its grants."""
    if key not in present.ids and key[1] != HOME:
        (steps.folders if key[1] else steps.workspaces).append((key, entry))
    elif not key[1]:
        plan = entry.plan or wanted.settings.get("plan", present.organization.plan)
        now = present.entries[key].plan or present.organization.plan
        if plan != now:
            steps.upgrades.append((key, entry.name, plan))


def _impossible(present: Present, wanted: Configuration) -> Iterator[str]:
    """What no step can do."""
    ranks = list(Plan)
    for (workspace, folder), entry in wanted.places.items():
        if folder and (workspace, "") not in wanted.places:
            yield f"{entry.name}: its workspace is not named"
        there = present.entries.get((workspace, folder))
        if there is not None and not folder:
            plan = entry.plan or wanted.settings.get("plan", present.organization.plan)
            now = there.plan or present.organization.plan
            if ranks.index(plan) < ranks.index(now):
                yield f"{entry.name}: it is on the plan {now}, which is higher than {plan}"
        if any(given.policy is not None for given in entry.people.values()):
            yield f"{entry.name}: a policy is for groups"


@dataclass(frozen=True, slots=True)
class _Named:
    found: dict[str, Holder]
    problems: list[str]


async def _holders(connection: Connection, org_id: UUID, kind: str, names: set[str]) -> _Named:
    """Who bears each name, and the names that nobody or several bear."""
    ids = [identifier for name in names if (identifier := _id_in(name)) is not None]
    keys = [fold(name.strip()) for name in names]
    find = blueprint.groups if kind == "group" else blueprint.people
    bearers = await find(connection, org_id, keys, ids)
    result, word = _Named({}, []), {"group": "group", "user": "person"}[kind]
    for name in sorted(names):
        found = [one for one in bearers if _is_meant(one, name)]
        if len(found) == 1:
            result.found[name] = Holder(kind, found[0].id, name)
        elif found:
            result.problems.append(f"{name}: several bear this name; use {_BY_ID} and the id of one")
        else:
            result.problems.append(f"{name}: there is no such {word}")
    return result


def _is_meant(bearer: Bearer, name: str) -> bool:
    return bearer.id == _id_in(name) or bearer.name_key == fold(name.strip())


def _id_in(name: str) -> UUID | None:
    return parse_id(name.removeprefix(_BY_ID)) if name.startswith(_BY_ID) else None


async def _shared_names(connection: Connection, org_id: UUID, rows: list[GivenRow]) -> set[tuple[str, str]]:
    """The kinds and folded names that several live groups or people bear, or that look like an id."""
    shared = {(row.principal_kind, row.name_key) for row in rows if row.name.startswith(_BY_ID)}
    for kind, find in (("group", blueprint.groups), ("user", blueprint.people)):
        keys = {row.name_key for row in rows if row.principal_kind == kind}
        counted = Counter(one.name_key for one in await find(connection, org_id, sorted(keys), []))
        shared |= {(kind, key) for key, count in counted.items() if count > 1}
    return shared


def _spelled(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
