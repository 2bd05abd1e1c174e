"""What all SCIM verbs share: the call, who is admitted, what a query asks for, what an outcome tells.

Refuses callers whose plan, switch or scopes do not allow the verb. Below the Enterprise plan nothing is written but
a deactivation or a deletion: a lapsed plan must not keep anybody's access alive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import PROVISIONING_PLAN, Caller, Scope
from doorlist.errors import (
    Forbidden,
    InvalidCount,
    InvalidPath,
    NotFound,
    PlanTooLow,
    Refusal,
    ScimDisabled,
    VersionMismatch,
)
from doorlist.scim import cursor as cursors
from doorlist.scim import lookup
from doorlist.scim.condition import Condition, bind
from doorlist.scim.cursor import Cursor
from doorlist.scim.filter import parse_filter, parse_name
from doorlist.scim.messages import Stored, etag, related_name
from doorlist.scim.projection import WHOLE, Projection
from doorlist.scim.schema import ResourceType, Target
from doorlist.store.audit import Entry
from doorlist.store.db import Database, UniqueViolation
from doorlist.store.keyset import stretch
from doorlist.store.reading import Search, find, page
from doorlist.store.where import Table


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request: who, when, under which id, and the base of the addresses it answers with."""

    caller: Caller
    now: datetime
    request_id: UUID
    base: str


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
    """Page lengths in resources, and the longest filter in characters."""

    default_page: int
    max_page: int
    max_filter: int


@dataclass(frozen=True, slots=True)
class Page:
    """The resources of a page; `start_index` is the one used, None where the page was cut by cursor."""

    resources: list[Stored]
    total: int
    start_index: int | None
    following: str | None = None
    preceding: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write did: the resource as it is now (None after a deletion) and what changed, for the request log.

    `reread` says that lists kept in rows are not in `stored`, since writing does not read them.
    """

    stored: Stored | None
    change: Mapping[str, Any] = field(default_factory=dict)
    reread: bool = False


class Versions:
    """The entity tags of If-Match; any version where the client named none."""

    def __init__(self, tags: tuple[str, ...] | None) -> None:
        self._tags = None if tags is None or "*" in tags else {tag.removeprefix("W/") for tag in tags}

    def check(self, version: int) -> None:
        """Raise `VersionMismatch` unless the stored version is among them."""
        if self._tags is not None and etag(version).removeprefix("W/") not in self._tags:
            raise VersionMismatch("The resource has changed since it was read.", place="If-Match")


def admit(caller: Caller, scope: Scope) -> None:
    """Let a caller read or, under its plan, write. Raises a refusal that says who can change it."""
    if not caller.scim_enabled:
        raise ScimDisabled("Provisioning is switched off for this organization.")
    if scope not in caller.scopes:
        raise Forbidden(f"The token lacks the scope {scope.value}.")


def demand_plan(caller: Caller) -> None:
    """Raise `PlanTooLow` unless the organization's plan includes provisioning."""
    if caller.plan is not PROVISIONING_PLAN:
        raise PlanTooLow(
            f"Provisioning needs the {PROVISIONING_PLAN.value} plan; this organization is on {caller.plan.value}. "
            "Deactivation and deletion of people are still accepted."
        )


def entry(call: Call, action: Action, kind: TargetKind, target: UUID, change: Mapping[str, object]) -> Entry:
    """The audit event of a change made by a directory."""
    return Entry.of(Event(action, kind, target, Actor.directory(call.caller), call.request_id, change))


async def get_resource(
    database: Database,
    call: Call,
    table: Table,
    identifier: UUID | None,
    *,
    scope: Scope | None,
    projection: Projection,
) -> Stored:
    """One resource; `scope` None after a write that was already admitted. Raises `NotFound`."""
    if scope is not None:
        admit(call.caller, scope)
    caller, stored = call.caller, None
    wanted = _related(table, projection)
    if identifier is not None:
        async with database.reading() as connection:
            stored = await find(connection, table, caller.org_id, caller.connection_id, identifier, related=wanted)
    if stored is None:
        raise missing(table.resource_type)
    return stored


