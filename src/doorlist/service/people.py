"""SCIM verbs for people: create, replace, patch, delete. Each is a check, one transaction and its audit event.

A write of one person is optimistic: read, change in memory, write if the version is still the same, else again;
who loses several times queues for the row's lock.
SCIM never touches grants; deactivation holds what a person had retained (see docs/explanation/access-model.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from doorlist.domain.behaviour import CreateOfInactive
from doorlist.domain.directory import fold
from doorlist.domain.events import Action, Actor, TargetKind
from doorlist.domain.tenancy import PROVISIONING_PLAN, Scope
from doorlist.errors import Taken, Unavailable
from doorlist.scim.core import USER_TYPE
from doorlist.scim.messages import Stored, etags
from doorlist.scim.patch import apply_changes, parse_patch
from doorlist.scim.preconditions import UNCONDITIONAL, Versions
from doorlist.scim.resource import Incoming, check_immutable, keep_immutable, read_resource
from doorlist.scim.values import comparison_form
from doorlist.service import clock, extending, safeguard, succession
from doorlist.service.clock import new_id
from doorlist.service.provisioning import (
    Call,
    Outcome,
    admit,
    changed_names,
    demand_plan,
    entry,
    missing,
    unique_as,
)
from doorlist.store import groups as group_rows
from doorlist.store import users
from doorlist.store.db import Connection, Database
from doorlist.store.reading import find, users_table
from doorlist.store.users import UserRow

_ATTEMPTS: Final = 20
_OPTIMISTIC: Final = 3
Document = dict[str, Any]


async def create_user(database: Database, call: Call, body: Any) -> Outcome:
    """A new person from a POST. Raises `Taken` where the userName belongs to somebody.

    A connection that is answered so gets its own deactivated person back instead.
    """
    admit(call.caller, Scope.USERS_WRITE)
    demand_plan(call.caller)
    incoming = read_resource(call.catalogue.user, body)
    incoming.document.setdefault("active", True)
    row = _row(call, incoming.document)
    try:
        identifier = await _insert(database, call, row, incoming.document)
    except Taken as refusal:
        if call.caller.behaviour.create_of_inactive is CreateOfInactive.REFUSE:
            raise
        return await _restore(database, call, row, incoming, refusal)
    change = {"created": sorted(name for name in incoming.document if name != "schemas"), **_ignored(incoming.ignored)}
    return Outcome(Stored(identifier, row.doc, 1, call.now, call.now), change)


async def _insert(database: Database, call: Call, row: UserRow, document: Document) -> UUID:
    """A new person's id."""
    with unique_as(_taken(row)):
        async with extending.opened(database, call, document) as connection:
            identifier = await _insert_last(connection, call, row)
            if extending.concerns(call, document):
                await extending.secure(connection, call, call.catalogue.user, identifier, document)
    return identifier


async def _insert_last(connection: Connection, call: Call, row: UserRow) -> UUID:
    """Insert a person under an id of this moment, or of a later one where another server's clock is ahead."""
    told, at, later = {"userName": row.user_name, "active": row.active}, call.now, timedelta(milliseconds=1)
    for _ in range(_ATTEMPTS):
        identifier = new_id(at)
        written = entry(call, Action.USER_CREATED, TargetKind.USER, identifier, told)
        if await users.insert_user(
            connection,
            row,
            org_id=call.caller.org_id,
            connection_id=call.caller.connection_id,
            identifier=identifier,
            entry=written,
            now=call.now,
        ):
            return identifier
        at, later = max(at, clock.now()) + later, later * 4
    raise Unavailable("The clock of this server is far behind those of others.")


async def _restore(database: Database, call: Call, row: UserRow, incoming: Incoming, refusal: Taken) -> Outcome:
    """The deactivated person of the same connection with this userName, as a POST describes it.

    Raises the refusal where that person is active, or where both have an externalId and the two differ: then it is
    somebody else who got a name that is used again.
    """
    async with database.reading() as connection:
        found = await users.find_inactive(connection, call.caller.org_id, call.caller.connection_id, row.user_name_key)
    if found is None or (found.external_id and row.external_id and found.external_id != row.external_id):
        raise refusal

    def restored(before: Document) -> Document:
        return keep_immutable(call.catalogue.user, before, dict(incoming.document))

    outcome = await _change(database, call, found.id, UNCONDITIONAL, restored)
    return replace(outcome, change={**outcome.change, "restored": True, **_ignored(incoming.ignored)})


