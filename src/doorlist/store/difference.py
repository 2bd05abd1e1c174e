"""SQL that measures what a change does to access: levels before, levels after, for the people and places it concerns.

The levels are those of the one definition, read twice in the transaction of the change, so the difference is what the
change does and no estimate. The tables live as long as the transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.store.db import Connection

_OPEN = """
set local work_mem = '64MB';
create temporary table measured_people (user_id uuid) on commit drop;
create temporary table measured_before (user_id uuid, resource_id uuid, level smallint) on commit drop;
create temporary table measured (user_id uuid, resource_id uuid, before smallint, after smallint) on commit drop;
"""

_GROUP_PEOPLE = """
insert into measured_people
select user_id from group_members where org_id = $1 and group_id = $2
union
select user_id from retained where org_id = $1 and group_id = $2 and resource_id = any($3::uuid[])
"""

_PAST_PEOPLE = """
insert into measured_people
select user_id from past_members where org_id = $1 and group_id = $2 and until >= $3
except
select user_id from measured_people
"""

_ALL_PEOPLE = """
insert into measured_people
select distinct user_id from effective_access where org_id = $1 and resource_id = any($2::uuid[])
"""

_ONE_PERSON = "insert into measured_people values ($1)"

_THESE_PEOPLE = "insert into measured_people select unnest($1::uuid[])"

_MORE_PEOPLE = """
insert into measured_people
(select user_id from group_members where org_id = $1 and group_id = any($2::uuid[])
 union select unnest($3::uuid[]))
except
select user_id from measured_people
"""

_COUNT_PEOPLE = "select count(*) from measured_people"

# Levels are read person by person for a few people, place by place for many.
_LEVELS: Final = {
    False: """
select p.user_id, e.resource_id, e.level
  from measured_people p
 cross join lateral (select a.resource_id, a.level from effective_access a
                      where a.org_id = $1 and a.user_id = p.user_id and a.resource_id = any($2::uuid[])
                     offset 0) e
""",
    True: """
select a.user_id, a.resource_id, a.level
  from effective_access a
 where a.org_id = $1 and a.resource_id = any($2::uuid[]) and a.user_id in (select user_id from measured_people)
""",
}

_BEFORE = "insert into measured_before {levels}"

_AFTER = """
insert into measured
select coalesce(b.user_id, a.user_id), coalesce(b.resource_id, a.resource_id), b.level, a.level
  from measured_before b full join ({levels}) a on a.user_id = b.user_id and a.resource_id = b.resource_id
"""

_KIND: Final = """case when coalesce(before, 0) = coalesce(after, 0) then 'unchanged' when before is null then 'gained'
            when after is null then 'lost' when after > before then 'raised' else 'lowered' end"""

_COUNTS = f"select {_KIND} as kind, count(*) from measured group by kind"

# Sums and exclusive ors of hashes do not depend on the order of rows. A level and a place are the seed of the person's
# hash; nothing is spelled out, which took longer than all the rest.
_PRINT = """
with pairs as (
    select uuid_hash_extended(user_id, uuid_hash_extended(resource_id, coalesce(before, 0) * 16 + coalesce(after, 0)))
               as hash
      from measured
    union all
    select uuid_hash_extended(p.user_id,
                              u.active::int + 2 * (u.blocked_at is null)::int + 4 * (u.deleted_at is null)::int)
      from measured_people p join users u on u.org_id = $1 and u.id = p.user_id)
select concat_ws(' ', count(*), sum(hash), bit_xor(hash)) from pairs
"""

_SHUT = """
select count(*)
  from measured_people p
  join users u on u.org_id = $1 and u.id = p.user_id
 where not u.active or u.blocked_at is not null or u.deleted_at is not null
"""

_EXCLUDED = """
select count(distinct x.user_id)
  from exclusions x
  join measured_people p on p.user_id = x.user_id
 where x.org_id = $1 and x.resource_id = any($2::uuid[])
