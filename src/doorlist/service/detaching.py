"""Groups whose directory stopped managing them: nothing about access changes, but somebody has to know.

Provisioning switched off, a plan without it or the end of the last token detaches the groups of a directory: they are
edited here until it manages them again. The item is raised in the transaction that does so, and for a token that runs
out by an hourly look; it ends by itself when the directory is back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.events import TargetKind
from doorlist.service import clock
from doorlist.store import attention, detachment, organizations
from doorlist.store.db import Connection, Database
from doorlist.store.detachment import Attachment

KIND: Final = "detached-groups"
"""The kind of the attention item; it is about the organization."""


async def note(connection: Connection, org_id: UUID, *, now: datetime, changed: bool = True) -> None:
    """Ask about groups that are detached now, or close the question; call it after what may have changed it.

    Without a change somebody is asked once about a token that ran out, and not about anything else again.
    """
    found = await detachment.look(connection, org_id, now=now)
    detached = [one for one in found if one.groups and not one.managed]
    if not detached:
        await attention.settle(connection, org_id, KIND, [org_id], by="directory", resolution="managed again", now=now)
    for one in detached:
        if not await _known(connection, org_id, one, changed=changed):
            await _ask(connection, org_id, one, now)


async def note_everywhere(database: Database) -> None:
    """Look at every organization: tokens run out without anybody doing anything."""
    async with database.reading() as connection:
        everyone = await organizations.everyone(connection)
    for organization in everyone:
        async with database.transaction() as connection:
            await note(connection, organization.org_id, now=clock.now(), changed=False)


async def _known(connection: Connection, org_id: UUID, one: Attachment, *, changed: bool) -> bool:
    """Whether somebody was asked since it was so: who has answered is not asked again."""
    if one.reason != "no-token":
        return not changed
    return one.ended_at is None or await detachment.told_since(connection, org_id, org_id, one.ended_at)


async def _ask(connection: Connection, org_id: UUID, one: Attachment, now: datetime) -> None:
    await attention.put_once(
        connection,
        org_id,
        item_id=clock.new_id(now),
        kind=KIND,
        target_kind=TargetKind.ORGANIZATION.value,
        target_id=org_id,
        detail={"directory": one.name, "groups": one.groups, "reason": one.reason},
        now=now,
    )
