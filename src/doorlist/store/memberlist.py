"""SQL that reads the members of a group in pieces, so that a list of any length passes through little memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from doorlist.store.db import Connection

CHUNK: Final = 1000
_MEMBERS: Final = """
select m.user_id,
       json_build_object('value', m.user_id, '$ref', $4::text || m.user_id, 'type', 'User')::text as member,
       json_build_object('value', m.user_id, '$ref', $4::text || m.user_id, 'type', 'User',
                         'display', p.display_name)::text as named
  from group_members m
  join users p on p.org_id = m.org_id and p.id = m.user_id and p.deleted_at is null
 where m.org_id = $1 and m.group_id = $2 and ($3::uuid is null or m.user_id > $3)
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
    column, waiting = "named" if named else "member", []
    separator = b""
    async for row in connection.cursor(_MEMBERS, org_id, group, None, address, prefetch=CHUNK):
        waiting.append(row[column])
        if len(waiting) == CHUNK:
            yield separator + ",".join(waiting).encode()
            separator, waiting = b",", []
    if waiting:
        yield separator + ",".join(waiting).encode()


async def page(
    connection: Connection, org_id: UUID, group: UUID, *, after: UUID | None, limit: int, address: str, named: bool
) -> list[tuple[UUID, bytes]]:
    """At most `limit` members after an id, each with its JSON text."""
    rows = await connection.fetch(_MEMBERS + " limit $5", org_id, group, after, address, limit)
    return [(row["user_id"], row["named" if named else "member"].encode()) for row in rows]


async def count(connection: Connection, org_id: UUID, group: UUID) -> int:
    """How many members a group has."""
    counted: int = await connection.fetchval(
        """select count(*) from group_members m
             join users p on p.org_id = m.org_id and p.id = m.user_id and p.deleted_at is null
            where m.org_id = $1 and m.group_id = $2""",
        org_id,
        group,
    )
    return counted
