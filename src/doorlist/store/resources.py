"""SQL of workspaces and folders. A workspace is its own `workspace_id`; its home folder is made in its statement."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.tenancy import Plan
from doorlist.store.db import Connection, Record

_INSERT_WORKSPACES = """
with made as (
    insert into resources (org_id, id, kind, workspace_id, name, name_key, plan, created_at)
    select $1, w.id, 'workspace', w.id, w.name, w.name_key, $6, $7
      from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) as w (id, home_id, name, name_key))
insert into resources (org_id, id, kind, workspace_id, home, name, name_key, created_at)
select $1, w.home_id, 'folder', w.id, true, 'Home', 'home', $7
  from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) as w (id, home_id, name, name_key)
"""

_INSERT_FOLDERS = """
insert into resources (org_id, id, kind, workspace_id, name, name_key, created_at)
select $1, f.id, 'folder', f.workspace_id, f.name, f.name_key, $6
  from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) as f (id, workspace_id, name, name_key)
"""

_WORKSPACES_BY_KEY = """
select id, kind, workspace_id, home, name, name_key, plan from resources
 where org_id = $1 and kind = 'workspace' and deleted_at is null and name_key = any($2::text[])
"""

_FIND_FOLDER = """
select f.id, f.kind, f.workspace_id, f.home, f.name, f.name_key, w.plan
  from resources f
  join resources w on w.org_id = f.org_id and w.id = f.workspace_id and w.deleted_at is null
 where f.org_id = $1 and f.kind = 'folder' and f.deleted_at is null and w.name_key = $2 and f.name_key = $3
"""

_FIND = """
select r.id, r.kind, r.workspace_id, r.home, r.name, r.name_key, w.plan
  from resources r
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where r.org_id = $1 and r.id = $2 and r.deleted_at is null
"""

_LOCK = """
select r.id, r.kind, r.workspace_id, r.home, r.name, r.name_key, w.plan
  from resources r
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where r.org_id = $1 and r.id = $2 and r.deleted_at is null
   for no key update of r
"""

_FOLDER_IDS = """
select workspace_id, name_key, id from resources
 where org_id = $1 and kind = 'folder' and deleted_at is null and workspace_id = any($2::uuid[])
"""

_SET_PLAN = """
update resources set plan = $3
 where org_id = $1 and kind = 'workspace' and deleted_at is null and id = any($2::uuid[]) and plan <> $3
returning id
"""

_LIST = """
select w.id, w.name, w.plan, w.created_at, w.archived_at,
       (select count(*) from resources f where f.org_id = w.org_id and f.workspace_id = w.id
                                           and f.kind = 'folder' and f.deleted_at is null) as folders,
       (select count(*) from grants g where g.org_id = w.org_id and g.resource_id = w.id) as grants
  from resources w
 where w.org_id = $1 and w.kind = 'workspace' and w.deleted_at is null
 order by w.name_key
"""

_ARCHIVE = """
update resources set archived_at = $3 where org_id = $1 and id = $2 and archived_at is null returning true
"""

_IS_ARCHIVED = """
select r.archived_at is not null or w.archived_at is not null
  from resources r
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
 where r.org_id = $1 and r.id = $2 and r.deleted_at is null
"""

_DELETE = "update resources set deleted_at = $3 where org_id = $1 and id = $2 and deleted_at is null returning true"

_UNARCHIVE = """
with before as (
    select archived_at from resources where org_id = $1 and id = $2 and archived_at is not null),
ended as (
    update resources set archived_at = null where org_id = $1 and id = $2),
remembered as (
    insert into past_states (org_id, id, state, since, until)
    select $1, $2, 'archived', archived_at, $3 from before where archived_at < $3
    on conflict do nothing)
select true from before
"""

_RESTORE = """
with before as (
    select deleted_at from resources where org_id = $1 and id = $2 and deleted_at is not null),
ended as (
    update resources set deleted_at = null where org_id = $1 and id = $2),
remembered as (
    insert into past_states (org_id, id, state, since, until)
    select $1, $2, 'deleted', deleted_at, $3 from before where deleted_at < $3
    on conflict do nothing)
select true from before
"""

_LOCK_DELETED = """
select r.id, r.kind, r.workspace_id, r.home, r.name, r.name_key, w.plan, r.deleted_at
  from resources r
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id and (w.deleted_at is null or w.id = r.id)
 where r.org_id = $1 and r.id = $2 and r.deleted_at > $3 and r.cleaned_at is null
   for no key update of r
