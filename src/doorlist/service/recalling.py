"""From the names that people type to what bore them at an earlier moment, renamed or deleted since or not.

Refuses like `finding`, which does the same for the present.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from doorlist.domain.directory import fold
from doorlist.domain.ids import parse_id
from doorlist.errors import Conflict, NotFound
from doorlist.service import finding
from doorlist.store import bygone
from doorlist.store.bygone import Bygone
from doorlist.store.db import Connection, Database


async def place(database: Database, org_id: UUID, *, workspace: str, folder: str = "", at: datetime | None) -> UUID:
    """The workspace of a name at a moment, or the folder of a name in it; None is now. Raises `NotFound`."""
    if at is None:
        return (await finding.place(database, org_id, workspace=workspace, folder=folder)).id
    async with database.reading() as connection:
        found = await _place(connection, org_id, workspace, None, at)
        return await _place(connection, org_id, folder, found, at) if folder.strip() else found


async def person(database: Database, org_id: UUID, name: str, *, at: datetime | None) -> UUID:
    """The person of a user name or id at a moment; None is now. Raises `NotFound`, `Conflict` where several had it."""
    if at is None:
        return (await finding.person(database, org_id, name)).id
    key, identifier = fold(name.strip()), parse_id(name)
    async with database.reading() as connection:
        then = await bygone.renamed_since(connection, org_id, "user", at)
        named = {person for person, old in then.items() if fold(old) == key}
        found = await bygone.people(connection, org_id, key=key, ids=named, moment=at)
        found = [one for one in found if one.id in named or one.id not in then]
        if not found and identifier is not None:
            found = await bygone.people(connection, org_id, key="", ids=[identifier], moment=at)
    return _only(found, f"no person {name!r}", at, place="user")


async def _place(connection: Connection, org_id: UUID, name: str, workspace_id: UUID | None, at: datetime) -> UUID:
    kind = "workspace" if workspace_id is None else "folder"
    found = await bygone.places(connection, org_id, key=fold(name.strip()), moment=at, workspace_id=workspace_id)
    return _only(found, f"no {kind} {name!r}", at, place=kind)


def _only(found: list[Bygone], missing: str, at: datetime, *, place: str) -> UUID:
    if not found:
        raise NotFound(f"There was {missing} at {at:%Y-%m-%d %H:%M:%S}.", place=place)
    if len(found) > 1:
        ids = ", ".join(str(one.id) for one in found[:5])
        raise Conflict(f"{len(found)} bore this name then; give the id of one: {ids}.", place=place)
    return found[0].id
