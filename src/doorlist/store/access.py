"""SQL of the questions about access: one check, who reaches a place, what a person reaches, the export.

The rule itself is the views of the schema; nothing here decides who may call. With a moment the same questions are
asked of the past, through the functions of the schema that bear the names of the views.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from doorlist.store.db import Connection, Record
from doorlist.store.retention import Lost

_DELETE_DIRECT = """
with gone as (
    delete from grants g
     using resources r
     where g.org_id = $1 and g.principal_id = $2 and g.principal_kind = 'user'
       and r.org_id = g.org_id and r.id = g.resource_id and (r.id = $3 or ($4 and r.workspace_id = $3))
    returning g.*),
remembered as (
    insert into past_grants (org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
                             since, until)
    select org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
           coalesce(level_since, created_at), $5
      from gone where coalesce(level_since, created_at) < $5
    on conflict do nothing)
select resource_id, level from gone order by resource_id
"""

_REMAINING_GROUP_PATHS = """
select d.display_name as group_name, w.name as workspace,
       case when r.kind = 'folder' then r.name else '' end as folder, p.level
  from access_paths p
  join groups d on d.org_id = p.org_id and d.id = p.group_id
  join resources r on r.org_id = p.org_id and r.id = p.via_id and r.id = p.resource_id and r.deleted_at is null
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id
 where p.org_id = $1 and p.user_id = $2 and p.kind = 'group' and (r.id = $3 or ($4 and r.workspace_id = $3))
 order by w.name_key, r.kind = 'folder', r.name_key, d.display_key
"""

_EFFECTIVE = """
select coalesce(max(level), 0) from effective_access where org_id = $1 and user_id = $2 and resource_id = $3
"""

_GIVEN = """
select coalesce(max(level), 0) from access_paths where org_id = $1 and user_id = $2 and resource_id = $3
"""

_EXPORT = """
select u.user_name, e.workspace, e.folder, e.level
  from users u
 cross join lateral (
       select w.name as workspace, w.name_key as workspace_key, r.kind = 'folder' as inside,
              case when r.kind = 'folder' then r.name else '' end as folder, r.name_key as folder_key, a.level
         from effective_access a
         join resources r on r.org_id = a.org_id and r.id = a.resource_id
         join resources w on w.org_id = r.org_id and w.id = r.workspace_id
        where a.org_id = u.org_id and a.user_id = u.id
       offset 0) e
 where u.org_id = $1 and u.active and u.deleted_at is null
 order by u.user_name_key, u.id, e.workspace_key, e.inside, e.folder_key
"""

# The placeholder stands for the view, or for the function of a moment. Pages start after a key, null for the first.
_WHO = """
select u.user_name, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, a.level,
       array[u.user_name_key, u.id::text] as key
  from {source} a
  join users u on u.org_id = a.org_id and u.id = a.user_id
  join resources r on r.org_id = a.org_id and r.id = a.resource_id
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id
 where a.org_id = $1 and a.resource_id = $2
   and ($3::text[] is null or (u.user_name_key, u.id) > (($3::text[])[1], ($3::text[])[2]::uuid))
 order by u.user_name_key, u.id
 limit $4
"""

_WHAT = """
select u.user_name, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, a.level,
       array[w.name_key, r.kind, r.name_key, r.id::text] as key
  from {source} a
  join users u on u.org_id = a.org_id and u.id = a.user_id
  join resources r on r.org_id = a.org_id and r.id = a.resource_id
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id
 where a.org_id = $1 and a.user_id = $2
   and ($3::text[] is null or (w.name_key, r.kind = 'folder', r.name_key, r.id)
        > (($3::text[])[1], ($3::text[])[2] = 'folder', ($3::text[])[3], ($3::text[])[4]::uuid))
 order by w.name_key, r.kind = 'folder', r.name_key, r.id
 limit $4
