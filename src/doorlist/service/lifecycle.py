"""The end and the return of workspaces and folders: archive, deletion, restoration. A check, one transaction, an event.

What is archived is read only for everybody; what is deleted is out of reach and comes back within thirty days as it
was, because nothing about it is touched. A home folder shares the fate of its workspace and has none of its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action
from doorlist.domain.levels import Level, authority
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Conflict, Forbidden, NotFound, Taken
from doorlist.service import clock, succession
from doorlist.service.acts import Act, begin
from doorlist.service.authority import role_of
from doorlist.store import access, ownership, resources
from doorlist.store.db import Connection, Database, UniqueViolation
from doorlist.store.resources import DeletedLine

RESTORABLE: Final = timedelta(days=30)
"""How long what was deleted can be restored."""


async def archive(database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID) -> bool:
    """Archive a workspace or folder: nobody is above viewer there. Whether it was not archived before.

    Raises `Conflict` for a home folder, `Forbidden` below admin, `NotFound`.
    """
    async with database.transaction() as connection:
        return await archive_in(connection, administrator, org_id, resource_id=resource_id)


async def archive_in(connection: Connection, administrator: Administrator, org_id: UUID, *, resource_id: UUID) -> bool:
    """As `archive`, in a transaction of the caller."""
    act = await begin(connection, administrator, org_id, resource_id)
    _refuse_home(act)
    changed = await resources.archive(connection, org_id, resource_id, now=act.at)
    if changed:
        await act.tell(connection, Action.RESOURCE_ARCHIVED, _named(act))
    return changed


async def unarchive(database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID) -> bool:
    """Take a workspace or folder out of the archive: the levels are what they were. Whether it was in it.

    Who administered it before may do so; raises like `archive`.
    """
    async with database.transaction() as connection:
        return await unarchive_in(connection, administrator, org_id, resource_id=resource_id)


async def unarchive_in(
    connection: Connection, administrator: Administrator, org_id: UUID, *, resource_id: UUID
) -> bool:
    """As `unarchive`, in a transaction of the caller."""
    act = await _regain(connection, administrator, org_id, resource_id, level=Level.ADMIN)
    changed = await resources.unarchive(connection, org_id, resource_id, now=act.at)
    if changed:
        await act.tell(connection, Action.RESOURCE_UNARCHIVED, _named(act))
    return changed


async def delete(database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID) -> bool:
    """Delete a workspace with all that is in it, or a folder, for thirty days restorable.

    Raises `Conflict` for a home folder, `Forbidden` below owner, `NotFound`.
    """
    async with database.transaction() as connection:
        return await delete_in(connection, administrator, org_id, resource_id=resource_id)


async def delete_in(connection: Connection, administrator: Administrator, org_id: UUID, *, resource_id: UUID) -> bool:
    """As `delete`, in a transaction of the caller."""
    act = await begin(connection, administrator, org_id, resource_id)
    act.require(Level.OWNER)
    _refuse_home(act)
    deleted = await resources.delete(connection, org_id, resource_id, now=act.at)
    await act.tell(connection, Action.RESOURCE_DELETED, _named(act))
    return deleted


async def restore(database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID) -> None:
    """Bring a deleted workspace or folder back as it was, with every grant.

    Raises `NotFound` where nothing of that id was deleted within thirty days, `Taken` where another has its name
    by now, `Forbidden` below owner.
    """
    try:
        async with database.transaction() as connection:
            act = await _regain(connection, administrator, org_id, resource_id, level=Level.OWNER, deleted=True)
            await resources.restore(connection, org_id, resource_id, now=act.at)
            owned = await ownership.once_owned(connection, org_id, resource_id)
            await succession.note_ownerless(connection, org_id, resource_ids=owned, lost=None, now=act.at)
            await act.tell(connection, Action.RESOURCE_RESTORED, _named(act))
    except UniqueViolation as violation:
        raise Taken("Another one has this name by now; rename that first.", place="name") from violation


async def list_deleted(database: Database, org_id: UUID) -> list[DeletedLine]:
    """The workspaces and folders that can be restored, the latest deleted first."""
    async with database.reading() as connection:
        return await resources.deleted(connection, org_id, after=clock.now() - RESTORABLE)


async def _regain(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    resource_id: UUID,
    *,
    level: Level,
    deleted: bool = False,
) -> Act:
    """Lock what is archived or deleted, and check by the level that the person has apart from that."""
    at = clock.now()
    if deleted:
        place = await resources.lock_deleted(connection, org_id, resource_id, deleted_after=at - RESTORABLE)
    else:
        place = await resources.lock(connection, org_id, resource_id)
    if place is None:
        raise NotFound("There is no such workspace or folder.")
    own: int = Level.OWNER
    role = await role_of(connection, administrator, org_id)
    if administrator.user_id is not None:
        given = await access.given_level(connection, org_id, user_id=administrator.user_id, resource_id=resource_id)
        own = authority(role, given)
    if own < level:
        raise Forbidden(f"This needs the level {level.label} there.")
    return Act(administrator, org_id, place, own, at)


def _refuse_home(act: Act) -> None:
    if act.place.home:
        raise Conflict("A home folder is archived and deleted with its workspace.", place=act.place.name)


def _named(act: Act) -> dict[str, object]:
    return {"kind": act.place.kind, "name": act.place.name, "workspace": str(act.place.workspace_id)}