"""

_DELETED = """
select r.id, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, r.deleted_at
  from resources r
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id
 where r.org_id = $1 and r.deleted_at > $2 and r.cleaned_at is null
 order by r.deleted_at desc, r.id
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A live workspace or folder; `plan` is that of its workspace."""

    id: UUID
    kind: str
    workspace_id: UUID
    home: bool
    name: str
    name_key: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class DeletedLine:
    """A workspace or folder that can still be restored; `folder` is empty for a workspace."""

    id: UUID
    workspace: str
    folder: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    """A workspace to be made, with the id of the home folder that comes with it."""

    id: UUID
    home_id: UUID
    name: str
    name_key: str


@dataclass(frozen=True, slots=True)
class NewFolder:
    """A folder to be made in a workspace that exists by then."""

    id: UUID
    workspace_id: UUID
    name: str
    name_key: str


@dataclass(frozen=True, slots=True)
class WorkspaceLine:
    """A workspace in a list; `grants` counts those on the workspace itself."""

    id: UUID
    name: str
    plan: str
    created_at: datetime
    archived_at: datetime | None
    folders: int
    grants: int


async def insert_workspaces(
    connection: Connection, org_id: UUID, new: Sequence[NewWorkspace], *, plan: Plan, now: datetime
) -> None:
    """Make workspaces, each with its folder Home. Raises `UniqueViolation` for a name that is taken."""
    await connection.execute(
        _INSERT_WORKSPACES,
        org_id,
        [workspace.id for workspace in new],
        [workspace.home_id for workspace in new],
        [workspace.name for workspace in new],
        [workspace.name_key for workspace in new],
        plan.value,
        now,
    )


async def insert_folders(connection: Connection, org_id: UUID, new: Sequence[NewFolder], *, now: datetime) -> None:
    """Make folders. Raises `UniqueViolation` for a name that is taken in its workspace."""
    await connection.execute(
        _INSERT_FOLDERS,
        org_id,
        [folder.id for folder in new],
        [folder.workspace_id for folder in new],
        [folder.name for folder in new],
        [folder.name_key for folder in new],
        now,
    )


async def workspaces_by_key(connection: Connection, org_id: UUID, keys: Sequence[str]) -> dict[str, Place]:
    """The live workspaces of those folded names."""
    rows = await connection.fetch(_WORKSPACES_BY_KEY, org_id, list(keys))
    return {row["name_key"]: _place(row) for row in rows}


async def find_folder(connection: Connection, org_id: UUID, *, workspace_key: str, folder_key: str) -> Place | None:
    """The live folder of a folded name in the workspace of a folded name."""
    row = await connection.fetchrow(_FIND_FOLDER, org_id, workspace_key, folder_key)
    return None if row is None else _place(row)


async def find(connection: Connection, org_id: UUID, resource_id: UUID) -> Place | None:
    """The live workspace or folder of that id."""
    row = await connection.fetchrow(_FIND, org_id, resource_id)
    return None if row is None else _place(row)


async def lock(connection: Connection, org_id: UUID, resource_id: UUID) -> Place | None:
    """The live workspace or folder of that id; it stays as it is until the transaction ends."""
    row = await connection.fetchrow(_LOCK, org_id, resource_id)
    return None if row is None else _place(row)


async def folder_ids(
    connection: Connection, org_id: UUID, workspace_ids: Sequence[UUID]
) -> dict[tuple[UUID, str], UUID]:
    """The live folders of some workspaces, by workspace and folded name."""
    rows = await connection.fetch(_FOLDER_IDS, org_id, list(workspace_ids))
    return {(row[0], row[1]): row[2] for row in rows}


async def set_plan(connection: Connection, org_id: UUID, workspace_ids: Sequence[UUID], *, plan: Plan) -> list[UUID]:
    """Put workspaces on a plan; returns those that were on another."""
    return [row["id"] for row in await connection.fetch(_SET_PLAN, org_id, list(workspace_ids), plan.value)]


async def workspaces(connection: Connection, org_id: UUID) -> AsyncIterator[WorkspaceLine]:
    """The live workspaces by name, read as they are asked for; needs a transaction."""
    async for row in connection.cursor(_LIST, org_id, prefetch=500):
        yield WorkspaceLine(**row)


async def archive(connection: Connection, org_id: UUID, resource_id: UUID, *, now: datetime) -> bool:
    """Archive a locked resource; whether it was not archived before."""
    return bool(await connection.fetchval(_ARCHIVE, org_id, resource_id, now))


async def unarchive(connection: Connection, org_id: UUID, resource_id: UUID, *, now: datetime) -> bool:
    """Take a locked resource out of the archive; whether it was in it."""
    return bool(await connection.fetchval(_UNARCHIVE, org_id, resource_id, now))


async def is_archived(connection: Connection, org_id: UUID, resource_id: UUID) -> bool | None:
    """Whether a live resource or its workspace is archived; None where there is none."""
    archived: bool | None = await connection.fetchval(_IS_ARCHIVED, org_id, resource_id)
    return archived


async def delete(connection: Connection, org_id: UUID, resource_id: UUID, *, now: datetime) -> bool:
    """Mark a locked resource as deleted; everything about it stays as it is."""
    return bool(await connection.fetchval(_DELETE, org_id, resource_id, now))


async def restore(connection: Connection, org_id: UUID, resource_id: UUID, *, now: datetime) -> bool:
    """Let a deleted resource be there again. Raises `UniqueViolation` where its name is taken by now."""
    return bool(await connection.fetchval(_RESTORE, org_id, resource_id, now))


async def lock_deleted(
    connection: Connection, org_id: UUID, resource_id: UUID, *, deleted_after: datetime
) -> Place | None:
    """The resource of that id that was deleted after a moment, in a live workspace; it stays as it is."""
    row = await connection.fetchrow(_LOCK_DELETED, org_id, resource_id, deleted_after)
    return None if row is None else _place(row)


async def deleted(connection: Connection, org_id: UUID, *, after: datetime) -> list[DeletedLine]:
    """The resources deleted after a moment, the latest first."""
    return [DeletedLine(**row) for row in await connection.fetch(_DELETED, org_id, after)]


def _place(row: Record) -> Place:
    fields = {name: row[name] for name in Place.__dataclass_fields__}
    return Place(**{**fields, "plan": Plan(row["plan"])})
