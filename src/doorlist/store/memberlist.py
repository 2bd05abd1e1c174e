"""SQL that reads the members of a group in pieces, so that a list of any length passes through little memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import msgspec

from doorlist.store.db import Connection, Record

CHUNK: Final = 1000

# The page is cut before names are looked up, and begins where the index does: it costs the same at either end. Without
# the fence (offset 0) the planner, which cannot know the limit, may go through all people of the organization.
_PAGE: Final = """
select few.user_id::text as id, p.display_name as name
  from (select m.user_id from group_members m
         where m.org_id = $1 and m.group_id = $2
           and m.user_id > coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
         order by m.user_id limit $4) few
  cross join lateral (select u.display_name from users u where u.org_id = $1 and u.id = few.user_id offset 0) p
 order by few.user_id
"""
_NAMED: Final = """
select m.user_id::text as id, p.display_name as name
  from group_members m join users p on p.org_id = m.org_id and p.id = m.user_id
 where m.org_id = $1 and m.group_id = $2
 order by m.user_id
"""
_BARE: Final = """
select m.user_id::text as id, null as name from group_members m where m.org_id = $1 and m.group_id = $2
 order by m.user_id
"""


async def exists(connection: Connection, org_id: UUID, connection_id: UUID, group: UUID) -> bool:
    """Whether the connection has this group."""
    found: bool | None = await connection.fetchval(
        "select true from groups where org_id = $1 and connection_id = $2 and id = $3 and deleted_at is null",
        org_id,
        connection_id,
        group,
    )
    return found is not None


async def stream(
    connection: Connection, org_id: UUID, group: UUID, *, address: str, named: bool
) -> AsyncIterator[bytes]:
    """The members in the order of their ids, as JSON texts joined by commas, a thousand at a time.

    Runs on a cursor, inside a transaction; `address` is what stands before an id in a reference.
    """
    cursor = await connection.cursor(_NAMED if named else _BARE, org_id, group)
    prefix, separator = _escaped(address), b""
    while rows := await cursor.fetch(CHUNK):
        yield separator + b",".join(_told(row, prefix) for row in rows)
        separator = b","


async def page(
    connection: Connection, org_id: UUID, group: UUID, *, after: UUID | None, limit: int, address: str
) -> list[tuple[UUID, bytes]]:
    """At most `limit` members after an id, each with its JSON text, its name in it."""
    rows = await connection.fetch(_PAGE, org_id, group, after, limit)
    prefix = _escaped(address)
    return [(UUID(row["id"]), _told(row, prefix)) for row in rows]


async def count(connection: Connection, org_id: UUID, group: UUID) -> int:
    """How many members a group has; the rows are counted one by one."""
    counted: int = await connection.fetchval(
        "select count(*) from group_members where org_id = $1 and group_id = $2", org_id, group
    )
    return counted


def _escaped(text: str) -> str:
    """A text as it stands between the quotes of a JSON string."""
    return msgspec.json.encode(text)[1:-1].decode()


def _told(row: Record, prefix: str) -> bytes:
    identifier, name = row["id"], row["name"]
    display = "" if name is None else f',"display":"{_escaped(name)}"'
    return f'{{"value":"{identifier}","$ref":"{prefix}{identifier}","type":"User"{display}}}'.encode()
