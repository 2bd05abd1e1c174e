"""SQL of the marks by which people are counted and pages by number found: exact, without counting what is skipped.

Up to `connections.people_marked` every person is in the number of one mark; what is beyond is counted as it is. Who
adds a person locks the connection's row for share and gets an id beyond the marks; who deletes one locks it and takes
one off its mark; who moves the marks on locks it against both. No rules.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from doorlist.store.db import Connection

STEP: Final = 1000
"""People between two marks."""
NOBODY: Final = UUID(int=0)
"""Before every id."""
LONG: Final = 3 * STEP
"""So many people beyond the last mark are too many to count for every page."""

_TOTAL: Final = """
select (select coalesce(sum(people), 0)::bigint from page_marks where org_id = $1 and connection_id = $2) as marked,
       (select count(*) from users u
         where u.org_id = $1 and u.connection_id = $2 and u.deleted_at is null
           and u.id > coalesce((select people_marked from connections where org_id = $1 and id = $2), $3)) as beyond
"""

START: Final = """
start as (
    select upto, before from (
        select upto, sum(people) over (order by upto) as before
          from page_marks where org_id = $1 and connection_id = $2) m
     where before <= {offset} order by upto desc limit 1)
"""
"""A common table of the last mark that a page at this offset is wholly beyond: the id, and how many are up to it."""

_TAKE: Final = """
select people_marked from connections where org_id = $1 and id = $2 for no key update skip locked
"""

_MARK: Final = """
with beyond as (
    select u.id, row_number() over (order by u.id) - 1 as place, count(*) over () as everybody from users u
     where u.org_id = $1 and u.connection_id = $2 and u.deleted_at is null and u.id > $3),
made as (
    insert into page_marks (org_id, connection_id, upto, people)
    select $1, $2, (array_agg(id order by id desc))[1], count(*) from beyond
     where place < (everybody / $4::int - 1) * $4::int
     group by place / $4::int
    returning upto)
update connections set people_marked = last.upto
  from (select upto from made order by upto desc limit 1) last
 where org_id = $1 and id = $2
"""


async def total(connection: Connection, org_id: UUID, connection_id: UUID) -> int:
    """How many people a connection has. Who finds many beyond the last mark moves the marks on."""
    row = await connection.fetchrow(_TOTAL, org_id, connection_id, NOBODY)
    marked, beyond = int(row["marked"]), int(row["beyond"])
    if beyond > LONG:
        await extend(connection, org_id, connection_id)
    return marked + beyond


async def extend(connection: Connection, org_id: UUID, connection_id: UUID) -> None:
    """Mark all but the last thousand or two; nothing happens while somebody else adds or deletes people."""
    async with connection.transaction():
        marked = await connection.fetchval(_TAKE, org_id, connection_id)
        if marked is not None:
            await connection.execute(_MARK, org_id, connection_id, marked, STEP)
