"""SCIM verbs for groups: create, replace, patch, delete. Each is a check, one transaction and its audit event.

The group's row is locked before anything about it is read, so parallel changes of one group queue and lose
nothing. Members change as rows; the member list is never read. A person who leaves a group keeps what the keep
policy says (`store.retention`); grants themselves are never touched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from doorlist.domain.directory import fold
from doorlist.domain.events import Action, TargetKind
from doorlist.domain.tenancy import Scope
from doorlist.errors import InvalidValue, NoTarget, Taken
from doorlist.scim.core import GROUP_TYPE
from doorlist.scim.messages import Stored
from doorlist.scim.patch import apply_changes, parse_patch
from doorlist.scim.plan import Delta, RemoveWhere, Step, plan_group
from doorlist.scim.resource import check_immutable, keep_immutable, read_resource
from doorlist.scim.values import comparison_form
from doorlist.service import extending, safeguard
from doorlist.service.clock import new_id
from doorlist.service.provisioning import (
    Apply,
    Call,
    Outcome,
    Versions,
    admit,
    changed_names,
    demand_plan,
    entry,
    missing,
    unique_as,
)
from doorlist.store import groups, retention
from doorlist.store.db import Connection, Database
from doorlist.store.groups import GroupRow
from doorlist.store.retention import Kept

Document = dict[str, Any]


@dataclass(slots=True)
class _Moved:
    """Who really joined and left in one transaction, net of what was undone in it."""

    added: set[UUID] = field(default_factory=set)
    removed: set[UUID] = field(default_factory=set)
    kept: dict[tuple[UUID, int], set[UUID]] = field(default_factory=dict)

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
        return sum(map(len, self.kept.values()))

    def told(self) -> dict[str, list[Any]]:
        named = {"added": self.added, "removed": self.removed}
        told: dict[str, list[Any]] = {name: sorted(map(str, people)) for name, people in named.items() if people}
        if self.retained:
            told["retained"] = [
                Kept(resource_id, level, len(keepers), list(self.removed - keepers)).told()
                for (resource_id, level), keepers in sorted(self.kept.items())
                if keepers
            ]
        return told


async def create_group(database: Database, call: Call, body: Any) -> Outcome:
    """A new group from a POST, with its members. Raises `Taken` where the displayName belongs to another."""
    admit(call.caller, Scope.GROUPS_WRITE)
    demand_plan(call.caller)
    incoming = read_resource(call.catalogue.group, body)
    row, identifier = _row(call, incoming.document), new_id(call.now)
    told: dict[str, Any] = {"displayName": row.display_name}
    members = incoming.members or frozenset()
    if members:
        told["added"] = sorted(map(str, members))
    written = entry(call, Action.GROUP_CREATED, TargetKind.GROUP, identifier, told)

    async def insert(connection: Connection) -> None:
        org_id, connection_id = call.caller.org_id, call.caller.connection_id
        await groups.insert_group(
            connection,
            row,
            org_id=org_id,
            connection_id=connection_id,
            identifier=identifier,
            entry=written,
            now=call.now,
        )
        if extending.concerns(call, incoming.document):
            await extending.secure(connection, call, call.catalogue.group, identifier, incoming.document)
        if members:
            await _step(connection, call, identifier, Delta(added=members), _Moved())

    with unique_as(_taken(row)):
        if members:
            async with database.transaction() as connection:
                await insert(connection)
        else:
            async with extending.opened(database, call, incoming.document) as connection:
                await insert(connection)
    change = {"created": ["displayName"], "members added": len(members)}
    return Outcome(Stored(identifier, row.doc, 1, call.now, call.now), change, reread=bool(members))


async def replace_group(
    database: Database, call: Call, identifier: UUID | None, body: Any, versions: Versions
) -> Outcome:
    """A group as a PUT describes it: its attributes and exactly the members listed.

    A body without `members` says nothing of them, and they stay: who reads a group without its members and puts it
    back must not empty it (RFC 7644 section 3.5.1 leaves it to the server).
    """
    resource_type = call.catalogue.group
    incoming = read_resource(resource_type, body)
    steps = () if incoming.members is None else (Delta(added=incoming.members, reset=True),)

    def replaced(before: Document) -> Document:
        return keep_immutable(resource_type, before, dict(incoming.document))

    return await _change(database, call, identifier, versions, change=replaced, steps=steps)


async def patch_group(
    database: Database, call: Call, identifier: UUID | None, body: Any, versions: Versions
) -> Outcome:
    """A group after the operations of a PATCH, all of them or none; the cost is that of the members named."""
    resource_type = call.catalogue.group
    change = plan_group(parse_patch(body, resource_type, strict=call.caller.behaviour.strict))
    return await _change(
        database,
        call,
        identifier,
        versions,
        change=lambda before: apply_changes(resource_type, before, change.attributes),
        steps=change.steps,
    )


async def delete_group(database: Database, call: Call, identifier: UUID | None, versions: Versions) -> Outcome:
    """End a group. Under keep its members retain what it gave; its grants are parked with it."""
    admit(call.caller, Scope.GROUPS_WRITE)
    demand_plan(call.caller)

    async def attempt() -> Outcome:
        async with database.transaction() as connection:
            stored = await _locked(connection, call, identifier, versions)
            org_id = call.caller.org_id
            await safeguard.admit_end_of_group(connection, org_id, stored.id, now=call.now)
            kept = await retention.retain_after_group_deleted(connection, org_id, stored.id, call.now)
            told = {"retained": [path.told() for path in kept]}
            written = entry(call, Action.GROUP_DELETED, TargetKind.GROUP, stored.id, told)
            ended = await groups.delete_group(connection, org_id, stored.id, entry=written, now=call.now)
        retained = sum(path.people for path in kept)
        return Outcome(None, {"deleted": True, "members removed": ended, "access retained": retained})

    async with safeguard.asking(database, call.caller.org_id):
        return await database.retrying(attempt)


async def _change(
    database: Database,
    call: Call,
    identifier: UUID | None,
    versions: Versions,
    *,
    change: Apply,
    steps: tuple[Step, ...],
) -> Outcome:
    admit(call.caller, Scope.GROUPS_WRITE)
    demand_plan(call.caller)

    async def attempt() -> Outcome:
        async with database.transaction() as connection:
            stored = await _locked(connection, call, identifier, versions)
            moved = _Moved()
            for step in steps:
                await _step(connection, call, stored.id, step, moved)
            if moved.removed:
                await safeguard.admit_removal(connection, call.caller.org_id, sorted(moved.removed), now=call.now)
            return await _write(connection, call, stored, change, moved)

    async with safeguard.asking(database, call.caller.org_id):
        return await database.retrying(attempt)


async def _locked(connection: Connection, call: Call, identifier: UUID | None, versions: Versions) -> Stored:
    caller = call.caller
    stored = None
    if identifier is not None:
        stored = await groups.lock(connection, caller.org_id, caller.connection_id, identifier)
    if stored is None:
        raise missing(GROUP_TYPE)
    versions.check(stored.version)
    return stored


async def _step(connection: Connection, call: Call, group: UUID, step: Step, moved: _Moved) -> None:
    org_id = call.caller.org_id
    left: list[UUID] = []
    if isinstance(step, RemoveWhere):
        met = await groups.members_where(connection, org_id, group, step.condition, base=call.base)
        left = await groups.remove_members(connection, org_id, group, met, now=call.now) if met else []
    elif step.reset:
        left = await groups.remove_others(connection, org_id, group, list(step.added), now=call.now)
    elif step.removed:
        left = await groups.remove_members(connection, org_id, group, list(step.removed), now=call.now)
    if step.demanded and not left:
        raise NoTarget("No member matches the filter of the path.", place=step.demanded)
    if left:
        moved.leave(left, await retention.retain_after_leaving(connection, org_id, group, left, call.now))
    if isinstance(step, Delta) and step.added:
        moved.join(await _add(connection, call, group, step.added))


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


async def _write(connection: Connection, call: Call, stored: Stored, change: Apply, moved: _Moved) -> Outcome:
    before, after = msgspec.json.decode(stored.document), change(msgspec.json.decode(stored.document))
    changes, told = changed_names(before, after), moved.told()
    if not changes and not told:
        return Outcome(stored, reread=True)
    resource_type = call.catalogue.group
    check_immutable(resource_type, before, after)
    if extending.concerns(call, before, after):
        await extending.secure(connection, call, resource_type, stored.id, after)
    row = _row(call, after)
    action = Action.GROUP_CHANGED if changes else Action.GROUP_MEMBERS_CHANGED
    event = {**({"attributes": changes} if changes else {}), **told}
    with unique_as(_taken(row)):
        version, modified = await groups.update_group(
            connection,
            row,
            org_id=call.caller.org_id,
            identifier=stored.id,
            entry=entry(call, action, TargetKind.GROUP, stored.id, event),
            now=call.now,
        )
    current = Stored(stored.id, row.doc, version, stored.created, modified)
    return Outcome(current, _summary(changes, moved), reread=True)


def _summary(changes: dict[str, list[Any]], moved: _Moved) -> dict[str, Any]:
    counted = {
        "members added": len(moved.added),
        "members removed": len(moved.removed),
        "access retained": moved.retained,
    }
    return {
        **({"attributes": changes} if changes else {}),
        **{name: count for name, count in counted.items() if count},
    }


def _row(call: Call, document: Document) -> GroupRow:
    return GroupRow(
        display_name=document["displayName"],
        display_key=fold(document["displayName"]),
        external_id=document.get("externalId"),
        doc=msgspec.json.encode(document).decode(),
        search=msgspec.json.encode(comparison_form(call.catalogue.group, document)).decode(),
    )


def _taken(row: GroupRow) -> Taken:
    return Taken(
        f"Another group of this directory has the displayName {row.display_name!r}.",
        place="displayName",
        kind=GROUP_TYPE.name,
        value=(row.display_name, row.display_key),
    )
