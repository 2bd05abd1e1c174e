"""SQL that pages by key instead of by number (RFC 9865): a page costs the same wherever it is, and does not shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from doorlist.scim.cursor import Cursor
from doorlist.scim.messages import Stored
from doorlist.store.db import Connection, Record
from doorlist.store.reading import Search, count, fields, filtered, source, stored
from doorlist.store.where import Arguments, SortKey, Table, sort_key


@dataclass(frozen=True, slots=True)
class Stretch:
    """A page between two places: its resources, and the cursors to the pages after and before, if there are any."""

    resources: list[Stored]
    total: int
    following: Cursor | None
    preceding: Cursor | None


async def stretch(connection: Connection, table: Table, org_id: UUID, connection_id: UUID, search: Search) -> Stretch:
    """The page of `search.limit` resources from the search's cursor on, or the first one."""
    start = search.start
    backward = start is not None and start.backward
    rows = list(await _rows(connection, table, org_id, connection_id, search))
    more = len(rows) > search.limit
    rows = rows[: search.limit]
    if backward:
        rows.reverse()
    total = await count(connection, table, org_id, connection_id, search.condition)
    following = rows and (more or backward)
    preceding = rows and (more if backward else start is not None)
    return Stretch(
        [stored(row) for row in rows],
        total,
        Cursor(False, rows[-1]["key"], rows[-1]["id"]) if following else None,
        Cursor(True, rows[0]["key"], rows[0]["id"]) if preceding else None,
    )


async def _rows(
    connection: Connection, table: Table, org_id: UUID, connection_id: UUID, search: Search
) -> Sequence[Record]:
    """One row more than the limit, in the order of the direction."""
    start = search.start
    alias, arguments = table.alias, Arguments(org_id, connection_id)
    condition = filtered(table, search.condition, arguments)
    key = sort_key(search.sort, table, arguments) if search.sort is not None else None
    backward = start is not None and start.backward
    rising = search.descending == backward
    if start is not None:
        condition = f"{condition} and {_beyond(key, alias, start, rising, arguments)}"
    order = f"{alias}.id {'desc' if backward else 'asc'}"
    if key is not None:
        order = f"{key.expression} {'asc' if rising else 'desc'}, {order}"
    shown = f"({key.expression})::text" if key is not None else "null::text"
    limit = arguments.add(search.limit + 1, "bigint")
    rows: Sequence[Record] = await connection.fetch(
        f"""select {fields(table, search.related)}, {shown} as key
              from {source(table, search.condition, condition)} order by {order} limit {limit}""",
        *arguments.values,
    )
    return rows


def _beyond(key: SortKey | None, alias: str, start: Cursor, rising: bool, arguments: Arguments) -> str:
    """What comes after a place: missing values are last where the order rises and first where it falls."""
    after = f"{alias}.id {'<' if start.backward else '>'} {arguments.add(start.id, 'uuid')}"
    if key is None:
        return after
    if start.value is None:
        beyond = f"({key.expression} is null and {after})"
        return beyond if rising else f"({beyond} or {key.expression} is not null)"
    value = f"{arguments.add(start.value, 'text')}::{key.cast}"
    beyond = f"{key.expression} {'>' if rising else '<'} {value} or ({key.expression} = {value} and {after})"
    return f"({beyond} or {key.expression} is null)" if rising else f"({beyond})"
