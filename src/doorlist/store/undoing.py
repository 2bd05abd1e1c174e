"""SQL that undoes what a directory took away: deleted groups and people come back, inactive people are active again,
memberships are put back. What was taken is told by the audit events; what is there again already is passed over.

`collect` notes what there is to undo in tables that live as long as the transaction; the other statements work on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection

_OPEN = """
create temporary table undone_events (action text, target_id uuid, change jsonb) on commit drop;
create temporary table undone_people (id uuid, deleted boolean, taken boolean) on commit drop;
create temporary table undone_groups (id uuid, taken boolean) on commit drop;
create temporary table undone_members (group_id uuid, user_id uuid) on commit drop;
"""

_EVENTS = """
insert into undone_events
select action, target_id, change from audit_events e
 where org_id = $1 and actor_kind = 'directory' and at >= $2 and ($3::uuid is null or request_id = $3)
   and ($4::uuid is null
        or request_id in (select request_id from request_log where org_id = $1 and token_id = $4 and at >= $2))
   and (action in ('user.deactivated', 'user.deleted', 'group.deleted') or change ? 'removed')
"""

_PEOPLE = """
insert into undone_people
select u.id, u.deleted_at is not null,
       u.deleted_at is not null
       and (exists (select from users o where o.org_id = $1 and o.user_name_key = u.user_name_key
                                          and o.connection_id is not distinct from u.connection_id
                                          and o.deleted_at is null)
            or exists (select from declared_values v
                         join declared_values o on o.org_id = v.org_id and o.attribute = v.attribute
                                               and o.value = v.value and o.connection_id = v.connection_id
                                               and o.resource_type = v.resource_type
                                               and (not o.released or o.resource_id > v.resource_id)
                        where v.org_id = $1 and v.resource_id = u.id and v.released))
  from users u
 where u.org_id = $1 and u.cleaned_at is null and ($2::uuid is null or u.id = $2)
   and ((u.deleted_at is not null and u.id in (select target_id from undone_events where action = 'user.deleted'))
        or (not u.active and u.deleted_at is null
            and u.id in (select target_id from undone_events where action = 'user.deactivated')))
"""

_GROUPS = """
insert into undone_groups
select g.id, exists (select from groups o where o.org_id = $1 and o.display_key = g.display_key
                                            and o.connection_id is not distinct from g.connection_id
                                            and o.deleted_at is null)
             or exists (select from declared_values v
                          join declared_values o on o.org_id = v.org_id and o.attribute = v.attribute
                                                and o.value = v.value and o.connection_id = v.connection_id
                                                and o.resource_type = v.resource_type
                                               and (not o.released or o.resource_id > v.resource_id)
                         where v.org_id = $1 and v.resource_id = g.id and v.released)
  from groups g
 where g.org_id = $1 and g.deleted_at is not null and g.cleaned_at is null and $2::uuid is null
   and g.id in (select target_id from undone_events where action = 'group.deleted')
"""

# Of several deleted ones of the same name only the one that was deleted last comes back.
_NAMESAKES = """
update undone_people p set taken = true
  from users u
 where u.org_id = $1 and u.id = p.id and p.deleted and not p.taken
   and exists (select from undone_people q join users o on o.org_id = $1 and o.id = q.id
                where q.deleted and not q.taken and o.user_name_key = u.user_name_key
                  and o.connection_id is not distinct from u.connection_id
                  and (o.deleted_at, o.id) > (u.deleted_at, u.id))
"""

_NAMESAKE_GROUPS = """
update undone_groups p set taken = true
  from groups g
 where g.org_id = $1 and g.id = p.id and not p.taken
   and exists (select from undone_groups q join groups o on o.org_id = $1 and o.id = q.id
                where not q.taken and o.display_key = g.display_key
                  and o.connection_id is not distinct from g.connection_id
                  and (o.deleted_at, o.id) > (g.deleted_at, g.id))
