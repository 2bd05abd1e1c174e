"""SQL of the lists that programs page through: by key, in the order of the ids, so that a page costs the same anywhere.

Each function answers the rows behind `after`, at most `limit`, with the ids that a program works with. No rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection

_PEOPLE = """
select u.id, u.user_name, u.display_name, u.role, u.active, u.blocked_at is not null as blocked,
       coalesce(c.name, 'local') as origin, u.external_id, u.created_at, u.modified_at
  from users u
  left join connections c on c.org_id = u.org_id and c.id = u.connection_id
 where u.org_id = $1 and u.deleted_at is null and ($2::uuid is null or u.id > $2)
   and ($3::text is null or u.user_name_key = $3) and ($4::uuid is null or u.id = $4)
 order by u.id
 limit $5
"""

_GROUPS = """
select g.id, g.display_name, coalesce(c.name, 'local') as origin, g.external_id, g.created_at, g.modified_at,
       (select count(*) from group_members m where m.org_id = g.org_id and m.group_id = g.id) as members
  from groups g
  left join connections c on c.org_id = g.org_id and c.id = g.connection_id
 where g.org_id = $1 and g.deleted_at is null and ($2::uuid is null or g.id > $2)
   and ($3::text is null or g.display_key = $3) and ($4::uuid is null or g.id = $4)
 order by g.id
 limit $5
"""

_MEMBERS = """
select u.id as user_id, u.user_name, u.display_name, u.active, m.added_at
  from group_members m
  join users u on u.org_id = m.org_id and u.id = m.user_id and u.deleted_at is null
 where m.org_id = $1 and m.group_id = $2 and ($3::uuid is null or m.user_id > $3)
 order by m.user_id
 limit $4
"""

_WORKSPACES = """
select w.id, w.name, w.plan, h.id as home_folder_id, w.created_at, w.archived_at
  from resources w
  join resources h on h.org_id = w.org_id and h.workspace_id = w.id and h.home
 where w.org_id = $1 and w.kind = 'workspace' and w.deleted_at is null and ($2::uuid is null or w.id > $2)
   and ($3::text is null or w.name_key = $3) and ($4::uuid is null or w.id = $4)
 order by w.id
 limit $5
"""

_FOLDERS = """
select f.id, f.workspace_id, f.name, f.home, f.created_at, f.archived_at
  from resources f
  join resources w on w.org_id = f.org_id and w.id = f.workspace_id and w.deleted_at is null
 where f.org_id = $1 and f.kind = 'folder' and f.deleted_at is null and ($2::uuid is null or f.id > $2)
   and ($3::uuid is null or f.workspace_id = $3) and ($4::text is null or f.name_key = $4)
   and ($5::uuid is null or f.id = $5)
 order by f.id
 limit $6
"""

_GRANTS = """
select g.id, g.resource_id, g.principal_kind, g.principal_id, g.level, g.policy, g.created_at, g.created_by
  from grants g
  join resources r on r.org_id = g.org_id and r.id = g.resource_id and r.deleted_at is null
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where g.org_id = $1 and ($2::uuid is null or g.id > $2) and ($3::uuid is null or g.resource_id = $3)
   and ($4::uuid is null or g.principal_id = $4)
 order by g.id
 limit $5
"""

_RETAINED = """
select k.user_id, k.resource_id, k.group_id, k.group_name, k.level, k.state, k.since
  from retained k
  join users u on u.org_id = k.org_id and u.id = k.user_id and u.deleted_at is null
  join resources r on r.org_id = k.org_id and r.id = k.resource_id and r.deleted_at is null
 where k.org_id = $1
   and ($2::uuid[] is null
        or (k.resource_id, k.user_id, k.group_id) > (($2::uuid[])[1], ($2::uuid[])[2], ($2::uuid[])[3]))
   and ($3::uuid is null or k.user_id = $3) and ($4::uuid is null or k.resource_id = $4)
 order by k.resource_id, k.user_id, k.group_id
 limit $5
"""

_EXCLUSIONS = """
select x.user_id, x.resource_id, x.created_at, x.created_by
  from exclusions x
  join users u on u.org_id = x.org_id and u.id = x.user_id and u.deleted_at is null
  join resources r on r.org_id = x.org_id and r.id = x.resource_id and r.deleted_at is null
 where x.org_id = $1
   and ($2::uuid[] is null or (x.resource_id, x.user_id) > (($2::uuid[])[1], ($2::uuid[])[2]))
   and ($3::uuid is null or x.user_id = $3) and ($4::uuid is null or x.resource_id = $4)
 order by x.resource_id, x.user_id
 limit $5