"""

_NOW: Final = "effective_access"
_THEN: Final = "effective_access_at($5)"


Key = tuple[str, ...]
"""Where a page of a list ended; nobody but the statements knows what it is made of."""


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One person's effective level in one place; `folder` is empty for the workspace itself."""

    user_name: str
    workspace: str
    folder: str
    level: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a list, and the key after which the next page starts; None at the end."""

    lines: list[AccessLine]
    next: Key | None


@dataclass(frozen=True, slots=True)
class GroupPath:
    """A way by which a group still leads somebody to a place."""

    group_name: str
    workspace: str
    folder: str
    level: int


async def effective_level(connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID) -> int:
    """The one level that a person has on a resource, 0 for none."""
    level: int = await connection.fetchval(_EFFECTIVE, org_id, user_id, resource_id)
    return level


async def given_level(connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID) -> int:
    """The highest level that any path gives, whether or not the resource is deleted or archived."""
    level: int = await connection.fetchval(_GIVEN, org_id, user_id, resource_id)
    return level


async def delete_direct(
    connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID, inside: bool, now: datetime
) -> list[Lost]:
    """Delete a person's own grants on a resource, and with `inside` on every folder of that workspace."""
    rows = await connection.fetch(_DELETE_DIRECT, org_id, user_id, resource_id, inside, now)
    return [Lost(**row) for row in rows]


async def group_paths(
    connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID, inside: bool
) -> list[GroupPath]:
    """The grants of groups by which a person is on a resource, and with `inside` on folders of that workspace."""
    rows = await connection.fetch(_REMAINING_GROUP_PATHS, org_id, user_id, resource_id, inside)
    return [GroupPath(**row) for row in rows]


async def export(connection: Connection, org_id: UUID) -> AsyncIterator[AccessLine]:
    """Every effective level above none, by person and place, from one snapshot; needs a transaction.

    The database works person by person, so neither side holds more than a few hundred rows at a time.
    """
    async for row in connection.cursor(_EXPORT, org_id, prefetch=2000):
        yield AccessLine(*row)


async def who(
    connection: Connection, org_id: UUID, resource_id: UUID, *, at: datetime | None = None
) -> AsyncIterator[AccessLine]:
    """Everybody who reaches a resource, by user name, read as it is asked for; needs a transaction."""
    async for row in connection.cursor(*_asked(_WHO, org_id, resource_id, at=at), prefetch=500):
        yield AccessLine(*row[:4])


async def what(
    connection: Connection, org_id: UUID, user_id: UUID, *, at: datetime | None = None
) -> AsyncIterator[AccessLine]:
    """Every place that a person reaches, read as it is asked for; needs a transaction."""
    async for row in connection.cursor(*_asked(_WHAT, org_id, user_id, at=at), prefetch=500):
        yield AccessLine(*row[:4])


async def page_of_who(
    connection: Connection, org_id: UUID, resource_id: UUID, *, after: Key | None, limit: int, at: datetime | None
) -> Page:
    """The next people who reach a resource, by user name."""
    rows = await connection.fetch(*_asked(_WHO, org_id, resource_id, at=at, after=after, limit=limit))
    return _page(rows, limit)


async def page_of_what(
    connection: Connection, org_id: UUID, user_id: UUID, *, after: Key | None, limit: int, at: datetime | None
) -> Page:
    """The next places that a person reaches, by workspace and folder."""
    rows = await connection.fetch(*_asked(_WHAT, org_id, user_id, at=at, after=after, limit=limit))
    return _page(rows, limit)


def _asked(
    statement: str,
    org_id: UUID,
    subject: UUID,
    *,
    at: datetime | None,
    after: Key | None = None,
    limit: int | None = None,
) -> tuple[Any, ...]:
    """A statement with its arguments, of now or of a moment."""
    values = (org_id, subject, after, limit)
    if at is None:
        return statement.format(source=_NOW), *values
    return statement.format(source=_THEN), *values, at


def _page(rows: Sequence[Record], limit: int) -> Page:
    lines = [AccessLine(*row[:4]) for row in rows]
    return Page(lines, tuple(rows[-1]["key"]) if len(rows) == limit else None)
