"""The key of every table of an organization begins with the organization: its rows could live on a host of its own."""

from __future__ import annotations

import re
from pathlib import Path

from doorlist.store.db import Database

_KEYS = """
select c.relname as name,
       (select array_agg(a.attname::text order by k.place)
          from unnest(i.indkey::smallint[]) with ordinality k (number, place)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number) as columns,
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id') as tenant
  from pg_class c
  left join pg_index i on i.indrelid = c.oid and i.indisprimary
 where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
 order by c.relname
"""

_REFERENCES = """
select conrelid::regclass::text || ': ' || pg_get_constraintdef(oid) from pg_constraint
 where contype = 'f' and connamespace = 'public'::regnamespace
   and pg_get_constraintdef(oid) not like 'FOREIGN KEY (org_id%'
"""

OF_THE_INSTALLATION = {
    "alembic_version",
    "operator_links",
    "operator_sessions",
    "pgqueuer",
    "pgqueuer_log",
    "pgqueuer_schedules",
    "pgqueuer_statistics",
    "signin_failures",  # counted before anybody is known
    "request_log",  # refused requests have no organization; its lists go by (org_id, id)
}


async def test_the_key_of_every_tenant_table_begins_with_the_organization(database: Database) -> None:
    async with database.reading() as connection:
        found = {row["name"]: row for row in await connection.fetch(_KEYS)}
    assert {"users", "groups", "group_members", "grants", "audit_events"} <= found.keys()
    others = {name for name, row in found.items() if not row["columns"] or row["columns"][0] != "org_id"}
    assert others == OF_THE_INSTALLATION & found.keys()
    assert {name for name, row in found.items() if not row["tenant"]} <= OF_THE_INSTALLATION


async def test_no_reference_leaves_the_organization(database: Database) -> None:
    async with database.reading() as connection:
        assert [row[0] for row in await connection.fetch(_REFERENCES)] == []


_UNIQUE_EVERYWHERE = """
select c.relname || '.' || (select string_agg(a.attname, ',') from pg_attribute a
                             where a.attrelid = c.oid and a.attnum = any (i.indkey::smallint[])) as name
  from pg_index i join pg_class c on c.oid = i.indrelid
 where i.indisunique and not i.indisprimary and c.relnamespace = 'public'::regnamespace
   and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id')
   and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id'
                                                and a.attnum = any (i.indkey::smallint[]))
"""


async def test_what_is_unique_over_all_organizations_is_told(database: Database) -> None:
    """Shards cannot keep these; docs/how-to/several-hosts.md lists them."""
    page = (Path(__file__).parents[2] / "docs/how-to/several-hosts.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+\.\w+)`", page))
    async with database.reading() as connection:
        assert {row["name"] for row in await connection.fetch(_UNIQUE_EVERYWHERE)} == told
