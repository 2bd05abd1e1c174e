"""SQL that reads people and groups for a directory: one, a page, a count. Only what the connection owns.

The document comes as the text that was stored; lists that live in rows (members, a person's groups) come as JSON
text made by the database, and only when they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from doorlist.scim.condition import Condition
from doorlist.scim.core import GROUP_TYPE, USER_TYPE
from doorlist.scim.cursor import Cursor
from doorlist.scim.messages import DIGEST, Stored
from doorlist.scim.schema import Target
from doorlist.store import marks
from doorlist.store.db import Connection, Record
from doorlist.store.where import Arguments, Column, Rows, Table, is_selective, sort_key, where

SHOWN: Final = 1000
"""How many members of a group are read with it; a longer list is streamed."""


@dataclass(frozen=True, slots=True)
class Search:
    """What a list request asks for. `offset` and `limit` count resources; limit 0 asks for the total only.

    `start` is the place to go on from where pages are cut by cursor. `related` is one of the table's expressions for
    the list kept in rows, or None where nobody asked for it.
    """

    condition: Condition | None
    sort: Target | None
    descending: bool
    offset: int
    limit: int
    related: str | None
    start: Cursor | None = None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _common(alias: str, kind: str, base: str, endpoint: str) -> dict[str, Column]:
    return {
        "id": Column(f"{alias}.id", "uuid"),
        "externalId": Column(f"{alias}.external_id"),
        "meta.resourceType": Column(_quoted(kind)),
        "meta.created": Column(f"{alias}.created_at", "instant"),
        "meta.lastModified": Column(f"{alias}.modified_at", "instant"),
        "meta.location": Column(f"({_quoted(base + endpoint + '/')} || {alias}.id)"),
        "meta.version": Column(f"""('W/"' || {alias}.version || '"')"""),
    }


def users_table(base: str) -> Table:
    """How people are stored, for addresses under `base`."""
    groups = """from group_members m
          join groups d on d.org_id = m.org_id and d.id = m.group_id and d.deleted_at is null
         where m.org_id = u.org_id and m.user_id = u.id"""
    address = f"{_quoted(base + '/Groups/')} || m.group_id"
    related = f"""(select json_agg(json_build_object('value', m.group_id, '$ref', {address},
                     'display', d.display_name, 'type', 'direct') order by m.group_id) {groups})"""
    digest = f"left(encode(sha256(convert_to({related}::text, 'UTF8')), 'hex'), {DIGEST})"
    return Table(
        USER_TYPE,
        "users",
        "u",
        {
            **_common("u", "User", base, "/Users"),
            "meta.version": Column(f"""('W/"' || u.version || coalesce('-' || {digest}, '') || '"')"""),
            "userName": Column("u.user_name_key"),
            "active": Column("u.active", "boolean"),
        },
        {
            "groups": Rows(
                groups,
                {
                    "value": Column("m.group_id", "uuid"),
                    "$ref": Column(f"({address})"),
                    "display": Column("d.display_key"),
                    "type": Column("'direct'"),
                },
            )
        },
        related,
        related,
        "false",
        marked=True,
    )


def groups_table(base: str) -> Table:
    """How groups are stored, for addresses under `base`."""
    members = """from group_members m
          join users p on p.org_id = m.org_id and p.id = m.user_id and p.deleted_at is null
         where m.org_id = g.org_id and m.group_id = g.id"""
    address = f"{_quoted(base + '/Users/')} || m.user_id"

    def related(names: str) -> str:
        return f"""(select json_agg(json_build_object('value', m.user_id, '$ref', {address}, 'type', 'User'{names})
                      order by m.user_id)
                      from (select m.user_id, p.display_name {members} order by m.user_id limit {SHOWN}) m)"""

    return Table(
        GROUP_TYPE,
        "groups",
        "g",
        {**_common("g", "Group", base, "/Groups"), "displayName": Column("g.display_key")},
        {
            "members": Rows(
                members,
                {
                    "value": Column("m.user_id", "uuid"),
                    "$ref": Column(f"({address})"),
                    "display": Column("coalesce(p.search ->> 'displayName', p.user_name_key)"),
                    "type": Column("'user'"),
                },
            )
        },
        related(""),
        related(", 'display', m.display_name"),
        f"coalesce((select true {members} order by m.user_id offset {SHOWN} limit 1), false)",
    )


async def find(
    connection: Connection, table: Table, org_id: UUID, connection_id: UUID, identifier: UUID, *, related: str | None
) -> Stored | None:
    """The resource of that id, or None."""
    row = await connection.fetchrow(
        f"""select {fields(table, related)} from {table.name} {table.alias}
             where {table.alias}.org_id = $1 and {table.alias}.connection_id = $2 and {table.alias}.id = $3
               and {table.alias}.deleted_at is null""",
        org_id,
        connection_id,
        identifier,
    )
    return None if row is None else stored(row)


async def page(
    connection: Connection, table: Table, org_id: UUID, connection_id: UUID, search: Search
) -> tuple[list[Stored], int]:
    """The resources of a page, and how many there are in all.

    The total is counted only when the page does not show it: a look-up is one statement.
    """
    found = await _rows(connection, table, org_id, connection_id, search) if search.limit else []
    if search.limit and search.offset == 0 and len(found) <= search.limit:
        return [stored(row) for row in found], len(found)
    total = await count(connection, table, org_id, connection_id, search.condition)
    return [stored(row) for row in found[: search.limit]], total


async def _rows(
    connection: Connection, table: Table, org_id: UUID, connection_id: UUID, search: Search
) -> Sequence[Record]:
    """One row more than the limit, so that the caller sees whether the page is the last."""
    alias, arguments = table.alias, Arguments(org_id, connection_id)
    condition = filtered(table, search.condition, arguments)
    if search.condition is None and search.sort is None and search.offset and table.marked:
        return await _rows_from_mark(connection, table, search, condition, arguments)
    order = f"{alias}.id"
    if search.sort is not None:
        key = sort_key(search.sort, table, arguments)
        order = f"{key.expression} {'desc' if search.descending else 'asc'}, {alias}.id"
    limit = arguments.add(search.limit + 1, "bigint")
    found = source(table, search.condition, condition)
    chosen = f"select {alias}.id from {found} order by {order} limit {limit}"
    if search.offset == 0 and search.sort is None:
        statement = chosen.replace(f"select {alias}.id", f"select {fields(table, search.related)}", 1)
        return list(await connection.fetch(statement, *arguments.values))
    offset = arguments.add(search.offset, "bigint")
    rows = await connection.fetch(
        f"""with chosen as materialized (
                select c.id, row_number() over () as place from ({chosen} offset {offset}) c)
            select whole.* from chosen cross join lateral ({_whole(table, search)}) whole order by chosen.place""",
        *arguments.values,
    )
    return list(rows)


async def _rows_from_mark(
    connection: Connection, table: Table, search: Search, own: str, arguments: Arguments
) -> Sequence[Record]:
    """The same for everybody in the order of their ids, from the last mark before the offset on."""
    alias, limit = table.alias, arguments.add(search.limit + 1, "bigint")
    offset = arguments.add(search.offset, "bigint")
    rows: Sequence[Record] = await connection.fetch(
        f"""with {marks.START.format(offset=offset)},
            chosen as materialized (
                select {alias}.id from {table.name} {alias}
                 where {own} and {alias}.id > coalesce((select upto from start), {arguments.add(marks.NOBODY, "uuid")})
                 order by {alias}.id limit {limit} offset {offset} - coalesce((select before from start), 0))
            select whole.* from chosen cross join lateral ({_whole(table, search)}) whole order by chosen.id""",
        *arguments.values,
    )
    return rows


def _whole(table: Table, search: Search) -> str:
    """One chosen resource with all its columns.

    The limit keeps the planner, who does not know how few are chosen, from reading all resources to join them.
    """
    alias = table.alias
    return f"""select {fields(table, search.related)} from {table.name} {alias}
                where {alias}.org_id = $1 and {alias}.id = chosen.id limit 1"""


async def count(
    connection: Connection, table: Table, org_id: UUID, connection_id: UUID, condition: Condition | None
) -> int:
    """How many resources meet a condition."""
    if condition is None and table.marked:
        return await marks.total(connection, org_id, connection_id)
    arguments = Arguments(org_id, connection_id)
    met = filtered(table, condition, arguments)
    statement = f"select count(*) from {table.name} {table.alias} where {met}"
    return int(await connection.fetchval(statement, *arguments.values))


def filtered(table: Table, condition: Condition | None, arguments: Arguments) -> str:
    """The where-clause: what the connection owns and the condition; the first two arguments name the owner."""
    alias = table.alias
    own = f"{alias}.org_id = $1 and {alias}.connection_id = $2 and {alias}.deleted_at is null"
    return own if condition is None else f"{own} and {where(condition, table, arguments)}"


def source(table: Table, condition: Condition | None, met: str) -> str:
    """The rows that meet a filter, as a from-clause.

    A fence keeps the planner from walking the page index in search of a few.
    """
    rows = f"{table.name} {table.alias} where {met}"
    if condition is None or not is_selective(condition):
        return rows
    return f"(select * from {rows} offset 0) {table.alias}"


def fields(table: Table, related: str | None) -> str:
    """The columns that `stored` reads."""
    alias = table.alias
    rows = f"{related}::text" if related is not None else "null::text"
    more = table.overflow if related is not None else "false"
    own = ", ".join(f"{alias}.{name}" for name in ("id", "doc", "version", "created_at", "modified_at"))
    return f"{own}, {rows} as related, {more} as more"


def stored(row: Record) -> Stored:
    """The resource of a row."""
    names = ("id", "doc", "version", "created_at", "modified_at", "related", "more")
    return Stored(*(row[name] for name in names))
