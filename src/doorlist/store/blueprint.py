"""SQL that reads an organization's places and grants as a configuration needs them: with names, and ids behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection

_PLACES = """
select r.id, w.name_key as workspace_key, case when r.kind = 'folder' then r.name_key else '' end as folder_key,
       r.name, r.home, r.plan, r.archived_at
  from resources r
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where r.org_id = $1 and r.deleted_at is null
"""

_GRANTS = """
select g.resource_id, g.principal_kind, g.principal_id, g.level, g.policy,
       coalesce(d.display_name, u.user_name) as name, coalesce(d.display_key, u.user_name_key) as name_key
  from grants g
  left join groups d on d.org_id = g.org_id and d.id = g.principal_id and d.deleted_at is null
  left join users u on u.org_id = g.org_id and u.id = g.principal_id and u.deleted_at is null
 where g.org_id = $1 and (d.id is not null or u.id is not null)
"""

_GROUPS = """
select id, display_name as name, display_key as name_key
  from groups where org_id = $1 and deleted_at is null and (display_key = any($2::text[]) or id = any($3::uuid[]))
"""

_PEOPLE = """
select id, user_name as name, user_name_key as name_key
  from users where org_id = $1 and deleted_at is null and (user_name_key = any($2::text[]) or id = any($3::uuid[]))
"""


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A live workspace or folder by its folded names; the folder "" is the workspace itself."""

    id: UUID
    workspace_key: str
    folder_key: str
    name: str
    home: bool
    plan: str | None
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A grant to a live group or person, with the present name."""

    resource_id: UUID
    principal_kind: str
    principal_id: UUID
    level: int
    policy: str | None
    name: str
    name_key: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """A live group or person of a name."""

    id: UUID
    name: str
    name_key: str


async def places(connection: Connection, org_id: UUID) -> list[PlaceRow]:
    """Every live workspace and folder."""
    return [PlaceRow(**row) for row in await connection.fetch(_PLACES, org_id)]


async def grants(connection: Connection, org_id: UUID) -> list[GivenRow]:
    """Every grant to a live group or person."""
    return [GivenRow(**row) for row in await connection.fetch(_GRANTS, org_id)]


async def groups(connection: Connection, org_id: UUID, keys: Sequence[str], ids: Sequence[UUID]) -> list[Bearer]:
    """The live groups of folded names or ids."""
    return [Bearer(**row) for row in await connection.fetch(_GROUPS, org_id, list(keys), list(ids))]


async def people(connection: Connection, org_id: UUID, keys: Sequence[str], ids: Sequence[UUID]) -> list[Bearer]:
    """The live people of folded user names or ids."""
    return [Bearer(**row) for row in await connection.fetch(_PEOPLE, org_id, list(keys), list(ids))]
