"""Member lists of any length: as a stream within a group, and in pages of their own.

The stream and the group it belongs to are read in one snapshot, so that no member is told twice or left out while
others join and leave.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from doorlist.domain.tenancy import Scope
from doorlist.errors import InvalidCount
from doorlist.scim import cursor as cursors
from doorlist.scim.core import GROUP_TYPE
from doorlist.scim.cursor import Cursor
from doorlist.scim.messages import Stored
from doorlist.service.provisioning import Call, admit, demand_plan, missing
from doorlist.service.searching import Limits
from doorlist.store import memberlist
from doorlist.store.db import Connection, Database
from doorlist.store.reading import find
from doorlist.store.where import Table


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Members as JSON texts, how many there are in all, and the cursor to the next page, if there is one."""

    members: list[bytes]
    total: int
    following: str | None


async def stream_members(connection: Connection, call: Call, group: UUID, *, named: bool) -> AsyncIterator[bytes]:
    """The members of a group within an open transaction, as JSON in pieces."""
    address = f"{call.base}/Users/"
    async for piece in memberlist.stream(connection, call.caller.org_id, group, address=address, named=named):
        yield piece


async def current(connection: Connection, call: Call, table: Table, group: UUID) -> Stored:
    """A group without its members, in the snapshot of an open transaction. Raises `NotFound`."""
    caller = call.caller
    stored = await find(connection, table, caller.org_id, caller.connection_id, group, related=None)
    if stored is None:
        raise missing(GROUP_TYPE)
    return stored


async def list_members(
    database: Database, call: Call, group: UUID | None, *, cursor: str | None, count: int | None, limits: Limits
) -> MemberPage:
    """A page of the members of a group, in the order of their ids; the same cost wherever it is.

    The total is counted for the first page, and the cursors carry it from page to page. Raises `NotFound`,
    `InvalidCursor`, `ExpiredCursor` or `InvalidCount`.
    """
    admit(call.caller, Scope.GROUPS_READ)
    demand_plan(call.caller)
    if count is not None and not 0 <= count <= limits.max_page:
        raise InvalidCount(f"A page has 0 to {limits.max_page} members.", place="count")
    limit = limits.default_page if count is None else count
    now, org_id = int(call.now.timestamp()), call.caller.org_id
    made_for = cursors.digest("members", str(group))
    place = cursors.decode(cursor, made_for, now=now) if cursor else None
    async with database.reading() as connection:
        if group is None or not await memberlist.exists(connection, org_id, call.caller.connection_id, group):
            raise missing(GROUP_TYPE)
        address = f"{call.base}/Users/"
        after = None if place is None else place.id
        found = await memberlist.page(connection, org_id, group, after=after, limit=limit + 1, address=address)
        told = _total(place)
        total = await memberlist.count(connection, org_id, group) if told is None else told
    more = len(found) > limit > 0
    following = cursors.encode(Cursor(False, str(total), found[limit - 1][0]), made_for, now=now) if more else None
    return MemberPage([text for _, text in found[:limit]], total, following)


def _total(place: Cursor | None) -> int | None:
    """The total that a cursor carries from the first page."""
    carried = None if place is None else place.value
    return (
        int(carried) if carried is not None and carried.isascii() and carried.isdigit() and len(carried) < 16 else None
    )