async def replace_user(
    database: Database, call: Call, identifier: UUID | None, body: Any, versions: Versions
) -> Outcome:
    """A person as a PUT describes it; what it leaves out is unassigned, but nobody is reactivated by omission."""
    admit(call.caller, Scope.USERS_WRITE)
    resource_type = call.catalogue.user
    incoming = read_resource(resource_type, body)

    def replaced(before: Document) -> Document:
        kept = {"active": before["active"]} if "active" in before else {}
        return keep_immutable(resource_type, before, {**kept, **incoming.document})

    outcome = await _change(database, call, identifier, versions, replaced)
    return replace(outcome, change={**outcome.change, **_ignored(incoming.ignored)})


async def patch_user(database: Database, call: Call, identifier: UUID | None, body: Any, versions: Versions) -> Outcome:
    """A person after the operations of a PATCH, all of them or none."""
    admit(call.caller, Scope.USERS_WRITE)
    resource_type = call.catalogue.user
    changes, spent = (
        parse_patch(body, resource_type, strict=call.caller.behaviour.strict, work=call.work),
        call.work.mark,
    )

    def patched(before: Document) -> Document:
        call.work.back_to(spent)  # an attempt that lost against another writer costs nothing
        return apply_changes(resource_type, before, changes, work=call.work)

    return await _change(database, call, identifier, versions, patched)


async def delete_user(database: Database, call: Call, identifier: UUID | None, versions: Versions) -> Outcome:
    """Bury a person: memberships end, a tombstone stays for thirty days, the userName is free at once."""
    admit(call.caller, Scope.USERS_WRITE)
    if identifier is None:
        raise missing(USER_TYPE)
    for _ in range(_ATTEMPTS):
        async with safeguard.asking(database, call.caller.org_id):
            groups = await database.retrying(lambda: _bury(database, call, identifier, versions))
        if groups is not None:
            return Outcome(None, {"deleted": True, "memberships ended": groups})
    raise Unavailable("The person was being added to groups all the while.")


async def _bury(database: Database, call: Call, identifier: UUID, versions: Versions) -> int | None:
    """Groups are locked before the person, as everywhere; None when a group was joined in between."""
    org_id, connection_id = call.caller.org_id, call.caller.connection_id
    async with database.transaction() as connection:
        before = await users.groups_of(connection, org_id, identifier)
        if before:
            await group_rows.lock_many(connection, org_id, before)
        if await users.lock(connection, org_id, connection_id, identifier) is None:
            raise missing(USER_TYPE)
        await _check_buried(connection, call, identifier, versions)
        groups = await users.groups_of(connection, org_id, identifier)
        if not set(groups) <= set(before):
            return None
        told = {"groups": [str(group) for group in groups]}
        written = entry(call, Action.USER_DELETED, TargetKind.USER, identifier, told)
        await users.bury(connection, org_id, identifier, groups=groups, entry=written, now=call.now)
        await safeguard.admit_removal(connection, org_id, [identifier], now=call.now)
        await _pass_on(connection, call, identifier)
    return len(groups)


async def _check_buried(connection: Connection, call: Call, identifier: UUID, versions: Versions) -> None:
    """The preconditions of a deletion, under the lock; without any the person is not read."""
    if versions.given:
        table, caller = users_table(call.base), call.caller
        stored = await find(connection, table, caller.org_id, caller.connection_id, identifier, related=table.related)
        if stored is None:
            raise missing(USER_TYPE)
        versions.check(etags(USER_TYPE, stored))


async def _change(
    database: Database,
    call: Call,
    identifier: UUID | None,
    versions: Versions,
    change: Callable[[Document], Document],
) -> Outcome:
    if identifier is None:
        raise missing(USER_TYPE)

    async def attempt() -> Outcome | None:
        async with database.reading() as connection:
            return await _attempt(connection, call, identifier, versions, change)

    async def queue() -> Outcome | None:
        async with database.transaction() as connection:
            await users.lock(connection, call.caller.org_id, call.caller.connection_id, identifier)
            return await _attempt(connection, call, identifier, versions, change)

    for _ in range(_OPTIMISTIC):
        async with safeguard.asking(database, call.caller.org_id):
            outcome = await database.retrying(attempt)
        if outcome is not None:
            return outcome
    outcome = await database.retrying(queue)
    assert outcome is not None, "nobody is faster than the holder of the lock"
    return outcome


