"""SQL of decisions and of the searches for those that would be positive. The rule is the view `effective_access`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from doorlist.store.db import Connection

# Where a resource of a type has its level: workspaces and folders themselves, projects and tasks in their folder.
_PLACES = """
select n.place, coalesce(r.id, p.folder_id, q.folder_id) as resource_id
  from unnest($2::int[], $3::text[], $4::uuid[]) as n (place, kind, id)
  left join resources r on r.org_id = $1 and r.id = n.id and r.kind = n.kind
  left join projects p on p.org_id = $1 and p.id = n.id and n.kind = 'project'
  left join tasks t on t.org_id = $1 and t.id = n.id and n.kind = 'task'
  left join projects q on q.org_id = $1 and q.id = t.project_id
 where coalesce(r.id, p.folder_id, q.folder_id) is not null
"""

_PEOPLE_BY_NAME = """
select user_name_key as key, id, user_name from users
 where org_id = $1 and deleted_at is null and user_name_key = any($2::text[])
"""

_PEOPLE_BY_ID = """
select id::text as key, id, user_name from users where org_id = $1 and deleted_at is null and id = any($2::uuid[])
"""

_LEVELS = """
select n.place, coalesce((select max(a.level) from effective_access a
                           where a.org_id = $1 and a.user_id = n.user_id and a.resource_id = n.resource_id), 0) as level
  from unnest($2::int[], $3::uuid[], $4::uuid[]) as n (place, user_id, resource_id)
"""

_SUBJECTS = """
select u.id, u.user_name
  from effective_access a
  join users u on u.org_id = a.org_id and u.id = a.user_id
 where a.org_id = $1 and a.resource_id = $2 and a.level >= $3 and ($4::uuid is null or u.id > $4)
 order by u.id
 limit $5
"""

_RESOURCES: Final = {
    "workspace": """
select r.id, r.name
  from effective_access a
  join resources r on r.org_id = a.org_id and r.id = a.resource_id and r.kind = 'workspace'
 where a.org_id = $1 and a.user_id = $2 and a.level >= $3 and ($4::uuid is null or r.id > $4)
 order by r.id
 limit $5
""",
    "folder": """
select r.id, r.name
  from effective_access a
  join resources r on r.org_id = a.org_id and r.id = a.resource_id and r.kind = 'folder'
 where a.org_id = $1 and a.user_id = $2 and a.level >= $3 and ($4::uuid is null or r.id > $4)
 order by r.id
 limit $5
""",
    "project": """
select p.id, p.name
  from effective_access a
  join projects p on p.org_id = a.org_id and p.folder_id = a.resource_id
 where a.org_id = $1 and a.user_id = $2 and a.level >= $3 and ($4::uuid is null or p.id > $4)
 order by p.id
 limit $5
""",
    "task": """
select t.id, t.title as name
  from effective_access a
  join projects p on p.org_id = a.org_id and p.folder_id = a.resource_id
  join tasks t on t.org_id = p.org_id and t.project_id = p.id
 where a.org_id = $1 and a.user_id = $2 and a.level >= $3 and ($4::uuid is null or t.id > $4)
 order by t.id
 limit $5
""",
}


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a search found, with its present name."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A live person under the key that was asked for: a folded user name, or the text of an id."""

    key: str
    id: UUID
    user_name: str


async def people(
    connection: Connection, org_id: UUID, *, keys: Sequence[str], ids: Sequence[UUID]
) -> list[KnownPerson]:
    """The live people of those folded user names and of those ids."""
    found = list(await connection.fetch(_PEOPLE_BY_ID, org_id, list(ids))) if ids else []
    found += list(await connection.fetch(_PEOPLE_BY_NAME, org_id, list(keys))) if keys else []
    return [KnownPerson(**row) for row in found]


async def places(connection: Connection, org_id: UUID, asked: Sequence[tuple[int, str, UUID]]) -> dict[int, UUID]:
    """For each number, type and id of a resource the workspace or folder whose level counts, where there is one."""
    if not asked:
        return {}
    numbers, kinds, ids = (list(column) for column in zip(*asked, strict=True))
    return {row["place"]: row["resource_id"] for row in await connection.fetch(_PLACES, org_id, numbers, kinds, ids)}


async def levels(connection: Connection, org_id: UUID, asked: Sequence[tuple[int, UUID, UUID]]) -> dict[int, int]:
    """For each number, person and workspace or folder the effective level, 0 for none."""
    if not asked:
        return {}
    numbers, people_ids, resources = (list(column) for column in zip(*asked, strict=True))
    rows = await connection.fetch(_LEVELS, org_id, numbers, people_ids, resources)
    return {row["place"]: row["level"] for row in rows}


async def subjects(
    connection: Connection, org_id: UUID, resource_id: UUID, *, least: int, after: UUID | None, limit: int
) -> list[Found]:
    """The people who have at least a level on a workspace or folder, in the order of their ids."""
    rows = await connection.fetch(_SUBJECTS, org_id, resource_id, least, after, limit)
    return [Found(row["id"], row["user_name"]) for row in rows]


async def resources(
    connection: Connection, org_id: UUID, user_id: UUID, *, kind: str, least: int, after: UUID | None, limit: int
) -> list[Found]:
    """The resources of a type on which a person has at least a level, in the order of their ids."""
    return [Found(**row) for row in await connection.fetch(_RESOURCES[kind], org_id, user_id, least, after, limit)]