async def list_resources(
    database: Database, call: Call, table: Table, query: Query, *, scope: Scope, limits: Limits
) -> Page:
    """A page of the resources that meet a filter. Raises `InvalidFilter`, `InvalidPath` or `PlanTooLow`."""
    admit(call.caller, scope)
    demand_plan(call.caller)
    search = _search(table, query, limits)
    if query.cursor is not None:
        return await _page_by_cursor(database, call, table, query, search)
    caller = call.caller
    async with database.reading() as connection:
        found, total = await page(connection, table, caller.org_id, caller.connection_id, search)
    return Page(found, total, search.offset + 1)


async def _page_by_cursor(database: Database, call: Call, table: Table, query: Query, search: Search) -> Page:
    """A page of RFC 9865: bound to the query it began with, good for a limited time."""
    assert query.cursor is not None
    now, caller = int(call.now.timestamp()), call.caller
    made_for = cursors.digest(table.resource_type.name, query.filter or "", query.sort_by or "", str(query.descending))
    start = cursors.decode(query.cursor, made_for, now=now) if query.cursor else None
    async with database.reading() as connection:
        found = await stretch(connection, table, caller.org_id, caller.connection_id, replace(search, start=start))

    def text(place: Cursor | None) -> str | None:
        return None if place is None else cursors.encode(place, made_for, now=now)

    return Page(found.resources, found.total, None, text(found.following), text(found.preceding))


def missing(resource_type: ResourceType) -> NotFound:
    """The refusal for an id that names nothing of this directory."""
    return NotFound(f"There is no {resource_type.name} with this id.")


def _related(table: Table, projection: Projection) -> str | None:
    """The expression for the list kept in rows that a projection needs, or None: then no such row is read."""
    name = related_name(table.resource_type)
    if not projection.wants(name):
        return None
    return table.related_named if projection.names(name, "display") else table.related


def _search(table: Table, query: Query, limits: Limits) -> Search:
    resource_type = table.resource_type
    start = max(query.start_index, 1)
    limit = limits.default_page if query.count is None else min(max(query.count, 0), limits.max_page)
    if query.cursor is not None and query.count is not None and not 1 <= query.count <= limits.max_page:
        raise InvalidCount(f"A page by cursor has 1 to {limits.max_page} resources.", place="count")
    return Search(
        condition=_condition(resource_type, query.filter, limits),
        sort=_sort(resource_type, query.sort_by),
        descending=query.descending,
        offset=start - 1,
        limit=limit,
        related=_related(table, query.projection),
    )


def _condition(resource_type: ResourceType, text: str | None, limits: Limits) -> Condition | None:
    return None if text is None else bind(parse_filter(text, max_length=limits.max_filter), resource_type)


def _sort(resource_type: ResourceType, text: str | None) -> Target | None:
    if text is None:
        return None
    path = parse_name(text)
    target = lookup.find(resource_type, path) if path is not None else None
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


def changed_names(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Attribute name to [before, after] for every attribute that differs; extensions by their attributes."""
    changes: dict[str, list[Any]] = {}
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if name == "schemas" or _same(old, new):
            continue
        if ":" in name:
            inner = changed_names(old or {}, new or {})
            changes.update({f"{name}:{part}": values for part, values in inner.items()})
        else:
            changes[name] = [old, new]
    return changes


def _same(old: Any, new: Any) -> bool:
    """Whether two values are equal; the order of several values means nothing (RFC 7643 section 2.4)."""
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(value in new for value in old)
    return bool(old == new)


@contextmanager
def unique_as(refusal: Refusal) -> Iterator[None]:
    """Turn the violation of a unique index inside the block into a refusal."""
    try:
        yield
    except UniqueViolation as error:
        raise refusal from error


Apply = Callable[[dict[str, Any]], dict[str, Any]]
