"""SQL of two reports over a whole organization: what changed between two moments, and all of it for a review."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection
from doorlist.store.difference import Line

# Only people and places about which a fact began or ended between the moments can differ: the cost is that of what has
# changed, not of everything there is.
_COMPARE = """
with facts (person, place, since, until) as (
    select user_id, null::uuid, since, until from members_over_time where org_id = $1
    union all select user_id, null, since, until from retained_over_time where org_id = $1
    union all select user_id, null, since, until from exclusions_over_time where org_id = $1
    union all select case principal_kind when 'user' then principal_id end,
                     case principal_kind when 'group' then resource_id end, since, until
                from grants_over_time where org_id = $1
    union all select id, id, since, until from states_over_time where org_id = $1
    union all select id, null, created_at, deleted_at from users where org_id = $1
    union all select null, id, created_at, null from resources where org_id = $1),
touched as materialized (
    select person, place from facts
     where (since > $2 and since <= $3) or (until > $2 and until <= $3)
     group by person, place),
people as materialized (
    select distinct u.id from touched join users u on u.org_id = $1 and u.id = touched.person),
places as materialized (
    select distinct r.id from touched join resources r on r.org_id = $1 and touched.place in (r.id, r.workspace_id)),
earlier as (
    select a.user_id, a.resource_id, a.level from people p
     cross join lateral (select e.user_id, e.resource_id, e.level from effective_access_at($2) e
                          where e.org_id = $1 and e.user_id = p.id offset 0) a
     union all
    select a.user_id, a.resource_id, a.level from places r
     cross join lateral (select e.user_id, e.resource_id, e.level from effective_access_at($2) e
                          where e.org_id = $1 and e.resource_id = r.id offset 0) a
     where a.user_id not in (select id from people)),
later as (
    select a.user_id, a.resource_id, a.level from people p
     cross join lateral (select e.user_id, e.resource_id, e.level from effective_access_at($3) e
                          where e.org_id = $1 and e.user_id = p.id offset 0) a
     union all
    select a.user_id, a.resource_id, a.level from places r
     cross join lateral (select e.user_id, e.resource_id, e.level from effective_access_at($3) e
                          where e.org_id = $1 and e.resource_id = r.id offset 0) a
     where a.user_id not in (select id from people)),
differing as (
    select coalesce(a.user_id, b.user_id) as user_id, coalesce(a.resource_id, b.resource_id) as resource_id,
           coalesce(a.level, 0) as before, coalesce(b.level, 0) as after
      from earlier a
      full join later b on b.user_id = a.user_id and b.resource_id = a.resource_id
     where a.level is distinct from b.level)
select case when d.before = 0 then 'gained' when d.after = 0 then 'lost' when d.after > d.before then 'raised'
            else 'lowered' end as kind,
       u.user_name, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder,
       d.before, d.after
  from differing d
  join users u on u.org_id = $1 and u.id = d.user_id
  join resources r on r.org_id = $1 and r.id = d.resource_id
  join resources w on w.org_id = $1 and w.id = r.workspace_id
 order by u.user_name_key, u.id, w.name_key, r.kind = 'folder', r.name_key
"""

_REVIEW = """
select u.user_name, u.display_name, e.workspace, e.folder, e.level, e.kind, coalesce(d.display_name, '') as "group",
       e.since, e.granted_by
  from users u
 cross join lateral (
       select distinct on (w.name_key, r.kind = 'folder', r.name_key, r.id)
              w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, w.name_key,
              r.kind = 'folder' as inside, r.name_key as folder_key, a.level, p.kind, p.group_id, p.since, p.granted_by
         from effective_access a
         join access_paths p on p.org_id = a.org_id and p.user_id = a.user_id and p.resource_id = a.resource_id
         join resources r on r.org_id = a.org_id and r.id = a.resource_id
         join resources w on w.org_id = r.org_id and w.id = r.workspace_id
        where a.org_id = u.org_id and a.user_id = u.id
        order by w.name_key, r.kind = 'folder', r.name_key, r.id, p.level desc, p.kind, p.since
       offset 0) e
  left join groups d on d.org_id = u.org_id and d.id = e.group_id
 where u.org_id = $1 and u.active and u.blocked_at is null and u.deleted_at is null
 order by u.user_name_key, u.id, e.name_key, e.inside, e.folder_key
"""


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One person's level in one place with the way that decides: direct, group or retained, since when and by whom."""

    user_name: str
    display_name: str
    workspace: str
    folder: str
    level: int
    kind: str
    group: str
    since: datetime
    granted_by: str


async def compare(connection: Connection, org_id: UUID, *, earlier: datetime, later: datetime) -> AsyncIterator[Line]:
    """Whose levels differ between two moments, by person and place; needs a transaction."""
    async for row in connection.cursor(_COMPARE, org_id, earlier, later, prefetch=1000):
        yield Line(**row)


async def review(connection: Connection, org_id: UUID) -> AsyncIterator[ReviewLine]:
    """Every effective level with the way that decides, by person and place; needs a transaction."""
    async for row in connection.cursor(_REVIEW, org_id, prefetch=1000):
        yield ReviewLine(**row)
