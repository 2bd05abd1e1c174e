"""SQL that writes groups and their members. A membership change is rows: its cost is the size of the change. No rules.

Every change of members happens under the lock of the group's row, taken by `lock` before anything is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.scim.condition import Condition
from doorlist.scim.messages import Stored
from doorlist.store.audit import Entry
from doorlist.store.db import Connection
from doorlist.store.reading import groups_table
from doorlist.store.where import Arguments, where_row

PORTION: Final = 10_000
"""How many members leave a group at a time where nobody named them."""

NIL: Final = "'00000000-0000-0000-0000-000000000000'"


@dataclass(frozen=True, slots=True)
class GroupRow:
    """The columns that a document sets."""

    display_name: str
    display_key: str
    external_id: str | None
    doc: str
    search: str


# A group that comes back, known by its external id, raises an attention item: its parked grants can be given to it.
_INSERT: Final = """
with made as (
    insert into groups (org_id, id, connection_id, display_name, display_key, external_id, doc, search,
                        created_at, modified_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $9)
    returning org_id, id),
raised as (
    insert into attention_items (org_id, id, kind, target_kind, target_id, detail, raised_at)
    select d.org_id, gen_random_uuid(), 'parked-grants', 'group', made.id,
           jsonb_build_object('parked', d.id, 'name', d.display_name), $9
      from made
      join groups d on d.org_id = made.org_id and d.connection_id = $3 and d.external_id = $6
                   and d.deleted_at > $9::timestamptz - interval '30 days'
     where exists (select from grants g where g.org_id = d.org_id and g.principal_id = d.id))
insert into audit_events (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id, change)
select org_id, $9, $10, $11, $12, $13, 'group', id, $14, $15::jsonb from made
"""

_UPDATE: Final = """
with made as (
    update groups
       set display_name = $3, display_key = $4, external_id = $5, doc = $6, search = $7::jsonb,
           version = version + 1, modified_at = greatest($8, modified_at)
     where org_id = $1 and id = $2
    returning org_id, id, version, modified_at),
told as (
    insert into audit_events (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id,
                              change)
    select org_id, $8, $9, $10, $11, $12, 'group', id, $13, $14::jsonb from made)
select version, modified_at from made
"""

_DELETE: Final = """
with ended as (
    delete from group_members where org_id = $1 and group_id = $2 returning org_id, group_id, user_id, added_at),
remembered as (
    insert into past_members (org_id, group_id, user_id, since, until)
    select org_id, group_id, user_id, added_at, $3 from ended where added_at < $3
    on conflict do nothing),
released as (
    update declared_values set released = true where org_id = $1 and resource_id = $2),
gone as (
    update groups set deleted_at = $3, version = version + 1 where org_id = $1 and id = $2
    returning org_id, id),
told as (
    insert into audit_events (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id,
                              change)
    select org_id, $3, $4, $5, $6, $7, 'group', id, $8,
           $9::jsonb || jsonb_build_object('removed', (select coalesce(jsonb_agg(user_id), '[]') from ended))
      from gone)
select count(*) from ended
"""

# The key-share lock keeps a person from being deleted between the look-up and the end of the transaction.
_ADD: Final = """
with wanted as (
    select distinct id from unnest($3::uuid[]) as given (id)),
present as (
    select u.id from users u join wanted on wanted.id = u.id
     where u.org_id = $1 and ($4::uuid is null or u.connection_id = $4) and u.deleted_at is null
       for key share of u),
added as (
    insert into group_members (org_id, group_id, user_id, added_at)
    select $1, $2, id, $5 from present
    on conflict do nothing
    returning user_id),
superseded as (
    delete from retained r using added, grants p
     where r.org_id = $1 and r.group_id = $2 and r.user_id = added.user_id
       and p.org_id = $1 and p.principal_id = $2 and p.resource_id = r.resource_id
    returning r.org_id, r.resource_id, r.user_id, r.group_id, r.group_name, r.level, r.since, r.state),
remembered as (
    insert into past_retained (org_id, resource_id, user_id, group_id, group_name, level, since, until)
    select org_id, resource_id, user_id, group_id, group_name, level, since, $5
      from superseded where state = 'live' and since < $5
    on conflict do nothing)
select array(select user_id from added) as added,
       array(select id from wanted except select id from present) as unknown
"""

_REMOVE: Final = """
with gone as (
    delete from group_members where org_id = $1 and group_id = $2 and user_id = any ($3::uuid[])
    returning org_id, group_id, user_id, added_at),
remembered as (
    insert into past_members (org_id, group_id, user_id, since, until)
    select org_id, group_id, user_id, added_at, $4 from gone where added_at < $4
    on conflict do nothing)
select user_id from gone
"""

_REMOVE_OTHERS: Final = """
with gone as (
    delete from group_members m where org_id = $1 and group_id = $2
       and not exists (select from unnest($3::uuid[]) as kept (id) where kept.id = m.user_id)
    returning org_id, group_id, user_id, added_at),
remembered as (
    insert into past_members (org_id, group_id, user_id, since, until)
    select org_id, group_id, user_id, added_at, $4 from gone where added_at < $4
    on conflict do nothing)
