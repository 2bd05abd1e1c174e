"""Groups as administrators change them: local ones, and those of a directory that does not manage them any more.

While a directory manages a group (provisioning is on, the plan includes it, a token is alive) its name and members are
changed there and nowhere else. Without that it is detached: no path changes, and it is edited here. Each verb is a
check, one transaction and one audit event.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from doorlist.domain.directory import fold
from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.naming import clean_name
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, Conflict, NotFound, Taken
from doorlist.scim.catalogue import catalogue
from doorlist.scim.core import GROUP_TYPE
from doorlist.scim.values import comparison_form
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.service.lifecycle import RESTORABLE
from doorlist.store import audit, comeback, declarations, groups, retention, roster
from doorlist.store.audit import Entry
from doorlist.store.db import Connection, Database, UniqueViolation
from doorlist.store.groups import GroupRow
from doorlist.store.roster import Keeper


async def create_group(database: Database, administrator: Administrator, org_id: UUID, *, name: str) -> UUID:
    """Make a local group of nobody; no directory sees it. Raises `Taken`, `BadInput`, `Forbidden`."""
    name, at = clean_name(name, place="name"), clock.now()
    group_id = clock.new_id(at)
    try:
        async with database.transaction() as connection:
            await require_manager(connection, administrator, org_id)
            await groups.insert_group(
                connection,
                await _row(connection, org_id, {"schemas": [GROUP_TYPE.schema.urn], "displayName": name}),
                org_id=org_id,
                connection_id=None,
                identifier=group_id,
                entry=_entry(administrator, Action.GROUP_CREATED, group_id, {"displayName": name}, at),
                now=at,
            )
    except UniqueViolation as violation:
        raise Taken(f"There is a local group {name!r} already.", place="name") from violation
    return group_id


async def rename_group(
    database: Database, administrator: Administrator, org_id: UUID, *, group_id: UUID, name: str
) -> None:
    """Give a local or detached group another name; no path changes.

    Raises `Conflict` naming the directory where one manages the group, `Taken`, `NotFound`, `Forbidden`.
    """
    name, at = clean_name(name, place="name"), clock.now()
    try:
        async with database.transaction() as connection:
            await require_manager(connection, administrator, org_id)
            keeper = await _lock(connection, org_id, group_id)
            if keeper.display_name == name:
                return
            change = {"attributes": {"displayName": [keeper.display_name, name]}}
            entry = _entry(administrator, Action.GROUP_CHANGED, group_id, change, at)
            row = await _row(connection, org_id, {**json.loads(keeper.doc), "displayName": name})
            await groups.update_group(connection, row, org_id=org_id, identifier=group_id, entry=entry, now=at)
    except UniqueViolation as violation:
        raise Taken(f"Another group has the name {name!r}.", place="name") from violation


async def change_members(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    group_id: UUID,
    add: Sequence[UUID] = (),
    remove: Sequence[UUID] = (),
) -> tuple[int, int]:
    """Add people to a local or detached group and remove others; how many really joined and left.

    Under keep those who leave retain what the group gave, as with a directory. Raises like `rename_group`.
    """
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        keeper = await _lock(connection, org_id, group_id)
        left = await groups.remove_members(connection, org_id, group_id, list(remove), now=at)
        kept = await retention.retain_after_leaving(connection, org_id, group_id, left, at)
        joined, unknown = await groups.add_members(
            connection, org_id=org_id, connection_id=None, identifier=group_id, people=list(add), now=at
        )
        if unknown:
            raise NotFound("There is no such person.", place="user")
        if joined or left:
            change = {
                "added": sorted(map(str, joined)),
                "removed": sorted(map(str, left)),
                "retained": [path.told() for path in kept],
            }
            entry = _entry(administrator, Action.GROUP_MEMBERS_CHANGED, group_id, change, at)
            row = await _row(connection, org_id, json.loads(keeper.doc))
            await groups.update_group(connection, row, org_id=org_id, identifier=group_id, entry=entry, now=at)
    return len(joined), len(left)


async def delete_group(database: Database, administrator: Administrator, org_id: UUID, *, group_id: UUID) -> int:
    """End a local or detached group, as a directory would; returns how many levels its members keep.

    Raises like `rename_group`.
    """
    async with database.transaction() as connection:
        return await delete_group_in(connection, administrator, org_id, group_id=group_id, rehearsal=False)


async def delete_group_in(
    connection: Connection, administrator: Administrator, org_id: UUID, *, group_id: UUID, rehearsal: bool
) -> int:
    """As `delete_group`, in a transaction of the caller; a rehearsal also shows what a directory would do."""
    await require_manager(connection, administrator, org_id)
    await _lock(connection, org_id, group_id, anyway=rehearsal)
    at = clock.now()
    kept = await retention.retain_after_group_deleted(connection, org_id, group_id, at)
    change = {"retained": [path.told() for path in kept]}
    entry = _entry(administrator, Action.GROUP_DELETED, group_id, change, at)
    await groups.delete_group(connection, org_id, group_id, entry=entry, now=at)
    return sum(path.people for path in kept)


async def restore_members_in(
    connection: Connection, administrator: Administrator, org_id: UUID, *, group_id: UUID, since: datetime
) -> int:
    """Put back everybody whose membership ended since a moment, at most thirty days ago; how many joined.

    Also for a group that a directory manages: it is told by nobody, and takes them out again when it next writes its
    whole list. Raises `BadInput`, `NotFound`, `Forbidden`.
    """
    at = clock.now()
    if since < at - RESTORABLE:
        raise BadInput(f"Memberships are restored within {RESTORABLE.days} days.", place="since")
    await require_manager(connection, administrator, org_id)
    await _lock(connection, org_id, group_id, anyway=True)
    joined = await comeback.restore_members(connection, org_id, group_id, since=since, now=at)
    if joined:
        change = {"added": [str(person) for person in joined], "restored since": since.isoformat()}
        event = _event(administrator, Action.GROUP_MEMBERS_CHANGED, group_id, change, at)
        await audit.append(connection, org_id, event, at=at)
    return len(joined)


async def _lock(connection: Connection, org_id: UUID, group_id: UUID, *, anyway: bool = False) -> Keeper:
    """Lock a live group for a change here. Raises `Conflict` while a directory manages it."""
    keeper = await roster.lock_keeper(connection, org_id, group_id, now=clock.now())
    if keeper is None:
        raise NotFound("There is no such group.", place="group")
    if keeper.managed_by is not None and not anyway:
        raise Conflict(
            f"{keeper.display_name} comes from the directory {keeper.managed_by}: change it there.", place="group"
        )
    return keeper


async def _row(connection: Connection, org_id: UUID, document: Mapping[str, object]) -> GroupRow:
    """The columns of a document, which may have values of schemas that the organization declares."""
    resource_type = catalogue(await declarations.text_of(connection, org_id)).group
    name, external_id = str(document["displayName"]), document.get("externalId")
    return GroupRow(
        display_name=name,
        display_key=fold(name),
        external_id=None if external_id is None else str(external_id),
        doc=json.dumps(document, separators=(",", ":"), ensure_ascii=False),
        search=json.dumps(comparison_form(resource_type, dict(document))),
    )


def _entry(
    administrator: Administrator, action: Action, group_id: UUID, change: Mapping[str, object], at: datetime
) -> Entry:
    return Entry.of(_event(administrator, action, group_id, change, at))


def _event(
    administrator: Administrator, action: Action, group_id: UUID, change: Mapping[str, object], at: datetime
) -> Event:
    return Event(action, TargetKind.GROUP, group_id, Actor.administrator(administrator), clock.new_id(at), change)
