"""SQL of things in an order that people choose: projects of a folder, tasks of a project. No rules.

Whoever changes an order has locked what the things are in, so that no place is taken twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from doorlist.store.db import Connection


@dataclass(frozen=True, slots=True)
class Row:
    """A table with a column `position`, ordered below the id in its column `parent`."""

    table: str
    parent: str


PROJECTS: Final = Row("projects", "folder_id")
TASKS: Final = Row("tasks", "project_id")

Neighbours = tuple[Decimal | None, Decimal | None]
"""The places before and after a gap; None where the row begins or ends."""


async def count(connection: Connection, row: Row, org_id: UUID, parent_id: UUID) -> int:
    """How many things stand in a row."""
    number: int = await connection.fetchval(
        f"select count(*) from {row.table} where org_id = $1 and {row.parent} = $2", org_id, parent_id
    )
    return number


async def last(connection: Connection, row: Row, org_id: UUID, parent_id: UUID, moving: UUID | None) -> Neighbours:
    """The gap at the end of a row without the thing that moves."""
    statement = f"""
        select max(position) from {row.table}
         where org_id = $1 and {row.parent} = $2 and id is distinct from $3"""
    return await connection.fetchval(statement, org_id, parent_id, moving), None


async def first(connection: Connection, row: Row, org_id: UUID, parent_id: UUID, moving: UUID | None) -> Neighbours:
    """The gap at the beginning of a row without the thing that moves."""
    statement = f"""
        select min(position) from {row.table}
         where org_id = $1 and {row.parent} = $2 and id is distinct from $3"""
    return None, await connection.fetchval(statement, org_id, parent_id, moving)


async def behind(
    connection: Connection, row: Row, org_id: UUID, parent_id: UUID, moving: UUID | None, *, after: UUID
) -> Neighbours | None:
    """The gap behind one thing of a row, without the thing that moves; None where there is no such thing in it."""
    statement = f"""
        select c.position as before,
               (select min(n.position) from {row.table} n
                 where n.org_id = $1 and n.{row.parent} = $2 and n.position > c.position
                   and n.id is distinct from $3) as after
          from {row.table} c
         where c.org_id = $1 and c.{row.parent} = $2 and c.id = $4"""
    found = await connection.fetchrow(statement, org_id, parent_id, moving, after)
    return None if found is None else (found["before"], found["after"])


async def everything(connection: Connection, row: Row, org_id: UUID, parent_id: UUID) -> list[UUID]:
    """The things of a row in their order."""
    statement = f"select id from {row.table} where org_id = $1 and {row.parent} = $2 order by position, id"
    return [found["id"] for found in await connection.fetch(statement, org_id, parent_id)]


async def place(
    connection: Connection, row: Row, org_id: UUID, ids: Sequence[UUID], positions: Sequence[Decimal]
) -> None:
    """Give things other places; no version changes, because nobody sees a difference."""
    statement = f"""
        update {row.table} t set position = o.position
          from unnest($2::uuid[], $3::numeric[]) as o (id, position)
         where t.org_id = $1 and t.id = o.id"""
    await connection.execute(statement, org_id, list(ids), list(positions))