"""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A live person; `origin` is the name of the directory's connection, or local."""

    id: UUID
    user_name: str
    display_name: str
    role: str
    active: bool
    blocked: bool
    origin: str
    external_id: str | None
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A live group with the number of its members."""

    id: UUID
    display_name: str
    origin: str
    external_id: str | None
    created_at: datetime
    modified_at: datetime
    members: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member of a group, since when."""

    user_id: UUID
    user_name: str
    display_name: str
    active: bool
    added_at: datetime


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """A live workspace with its home folder."""

    id: UUID
    name: str
    plan: str
    home_folder_id: UUID
    created_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A live folder of a live workspace."""

    id: UUID
    workspace_id: UUID
    name: str
    home: bool
    created_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A level given to a person or a group on a live resource; a policy of None is the organization's."""

    id: UUID
    resource_id: UUID
    principal_kind: str
    principal_id: UUID
    level: int
    policy: str | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class RetainedRow:
    """What a person kept of a group on a resource; `state` is live or held."""

    user_id: UUID
    resource_id: UUID
    group_id: UUID
    group_name: str
    level: int
    state: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """A person to whom groups give nothing on a resource."""

    user_id: UUID
    resource_id: UUID
    created_at: datetime
    created_by: str


async def people(
    connection: Connection,
    org_id: UUID,
    *,
    after: UUID | None = None,
    limit: int = 1,
    user_name_key: str | None = None,
    user_id: UUID | None = None,
) -> list[PersonRow]:
    """Live people, of one folded user name or one id where these are named."""
    return [PersonRow(**row) for row in await connection.fetch(_PEOPLE, org_id, after, user_name_key, user_id, limit)]


async def groups(
    connection: Connection,
    org_id: UUID,
    *,
    after: UUID | None = None,
    limit: int = 1,
    name_key: str | None = None,
    group_id: UUID | None = None,
) -> list[GroupEntry]:
    """Live groups, of one folded name or one id where these are named."""
    return [GroupEntry(**row) for row in await connection.fetch(_GROUPS, org_id, after, name_key, group_id, limit)]


async def members(
    connection: Connection, org_id: UUID, group_id: UUID, *, after: UUID | None, limit: int
) -> list[MemberRow]:
    """The live members of a group."""
    return [MemberRow(**row) for row in await connection.fetch(_MEMBERS, org_id, group_id, after, limit)]


async def workspaces(
    connection: Connection,
    org_id: UUID,
    *,
    after: UUID | None = None,
    limit: int = 1,
    name_key: str | None = None,
    workspace_id: UUID | None = None,
) -> list[WorkspaceRow]:
    """Live workspaces, of one folded name or one id where these are named."""
    rows = await connection.fetch(_WORKSPACES, org_id, after, name_key, workspace_id, limit)
    return [WorkspaceRow(**row) for row in rows]


async def folders(
    connection: Connection,
    org_id: UUID,
    *,
    after: UUID | None = None,
    limit: int = 1,
    workspace_id: UUID | None = None,
    name_key: str | None = None,
    folder_id: UUID | None = None,
) -> list[FolderRow]:
    """Live folders, of one workspace, one folded name or one id where these are named."""
    rows = await connection.fetch(_FOLDERS, org_id, after, workspace_id, name_key, folder_id, limit)
    return [FolderRow(**row) for row in rows]


async def grants(
    connection: Connection,
    org_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    resource_id: UUID | None = None,
    principal_id: UUID | None = None,
) -> list[GrantRow]:
    """Grants on live resources, of one resource or one principal where these are named."""
    rows = await connection.fetch(_GRANTS, org_id, after, resource_id, principal_id, limit)
    return [GrantRow(**row) for row in rows]


async def retained(
    connection: Connection,
    org_id: UUID,
    *,
    after: tuple[UUID, ...] | None,
    limit: int,
    user_id: UUID | None = None,
    resource_id: UUID | None = None,
) -> list[RetainedRow]:
    """What people kept, behind a resource, person and group."""
    rows = await connection.fetch(_RETAINED, org_id, _listed(after), user_id, resource_id, limit)
    return [RetainedRow(**row) for row in rows]


async def exclusions(
    connection: Connection,
    org_id: UUID,
    *,
    after: tuple[UUID, ...] | None,
    limit: int,
    user_id: UUID | None = None,
    resource_id: UUID | None = None,
) -> list[ExclusionRow]:
    """Exclusions, behind a resource and person."""
    rows = await connection.fetch(_EXCLUSIONS, org_id, _listed(after), user_id, resource_id, limit)
    return [ExclusionRow(**row) for row in rows]


def _listed(after: tuple[UUID, ...] | None) -> list[UUID] | None:
    return None if after is None else list(after)