select user_id from gone
"""

# The fence (offset 0) makes each member look up its own row, whatever the planner believes of tables that just grew.
_MEMBERS_WHERE: Final = f"""
select m.user_id
  from group_members m
 cross join lateral (select u.* from users u
                      where u.org_id = m.org_id and u.id = m.user_id and u.deleted_at is null offset 0) p
 where m.org_id = $1 and m.group_id = $2 and m.user_id > coalesce($3::uuid, {NIL}) and {{chosen}}
 order by m.user_id limit {PORTION + 1}
"""

_PORTION: Final = f"""
with few as (
    select m.user_id from group_members m
     where m.org_id = $1 and m.group_id = $2 and m.user_id > coalesce($3::uuid, {NIL})
       and not exists (select from unnest($4::uuid[]) as kept (id) where kept.id = m.user_id)
     order by m.user_id limit {PORTION + 1})
select user_id from few where (select count(*) from few) > {PORTION} order by user_id limit {PORTION}
"""


async def insert_group(
    connection: Connection,
    row: GroupRow,
    *,
    org_id: UUID,
    connection_id: UUID | None,
    identifier: UUID,
    entry: Entry,
    now: datetime,
) -> None:
    """Insert a group of a directory, or a local one, with its audit event. Raises `UniqueViolation`."""
    await connection.execute(
        _INSERT,
        org_id,
        identifier,
        connection_id,
        row.display_name,
        row.display_key,
        row.external_id,
        row.doc,
        row.search,
        now,
        *entry.columns,
        entry.change,
    )


async def lock(connection: Connection, org_id: UUID, connection_id: UUID, identifier: UUID) -> Stored | None:
    """The group without its members, locked until the transaction ends; None where there is no such group."""
    row = await connection.fetchrow(
        """select id, doc, version, created_at, modified_at from groups
            where org_id = $1 and connection_id = $2 and id = $3 and deleted_at is null for update""",
        org_id,
        connection_id,
        identifier,
    )
    if row is None:
        return None
    return Stored(row["id"], row["doc"], row["version"], row["created_at"], row["modified_at"])


async def lock_many(connection: Connection, org_id: UUID, identifiers: Sequence[UUID]) -> None:
    """Lock groups in the order of their ids, the order in which every transaction takes them."""
    await connection.execute(
        "select from groups where org_id = $1 and id = any ($2::uuid[]) order by id for update",
        org_id,
        list(identifiers),
    )


async def update_group(
    connection: Connection, row: GroupRow, *, org_id: UUID, identifier: UUID, entry: Entry, now: datetime
) -> tuple[int, datetime]:
    """Write a locked group with its audit event; its new version and time. Raises `UniqueViolation`."""
    made = await connection.fetchrow(
        _UPDATE,
        org_id,
        identifier,
        row.display_name,
        row.display_key,
        row.external_id,
        row.doc,
        row.search,
        now,
        *entry.columns,
        entry.change,
    )
    return made["version"], made["modified_at"]


async def add_members(
    connection: Connection,
    *,
    org_id: UUID,
    connection_id: UUID | None,
    identifier: UUID,
    people: Sequence[UUID],
    now: datetime,
) -> tuple[list[UUID], list[UUID]]:
    """Add people to a locked group: the ids really added, and the ids that name nobody of this directory,
    or of the organization where none is named.

    What those added had retained from this group is superseded where the membership is a path again.
    """
    row = await connection.fetchrow(_ADD, org_id, identifier, list(people), connection_id, now)
    return row["added"], row["unknown"]


async def remove_members(
    connection: Connection, org_id: UUID, identifier: UUID, people: Sequence[UUID], *, now: datetime
) -> list[UUID]:
    """Remove people from a locked group: the ids really removed."""
    rows = await connection.fetch(_REMOVE, org_id, identifier, list(people), now)
    return [row["user_id"] for row in rows]


async def remove_others(
    connection: Connection, org_id: UUID, identifier: UUID, people: Sequence[UUID], *, now: datetime
) -> list[UUID]:
    """Remove everybody but the people given from a locked group: the ids really removed."""
    rows = await connection.fetch(_REMOVE_OTHERS, org_id, identifier, list(people), now)
    return [row["user_id"] for row in rows]


async def members_where(
    connection: Connection,
    org_id: UUID,
    identifier: UUID,
    condition: Condition,
    *,
    base: str,
    after: UUID | None = None,
) -> list[UUID]:
    """The members of a locked group after an id that meet a condition, at most one above `PORTION`."""
    arguments = Arguments(org_id, identifier, after)
    chosen = where_row(condition, groups_table(base).rows["members"], arguments)
    found = await connection.fetch(_MEMBERS_WHERE.format(chosen=chosen), *arguments.values)
    return [row["user_id"] for row in found]


async def portion(
    connection: Connection, org_id: UUID, identifier: UUID, *, after: UUID | None, but_for: Sequence[UUID]
) -> list[UUID]:
    """The first `PORTION` members of a locked group after an id, without those named; none where no more follow."""
    rows = await connection.fetch(_PORTION, org_id, identifier, after, list(but_for))
    return [row["user_id"] for row in rows]


async def delete_group(connection: Connection, org_id: UUID, identifier: UUID, *, entry: Entry, now: datetime) -> int:
    """End a locked group and its memberships; its grants stay parked with it. The number of members it had.

    The members are added to the event as `removed`: they are not read before.
    """
    ended: int = await connection.fetchval(_DELETE, org_id, identifier, now, *entry.columns, entry.change)
    return ended