"""

_MEMBERS = """
insert into undone_members
select told.group_id, told.user_id
  from (select e.target_id as group_id, r::uuid as user_id
          from undone_events e cross join lateral jsonb_array_elements_text(e.change -> 'removed') r
         where e.action like 'group.%'
         union
        select g::uuid, e.target_id
          from undone_events e cross join lateral jsonb_array_elements_text(e.change -> 'groups') g
         where e.action = 'user.deleted') told
  join groups g on g.org_id = $1 and g.id = told.group_id
               and (g.deleted_at is null or g.id in (select id from undone_groups where not taken))
  join users u on u.org_id = $1 and u.id = told.user_id
              and (u.deleted_at is null or u.id in (select id from undone_people where deleted and not taken))
 where ($2::uuid is null or told.user_id = $2)
   and not exists (select from group_members m
                    where m.org_id = $1 and m.group_id = told.group_id and m.user_id = told.user_id)
"""

_ANALYZE = "analyze undone_people, undone_groups, undone_members"

_CONCERNED = """
select user_id from undone_members union select id from undone_people where not taken
"""

_PLACES = """
with concerned as (
    select group_id as id from undone_members
    union
    select id from undone_people where not taken
    union
    select m.group_id from group_members m where m.org_id = $1 and m.user_id in (select id from undone_people))
select resource_id from grants where org_id = $1 and principal_id in (select id from concerned)
union
select resource_id from retained where org_id = $1 and user_id in (select id from undone_people)
"""

# The marks by which people are counted stand still while people come back.
_HOLD_MARKS = "select from connections where org_id = $1 order by id for share"

_LOCK = """
select from groups
 where org_id = $1 and id in (select group_id from undone_members union select id from undone_groups)
 order by id for update
"""

_REVIVE_GROUPS = """
with revived as (
    update groups set deleted_at = null, version = version + 1, modified_at = greatest($2, modified_at)
     where org_id = $1 and id in (select id from undone_groups where not taken)
    returning id),
claimed as (
    update declared_values v set released = false from revived r where v.org_id = $1 and v.resource_id = r.id)
select id from revived
"""

_REVIVE_PEOPLE = """
with before as (
    select u.id, least(u.inactive_since, u.deleted_at) as since,
           coalesce((u.snapshot ->> 'active')::boolean, true) as active
      from users u
     where u.org_id = $1 and u.id in (select id from undone_people where deleted and not taken)
       for update),
revived as (
    update users u
       set deleted_at = null, snapshot = null, active = b.active, version = version + 1,
           inactive_since = case when b.active then null else coalesce(u.inactive_since, u.deleted_at) end,
           modified_at = greatest($2, modified_at)
      from before b
     where u.org_id = $1 and u.id = b.id
    returning u.id),
remembered as (
    insert into past_states (org_id, id, state, since, until)
    select $1, id, 'inactive', since, $2 from before where active and since < $2
    on conflict do nothing),
claimed as (
    update declared_values v set released = false from revived r where v.org_id = $1 and v.resource_id = r.id),
marked as (
    update page_marks m set people = m.people + k.people
      from (select u.connection_id, n.upto, count(*) as people from revived r
              join users u on u.org_id = $1 and u.id = r.id
             cross join lateral (
                   select upto from page_marks p
                    where p.org_id = $1 and p.connection_id = u.connection_id and p.upto >= u.id
                    order by p.upto limit 1) n
             group by u.connection_id, n.upto) k
     where m.org_id = $1 and m.connection_id = k.connection_id and m.upto = k.upto)
select id from revived
"""

_REACTIVATE = """
with before as (
    select u.id, u.inactive_since as since from users u
     where u.org_id = $1 and not u.active and u.deleted_at is null
       and (u.id in (select id from undone_people where not deleted)
            or u.id in (select p.id from undone_people p join undone_events e on e.target_id = p.id
                         where p.deleted and not p.taken and e.action = 'user.deactivated'))
       for update),
