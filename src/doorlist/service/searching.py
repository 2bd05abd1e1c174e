"""SCIM lists: what a query asks for, and the page that answers it, by number or by cursor, of one type or of all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from doorlist.domain.tenancy import Scope
from doorlist.errors import Forbidden, InvalidCount, InvalidPath, InvalidValue, TooMany
from doorlist.scim import cursor as cursors
from doorlist.scim import lookup
from doorlist.scim.condition import Condition, bind
from doorlist.scim.cursor import Cursor
from doorlist.scim.filter import parse_filter, parse_name
from doorlist.scim.messages import Stored
from doorlist.scim.projection import WHOLE, Projection
from doorlist.scim.schema import ResourceType, Target
from doorlist.service.endpoints import Endpoint
from doorlist.service.provisioning import Call, admit, demand_plan, related_rows
from doorlist.store.db import Connection, Database, TookTooLong
from doorlist.store.keyset import stretch
from doorlist.store.reading import Search, page
from doorlist.store.union import Part, page_of_all
from doorlist.store.where import Table


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a list request as the client gave them; None means not given.

    An empty `cursor` asks for the first page of a list that is paged by cursor.
    """

    filter: str | None = None
    sort_by: str | None = None
    descending: bool = False
    start_index: int = 1
    count: int | None = None
    cursor: str | None = None
    projection: Projection = WHOLE


@dataclass(frozen=True, slots=True)
class Limits:
    """Page lengths in resources, the longest filter in characters, and the longest search in seconds."""

    default_page: int
    max_page: int
    max_filter: int
    max_seconds: float


@dataclass(frozen=True, slots=True)
class Page:
    """The resources of a page; `start_index` is the one used, None where the page was cut by cursor."""

    resources: list[Stored]
    total: int
    start_index: int | None
    following: str | None = None
    preceding: str | None = None


@dataclass(frozen=True, slots=True)
class MixedPage:
    """A page over several types: each resource with its endpoint."""

    resources: list[tuple[Endpoint, Stored]]
    total: int
    start_index: int


async def list_resources(
    database: Database, call: Call, table: Table, query: Query, *, scope: Scope, limits: Limits
) -> Page:
    """A page of the resources that meet a filter. Raises `InvalidFilter`, `InvalidPath` or `PlanTooLow`."""
    admit(call.caller, scope)
    demand_plan(call.caller)
    search = _search(table, query, limits)
    if query.cursor is not None:
        return await _page_by_cursor(database, call, table, query, search, limits=limits)
    caller = call.caller
    async with _searching(database, limits) as connection:
        found, total = await page(connection, table, caller.org_id, caller.connection_id, search)
    return Page(found, total, search.offset + 1)


async def list_all(
    database: Database, call: Call, queries: Mapping[str, tuple[Endpoint, Query]], *, limits: Limits
) -> MixedPage:
    """A page over all types that the token may read; an attribute of one type is unassigned in the others.

    Raises `Forbidden` when the token may read none of them.
    """
    demand_plan(call.caller)
    asked = {name: pair for name, pair in queries.items() if pair[0].reading in call.caller.scopes}
    if not asked:
        raise Forbidden("The token may read neither people nor groups.")
    parts: dict[int, Endpoint] = {}
    wanted: list[Part] = []
    for endpoint, query in asked.values():
        admit(call.caller, endpoint.reading)
        if query.cursor is not None:
            raise InvalidValue("People and groups together are paged by startIndex.", place="cursor")
        others = tuple(other.resource_type for other, _ in queries.values() if other is not endpoint)
        part = Part(endpoint.table, _search(endpoint.table, query, limits, others=others))
        parts[id(part)] = endpoint
        wanted.append(part)
    search, caller = wanted[0].search, call.caller
    async with _searching(database, limits) as connection:
        found, total = await page_of_all(
            connection, wanted, caller.org_id, caller.connection_id, offset=search.offset, limit=search.limit
        )
    return MixedPage([(parts[id(part)], stored) for part, stored in found], total, search.offset + 1)


async def _page_by_cursor(
    database: Database, call: Call, table: Table, query: Query, search: Search, *, limits: Limits
) -> Page:
    """A page of RFC 9865: bound to the query it began with, good for a limited time."""
    assert query.cursor is not None
    now, caller = int(call.now.timestamp()), call.caller
    made_for = cursors.digest(table.resource_type.name, query.filter or "", query.sort_by or "", str(query.descending))
    start = cursors.decode(query.cursor, made_for, now=now) if query.cursor else None
    async with _searching(database, limits) as connection:
        found = await stretch(connection, table, caller.org_id, caller.connection_id, replace(search, start=start))

    def text(place: Cursor | None) -> str | None:
        return None if place is None else cursors.encode(place, made_for, now=now)

    return Page(found.resources, found.total, None, text(found.following), text(found.preceding))


@asynccontextmanager
async def _searching(database: Database, limits: Limits) -> AsyncIterator[Connection]:
    """A connection for one search. Raises `TooMany` where it takes too long (RFC 7644 table 9)."""
    try:
        async with database.searching(seconds=limits.max_seconds) as connection:
            yield connection
    except TookTooLong:
        raise TooMany(
            f"The search was given up after {limits.max_seconds:g} seconds; ask for less, or by eq.", place="filter"
        ) from None


def _search(table: Table, query: Query, limits: Limits, *, others: tuple[ResourceType, ...] = ()) -> Search:
    resource_type = table.resource_type
    start = max(query.start_index, 1)
    limit = limits.default_page if query.count is None else min(max(query.count, 0), limits.max_page)
    if query.cursor is not None and query.count is not None and not 1 <= query.count <= limits.max_page:
        raise InvalidCount(f"A page by cursor has 1 to {limits.max_page} resources.", place="count")
    return Search(
        condition=_condition(resource_type, query.filter, limits, others),
        sort=_sort(resource_type, query.sort_by, others),
        descending=query.descending,
        offset=start - 1,
        limit=limit,
        related=related_rows(table, query.projection),
    )


def _condition(
    resource_type: ResourceType, text: str | None, limits: Limits, others: tuple[ResourceType, ...]
) -> Condition | None:
    if text is None:
        return None
    return bind(parse_filter(text, max_length=limits.max_filter), resource_type, others=others)


def _sort(resource_type: ResourceType, text: str | None, others: tuple[ResourceType, ...]) -> Target | None:
    if text is None:
        return None
    path = parse_name(text)
    target = lookup.find(resource_type, path) if path is not None else None
    if target is None and path is not None and any(lookup.find(other, path) for other in others):
        return None
    if target is None:
        raise InvalidPath(f"{resource_type.name} has no such attribute to sort by.", place=f"sortBy {text}")
    return _sortable(target, text)


def _sortable(target: Target, text: str) -> Target:
    """A complex attribute sorts by its sub-attribute `value`; lists kept in rows do not sort."""
    if target.attribute.name in ("members", "groups"):
        raise InvalidPath("Resources cannot be sorted by this attribute.", place=f"sortBy {text}")
    if not target.leaf.is_complex:
        return target
    value = target.attribute.sub("value")
    if value is None:
        raise InvalidPath("Sort by a sub-attribute of this attribute.", place=f"sortBy {text}")
    return Target(target.attribute, value, target.urn)
