"""SQL that writes people. One statement a change where one will do, the audit event in it. No rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.store.audit import Entry
from doorlist.store.db import Connection


@dataclass(frozen=True, slots=True)
class UserRow:
    """The columns that a document sets; `active` None leaves the state as it is, and is true for a new person."""

    user_name: str
    user_name_key: str
    external_id: str | None
    display_name: str
    active: bool | None
    doc: str
    search: str


# A person who comes back, known by the external id, raises an attention item: the old access can be given back.
_INSERT: Final = """
with beyond as (
    select from connections where org_id = $1 and id = $3 and people_marked < $2 for share),
made as (
    insert into users (org_id, id, connection_id, user_name, user_name_key, external_id, display_name, active,
                       inactive_since, doc, search, created_at, modified_at)
    select $1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7, coalesce($8, true),
           case when not $8 then $11::timestamptz end, $9, $10::jsonb, $11::timestamptz, $11::timestamptz
      from beyond
    returning org_id, id),
raised as (
    insert into attention_items (org_id, id, kind, target_kind, target_id, detail, raised_at)
    select d.org_id, gen_random_uuid(), 'returning-person', 'user', made.id,
           jsonb_build_object('buried', d.id, 'name', d.user_name), $11
      from made
      join users d on d.org_id = made.org_id and d.connection_id = $3 and d.external_id = $6
                  and d.deleted_at > $11::timestamptz - interval '30 days'
     where exists (select from grants g where g.org_id = d.org_id and g.principal_id = d.id)
        or exists (select from retained r where r.org_id = d.org_id and r.user_id = d.id))
insert into audit_events (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id, change)
select org_id, $11, $12, $13, $14, $15, 'user', id, $16, $17::jsonb from made
"""

# Deactivation turns live retained rows to held; reactivation raises one attention item where some are held. The
# period that ends with either goes to the past.
_UPDATE: Final = """
with made as (
    update users
       set user_name = $5, user_name_key = $6, external_id = $7, display_name = $8,
           active = coalesce($9, active), doc = $10,
           search = $11::jsonb, version = version + 1, modified_at = greatest($12, modified_at),
           inactive_since = case when coalesce($9, active) then null else coalesce(inactive_since, $12) end
     where org_id = $1 and connection_id = $2 and id = $3 and version = $4 and deleted_at is null
    returning org_id, id, version, modified_at),
returned as (
    insert into past_states (org_id, id, state, since, until)
    select u.org_id, u.id, 'inactive', u.inactive_since, $12 from made
      join users u on u.org_id = made.org_id and u.id = made.id
     where $18 = 'reactivated' and u.inactive_since < $12
    on conflict do nothing),
held as (
    update retained r set state = 'held' from made
     where $18 = 'deactivated' and r.org_id = made.org_id and r.user_id = made.id and r.state = 'live'
    returning r.org_id, r.resource_id, r.user_id, r.group_id, r.group_name, r.level, r.since),
withheld as (
    insert into past_retained (org_id, resource_id, user_id, group_id, group_name, level, since, until)
    select org_id, resource_id, user_id, group_id, group_name, level, since, $12 from held where since < $12
    on conflict do nothing),
raised as (
    insert into attention_items (org_id, id, kind, target_kind, target_id, detail, raised_at)
    select made.org_id, gen_random_uuid(), 'held-access', 'user', made.id, '{}', $12 from made
     where $18 = 'reactivated'
       and exists (select from retained r
                    where r.org_id = made.org_id and r.user_id = made.id and r.state = 'held')),
told as (
    insert into audit_events (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id,
                              change)
    select org_id, $12, $13, $14, $15, $16, 'user', id, $17, $19::jsonb from made)
select version, modified_at from made
"""


_FIND_INACTIVE: Final = """
select id, external_id from users
 where org_id = $1 and connection_id = $2 and user_name_key = $3 and not active and deleted_at is null
"""

_BURY: Final = """
with ended as (
    delete from group_members where org_id = $1 and user_id = $2 returning org_id, group_id, user_id, added_at),
remembered as (
    insert into past_members (org_id, group_id, user_id, since, until)
    select org_id, group_id, user_id, added_at, $3 from ended where added_at < $3
    on conflict do nothing),
released as (
    update declared_values set released = true where org_id = $1 and resource_id = $2),
