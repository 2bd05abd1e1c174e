"""SQL that finds and lists people and groups for administrators, those of directories and local ones alike.

What a directory may see of them is in the modules of SCIM; here nothing is hidden, and little is written: the one
local person that an organization starts with.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.levels import Role
from doorlist.store.db import Connection
from doorlist.store.detachment import MANAGED

_INSERT_PERSON = """
insert into users (org_id, id, role, user_name, user_name_key, display_name, active, doc, search,
                   created_at, modified_at)
values ($1, $2, $3, $4, $5, $6, true, $7, $8::jsonb, $9, $9)
"""

_FIND_PEOPLE = """
select id, user_name, display_name, role, active, connection_id is null as local,
       blocked_at is not null as blocked
  from users where org_id = $1 and user_name_key = $2 and deleted_at is null
 order by connection_id nulls first
"""

_FIND_PERSON = """
select id, user_name, display_name, role, active, connection_id is null as local,
       blocked_at is not null as blocked
  from users where org_id = $1 and id = $2 and deleted_at is null
"""

_FIND_GROUPS = """
select id, display_name, display_key from groups where org_id = $1 and display_key = $2 and deleted_at is null
"""

_LOCK_GROUP = """
select id, display_name, display_key from groups where org_id = $1 and id = $2 and deleted_at is null for share
"""

_LOCK_GROUPS = """
select id, display_name, display_key
  from groups where org_id = $1 and display_key = any($2::text[]) and deleted_at is null
 order by id for share
"""

_LOCK_KEEPER = f"""
select g.display_name, g.doc,
       (select c.name from connections c
         where c.org_id = g.org_id and c.id = g.connection_id and {MANAGED.format(now="$3")}) as managed_by
  from groups g
  join organizations o on o.org_id = g.org_id
 where g.org_id = $1 and g.id = $2 and g.deleted_at is null
   for update of g
"""

_LIST_PEOPLE = """
select u.id, u.user_name, u.display_name, u.role, u.active, coalesce(c.name, 'local') as origin, u.external_id,
       (select count(*) from group_members m where m.org_id = u.org_id and m.user_id = u.id) as groups,
       u.modified_at
  from users u
  left join connections c on c.org_id = u.org_id and c.id = u.connection_id
 where u.org_id = $1 and u.deleted_at is null
 order by u.user_name_key, u.id
"""

_LIST_GROUPS = f"""
select g.id, g.display_name, coalesce(c.name, 'local') as origin, g.external_id,
       c.id is not null and not {MANAGED.format(now="now()")} as detached,
       (select count(*) from group_members m where m.org_id = g.org_id and m.group_id = g.id) as members,
       (select count(*) from grants a where a.org_id = g.org_id and a.principal_id = g.id) as grants,
       g.modified_at
  from groups g
  join organizations o on o.org_id = g.org_id
  left join connections c on c.org_id = g.org_id and c.id = g.connection_id
 where g.org_id = $1 and g.deleted_at is null
 order by g.display_key, g.id
"""

_GROUP_MEMBERS = """
select u.id, u.user_name, u.display_name, u.active, m.added_at
  from group_members m
  join users u on u.org_id = m.org_id and u.id = m.user_id and u.deleted_at is null
 where m.org_id = $1 and m.group_id = $2
 order by u.user_name_key, u.id
"""

_GROUP_GRANTS = """
select w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, g.level, g.policy,
       g.created_at, g.created_by
  from grants g
  join resources r on r.org_id = g.org_id and r.id = g.resource_id and r.deleted_at is null
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where g.org_id = $1 and g.principal_id = $2
 order by w.name_key, r.kind = 'folder', r.name_key
"""


@dataclass(frozen=True, slots=True)
class Somebody:
    """A live person as verbs need them."""

    id: UUID
    user_name: str
    display_name: str
    role: Role
    active: bool
    local: bool
    blocked: bool


@dataclass(frozen=True, slots=True)
class SomeGroup:
    """A live group as verbs need it."""

    id: UUID
    display_name: str
    display_key: str


@dataclass(frozen=True, slots=True)
class Keeper:
    """A live group with its SCIM document, and the directory that manages it; None for a local or detached one."""

    display_name: str
    doc: str
    managed_by: str | None


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person in a list; `origin` is the name of the directory connection, or local."""

    id: UUID
    user_name: str
    display_name: str
    role: str
    active: bool
    origin: str
    external_id: str | None
    groups: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group in a list; `modified_at` is its last change by whoever owns it, `detached` says that nobody does now."""

    id: UUID
    display_name: str
    origin: str
    external_id: str | None
    detached: bool
    members: int
    grants: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A member of a group, and since when."""

    id: UUID
    user_name: str
    display_name: str
    active: bool
    added_at: datetime


