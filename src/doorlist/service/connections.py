"""A directory's connection: pause and resume, and how it is answered where clients need opposite answers.

Paused requests are answered 503, so the directory keeps and repeats them, and nothing is lost. For managers of the
organization.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from doorlist.domain.behaviour import Behaviour, CreateOfInactive, EmptyMembers, NoMatch, PatchAnswer
from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import Administrator
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import audit, credentials, organizations
from doorlist.store.db import Connection, Database


async def pause_connection(database: Database, administrator: Administrator, org_id: UUID) -> bool:
    """Put every request off until `resume_connection`; False where it was so already. Raises `Forbidden`."""
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        changed = await credentials.pause(connection, org_id, by=administrator.name, now=at)
        if changed:
            await _record(connection, administrator, org_id, {"paused": False}, {"paused": True}, at=at)
    return changed


async def resume_connection(database: Database, administrator: Administrator, org_id: UUID) -> bool:
    """Take requests again; False where they were taken. Raises `Forbidden`."""
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        changed = await credentials.resume(connection, org_id)
        if changed:
            await _record(connection, administrator, org_id, {"paused": True}, {"paused": False}, at=at)
    return changed


async def behaviour(database: Database, administrator: Administrator, org_id: UUID) -> Behaviour:
    """How the organization's directory is answered. Raises `Forbidden`."""
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        connection_id = await organizations.default_connection(connection, org_id)
        return await credentials.lock_behaviour(connection, org_id, connection_id)


async def set_behaviour(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    patch_answer: PatchAnswer | None = None,
    no_match: NoMatch | None = None,
    create_of_inactive: CreateOfInactive | None = None,
    empty_members: EmptyMembers | None = None,
) -> Behaviour:
    """Answer the organization's directory so from now on; None leaves a setting. Raises `Forbidden`."""
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        connection_id = await organizations.default_connection(connection, org_id)
        before = await credentials.lock_behaviour(connection, org_id, connection_id)
        after = Behaviour(
            patch_answer or before.patch_answer,
            no_match or before.no_match,
            create_of_inactive or before.create_of_inactive,
            empty_members or before.empty_members,
        )
        if after != before:
            await credentials.set_behaviour(connection, org_id, connection_id, after)
            await _record(connection, administrator, org_id, asdict(before), asdict(after), at=at)
    return after


async def _record(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    at: datetime,
) -> None:
    changed = [name for name in after if after[name] != before[name]]
    change = {"before": {name: before[name] for name in changed}, "after": {name: after[name] for name in changed}}
    actor = Actor.administrator(administrator)
    event = Event(Action.ORGANIZATION_CHANGED, TargetKind.ORGANIZATION, org_id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