returned as (
    update users u
       set active = true, inactive_since = null, version = version + 1, modified_at = greatest($2, modified_at),
           doc = jsonb_set(doc::jsonb, '{active}', 'true')::text, search = jsonb_set(search, '{active}', 'true')
      from before b
     where u.org_id = $1 and u.id = b.id
    returning u.id),
remembered as (
    insert into past_states (org_id, id, state, since, until)
    select $1, id, 'inactive', since, $2 from before where since < $2
    on conflict do nothing),
confirmed as (
    update retained r set state = 'live', since = $2 from before b
     where r.org_id = $1 and r.user_id = b.id and r.state = 'held')
select id from returned
"""

_JOIN = """
with added as (
    insert into group_members (org_id, group_id, user_id, added_at)
    select $1, group_id, user_id, $2 from undone_members
    on conflict do nothing
    returning group_id, user_id),
superseded as (
    delete from retained r using added a, grants p
     where r.org_id = $1 and r.group_id = a.group_id and r.user_id = a.user_id
       and p.org_id = $1 and p.principal_id = a.group_id and p.resource_id = r.resource_id
    returning r.*),
remembered as (
    insert into past_retained (org_id, resource_id, user_id, group_id, group_name, level, since, until)
    select org_id, resource_id, user_id, group_id, group_name, level, since, $2
      from superseded where state = 'live' and since < $2
    on conflict do nothing),
touched as (
    update groups set version = version + 1, modified_at = greatest($2, modified_at)
     where org_id = $1 and id in (select group_id from added))
select group_id as group, user_id as user from added order by 1, 2
"""

_TAKEN = """
select (select count(*) from undone_people where taken) as people,
       (select count(*) from undone_groups where taken) as groups
"""


@dataclass(frozen=True, slots=True)
class Undone:
    """What came back; `members` are rows with group and user. `taken` counts what did not: its name is in use."""

    groups: list[UUID]
    people: list[UUID]
    reactivated: list[UUID]
    members: Sequence[Mapping[str, UUID]]
    taken: int


async def collect(
    connection: Connection,
    org_id: UUID,
    *,
    since: datetime,
    request_id: UUID | None,
    token_id: UUID | None,
    user_id: UUID | None,
) -> None:
    """Note what directories took away since a moment: by one request, by one token, from one person, or all of it."""
    await connection.execute(_OPEN)
    await connection.execute(_EVENTS, org_id, since, request_id, token_id)
    await connection.execute(_PEOPLE, org_id, user_id)
    await connection.execute(_GROUPS, org_id, user_id)
    await connection.execute(_NAMESAKES, org_id)
    await connection.execute(_NAMESAKE_GROUPS, org_id)
    await connection.execute(_MEMBERS, org_id, user_id)
    await connection.execute(_ANALYZE)


async def concerned(connection: Connection) -> list[UUID]:
    """Everybody whose access may come back."""
    return [row["user_id"] for row in await connection.fetch(_CONCERNED)]


async def places(connection: Connection, org_id: UUID) -> list[UUID]:
    """Every place on which somebody's access may come back, home folders apart."""
    return [row["resource_id"] for row in await connection.fetch(_PLACES, org_id)]


async def undo(connection: Connection, org_id: UUID, *, now: datetime) -> Undone:
    """Bring back what was collected."""
    await connection.execute(_LOCK, org_id)
    await connection.execute(_HOLD_MARKS, org_id)
    groups = [row["id"] for row in await connection.fetch(_REVIVE_GROUPS, org_id, now)]
    people = [row["id"] for row in await connection.fetch(_REVIVE_PEOPLE, org_id, now)]
    reactivated = [row["id"] for row in await connection.fetch(_REACTIVATE, org_id, now)]
    members = [dict(row) for row in await connection.fetch(_JOIN, org_id, now)]
    taken = await connection.fetchrow(_TAKEN)
    return Undone(sorted(groups), sorted(people), sorted(reactivated), members, taken["people"] + taken["groups"])