unmarked as (
    update page_marks m set people = m.people - 1
      from (select n.connection_id, n.upto from users u
              join page_marks n on n.org_id = u.org_id and n.connection_id = u.connection_id and n.upto >= u.id
             where u.org_id = $1 and u.id = $2 order by n.upto limit 1) mark
     where m.org_id = $1 and m.connection_id = mark.connection_id and m.upto = mark.upto),
touched as (
    update groups set version = version + 1, modified_at = greatest($3, modified_at)
     where org_id = $1 and id = any ($4::uuid[])),
gone as (
    update users
       set deleted_at = $3, active = false, version = version + 1,
           snapshot = jsonb_build_object('groups', to_jsonb($4::uuid[]), 'active', active)
     where org_id = $1 and id = $2
    returning org_id, id)
insert into audit_events (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id, change)
select org_id, $3, $5, $6, $7, $8, 'user', id, $9, $10::jsonb from gone
"""


@dataclass(frozen=True, slots=True)
class Dormant:
    """A deactivated person of a connection."""

    id: UUID
    external_id: str | None


async def find_inactive(
    connection: Connection, org_id: UUID, connection_id: UUID, user_name_key: str
) -> Dormant | None:
    """The deactivated person of a connection with that folded userName."""
    row = await connection.fetchrow(_FIND_INACTIVE, org_id, connection_id, user_name_key)
    return None if row is None else Dormant(**row)


async def insert_user(
    connection: Connection,
    row: UserRow,
    *,
    org_id: UUID,
    connection_id: UUID,
    identifier: UUID,
    entry: Entry,
    now: datetime,
) -> bool:
    """Insert a person of a directory with its audit event; False where the id is not beyond the marks of `store.marks`.

    Raises `UniqueViolation`.
    """
    status = await connection.execute(
        _INSERT,
        org_id,
        identifier,
        connection_id,
        row.user_name,
        row.user_name_key,
        row.external_id,
        row.display_name,
        row.active,
        row.doc,
        row.search,
        now,
        *entry.columns,
        entry.change,
    )
    return str(status) != "INSERT 0 0"


async def update_user(
    connection: Connection,
    row: UserRow,
    *,
    org_id: UUID,
    connection_id: UUID,
    identifier: UUID,
    version: int,
    transition: str,
    entry: Entry,
    now: datetime,
) -> tuple[int, datetime] | None:
    """Write a person whose version is still `version`, with the audit event; `transition` is '', 'deactivated' or
    'reactivated'. The new version and time, or None when somebody else was faster. Raises `UniqueViolation`.
    """
    made = await connection.fetchrow(
        _UPDATE,
        org_id,
        connection_id,
        identifier,
        version,
        row.user_name,
        row.user_name_key,
        row.external_id,
        row.display_name,
        row.active,
        row.doc,
        row.search,
        now,
        *entry.columns,
        transition,
        entry.change,
    )
    return None if made is None else (made["version"], made["modified_at"])


async def groups_of(connection: Connection, org_id: UUID, identifier: UUID) -> list[UUID]:
    """The ids of the groups that a person is in, in order."""
    rows = await connection.fetch(
        "select group_id from group_members where org_id = $1 and user_id = $2 order by group_id", org_id, identifier
    )
    return [row["group_id"] for row in rows]


async def lock(connection: Connection, org_id: UUID, connection_id: UUID, identifier: UUID) -> int | None:
    """Lock a person, so that nobody else changes it and no group can add it.

    Its version, or None where there is no such person. Marks stand still as well (`store.marks`).
    """
    version: int | None = await connection.fetchval(
        """select u.version from users u join connections c on c.org_id = u.org_id and c.id = u.connection_id
            where u.org_id = $1 and u.connection_id = $2 and u.id = $3 and u.deleted_at is null
              for update of u for share of c""",
        org_id,
        connection_id,
        identifier,
    )
    return version


async def bury(
    connection: Connection, org_id: UUID, identifier: UUID, *, groups: Sequence[UUID], entry: Entry, now: datetime
) -> None:
    """Leave a tombstone that remembers the groups, and end the memberships; grants stay with the tombstone."""
    await connection.execute(_BURY, org_id, identifier, now, list(groups), *entry.columns, entry.change)
