"""Extension schemas of an organization: declare, change, remove, list. For its managers.

A declaration may grow. What could make a value wrong or lost is refused while a resource has values of the schema.
Every server forgets the organization's callers at commit, and with them the schemas that it knew.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

import msgspec

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, Conflict, NotFound
from doorlist.scim.core import RESOURCE_TYPES
from doorlist.scim.declaration import narrowing, read_declaration
from doorlist.scim.discovery import definition
from doorlist.scim.schema import Schema, Uniqueness
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import audit, credentials, declarations, organizations
from doorlist.store.db import Connection, Database
from doorlist.store.declarations import Declaration

MAX_SCHEMAS: Final = 20
MAX_BYTES: Final = 64 * 1024
_BUILT_IN: Final = tuple(
    schema.urn for item in RESOURCE_TYPES for schema in (item.schema, *(each.schema for each in item.extensions))
)
_RESERVED: Final = ("urn:ietf:params:scim:schemas:core:", "urn:ietf:params:scim:api:")


async def declare_schema(
    database: Database, administrator: Administrator, org_id: UUID, *, body: Any, types: Collection[str]
) -> Declaration:
    """Declare a schema for `types` (User, Group), or put another definition in its place.

    Raises `BadInput` naming what is malformed, `Conflict` where resources have values that could become wrong.
    """
    schema = read_declaration(body)
    _check_types(types)
    text = msgspec.json.encode(definition(schema)).decode()
    if len(text) > MAX_BYTES:
        raise BadInput(f"The definition has {len(text)} bytes; {MAX_BYTES} is the most.")
    kinds, at = sorted(set(types)), clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        await organizations.lock(connection, org_id)
        known = await declarations.everything(connection, org_id)
        _check_urn(schema.urn, [item.urn for item in known])
        before = await declarations.lock(connection, org_id, schema.urn)
        if before is None:
            if len(known) >= MAX_SCHEMAS:
                raise BadInput(f"An organization declares at most {MAX_SCHEMAS} schemas.")
            await declarations.insert(connection, org_id, urn=schema.urn, types=kinds, definition=text, now=at)
        else:
            await _check_change(connection, org_id, before, schema, kinds)
            await declarations.update(connection, org_id, urn=schema.urn, types=kinds, definition=text, now=at)
        action = Action.SCHEMA_DECLARED if before is None else Action.SCHEMA_CHANGED
        await _tell(connection, administrator, org_id, action, {"urn": schema.urn, "types": kinds})
        found = await declarations.lock(connection, org_id, schema.urn)
    assert found is not None, "it was written in this transaction"
    return found


async def remove_schema(database: Database, administrator: Administrator, org_id: UUID, *, urn: str) -> None:
    """Remove a declaration that nothing uses. Raises `NotFound`, or `Conflict` while a resource has values of it."""
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        found = await declarations.lock(connection, org_id, urn)
        if found is None:
            raise NotFound("The organization declares no such schema.", place=urn[:200])
        for kind in found.resource_types:
            if await declarations.in_use(connection, org_id, found.urn, resource_type=kind):
                raise Conflict(f"Resources of the type {kind} have values of this schema.", place=found.urn)
        await declarations.delete(connection, org_id, found.urn)
        await _tell(connection, administrator, org_id, Action.SCHEMA_REMOVED, {"urn": found.urn})


async def list_schemas(database: Database, administrator: Administrator, org_id: UUID) -> list[Declaration]:
    """What an organization declares, the oldest first."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await declarations.everything(connection, org_id)


def _check_types(types: Collection[str]) -> None:
    known = [item.name for item in RESOURCE_TYPES]
    if not types or not set(types) <= set(known):
        raise BadInput(f"A schema extends one or more of {', '.join(known)}.", place="for")


def _check_urn(urn: str, declared: list[str]) -> None:
    """No URN may stand for two things, nor may one joined to an attribute's name be another (RFC 7644 section 3.10)."""
    lowered = urn.lower()
    if lowered.startswith(_RESERVED) or lowered in map(str.lower, _BUILT_IN):
        raise BadInput("This URN belongs to the standard.", place="id")
    for other in (*_BUILT_IN, *declared):
        one, two = sorted((lowered, other.lower()), key=len)
        if two.startswith(f"{one}:"):
            raise BadInput(f"The URN cannot be told from names of the schema {other}.", place="id")


async def _check_change(
    connection: Connection, org_id: UUID, before: Declaration, schema: Schema, kinds: list[str]
) -> None:
    old = read_declaration(msgspec.json.decode(before.definition))
    place = narrowing(old, schema) if before.urn == schema.urn else "id"
    lost = [kind for kind in before.resource_types if kind not in kinds]
    for kind in before.resource_types if place is not None else lost:
        if await declarations.in_use(connection, org_id, before.urn, resource_type=kind):
            raise Conflict(
                f"Resources of the type {kind} have values of this schema, which the change could make wrong or lose. "
                "Attributes may be added that are not required.",
                place=place or "for",
            )
    unique = [old.named(item).lower() for item in old.attributes if item.uniqueness is Uniqueness.SERVER]
    now = {schema.named(item).lower() for item in schema.attributes if item.uniqueness is Uniqueness.SERVER}
    await declarations.forget_values(connection, org_id, [name for name in unique if name not in now])


async def _tell(
    connection: Connection, administrator: Administrator, org_id: UUID, action: Action, change: dict[str, object]
) -> None:
    at = clock.now()
    actor = Actor.administrator(administrator)
    event = Event(action, TargetKind.ORGANIZATION, org_id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
    await credentials.announce(connection, org_id)
