"""What a level lets somebody do with the projects and tasks of a folder, and where in a row something goes.

Content is for those who were given a level: an organization's owner or admin without one sees nothing of it, and joins
the folder visibly first. Who acts without being a person (the operator, a key of the organization) does everything,
and in the archive reads only, like everybody.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from doorlist.domain.levels import Level
from doorlist.domain.ordering import between, spread
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Conflict, Forbidden, NotFound, VersionMismatch
from doorlist.service.authority import role_of
from doorlist.store import access, resources, sequence
from doorlist.store.db import Connection, Database
from doorlist.store.sequence import Row

READS: Final = Level.VIEWER
TICKS: Final = Level.CHECKER
EDITS: Final = Level.EDITOR

After = UUID | Literal["first", "last"]
"""Where something goes: behind another thing of the row, or at one of its ends."""


async def require_folder(
    connection: Connection, administrator: Administrator, org_id: UUID, folder_id: UUID, *, level: Level
) -> None:
    """Pass for somebody of at least that level on a folder.

    Raises `NotFound` for a folder that is not there or that the person sees nothing of, `Forbidden` below the level.
    """
    own = await _level(connection, administrator, org_id, folder_id)
    if own == 0:
        raise NotFound("There is no such folder.", place="folder")
    if own < level:
        raise Forbidden(f"This needs the level {level.label} in the folder; yours is {Level(own).label}.")


async def level_in_folder(database: Database, administrator: Administrator, org_id: UUID, folder_id: UUID) -> Level:
    """The level at which somebody works in a folder. Raises `NotFound` for somebody who sees nothing of it."""
    async with database.reading() as connection:
        own = await _level(connection, administrator, org_id, folder_id)
    if own == 0:
        raise NotFound("There is no such folder.", place="folder")
    return Level(own)


async def lock_folder(
    connection: Connection, administrator: Administrator, org_id: UUID, folder_id: UUID, *, level: Level
) -> None:
    """As `require_folder`, and nobody else changes the order of its projects until the transaction ends."""
    place = await resources.lock(connection, org_id, folder_id)
    if place is None or place.kind != "folder":
        raise NotFound("There is no such folder.", place="folder")
    await require_folder(connection, administrator, org_id, folder_id, level=level)


def require_version(current: int, expected: int | None) -> None:
    """Pass where the change starts from the present version; None takes any. Raises `VersionMismatch`."""
    if expected is not None and expected != current:
        raise VersionMismatch(f"Somebody changed it meanwhile: it is version {current}, not {expected}.")


async def require_room(connection: Connection, row: Row, org_id: UUID, parent_id: UUID, *, most: int) -> None:
    """Pass where one more fits. Raises `Conflict`."""
    if await sequence.count(connection, row, org_id, parent_id) >= most:
        raise Conflict(f"There are {most} {row.table} already, which is the most.")


async def find_spot(
    connection: Connection, row: Row, org_id: UUID, parent_id: UUID, after: After, *, moving: UUID | None = None
) -> Decimal:
    """The place for something in a row that is locked. Raises `NotFound` where `after` is not in the row."""
    found = await _gap(connection, row, org_id, parent_id, after, moving=moving)
    if found is None:
        ids = await sequence.everything(connection, row, org_id, parent_id)
        await sequence.place(connection, row, org_id, ids, list(spread(len(ids))))
        found = await _gap(connection, row, org_id, parent_id, after, moving=moving)
    assert found is not None, "whole numbers leave room"
    return found


async def _gap(
    connection: Connection, row: Row, org_id: UUID, parent_id: UUID, after: After, *, moving: UUID | None
) -> Decimal | None:
    if isinstance(after, UUID):
        gap = await sequence.behind(connection, row, org_id, parent_id, moving, after=after)
        if gap is None or after == moving:
            raise NotFound("There is nothing of that id to put it behind.", place="after")
    else:
        end = sequence.first if after == "first" else sequence.last
        gap = await end(connection, row, org_id, parent_id, moving)
    return between(*gap)


async def _level(connection: Connection, administrator: Administrator, org_id: UUID, folder_id: UUID) -> int:
    await role_of(connection, administrator, org_id)
    if administrator.user_id is not None:
        return await access.effective_level(connection, org_id, user_id=administrator.user_id, resource_id=folder_id)
    archived = await resources.is_archived(connection, org_id, folder_id)
    if archived is None:
        return 0
    return Level.VIEWER if archived else Level.OWNER
