"""SQL of tasks: what a project holds, in its order. No rules; who changes the order locks the project's row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from doorlist.store.db import Connection, Record

_COLUMNS = """t.id, t.project_id, p.folder_id, t.title, t.notes, t.done_at, t.done_by, t.version, t.created_at,
       t.created_by, t.modified_at"""

_SOURCE = "tasks t join projects p on p.org_id = t.org_id and p.id = t.project_id"

_FIND = f"select {_COLUMNS} from {_SOURCE} where t.org_id = $1 and t.id = $2"

_LOCK = f"select {_COLUMNS} from {_SOURCE} where t.org_id = $1 and t.id = $2 for no key update of t"

_LIST = f"""
select {_COLUMNS}
  from {_SOURCE}
 where t.org_id = $1 and t.project_id = $2
   and ($3::uuid is null or (t.position, t.id) > (select c.position, c.id from tasks c
                                                   where c.org_id = $1 and c.project_id = $2 and c.id = $3))
 order by t.position, t.id
 limit $4
"""

_INSERT = """
insert into tasks (org_id, id, project_id, title, notes, position, created_at, created_by, modified_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $7)
"""

_UPDATE = """
update tasks set title = $3, notes = $4, project_id = $5, position = coalesce($6, position), version = version + 1,
                 modified_at = $7
 where org_id = $1 and id = $2
"""

_TICK = """
update tasks set done_at = $3, done_by = $4, version = version + 1, modified_at = $5 where org_id = $1 and id = $2
"""

_DELETE = "delete from tasks where org_id = $1 and id = $2"


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a project; `folder_id` is where the project is, `done_by` the name of who ticked it."""

    id: UUID
    project_id: UUID
    folder_id: UUID
    title: str
    notes: str
    done_at: datetime | None
    done_by: str | None
    version: int
    created_at: datetime
    created_by: str
    modified_at: datetime


async def find(connection: Connection, org_id: UUID, task_id: UUID) -> Task | None:
    """The task of that id, wherever it is."""
    return _task(await connection.fetchrow(_FIND, org_id, task_id))


async def lock(connection: Connection, org_id: UUID, task_id: UUID) -> Task | None:
    """The task of that id; it stays as it is until the transaction ends."""
    return _task(await connection.fetchrow(_LOCK, org_id, task_id))


async def page(connection: Connection, org_id: UUID, project_id: UUID, *, after: UUID | None, limit: int) -> list[Task]:
    """The tasks of a project in their order, those behind a task of it for the next page."""
    return [Task(**row) for row in await connection.fetch(_LIST, org_id, project_id, after, limit)]


async def insert(
    connection: Connection,
    org_id: UUID,
    *,
    task_id: UUID,
    position: Decimal,
    project_id: UUID,
    title: str,
    notes: str,
    by: str,
    now: datetime,
) -> None:
    """Make a task at a place of its project's row."""
    await connection.execute(_INSERT, org_id, task_id, project_id, title, notes, position, now, by)


async def update(
    connection: Connection,
    org_id: UUID,
    task_id: UUID,
    *,
    title: str,
    notes: str,
    project_id: UUID,
    position: Decimal | None,
    now: datetime,
) -> None:
    """Change a locked task; without a position it stays where it is in the row."""
    await connection.execute(_UPDATE, org_id, task_id, title, notes, project_id, position, now)


async def tick(connection: Connection, org_id: UUID, task_id: UUID, *, by: str | None, now: datetime) -> None:
    """Mark a locked task as done by somebody, or with None as not done."""
    await connection.execute(_TICK, org_id, task_id, None if by is None else now, by, now)


async def delete(connection: Connection, org_id: UUID, task_id: UUID) -> None:
    """Delete a task."""
    await connection.execute(_DELETE, org_id, task_id)


def _task(row: Record | None) -> Task | None:
    return None if row is None else Task(**row)
