"""SQL of the clean-up: what ends with people, groups and places that cannot be restored any more, and the end of the
history. Every statement takes a bounded number of rows and passes over those that somebody else holds. No rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.store.db import Connection

_TAKE_TURN = "select pg_try_advisory_xact_lock(hashtext('doorlist clean-up'), hashtext($1::uuid::text))"

_MARK_PEOPLE = """
with cleaned as (
    update users set cleaned_at = $3, doc = '{}', search = '{}', snapshot = null, external_id = null
     where org_id = $1 and id in (
           select id from users where org_id = $1 and deleted_at < $2 and cleaned_at is null
            order by deleted_at limit $4 for update skip locked)
    returning id),
forgotten as (
    delete from declared_values v using cleaned c where v.org_id = $1 and v.resource_id = c.id)
select id from cleaned
"""

_MARK_GROUPS = """
with cleaned as (
    update groups set cleaned_at = $3, doc = '{}', search = '{}', external_id = null
     where org_id = $1 and id in (
           select id from groups where org_id = $1 and deleted_at < $2 and cleaned_at is null
            order by deleted_at limit $4 for update skip locked)
    returning id),
forgotten as (
    delete from declared_values v using cleaned c where v.org_id = $1 and v.resource_id = c.id)
select id from cleaned
"""

# A workspace goes before its folders: from then on it cannot be restored, so that it never comes back half.
_MARK_RESOURCES = """
update resources set cleaned_at = $3
 where org_id = $1 and id in (
       select id from resources where org_id = $1 and deleted_at < $2 and cleaned_at is null
        order by kind desc, deleted_at limit $4 for update skip locked)
returning id
"""

_MARK_INSIDE = """
update resources set cleaned_at = $2
 where org_id = $1 and id in (
       select f.id from resources w
         join resources f on f.org_id = w.org_id and f.workspace_id = w.id and f.cleaned_at is null
        where w.org_id = $1 and w.kind = 'workspace' and w.cleaned_at is not null
        limit $3 for update of f skip locked)
returning id
"""

_END_GRANTS = """
with gone as (
    delete from grants where org_id = $1 and (principal_id = any($2::uuid[]) or resource_id = any($3::uuid[]))
    returning *),
remembered as (
    insert into past_grants (org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
                             since, until)
    select org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
           coalesce(level_since, created_at), $4
      from gone where coalesce(level_since, created_at) < $4
    on conflict do nothing)
select count(*) from gone
"""

_END_RETAINED = """
with gone as (
    delete from retained where org_id = $1 and (user_id = any($2::uuid[]) or resource_id = any($3::uuid[]))
    returning *),
remembered as (
    insert into past_retained (org_id, resource_id, user_id, group_id, group_name, level, since, until)
    select org_id, resource_id, user_id, group_id, group_name, level, since, $4
      from gone where state = 'live' and since < $4
    on conflict do nothing)
select count(*) from gone
"""

_END_EXCLUSIONS = """
with gone as (
    delete from exclusions where org_id = $1 and (user_id = any($2::uuid[]) or resource_id = any($3::uuid[]))
    returning *),
remembered as (
    insert into past_exclusions (org_id, resource_id, user_id, since, until)
    select org_id, resource_id, user_id, created_at, $4 from gone where created_at < $4
    on conflict do nothing)
select count(*) from gone
"""

_END_PROJECTS = """
with gone as (delete from projects where org_id = $1 and folder_id = any($2::uuid[]) returning id)
select count(*) from gone
"""

_PAST: Final = tuple(
    f"""
with gone as (
    delete from {table} where org_id = $1 and ctid = any(array(
           select ctid from {table} where org_id = $1 and until < $2 limit $3))
    returning 1)
select count(*) from gone
"""
    for table in ("past_members", "past_grants", "past_retained", "past_exclusions", "past_states")
)

_TOMBSTONES: Final = tuple(
    f"""
with gone as (
    delete from {table} where org_id = $1 and id in (
           select t.id from {table} t where t.org_id = $1 and t.cleaned_at < $2 {unless} limit $3)
    returning 1)
select count(*) from gone
"""
    for table, unless in (
        ("users", ""),
        ("groups", "and not exists (select from retained k where k.org_id = $1 and k.group_id = t.id)"),
        ("resources", "and t.kind = 'folder'"),
        (
            "resources",
            "and t.kind = 'workspace' and not exists (select from resources f"
            " where f.org_id = $1 and f.workspace_id = t.id and f.id <> t.id)",
        ),
    )
)

_KNOWN_SINCE = """
update organizations set history_since = $2 where org_id = $1 and coalesce(history_since < $2, true)
"""

_SINCE = "select history_since from organizations where org_id = $1"

_FORGET_REMOVALS = "delete from recent_removals where org_id = $1 and at < $2"


@dataclass(frozen=True, slots=True)
class Marked:
    """What is being cleaned up."""

    people: list[UUID]
    groups: list[UUID]
    resources: list[UUID]

    def __bool__(self) -> bool:
        return bool(self.people or self.groups or self.resources)


async def take_turn(connection: Connection, org_id: UUID) -> bool:
    """Whether nobody else cleans this organization up; nobody does until the transaction ends."""
    return bool(await connection.fetchval(_TAKE_TURN, org_id))


async def mark(connection: Connection, org_id: UUID, *, before: datetime, limit: int, now: datetime) -> Marked:
    """Mark people, groups and places that were deleted before a moment, so many of each; what they were goes."""
    people = await connection.fetch(_MARK_PEOPLE, org_id, before, now, limit)
    groups = await connection.fetch(_MARK_GROUPS, org_id, before, now, limit)
    places = await connection.fetch(_MARK_RESOURCES, org_id, before, now, limit)
    inside = await connection.fetch(_MARK_INSIDE, org_id, now, limit)
    return Marked(*(sorted(row["id"] for row in rows) for rows in (people, groups, [*places, *inside])))


async def end(connection: Connection, org_id: UUID, marked: Marked, *, now: datetime) -> Mapping[str, int]:
    """End everything that was given to what is marked, or on it; how many rows of each kind."""
    principals, places = [*marked.people, *marked.groups], marked.resources
    return {
        "grants": await connection.fetchval(_END_GRANTS, org_id, principals, places, now),
        "retained": await connection.fetchval(_END_RETAINED, org_id, marked.people, places, now),
        "exclusions": await connection.fetchval(_END_EXCLUSIONS, org_id, marked.people, places, now),
        "projects": await connection.fetchval(_END_PROJECTS, org_id, places),
    }


async def forget(connection: Connection, org_id: UUID, *, before: datetime, limit: int) -> int:
    """Delete what ended before a moment, so many rows of each table, and say since when the history is known."""
    count: int = sum([await connection.fetchval(sql, org_id, before, limit) for sql in (*_PAST, *_TOMBSTONES)])
    if count:
        await connection.execute(_KNOWN_SINCE, org_id, before)
    return count


async def forget_removals(connection: Connection, org_id: UUID, *, before: datetime) -> None:
    """Delete what the limit for mass removal counted before a moment."""
    await connection.execute(_FORGET_REMOVALS, org_id, before)


async def known_since(connection: Connection, org_id: UUID) -> datetime | None:
    """The moment since which access is known, None where all of it is."""
    since: datetime | None = await connection.fetchval(_SINCE, org_id)
    return since
