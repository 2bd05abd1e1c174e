"""SQL of `doorlist doctor`: each statement finds what must not be and what somebody should see to.

Every statement gives rows of an organization's short name (null: the installation) and a subject in words. Reads only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from doorlist.store.db import Connection

SHOWN: Final = 20

_HEAD = "select organization, subject, count(*) over () as total from ("
_TAIL = f") found order by organization nulls first, subject limit {SHOWN}"

ORPHANS = """
select o.slug as organization, 'group ' || m.group_id || ', person ' || m.user_id as subject
  from group_members m join organizations o on o.org_id = m.org_id
 where not exists (select from users u where u.org_id = m.org_id and u.id = m.user_id)
    or not exists (select from groups g where g.org_id = m.org_id and g.id = m.group_id)
"""

HOMELESS = """
select o.slug as organization, 'workspace ' || w.name as subject
  from resources w join organizations o on o.org_id = w.org_id
 where w.kind = 'workspace'
   and (select count(*) from resources h where h.org_id = w.org_id and h.workspace_id = w.id and h.home) <> 1
"""

OWNERLESS = """
select o.slug as organization, 'workspace ' || w.name as subject
  from resources w join organizations o on o.org_id = w.org_id
 where w.kind = 'workspace' and w.deleted_at is null
   and not exists (select from grants g where g.org_id = w.org_id and g.resource_id = w.id and g.level = 5)
"""

UNPERSONED = """
select o.slug as organization, 'person ' || k.user_id || ' on ' || k.resource_id as subject
  from retained k left join organizations o on o.org_id = k.org_id
 where not exists (select from users u where u.org_id = k.org_id and u.id = k.user_id)
"""

LIVE_WHILE_INACTIVE = """
select o.slug as organization, 'person ' || u.user_name || ' on ' || k.resource_id as subject
  from retained k join users u on u.org_id = k.org_id and u.id = k.user_id
  join organizations o on o.org_id = k.org_id
 where k.state = 'live' and not u.active and u.deleted_at is null
"""

OVERLAPPING = """
select o.slug as organization, 'group ' || p.group_id || ', person ' || p.user_id as subject
  from past_members p join organizations o on o.org_id = p.org_id
  join members_over_time m on m.org_id = p.org_id and m.group_id = p.group_id and m.user_id = p.user_id
                          and m.since < p.until and (m.until is null or m.until > p.until)
union all
select o.slug, 'grant of ' || p.principal_id || ' on ' || p.resource_id
  from past_grants p join organizations o on o.org_id = p.org_id
  join grants_over_time g on g.org_id = p.org_id and g.resource_id = p.resource_id
                         and g.principal_id = p.principal_id
                         and g.since < p.until and (g.until is null or g.until > p.until)
"""

TOKENS = """
select o.slug as organization, t.label || ' (' || t.hint || '), '
       || case when t.expires_at <= now() then 'over since ' else 'until ' end || t.expires_at::date as subject
  from tokens t join organizations o on o.org_id = t.org_id
 where t.revoked_at is null and t.expires_at <= now() + interval '14 days' and t.expires_at > now() - interval '90 days'
"""

CERTIFICATES = """
select o.slug as organization, c.subject || ', until ' || c.not_after::date as subject
  from saml_certificates c join organizations o on o.org_id = c.org_id
 where c.not_after <= now() + interval '30 days'
"""

SILENT = """
select o.slug as organization,
       c.name || ', last heard of ' || to_char(l.heard, 'YYYY-MM-DD HH24:MI') || ' UTC' as subject
  from connections c join organizations o on o.org_id = c.org_id
  join lateral (select max(t.last_used_at) as heard from tokens t
                 where t.org_id = c.org_id and t.connection_id = c.id) l on l.heard < now() - interval '2 days'
 where exists (select from tokens t where t.org_id = c.org_id and t.connection_id = c.id and t.revoked_at is null
                                      and (t.expires_at is null or t.expires_at > now()))
   and not exists (select from connection_pauses p where p.org_id = c.org_id and p.connection_id = c.id)
"""

PAUSED = """
select o.slug as organization, c.name || ', since ' || p.since::date || ' by ' || p.paused_by as subject
  from connection_pauses p join organizations o on o.org_id = p.org_id
  join connections c on c.org_id = p.org_id and c.id = p.connection_id
"""

UNSEALED = """
select o.slug as organization,
       count(*) || ' events since ' || to_char(min(e.at), 'YYYY-MM-DD HH24:MI') || ' UTC' as subject
  from audit_events e join organizations o on o.org_id = e.org_id
 where e.link is null
 group by o.slug having min(e.at) < now() - interval '5 minutes'
"""

UNFORGOTTEN = """
select null as organization, 'oldest request of ' || min(at)::date as subject from request_log
having min(at) < now() - ($1::integer + 1) * interval '1 day'
"""

SLOW_NOW = """
select null as organization, 'running since ' || to_char(query_start, 'HH24:MI:SS') || ' UTC: '
       || left(regexp_replace(query, '\\s+', ' ', 'g'), 100) as subject
  from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
   and query_start < now() - $1::double precision * interval '1 second'
"""

SLOW_EVER = """
select null as organization, round(mean_exec_time::numeric) || ' ms in the mean of ' || calls || ' calls: '
       || left(regexp_replace(query, '\\s+', ' ', 'g'), 100) as subject
  from pg_stat_statements
 where dbid = (select oid from pg_database where datname = current_database())
   and calls >= 10 and mean_exec_time > $1::double precision * 100
"""

_HAS_STATISTICS = """
select exists (select from pg_settings where name = 'pg_stat_statements.track')
   and to_regclass('pg_stat_statements') is not null
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a statement found: the first subjects, each with its organization, and how many there are."""

    subjects: tuple[tuple[str | None, str], ...]
    total: int


async def look(connection: Connection, statement: str, arguments: Sequence[Any] = ()) -> Found:
    """Run one statement of this module."""
    rows = await connection.fetch(_HEAD + statement + _TAIL, *arguments)
    subjects = tuple((row["organization"], row["subject"]) for row in rows)
    return Found(subjects, rows[0]["total"] if rows else 0)


async def has_statistics(connection: Connection) -> bool:
    """Whether the server counts how long statements take (the extension pg_stat_statements)."""
    return bool(await connection.fetchval(_HAS_STATISTICS))
