"""SQL of the schemas that organizations declare, and of the values that those schemas call unique. No rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.store.db import Connection, Record

_COLUMNS: Final = "urn, resource_types, definition::text as definition, revision, declared_at, changed_at"

DECLARED: Final = """
(select json_agg(json_build_object('definition', s.definition, 'types', s.resource_types, 'revision', s.revision)
                 order by s.declared_at, s.urn_key)::text
   from declared_schemas s where s.org_id = {org_id})
"""
"""An expression for all that an organization declares, as `scim.catalogue` reads it; null where it declares nothing."""

_INSERT: Final = """
insert into declared_schemas (org_id, urn_key, urn, resource_types, definition, declared_at, changed_at)
values ($1, lower($2), $2, $3, $4::json, $5, $5)
"""

_UPDATE: Final = """
update declared_schemas set resource_types = $3, definition = $4::json, changed_at = $5, revision = revision + 1
 where org_id = $1 and urn_key = lower($2)
"""

# Containment in `search` is answered by the index; `schemas` lists what a document uses. The deleted can be restored.
_USERS: Final = """
select exists (select from users where org_id = $1 and deleted_at is null
                and search @> jsonb_build_object('schemas', jsonb_build_array($2::text)))
    or exists (select from users where org_id = $1 and deleted_at is not null and cleaned_at is null
                and search @> jsonb_build_object('schemas', jsonb_build_array($2::text)))
"""
_GROUPS: Final = """
select exists (select from groups where org_id = $1 and deleted_at is null
                and search @> jsonb_build_object('schemas', jsonb_build_array($2::text)))
    or exists (select from groups where org_id = $1 and deleted_at is not null and cleaned_at is null
                and search @> jsonb_build_object('schemas', jsonb_build_array($2::text)))
"""
_USES: Final = {"User": _USERS, "Group": _GROUPS}

_HELD: Final = """
select urn, revision from declared_schemas where org_id = $1 and urn = any ($2::text[]) order by urn_key for key share
"""

_RELEASE: Final = """
delete from declared_values v
 where v.org_id = $1 and v.resource_id = $2
   and not exists (select from unnest($3::text[], $4::text[]) as w (attribute, value)
                    where w.attribute = v.attribute and w.value = v.value)
"""

_CLAIM: Final = """
with wanted as (
    select w.attribute, w.value from unnest($3::text[], $4::text[]) as w (attribute, value)
     where not exists (select from declared_values v
                        where v.org_id = $1 and v.resource_id = $2 and v.attribute = w.attribute)),
claimed as (
    insert into declared_values (org_id, resource_id, attribute, value, resource_type, connection_id)
    select $1, $2, attribute, value, $5, $6 from wanted order by attribute
    on conflict (org_id, attribute, value, connection_id, resource_type) where not released do nothing
    returning attribute)
select attribute from wanted except select attribute from claimed
"""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared schema as it is kept: `definition` is JSON text in the form of RFC 7643 section 7."""

    urn: str
    resource_types: tuple[str, ...]
    definition: str
    revision: int
    declared_at: datetime
    changed_at: datetime


async def everything(connection: Connection, org_id: UUID) -> list[Declaration]:
    """All that an organization declares, the oldest first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from declared_schemas where org_id = $1 order by declared_at, urn_key", org_id
    )
    return [_declaration(row) for row in rows]


async def text_of(connection: Connection, org_id: UUID) -> str | None:
    """The same as the text that `scim.catalogue` reads."""
    found: str | None = await connection.fetchval(f"select {DECLARED.format(org_id='$1')}", org_id)
    return found


async def lock(connection: Connection, org_id: UUID, urn: str) -> Declaration | None:
    """The declaration of that URN, locked against writes of resources that use it; None where there is none."""
    row = await connection.fetchrow(
        f"select {_COLUMNS} from declared_schemas where org_id = $1 and urn_key = lower($2) for update", org_id, urn
    )
    return None if row is None else _declaration(row)


async def insert(
    connection: Connection, org_id: UUID, *, urn: str, types: Sequence[str], definition: str, now: datetime
) -> None:
    """Keep a new declaration."""
    await connection.execute(_INSERT, org_id, urn, list(types), definition, now)


async def update(
    connection: Connection, org_id: UUID, *, urn: str, types: Sequence[str], definition: str, now: datetime
) -> None:
    """Put another definition in the place of a locked one."""
    await connection.execute(_UPDATE, org_id, urn, list(types), definition, now)


async def delete(connection: Connection, org_id: UUID, urn: str) -> None:
    """Forget a locked declaration."""
    await connection.execute("delete from declared_schemas where org_id = $1 and urn_key = lower($2)", org_id, urn)


async def in_use(connection: Connection, org_id: UUID, urn: str, *, resource_type: str) -> bool:
    """Whether a resource of that type, or a deleted one that can be restored, has values of the schema."""
    return bool(await connection.fetchval(_USES[resource_type], org_id, urn))


async def hold(connection: Connection, org_id: UUID, urns: Sequence[str]) -> dict[str, int]:
    """Keep declarations from being narrowed or removed until the transaction ends; the revision of each by its URN."""
    rows = await connection.fetch(_HELD, org_id, list(urns))
    return {row["urn"]: row["revision"] for row in rows}


async def claim(
    connection: Connection,
    org_id: UUID,
    *,
    resource_type: str,
    connection_id: UUID,
    resource_id: UUID,
    values: Mapping[str, str],
) -> list[str]:
    """Make exactly these unique values, by attribute, those of a resource; the attributes whose value is another's.

    Two statements: a value that is given up has to be gone before it can be taken again.
    """
    attributes, texts = [name.lower() for name in values], list(values.values())
    await connection.execute(_RELEASE, org_id, resource_id, attributes, texts)
    if not attributes:
        return []
    rows = await connection.fetch(_CLAIM, org_id, resource_id, attributes, texts, resource_type, connection_id)
    return [row["attribute"] for row in rows]


async def forget_values(connection: Connection, org_id: UUID, attributes: Sequence[str]) -> None:
    """Forget the values of attributes that are unique no longer."""
    await connection.execute(
        "delete from declared_values where org_id = $1 and attribute = any ($2::text[])", org_id, list(attributes)
    )


def _declaration(row: Record) -> Declaration:
    return Declaration(**{**row, "resource_types": tuple(row["resource_types"])})
