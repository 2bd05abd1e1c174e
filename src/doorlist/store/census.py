"""SQL that counts what an organization has."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from doorlist.store.db import Connection

_TAKE = """
select (select count(*) from users where org_id = $1 and deleted_at is null and active) as active,
       (select count(*) from users where org_id = $1 and deleted_at is null and not active) as inactive,
       (select count(*) from groups where org_id = $1 and deleted_at is null) as groups,
       (select count(distinct a.principal_id) from grants a
          join groups g on g.org_id = a.org_id and g.id = a.principal_id and g.deleted_at is null
         where a.org_id = $1 and a.principal_kind = 'group') as granted,
       (select count(*) from resources where org_id = $1 and kind = 'workspace' and deleted_at is null) as workspaces,
       (select count(*) from resources r
          join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
         where r.org_id = $1 and r.kind = 'folder' and r.deleted_at is null) as folders,
       (select count(*) from retained where org_id = $1) as retained
"""


@dataclass(frozen=True, slots=True)
class Census:
    """How many there are; `granted` counts groups that have access anywhere, `retained` rows of kept access."""

    active: int
    inactive: int
    groups: int
    granted: int
    workspaces: int
    folders: int
    retained: int


async def take(connection: Connection, org_id: UUID) -> Census:
    """Count everything of an organization."""
    return Census(**dict(await connection.fetchrow(_TAKE, org_id)))
