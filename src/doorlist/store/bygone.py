"""SQL of names at an earlier moment: of people and groups renamed since, of people and places deleted since.

The events that changed a name tell the one before; places keep theirs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection

_RENAMED = """
select distinct on (target_id) target_id as id,
       case when target_kind = 'user' then change #>> '{attributes,userName,0}'
            else change #>> '{attributes,displayName,0}' end as name
  from audit_events
 where org_id = $1 and target_kind = $2 and at > $3
   and ((target_kind = 'user' and change #> '{attributes,userName}' is not null)
        or (target_kind = 'group' and change #> '{attributes,displayName}' is not null))
 order by target_id, seq
"""

_PEOPLE = """
select id, user_name as name from users
 where org_id = $1 and (user_name_key = $2 or id = any($3::uuid[]))
   and created_at <= $4 and (deleted_at is null or deleted_at > $4)
 order by id
"""

_PLACES = """
select r.id, r.name from resources r
 where r.org_id = $1 and r.name_key = $2 and r.created_at <= $3
   and case when $4::uuid is null then r.kind = 'workspace' else r.kind = 'folder' and r.workspace_id = $4 end
   and not exists (select from states_over_time s
                    where s.org_id = r.org_id and s.id = r.id and s.state = 'deleted'
                      and s.since <= $3 and (s.until is null or s.until > $3))
 order by r.id
"""


@dataclass(frozen=True, slots=True)
class Bygone:
    """A person or place that was there at a moment, with its present name or, when it is deleted, its last."""

    id: UUID
    name: str


async def renamed_since(connection: Connection, org_id: UUID, kind: str, moment: datetime) -> dict[UUID, str]:
    """The users or groups that were renamed after a moment, with the names that they had then."""
    return {row["id"]: row["name"] for row in await connection.fetch(_RENAMED, org_id, kind, moment)}


async def people(
    connection: Connection, org_id: UUID, *, key: str, ids: Collection[UUID], moment: datetime
) -> list[Bygone]:
    """The people there at a moment whose present or last user name folds to a key, or who have one of some ids."""
    return [Bygone(**row) for row in await connection.fetch(_PEOPLE, org_id, key, list(ids), moment)]


async def places(
    connection: Connection, org_id: UUID, *, key: str, moment: datetime, workspace_id: UUID | None = None
) -> list[Bygone]:
    """The workspaces there at a moment with a folded name, or the folders of one workspace."""
    return [Bygone(**row) for row in await connection.fetch(_PLACES, org_id, key, moment, workspace_id)]
