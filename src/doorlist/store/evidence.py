"""SQL of what an explanation is made of: a person and a resource as they stood at a moment, and every way between.

The ways that count come from the same definition as every check; what is added are those that do not count: grants
of groups that the person is not in, excluded ones, parked ones of deleted groups, and what is held.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from doorlist.domain.explanation import Bearing, Standing, Way
from doorlist.store.db import Connection
from doorlist.store.detachment import MANAGED

_STANDING = """
with stood as (
    select id, state from states_over_time
     where org_id = $1 and id in ($2, $3, (select workspace_id from resources where org_id = $1 and id = $3))
       and since <= $4 and (until is null or until > $4))
select u.id as user_id, u.user_name, coalesce(c.name, 'local') as origin,
       exists (select from stood where state = 'inactive') as inactive,
       exists (select from stood where state = 'blocked') as blocked,
       u.deleted_at is not null and u.deleted_at <= $4 as person_deleted,
       r.id as resource_id,
       case when r.kind = 'folder' then w.name || ' / ' || r.name else w.name end as place,
       exists (select from stood where state = 'archived') as archived,
       exists (select from stood where state = 'deleted') as resource_deleted
  from users u
  left join connections c on c.org_id = u.org_id and c.id = u.connection_id
  join resources r on r.org_id = u.org_id and r.id = $3
  join resources w on w.org_id = r.org_id and w.id = r.workspace_id
 where u.org_id = $1 and u.id = $2
"""

_WAYS = f"""
with reached as (
    select id from resources where org_id = $1 and id = $3
    union
    select workspace_id from resources where org_id = $1 and id = $3 and home),
found as (
    select kind, via_id, group_id, level, since, granted_by, 'counts' as bearing
      from access_paths_at($4) where org_id = $1 and user_id = $2 and resource_id = $3
    union all
    select 'group', g.resource_id, g.principal_id, g.level, g.created_at, g.created_by,
           case when d.deleted_at <= $4 then 'parked' when m.user_id is null then 'not-a-member' else 'excluded' end
      from reached
      join grants_over_time g on g.org_id = $1 and g.resource_id = reached.id and g.principal_kind = 'group'
                             and g.since <= $4 and (g.until is null or g.until > $4)
      join groups d on d.org_id = g.org_id and d.id = g.principal_id
      left join members_over_time m on m.org_id = $1 and m.group_id = g.principal_id and m.user_id = $2
                                   and m.since <= $4 and (m.until is null or m.until > $4)
     where m.user_id is null or d.deleted_at <= $4
        or exists (select from exclusions_over_time x
                    where x.org_id = $1 and x.resource_id = g.resource_id and x.user_id = $2
                      and x.since <= $4 and (x.until is null or x.until > $4))
    union all
    select 'retained', k.resource_id, k.group_id, k.level, k.since, 'policy', 'held'
      from reached
      join retained k on k.org_id = $1 and k.resource_id = reached.id and k.user_id = $2
     where k.state = 'held' and k.since <= $4)
select f.kind, f.via_id, case when r.kind = 'folder' then w.name || ' / ' || r.name else w.name end as via, f.group_id,
       coalesce(d.display_name, '') as "group",
       case when f.group_id is null then '' else coalesce(c.name, 'local') end as origin,
       c.id is not null and not {MANAGED.format(now="now()")} as detached,
       f.level, f.since, f.granted_by as by, f.bearing
  from found f
  join organizations o on o.org_id = $1
  join resources r on r.org_id = $1 and r.id = f.via_id
  join resources w on w.org_id = $1 and w.id = r.workspace_id
  left join lateral (select display_name, connection_id from groups
                      where org_id = $1 and id = f.group_id offset 0) d on true  -- a hash of all groups costs more
  left join connections c on c.org_id = $1 and c.id = d.connection_id
"""


async def standing(
    connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID, at: datetime
) -> Standing | None:
    """A person and a resource at a moment, deleted ones too; None where one of them never was."""
    row = await connection.fetchrow(_STANDING, org_id, user_id, resource_id, at)
    return None if row is None else Standing(**row)


async def ways(
    connection: Connection, org_id: UUID, *, user_id: UUID, resource_id: UUID, at: datetime
) -> tuple[Way, ...]:
    """Every way between them at a moment, those that do not count too, in no order."""
    rows = await connection.fetch(_WAYS, org_id, user_id, resource_id, at)
    return tuple(Way(**{**row, "bearing": Bearing(row["bearing"])}) for row in rows)
