"""Undoing what directories took away within thirty days: memberships, people, groups, and the access by them.

The directory is not told, and does it again when it writes its whole list: mend it first. It is planned and applied
like every other change of access.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from doorlist.domain.changes import RestoreRemoved
from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.service.lifecycle import RESTORABLE
from doorlist.store import attention, audit, details, undoing
from doorlist.store.db import Connection
from doorlist.store.undoing import Undone


async def undo_in(
    connection: Connection, administrator: Administrator, org_id: UUID, change: RestoreRemoved
) -> list[str]:
    """Bring back what was collected for the change, in a transaction of the caller; what was done, in sentences.

    Raises `BadInput` for a moment more than thirty days ago, `Forbidden`.
    """
    at = clock.now()
    if change.since < at - RESTORABLE:
        raise BadInput(f"What was taken away is restored within {RESTORABLE.days} days.", place="since")
    await require_manager(connection, administrator, org_id)
    undone = await undoing.undo(connection, org_id, now=at)
    if undone.groups or undone.people or undone.reactivated or undone.members:
        await attention.lapse(connection, org_id, [*undone.groups, *undone.people], now=at)
        await _tell(connection, administrator, org_id, change, undone, at=at)
    return _sentences(undone)


async def _tell(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    change: RestoreRemoved,
    undone: Undone,
    *,
    at: datetime,
) -> None:
    request_id = clock.new_id(at)
    told = {
        "since": change.since.isoformat(),
        "groups": list(map(str, undone.groups)),
        "people": list(map(str, undone.people)),
        "reactivated": list(map(str, undone.reactivated)),
        "details": await details.put(connection, org_id, request_id, undone.members),
    }
    actor = Actor.administrator(administrator)
    event = Event(Action.REMOVALS_UNDONE, TargetKind.ORGANIZATION, org_id, actor, request_id, told)
    await audit.append(connection, org_id, event, at=at)


def _sentences(undone: Undone) -> list[str]:
    told = [
        f"{len(undone.members)} memberships come back, {len(undone.people)} deleted people,"
        f" {len(undone.groups)} deleted groups; active again: {len(undone.reactivated)} people.",
        "No directory is told: one that still wants it otherwise takes it away again.",
    ]
    if undone.taken:
        told.append(f"{undone.taken} deleted people or groups stay away: others have their names now.")
    return told
