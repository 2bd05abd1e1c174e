"""SQL of projects: what a folder holds, in its order. No rules; who changes the order locks the folder's row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from doorlist.store.db import Connection, Record

_COLUMNS = """p.id, p.folder_id, p.name, p.version, p.created_at, p.created_by, p.modified_at,
       (select count(*) from tasks t where t.org_id = p.org_id and t.project_id = p.id) as tasks,
       (select count(*) from tasks t where t.org_id = p.org_id and t.project_id = p.id
                                       and t.done_at is not null) as done"""

_FIND = f"select {_COLUMNS} from projects p where p.org_id = $1 and p.id = $2"

_LOCK = f"select {_COLUMNS} from projects p where p.org_id = $1 and p.id = $2 for no key update of p"

_LIST = f"""
select {_COLUMNS}
  from projects p
 where p.org_id = $1 and p.folder_id = $2
   and ($3::uuid is null or (p.position, p.id) > (select c.position, c.id from projects c
                                                   where c.org_id = $1 and c.folder_id = $2 and c.id = $3))
 order by p.position, p.id
 limit $4
"""

_INSERT = """
insert into projects (org_id, id, folder_id, name, position, created_at, created_by, modified_at)
values ($1, $2, $3, $4, $5, $6, $7, $6)
"""

_UPDATE = """
update projects set name = $3, folder_id = $4, position = coalesce($5, position), version = version + 1,
                    modified_at = $6
 where org_id = $1 and id = $2
"""

_DELETE = "delete from projects where org_id = $1 and id = $2"


@dataclass(frozen=True, slots=True)
class Project:
    """A project of a folder, with how many tasks it has and how many of them are done."""

    id: UUID
    folder_id: UUID
    name: str
    version: int
    created_at: datetime
    created_by: str
    modified_at: datetime
    tasks: int
    done: int


async def find(connection: Connection, org_id: UUID, project_id: UUID) -> Project | None:
    """The project of that id, wherever its folder is."""
    return _project(await connection.fetchrow(_FIND, org_id, project_id))


async def lock(connection: Connection, org_id: UUID, project_id: UUID) -> Project | None:
    """The project of that id; it stays as it is until the transaction ends."""
    return _project(await connection.fetchrow(_LOCK, org_id, project_id))


async def page(
    connection: Connection, org_id: UUID, folder_id: UUID, *, after: UUID | None, limit: int
) -> list[Project]:
    """The projects of a folder in their order, those behind a project of it for the next page."""
    return [Project(**row) for row in await connection.fetch(_LIST, org_id, folder_id, after, limit)]


async def insert(
    connection: Connection,
    org_id: UUID,
    *,
    project_id: UUID,
    position: Decimal,
    folder_id: UUID,
    name: str,
    by: str,
    now: datetime,
) -> None:
    """Make a project at a place of its folder's row."""
    await connection.execute(_INSERT, org_id, project_id, folder_id, name, position, now, by)


async def update(
    connection: Connection,
    org_id: UUID,
    project_id: UUID,
    *,
    name: str,
    folder_id: UUID,
    position: Decimal | None,
    now: datetime,
) -> None:
    """Change a locked project; without a position it stays where it is in the row."""
    await connection.execute(_UPDATE, org_id, project_id, name, folder_id, position, now)


async def delete(connection: Connection, org_id: UUID, project_id: UUID) -> None:
    """Delete a project with its tasks."""
    await connection.execute(_DELETE, org_id, project_id)


def _project(row: Record | None) -> Project | None:
    return None if row is None else Project(**row)