"""

_FOLLOWERS = "select count(*) from grants where org_id = $1 and principal_kind = 'group' and policy is null"

# Kind by kind, so that only the first names are put in order.
_LINES = f"""
select k.kind, few.user_name, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder,
       coalesce(few.before, 0) as before, coalesce(few.after, 0) as after
  from (values ('gained'), ('lost'), ('lowered'), ('raised')) k (kind)
 cross join lateral (
       select u.user_name, u.user_name_key, u.id, m.resource_id, m.before, m.after
         from measured m
         join users u on u.org_id = $1 and u.id = m.user_id
        where {_KIND} = k.kind
        order by u.user_name_key, u.id, m.resource_id
        limit $2) few
  join resources r on r.org_id = $1 and r.id = few.resource_id
  join resources w on w.org_id = $1 and w.id = r.workspace_id
 order by k.kind, few.user_name_key, few.id, w.name_key, r.name_key
"""

_RETAINED = """
select count(*)
  from retained k
 where k.org_id = $1 and k.group_id = $2 and k.resource_id = any($3::uuid[]) and k.since >= $4 and k.state = 'live'
"""

_KEEPERS = """
select u.user_name
  from retained k
  join users u on u.org_id = k.org_id and u.id = k.user_id
 where k.org_id = $1 and k.group_id = $2 and k.resource_id = any($3::uuid[]) and k.since >= $4 and k.state = 'live'
 order by u.user_name_key, u.id
 limit $5
"""

_HOMES = "select id from resources where org_id = $1 and home and workspace_id = any($2::uuid[])"

_FOLDERS = "select id from resources where org_id = $1 and workspace_id = $2"

_GRANTED_PLACES = "select resource_id from grants where org_id = $1 and principal_id = $2"

_VERSIONS = """
select concat_ws(' ', o.removal_policy, o.plan, o.scim_enabled,
                 (select concat_ws(' ', g.version, g.deleted_at) from groups g where g.org_id = $1 and g.id = $3),
                 (select string_agg(concat_ws(' ', r.id, r.archived_at, r.deleted_at), ',' order by r.id)
                    from resources r where r.org_id = $1 and r.id = any($2::uuid[])),
                 (select string_agg(concat_ws(' ', g.resource_id, g.level, g.policy), ',' order by g.resource_id)
                    from grants g where g.org_id = $1 and g.principal_id = $3 and g.resource_id = any($2::uuid[])))
  from organizations o where o.org_id = $1
