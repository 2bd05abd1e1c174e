"""What all SCIM verbs share: the call, who is admitted, what a query asks for, what an outcome tells.

Refuses callers whose plan, switch or scopes do not allow the verb. Below the Enterprise plan nothing is written but
a deactivation or a deletion: a lapsed plan must not keep anybody's access alive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import PROVISIONING_PLAN, Caller, Scope
from doorlist.errors import (
    Forbidden,
    NotFound,
    PlanTooLow,
    Refusal,
    ScimDisabled,
)
from doorlist.scim.catalogue import Catalogue, catalogue
from doorlist.scim.messages import Stored, related_name
from doorlist.scim.patch import Work
from doorlist.scim.projection import Projection
from doorlist.scim.schema import ResourceType
from doorlist.scim.values import lookup_key
from doorlist.store.audit import Entry
from doorlist.store.db import Database, Translated, UniqueViolation
from doorlist.store.reading import find
from doorlist.store.where import Table


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request: who, when, under which id, the base of the addresses it answers with, what it cost."""

    caller: Caller
    now: datetime
    request_id: UUID
    base: str
    work: Work = field(default_factory=Work, compare=False)

    @property
    def catalogue(self) -> Catalogue:
        """The resource types of the caller's organization."""
        return catalogue(self.caller.declared)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write did: the resource as it is now (None after a deletion) and what changed, for the request log.

    `reread` says that lists kept in rows are not in `stored`, since writing does not read them.
    """

    stored: Stored | None
    change: Mapping[str, Any] = field(default_factory=dict)
    reread: bool = False


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
    """The audit event of a change made by a directory, as the statement of the change writes it."""
    return Entry.of(event(call, action, kind, target, change))


def event(call: Call, action: Action, kind: TargetKind, target: UUID, change: Mapping[str, object]) -> Event:
    """The audit event of a change made by a directory."""
    return Event(action, kind, target, Actor.directory(call.caller), call.request_id, change)


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
    wanted = related_rows(table, projection)
    if identifier is not None:
        async with database.reading() as connection:
            stored = await find(connection, table, caller.org_id, caller.connection_id, identifier, related=wanted)
    if stored is None:
        raise missing(table.resource_type)
    return stored


def missing(resource_type: ResourceType) -> NotFound:
    """The refusal for an id that names nothing of this directory."""
    return NotFound(f"There is no {resource_type.name} with this id.")


def related_rows(table: Table, projection: Projection) -> str | None:
    """The expression for the list kept in rows that a projection needs, or None: then no such row is read."""
    name = related_name(table.resource_type)
    if not projection.wants(name):
        return None
    return table.related_named if projection.names(name, "display") else table.related


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
        return old == new or (len(old) == len(new) and Counter(map(lookup_key, old)) == Counter(map(lookup_key, new)))
    return bool(old == new)


@contextmanager
def unique_as(refusal: Refusal) -> Iterator[None]:
    """Turn the violation of a unique index inside the block into a refusal, inside a transaction or around one."""
    try:
        with Translated():
            yield
    except UniqueViolation as error:
        raise refusal from error


Apply = Callable[[dict[str, Any]], dict[str, Any]]