async def _attempt(
    connection: Connection,
    call: Call,
    identifier: UUID,
    versions: Versions,
    change: Callable[[Document], Document],
) -> Outcome | None:
    """Read, change, write if nobody was faster; None when somebody was."""
    caller = call.caller
    table = users_table(call.base)
    stored = await find(connection, table, caller.org_id, caller.connection_id, identifier, related=table.related)
    if stored is None:
        raise missing(USER_TYPE)
    versions.check(etags(USER_TYPE, stored))
    before, after = msgspec.json.decode(stored.document), change(msgspec.json.decode(stored.document))
    changes = changed_names(before, after)
    if not changes:
        return Outcome(stored)
    if caller.plan is not PROVISIONING_PLAN and changes != {"active": [True, False]}:
        demand_plan(caller)
    check_immutable(call.catalogue.user, before, after)
    extended = extending.concerns(call, before, after)
    if _transition(changes) != "deactivated" and not extended:
        return await _write(connection, call, stored, after, changes)
    async with connection.transaction():
        outcome = await _write(connection, call, stored, after, changes)
        if outcome is not None and extended:
            await extending.secure(connection, call, call.catalogue.user, identifier, after)
        if outcome is not None and _transition(changes) == "deactivated":
            await safeguard.admit_removal(connection, call.caller.org_id, [identifier], now=call.now)
            await _pass_on(connection, call, identifier)
    return outcome


async def _pass_on(connection: Connection, call: Call, identifier: UUID) -> None:
    """See that nothing which the person owned alone is left without an owner."""
    await succession.pass_on(
        connection,
        call.caller.org_id,
        user_id=identifier,
        actor=Actor.directory(call.caller),
        request_id=call.request_id,
        now=call.now,
    )


async def _write(
    connection: Connection, call: Call, stored: Stored, after: Document, changes: Mapping[str, list[Any]]
) -> Outcome | None:
    row, transition = _row(call, after), _transition(changes)
    action = {
        "deactivated": Action.USER_DEACTIVATED,
        "reactivated": Action.USER_REACTIVATED,
    }.get(transition, Action.USER_CHANGED)
    with unique_as(_taken(row)):
        made = await users.update_user(
            connection,
            row,
            org_id=call.caller.org_id,
            connection_id=call.caller.connection_id,
            identifier=stored.id,
            version=stored.version,
            transition=transition,
            entry=entry(call, action, TargetKind.USER, stored.id, {"attributes": dict(changes)}),
            now=call.now,
        )
    if made is None:
        return None
    version, modified = made
    return Outcome(replace(stored, document=row.doc, version=version, modified=modified), {"attributes": dict(changes)})


def _transition(changes: Mapping[str, list[Any]]) -> str:
    """What a change does to the person's state; an unassigned `active` leaves the state as it was."""
    _, active = changes.get("active", (None, None))
    return {True: "reactivated", False: "deactivated", None: ""}[active]


def _row(call: Call, document: Document) -> UserRow:
    user_name = document["userName"]
    return UserRow(
        user_name=user_name,
        user_name_key=fold(user_name),
        external_id=document.get("externalId"),
        display_name=_display_name(document),
        active=document.get("active"),
        doc=msgspec.json.encode(document).decode(),
        search=msgspec.json.encode(comparison_form(call.catalogue.user, document)).decode(),
    )


def _display_name(document: Document) -> str:
    name = document.get("name", {})
    parts = " ".join(name[part] for part in ("givenName", "familyName") if part in name)
    return str(document.get("displayName") or name.get("formatted") or parts or document["userName"])


def _taken(row: UserRow) -> Taken:
    return Taken(
        f"Another person of this directory has the userName {row.user_name!r}.",
        place="userName",
        kind=USER_TYPE.name,
        value=(row.user_name, row.user_name_key),
    )


def _ignored(names: tuple[str, ...]) -> dict[str, list[str]]:
    return {"ignored": list(names)} if names else {}
