"""SQL that lists people and groups together (RFC 7644 section 3.4.2.1): one order over several tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from doorlist.scim.messages import Stored
from doorlist.store.db import Connection
from doorlist.store.reading import Search, count, fields, filtered, stored
from doorlist.store.where import Arguments, Table, sort_key


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked of one table. Of `search` only the condition, the sort and the related list count."""

    table: Table
    search: Search


async def page_of_all(
    connection: Connection, parts: Sequence[Part], org_id: UUID, connection_id: UUID, *, offset: int, limit: int
) -> tuple[list[tuple[Part, Stored]], int]:
    """A page over all tables, sorted by the text of what each is sorted by, then by id; and the total."""
    total = 0
    for part in parts:
        total += await count(connection, part.table, org_id, connection_id, part.search.condition)
    chosen = await _chosen(connection, parts, org_id, connection_id, offset=offset, limit=limit) if limit else []
    found: dict[UUID, tuple[Part, Stored]] = {}
    for number, part in enumerate(parts):
        wanted = [identifier for kind, identifier in chosen if kind == number]
        for item in await _by_id(connection, part, org_id, wanted) if wanted else []:
            found[item.id] = (part, item)
    return [found[identifier] for _, identifier in chosen if identifier in found], total


async def _chosen(
    connection: Connection, parts: Sequence[Part], org_id: UUID, connection_id: UUID, *, offset: int, limit: int
) -> list[tuple[int, UUID]]:
    arguments, selects = Arguments(org_id, connection_id), []
    for number, part in enumerate(parts):
        sort = part.search.sort
        key = f"({sort_key(sort, part.table, arguments).expression})::text" if sort is not None else "null::text"
        condition = filtered(part.table, part.search.condition, arguments)
        alias = part.table.alias
        selects.append(
            f"select {number} as kind, {alias}.id, {key} as key from {part.table.name} {alias} where {condition}"
        )
    direction = "desc" if any(part.search.descending for part in parts) else "asc"
    bounds = f"limit {arguments.add(limit, 'bigint')} offset {arguments.add(offset, 'bigint')}"
    rows = await connection.fetch(
        f'select kind, id from ({" union all ".join(selects)}) every order by key collate "C" {direction}, id {bounds}',
        *arguments.values,
    )
    return [(row["kind"], row["id"]) for row in rows]


async def _by_id(connection: Connection, part: Part, org_id: UUID, wanted: list[UUID]) -> list[Stored]:
    alias = part.table.alias
    rows = await connection.fetch(
        f"""select {fields(part.table, part.search.related)} from {part.table.name} {alias}
             where {alias}.org_id = $1 and {alias}.id = any ($2::uuid[])""",
        org_id,
        wanted,
    )
    return [stored(row) for row in rows]