@dataclass(frozen=True, slots=True)
class GroupGrantLine:
    """A grant of a group; `folder` is empty for one on the workspace, `policy` None where the organization's acts."""

    workspace: str
    folder: str
    level: int
    policy: str | None
    created_at: datetime
    created_by: str


async def insert_person(
    connection: Connection,
    org_id: UUID,
    *,
    user_id: UUID,
    role: Role,
    user_name: str,
    user_name_key: str,
    display_name: str,
    doc: str,
    search: str,
    now: datetime,
) -> None:
    """Create an active local person; `doc` and `search` are JSON texts as for people of a directory."""
    await connection.execute(
        _INSERT_PERSON, org_id, user_id, role.value, user_name, user_name_key, display_name, doc, search, now
    )


async def find_people(connection: Connection, org_id: UUID, key: str) -> list[Somebody]:
    """The live people of a folded user name: at most one of each directory, and a local one first."""
    rows = await connection.fetch(_FIND_PEOPLE, org_id, key)
    return [Somebody(**{**row, "role": Role(row["role"])}) for row in rows]


async def find_person(connection: Connection, org_id: UUID, user_id: UUID) -> Somebody | None:
    """The live person of that id."""
    row = await connection.fetchrow(_FIND_PERSON, org_id, user_id)
    return None if row is None else Somebody(**{**row, "role": Role(row["role"])})


async def find_groups(connection: Connection, org_id: UUID, key: str) -> list[SomeGroup]:
    """The live groups of a folded name: at most one of each directory and a local one."""
    return [SomeGroup(**row) for row in await connection.fetch(_FIND_GROUPS, org_id, key)]


async def lock_group(connection: Connection, org_id: UUID, group_id: UUID) -> SomeGroup | None:
    """The live group of that id; its members stay as they are until the transaction ends."""
    row = await connection.fetchrow(_LOCK_GROUP, org_id, group_id)
    return None if row is None else SomeGroup(**row)


async def lock_keeper(connection: Connection, org_id: UUID, group_id: UUID, *, now: datetime) -> Keeper | None:
    """Who manages a live group; nobody else changes it until the end."""
    row = await connection.fetchrow(_LOCK_KEEPER, org_id, group_id, now)
    return None if row is None else Keeper(**row)


async def lock_groups(connection: Connection, org_id: UUID, keys: Sequence[str]) -> list[SomeGroup]:
    """The live groups of those folded names; their members stay as they are until the transaction ends.

    One name may belong to a group of each directory and to a local one.
    """
    return [SomeGroup(**row) for row in await connection.fetch(_LOCK_GROUPS, org_id, list(keys))]


async def people(connection: Connection, org_id: UUID) -> AsyncIterator[PersonLine]:
    """Every live person by user name, read as they are asked for; needs a transaction."""
    async for row in connection.cursor(_LIST_PEOPLE, org_id, prefetch=500):
        yield PersonLine(**row)


async def groups(connection: Connection, org_id: UUID) -> AsyncIterator[GroupLine]:
    """Every live group by name, read as they are asked for; needs a transaction."""
    async for row in connection.cursor(_LIST_GROUPS, org_id, prefetch=500):
        yield GroupLine(**row)


async def group_members(connection: Connection, org_id: UUID, group_id: UUID) -> AsyncIterator[MemberLine]:
    """The live members of a group by user name, read as they are asked for; needs a transaction."""
    async for row in connection.cursor(_GROUP_MEMBERS, org_id, group_id, prefetch=500):
        yield MemberLine(**row)


async def group_grants(connection: Connection, org_id: UUID, group_id: UUID) -> list[GroupGrantLine]:
    """Every grant of a group on what is not deleted, by workspace and folder."""
    return [GroupGrantLine(**row) for row in await connection.fetch(_GROUP_GRANTS, org_id, group_id)]
