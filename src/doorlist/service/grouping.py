"""Groups as administrators change them: local ones, and those of a directory that does not manage them any more.

While a directory manages a group (provisioning is on, the plan includes it, a token is alive) its name and members are
changed there and nowhere else. Without that it is detached: no path changes, and it is edited here. Each verb is a
check, one transaction and one audit event.
"""

from __future__ import annotations

from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import PROVISIONING_PLAN, Administrator
from doorlist.errors import Conflict, NotFound
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import groups, retention, roster
from doorlist.store.audit import Entry
from doorlist.store.db import Connection, Database


async def delete_group(database: Database, administrator: Administrator, org_id: UUID, *, group_id: UUID) -> int:
    """End a local or detached group, as a directory would; returns how many levels its members keep.

    Raises `Conflict` naming the directory where one manages the group, `NotFound`, `Forbidden`.
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
    retained = await retention.retain_after_group_deleted(connection, org_id, group_id, at)
    entry = _entry(administrator, Action.GROUP_DELETED, group_id, {"retained": retained}, clock.new_id(at))
    await groups.delete_group(connection, org_id, group_id, entry=entry, now=at)
    return retained


async def _lock(connection: Connection, org_id: UUID, group_id: UUID, *, anyway: bool = False) -> None:
    """Lock a live group for a change here. Raises `Conflict` while a directory manages it."""
    keeper = await roster.lock_keeper(connection, org_id, group_id, plan=PROVISIONING_PLAN, now=clock.now())
    if keeper is None:
        raise NotFound("There is no such group.", place="group")
    if keeper.managed_by is not None and not anyway:
        raise Conflict(
            f"{keeper.display_name} comes from the directory {keeper.managed_by}: change it there.", place="group"
        )


def _entry(
    administrator: Administrator, action: Action, group_id: UUID, change: dict[str, object], request_id: UUID
) -> Entry:
    actor = Actor.administrator(administrator)
    return Entry.of(Event(action, TargetKind.GROUP, group_id, actor, request_id, change))
