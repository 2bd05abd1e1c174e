"""SQL of the lists that people leaf through: search, filters, order and keyset pages over any number of rows.

A list is a value: what it reads, what it can be sorted and filtered by. Texts of a visitor are always bound; the
names of sorts and filters select among constants. Statements name the organization as $1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from doorlist.store.db import Connection

T = TypeVar("T")

COUNTED: Final = 10_000
"""Rows are counted up to this many, because nobody reads on and the count would cost more than the page."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by: an expression and the type that a text of it is cast back to."""

    expression: str
    type: str = "text"


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One list.

    Attributes:
        row: what a line is made into, by the names of the columns.
        source: the tables of a page's rows, `id` being the expression that tells two rows apart.
        where: their condition, with the organization as $1 and the value of `within`, if any, as $2.
        columns: what is read for the rows of a page alone; the page is called `page`.
        cells: what a page holds of the source.
        joins: what else the columns need.
        search: a condition in which {} is the pattern of a search, already folded.
        filters: for each filter its choices, as conditions.
    """

    row: type[T]
    source: str
    id: str
    where: str
    columns: str
    orders: Mapping[str, Order]
    cells: str = "*"
    joins: str = ""
    search: str = ""
    filters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list: the sort value of a row as text, and its id."""

    value: str
    id: UUID


@dataclass(frozen=True, slots=True)
class View:
    """How a visitor looks at a list. Names that a list does not have are the caller's to refuse."""

    order: str
    descending: bool = False
    search: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    after: Place | None = None
    before: Place | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Leaf(Generic[T]):
    """A page: its rows, where it starts and ends if there is more on that side, and how many rows there are in all.

    `total` stops at `COUNTED`.
    """

    rows: tuple[T, ...]
    earlier: Place | None
    later: Place | None
    total: int


async def leaf(
    connection: Connection, listing: Listing[T], org_id: UUID, view: View, *, within: UUID | None = None
) -> Leaf[T]:
    """A page of a list."""
    arguments: list[Any] = [org_id] if within is None else [org_id, within]
    conditions = _conditions(listing, view, arguments)
    total = await connection.fetchval(
        f"select count(*) from (select 1 from {listing.source} where {conditions} limit {COUNTED}) as counted",
        *arguments,
    )
    records = await connection.fetch(_page(listing, view, conditions, arguments), *arguments)
    backwards = view.before is not None
    more = len(records) > view.limit
    records = records[: view.limit]
    if backwards:
        records.reverse()
    places = [Place(record["sort_text"], record["row_id"]) for record in records]
    return Leaf(
        rows=tuple(_row(listing, record) for record in records),
        earlier=places[0] if places and (more if backwards else view.after is not None) else None,
        later=places[-1] if places and (more or backwards) else None,
        total=total,
    )


def _conditions(listing: Listing[T], view: View, arguments: list[Any]) -> str:
    """The condition of every row that the view admits; its arguments are appended."""
    parts = [listing.where]
    parts += [listing.filters[name][choice] for name, choice in view.chosen.items()]
    if view.search:
        arguments.append(f"%{_literal(view.search)}%")
        parts.append(listing.search.replace("{}", f"${len(arguments)}"))
    return " and ".join(f"({part})" for part in parts)


def _page(listing: Listing[T], view: View, conditions: str, arguments: list[Any]) -> str:
    """The statement of a page and one row more, which tells whether there is another page."""
    order, place = listing.orders[view.order], view.after or view.before
    falling = view.descending != (view.before is not None)
    direction = "desc" if falling else "asc"
    if place is not None:
        arguments += [place.value, place.id]
        value = f"${len(arguments) - 1}::text::{order.type}"
        sign = "<" if falling else ">"
        conditions += f" and ({order.expression}, {listing.id}) {sign} ({value}, ${len(arguments)})"
    arguments.append(view.limit + 1)
    return f"""
with page as (
    select {listing.cells}, {order.expression} as sort_value, {listing.id} as row_id
      from {listing.source}
     where {conditions}
     order by {order.expression} {direction}, {listing.id} {direction}
     limit ${len(arguments)})
select {listing.columns}, page.sort_value::text as sort_text, page.row_id
  from page {listing.joins}
 order by page.sort_value {direction}, page.row_id {direction}
"""


def _row(listing: Listing[T], record: Any) -> T:
    values = dict(record)
    del values["sort_text"], values["row_id"]
    return listing.row(**values)


def _literal(text: str) -> str:
    """The text as a LIKE pattern that means itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
