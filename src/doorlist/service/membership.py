"""SCIM verbs for groups: create, replace, patch, delete. Each is a check, one transaction and its audit event.

The group's row is locked before anything about it is read, so parallel changes of one group queue and lose
nothing. Members change as rows; the member list is never read. A person who leaves a group keeps what the keep
policy says (`store.retention`); grants themselves are never touched here.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from doorlist.domain.directory import fold
from doorlist.domain.events import Action, TargetKind
from doorlist.domain.tenancy import Scope
from doorlist.errors import Taken
from doorlist.scim.core import GROUP_TYPE
from doorlist.scim.messages import Stored, etags
from doorlist.scim.patch import apply_changes, parse_patch
from doorlist.scim.plan import Delta, Step, plan_group
from doorlist.scim.preconditions import Versions
from doorlist.scim.resource import check_immutable, keep_immutable, read_resource
from doorlist.scim.values import comparison_form
from doorlist.service import extending, safeguard
from doorlist.service.clock import new_id
from doorlist.service.provisioning import (
    Apply,
    Call,
    Outcome,
    admit,
    changed_names,
    demand_plan,
    entry,
    missing,
    unique_as,
)
from doorlist.service.turnover import Moved, move, thin_out
from doorlist.store import groups, retention
from doorlist.store.db import Connection, Database
from doorlist.store.groups import GroupRow

Document = dict[str, Any]


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
            await move(connection, call, identifier, Delta(added=members), Moved())

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
    changes = parse_patch(body, resource_type, strict=call.caller.behaviour.strict, work=call.work)
    change, spent = plan_group(changes, work=call.work), call.work.mark

    def patched(before: Document) -> Document:
        call.work.back_to(spent)  # an attempt that lost against another writer costs nothing
        return apply_changes(resource_type, before, change.attributes, work=call.work)

    return await _change(
        database,
        call,
        identifier,
        versions,
        change=patched,
        steps=change.steps,
    )


async def delete_group(database: Database, call: Call, identifier: UUID | None, versions: Versions) -> Outcome:
    """End a group. Under keep its members retain what it gave; its grants are parked with it."""
    admit(call.caller, Scope.GROUPS_WRITE)
    demand_plan(call.caller)

    async def attempt() -> Outcome:
        async with database.transaction() as connection:
            stored = await _locked(connection, call, identifier, versions)
            org_id, moved = call.caller.org_id, Moved()
            await thin_out(connection, call, stored.id, moved)
            await safeguard.admit_end_of_group(connection, org_id, stored.id, now=call.now)
            kept = await retention.retain_after_group_deleted(connection, org_id, stored.id, call.now)
            told = {"retained": [path.told() for path in kept]}
            written = entry(call, Action.GROUP_DELETED, TargetKind.GROUP, stored.id, told)
            ended = await groups.delete_group(connection, org_id, stored.id, entry=written, now=call.now)
        retained = moved.earlier_retained + sum(path.people for path in kept)
        ended += moved.earlier
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
            moved = Moved()
            for step in steps:
                await move(connection, call, stored.id, step, moved)
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
    versions.check(etags(GROUP_TYPE, stored))
    return stored


async def _write(connection: Connection, call: Call, stored: Stored, change: Apply, moved: Moved) -> Outcome:
    before, after = msgspec.json.decode(stored.document), change(msgspec.json.decode(stored.document))
    changes, told = changed_names(before, after), moved.told()
    if not changes and not told and not moved.earlier:
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
    summary = {**({"attributes": changes} if changes else {}), **moved.counted()}
    return Outcome(current, summary, reread=True)


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