"""

_MANY: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """What changes for one person in one place; levels from 0 for none, an empty folder is the workspace itself."""

    kind: str
    user_name: str
    workspace: str
    folder: str
    before: int
    after: int


async def begin(connection: Connection) -> None:
    """Make the tables of a measurement, for the rest of the transaction."""
    await connection.execute(_OPEN)


async def concern_group(connection: Connection, org_id: UUID, group_id: UUID, places: Sequence[UUID]) -> None:
    """Measure the members of a group, and who kept something of it in those places."""
    await connection.execute(_GROUP_PEOPLE, org_id, group_id, list(places))


async def concern_former_members(connection: Connection, org_id: UUID, group_id: UUID, since: datetime) -> None:
    """Measure those as well whose membership of a group ended since a moment."""
    await connection.execute(_PAST_PEOPLE, org_id, group_id, since)


async def concern_everybody(connection: Connection, org_id: UUID, places: Sequence[UUID]) -> None:
    """Measure everybody who reaches those places."""
    await connection.execute(_ALL_PEOPLE, org_id, list(places))


async def concern_person(connection: Connection, user_id: UUID) -> None:
    """Measure one person."""
    await connection.execute(_ONE_PERSON, user_id)


async def concern_people(connection: Connection, people: Sequence[UUID]) -> None:
    """Measure these people."""
    await connection.execute(_THESE_PEOPLE, list(people))


async def concern_more(connection: Connection, org_id: UUID, *, groups: Sequence[UUID], people: Sequence[UUID]) -> None:
    """Measure the members of these groups and these people as well."""
    await connection.execute(_MORE_PEOPLE, org_id, list(groups), list(people))


async def measure_before(connection: Connection, org_id: UUID, places: Sequence[UUID]) -> bool:
    """Note the levels of those concerned; returns whether they are many, as `measure_after` has to know."""
    many = await connection.fetchval(_COUNT_PEOPLE) > _MANY
    if many:
        await connection.execute("analyze measured_people")
    await connection.execute(_BEFORE.format(levels=_LEVELS[many]), org_id, list(places))
    return bool(many)


async def measure_after(connection: Connection, org_id: UUID, places: Sequence[UUID], *, many: bool) -> None:
    """Note the levels once more, after the change."""
    if many:
        await connection.execute("analyze measured_before")
    await connection.execute(_AFTER.format(levels=_LEVELS[many]), org_id, list(places))
    if many:
        await connection.execute("analyze measured")


async def counts(connection: Connection) -> dict[str, int]:
    """How many (person, place) are gained, raised, lowered, lost and unchanged; absent where none is."""
    return {row["kind"]: row["count"] for row in await connection.fetch(_COUNTS)}


async def fingerprint(connection: Connection, org_id: UUID) -> str:
    """A text that is the same only for the same people with the same levels before and after."""
    text: str = await connection.fetchval(_PRINT, org_id)
    return text


async def lines(connection: Connection, org_id: UUID, *, names: int | None) -> list[Line]:
    """What changes, by kind, person and place: so many of each kind, or all of it."""
    return [Line(**row) for row in await connection.fetch(_LINES, org_id, names)] if names != 0 else []


async def newly_retained(
    connection: Connection, org_id: UUID, group_id: UUID, places: Sequence[UUID], *, since: datetime, names: int | None
) -> tuple[int, list[str]]:
    """How many retained rows of a group were written since a moment, and the first people who have one."""
    count = await connection.fetchval(_RETAINED, org_id, group_id, list(places), since)
    if not count or names == 0:
        return count, []
    rows = await connection.fetch(_KEEPERS, org_id, group_id, list(places), since, names)
    return count, [row["user_name"] for row in rows]


async def shut(connection: Connection, org_id: UUID) -> int:
    """How many of those concerned are inactive, blocked or deleted."""
    count: int = await connection.fetchval(_SHUT, org_id)
    return count


async def excluded(connection: Connection, org_id: UUID, places: Sequence[UUID]) -> int:
    """How many of those concerned are excluded in one of the places."""
    count: int = await connection.fetchval(_EXCLUDED, org_id, list(places))
    return count


async def following(connection: Connection, org_id: UUID) -> int:
    """How many grants of groups follow the policy of the organization."""
    count: int = await connection.fetchval(_FOLLOWERS, org_id)
    return count


async def with_homes(connection: Connection, org_id: UUID, places: Sequence[UUID]) -> list[UUID]:
    """The places, and the home folders of those that are workspaces."""
    homes = [row["id"] for row in await connection.fetch(_HOMES, org_id, list(places))]
    return sorted({*places, *homes})


async def inside(connection: Connection, org_id: UUID, workspace_id: UUID) -> list[UUID]:
    """A workspace and all its folders."""
    return [row["id"] for row in await connection.fetch(_FOLDERS, org_id, workspace_id)]


async def granted(connection: Connection, org_id: UUID, principal_id: UUID) -> list[UUID]:
    """The places on which a group or person has a grant."""
    return [row["resource_id"] for row in await connection.fetch(_GRANTED_PLACES, org_id, principal_id)]


async def versions(connection: Connection, org_id: UUID, places: Sequence[UUID], group_id: UUID | None) -> str:
    """A text that is the same only while the organization, the places, the group and its grants there are."""
    text: str = await connection.fetchval(_VERSIONS, org_id, list(places), group_id)
    return text
