"""Pause and resume of a directory's connection: paused requests are answered 503, so the directory keeps and repeats
them, and nothing is lost. For managers of the organization."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import Administrator
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import audit, credentials
from doorlist.store.db import Connection, Database


async def pause_connection(database: Database, administrator: Administrator, org_id: UUID) -> bool:
    """Put every request off until `resume_connection`; False where it was so already. Raises `Forbidden`."""
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        changed = await credentials.pause(connection, org_id, by=administrator.name, now=at)
        if changed:
            await _record(connection, administrator, org_id, paused=True, at=at)
    return changed


async def resume_connection(database: Database, administrator: Administrator, org_id: UUID) -> bool:
    """Take requests again; False where they were taken. Raises `Forbidden`."""
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        changed = await credentials.resume(connection, org_id)
        if changed:
            await _record(connection, administrator, org_id, paused=False, at=at)
    return changed


async def _record(
    connection: Connection, administrator: Administrator, org_id: UUID, *, paused: bool, at: datetime
) -> None:
    change = {"before": {"paused": not paused}, "after": {"paused": paused}}
    actor = Actor.administrator(administrator)
    event = Event(Action.ORGANIZATION_CHANGED, TargetKind.ORGANIZATION, org_id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
