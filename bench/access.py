"""Access at a hundred thousand people: the verbs of the product against the bare SQL that they cannot do without.

`python -m bench access` makes a database, fills it, measures, prints a table, and removes everything; without
`--full` everything is a tenth.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from uuid import UUID

from bench.report import Report, Row
from doorlist.domain.changes import DeleteGroup, GrantGroup, UngrantGroup
from doorlist.domain.levels import Level, Policy
from doorlist.domain.tenancy import Administrator, Plan
from doorlist.service import insight, planning, sharing, tenants
from doorlist.store import access, migrate
from doorlist.store.db import Connection, Database
from doorlist.store.embedded import running

OPERATOR = Administrator("bench", "cli")
MOMENT = "2026-01-01T00:00:00Z"

FILL = """
select setseed(0.5);
insert into users (org_id, id, user_name, user_name_key, display_name, active, doc, search, created_at, modified_at)
select '{org}', gen_random_uuid(), 'person' || n, 'person' || n, 'Person ' || n, n % 50 > 0, '{{}}', '{{}}', '{at}',
       '{at}'
  from generate_series(1, {people}) n;
insert into groups (org_id, id, display_name, display_key, doc, search, created_at, modified_at)
select '{org}', gen_random_uuid(), 'group' || n, 'group' || n, '{{}}', '{{}}', '{at}', '{at}'
  from generate_series(0, {groups} - 1) n;
create temporary table p as select id, row_number() over () - 1 as n
  from users where org_id = '{org}' and user_name like 'person%';
create temporary table g as select id, substr(display_name, 6)::int as n from groups where org_id = '{org}';
create unique index on p (n); create unique index on g (n); analyze p; analyze g;
insert into group_members (org_id, group_id, user_id, added_at)
select '{org}', g.id, p.id, '{at}' from g, p where g.n = 0;
insert into group_members (org_id, group_id, user_id, added_at)
select distinct '{org}'::uuid, g.id, p.id, '{at}'::timestamptz
  from (select 1 + floor(random() * ({groups} - 1))::int as gn, floor(random() * {people})::int as pn
          from generate_series(1, {memberships})) x join g on g.n = x.gn join p on p.n = x.pn;
insert into resources (org_id, id, kind, workspace_id, name, name_key, plan, created_at)
select '{org}', w, 'workspace', w, 'workspace' || n, 'workspace' || n, 'enterprise', '{at}'
  from (select n, gen_random_uuid() as w from generate_series(1, {workspaces}) n) x;
create temporary table w as select id, row_number() over () - 1 as n from resources where org_id = '{org}';
insert into resources (org_id, id, kind, workspace_id, home, name, name_key, created_at)
select '{org}', gen_random_uuid(), 'folder', id, true, 'Home', 'home', '{at}' from w;
insert into resources (org_id, id, kind, workspace_id, name, name_key, created_at)
select '{org}', gen_random_uuid(), 'folder', w.id, 'folder' || f.n, 'folder' || f.n, '{at}'
  from generate_series(1, {folders}) f (n) join w on w.n = f.n % {workspaces};
create temporary table r as select id, row_number() over () - 1 as n from resources where org_id = '{org}';
create unique index on r (n); analyze r;
insert into grants (org_id, id, resource_id, principal_kind, principal_id, level, created_at, created_by)
select '{org}', gen_random_uuid(), r.id, 'group', g.id, 1 + floor(random() * 3), '{at}', 'bench'
  from (select distinct floor(random() * {places})::int as rn, 1 + floor(random() * ({groups} - 1))::int as gn
          from generate_series(1, {grants})) x join r on r.n = x.rn join g on g.n = x.gn;
analyze users, groups, group_members, resources, grants, retained;
"""


# The same answers by joins written for one question, without history, policies, states, names or events.
BARE_QUESTIONS = {
    "check": """select max(g.level) from grants g
                  join group_members m on m.org_id = g.org_id and m.group_id = g.principal_id
                 where g.org_id = $1 and m.user_id = $2 and g.resource_id = $3""",
    "explain": """select g.*, d.display_name, m.added_at from grants g
                    join groups d on d.org_id = g.org_id and d.id = g.principal_id
                    left join group_members m on m.org_id = g.org_id and m.group_id = d.id and m.user_id = $2
                   where g.org_id = $1 and g.resource_id = $3""",
    "what": """select r.name, max(g.level) from group_members m
                 join grants g on g.org_id = m.org_id and g.principal_id = m.group_id
                 join resources r on r.org_id = g.org_id and r.id = g.resource_id
                where m.org_id = $1 and m.user_id = $2 and $3::uuid is not null
                group by r.id, r.name order by r.name""",
    "who": """select u.user_name, max(g.level) from grants g
                join group_members m on m.org_id = g.org_id and m.group_id = g.principal_id
                join users u on u.org_id = m.org_id and u.id = m.user_id and u.active
               where g.org_id = $1 and g.resource_id = $3 and $2::uuid is not null
               group by u.id, u.user_name order by u.user_name""",
}
BARE_GAINED = """
select count(*) from group_members m join users u on u.org_id = m.org_id and u.id = m.user_id and u.active
 where m.org_id = $1 and m.group_id = $2
   and not exists (select from grants g join group_members o on o.org_id = g.org_id and o.group_id = g.principal_id
                    where g.org_id = $1 and g.resource_id = $3 and o.user_id = m.user_id)
"""
BARE_GRANT = """
insert into grants (org_id, id, resource_id, principal_kind, principal_id, level, created_at, created_by)
values ($1, gen_random_uuid(), $3, 'group', $2, 1, now(), 'bench')
"""
BARE_RETAIN = """
insert into retained (org_id, resource_id, user_id, group_id, group_name, level, since)
select m.org_id, $3, m.user_id, $2, 'group0', 1, now() from group_members m
  join users u on u.org_id = m.org_id and u.id = m.user_id and u.active
 where m.org_id = $1 and m.group_id = $2
"""
BARE_UNGRANT = "delete from grants where org_id = $1 and principal_id = $2 and resource_id = $3"
BARE_LEAVE = "delete from group_members where org_id = $1 and group_id = $2 and $3::uuid is not null"
BARE_END = "update groups set deleted_at = now() where org_id = $1 and id = $2 and $3::uuid is not null"


class Lines:
    """The table so far."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, what: str, seconds: float, bare: float, remark: str = "") -> None:
        """Put the time beside that of the bare SQL."""
        milliseconds = {"ms": round(seconds * 1000, 3), "bare SQL ms": round(bare * 1000, 3)}
        self.rows.append({"what": what, **milliseconds, "ratio": round(seconds / bare, 1), "remark": remark})


def reports(full: bool, _: int) -> Iterator[Report]:
    """The table: 100,000 people, 10,000 groups, 50,000 folders, or a tenth."""
    scale = 1.0 if full else 0.1
    rows = asyncio.run(main(scale))
    yield Report("access", f"Access against bare SQL, {int(100_000 * scale):,} people", rows)


async def main(scale: float) -> list[Row]:
    """Make, fill, measure."""
    with (
        tempfile.TemporaryDirectory(prefix="doorlist-bench-", ignore_cleanup_errors=True) as folder,
        running(Path(folder) / "cluster", durable=False) as url,
    ):
        await migrate.upgrade(url)
        database = await Database.connect(url, maximum=2)
        lines = Lines()
        await _measure(lines, database, await _fill(database, scale))
        await database.close()
    return lines.rows


async def _fill(database: Database, scale: float) -> UUID:
    organization = await tenants.create_organization(
        database, OPERATOR, name="Bench", plan=Plan.ENTERPRISE, owner_email="boss@bench.example"
    )
    folders, workspaces = int(50_000 * scale), max(int(500 * scale), 5)
    numbers = {
        "people": int(100_000 * scale),
        "groups": int(10_000 * scale),
        "memberships": int(1_700_000 * scale),
        "folders": folders,
        "workspaces": workspaces,
        "places": folders + 2 * workspaces,
        "grants": int(450_000 * scale),
    }
    async with database.reporting() as connection:
        await connection.execute(FILL.format(org=organization.org_id, at=MOMENT, **numbers), timeout=1200)
    return organization.org_id


async def _measure(lines: Lines, database: Database, org_id: UUID) -> None:
    person, place, empty, everybody = await _ids(database, org_id)
    await _ask(lines, database, org_id, person, place)
    grant, keep = GrantGroup(empty, everybody, Level.VIEWER), UngrantGroup(empty, everybody, Policy.KEEP)
    counted = await _rehearsed(database, [BARE_GAINED], org_id, everybody, empty)
    put = await _rehearsed(database, [BARE_GRANT], org_id, everybody, empty)
    await _planned(lines, database, org_id, "granting the largest group", grant, bare=counted, bare_apply=put)
    retained = await _rehearsed(database, [BARE_RETAIN, BARE_UNGRANT], org_id, everybody, empty)
    await _planned(lines, database, org_id, "ungranting it, members keep", keep, bare=retained, bare_apply=retained)
    await _without_a_plan(lines, database, org_id, grant, put=put, retained=retained)
    ended = await _rehearsed(database, [BARE_RETAIN, BARE_LEAVE, BARE_END], org_id, everybody, empty)
    change = DeleteGroup(everybody)
    await _planned(lines, database, org_id, "deleting it, members keep", change, bare=ended, bare_apply=ended)


async def _ask(lines: Lines, database: Database, org_id: UUID, person: UUID, place: UUID) -> None:
    """The questions, each beside joins written by hand for it alone."""
    async with database.reading() as connection:
        checked = await timed(
            lambda: access.effective_level(connection, org_id, user_id=person, resource_id=place), times=300
        )
        found = {
            name: await timed(lambda sql=sql: connection.fetch(sql, org_id, person, place), times=50)  # type: ignore[misc]
            for name, sql in BARE_QUESTIONS.items()
        }
    lines.add("one check", checked, found["check"])
    ids = {"user_id": person, "resource_id": place}
    lines.add("explain", await timed(lambda: insight.explain(database, org_id, **ids)), found["explain"])
    lines.add("what one person reaches", await timed(lambda: _what(database, org_id, person)), found["what"])
    lines.add("who reaches a folder", await timed(lambda: _who(database, org_id, place)), found["who"])


async def _planned(
    lines: Lines,
    database: Database,
    org_id: UUID,
    name: str,
    change: planning.Change,
    *,
    bare: float,
    bare_apply: float,
) -> None:
    started = time.perf_counter()
    plan = await planning.plan(database, OPERATOR, org_id, change)
    counts = f"{plan.gained} gained, {plan.lost} lost, {plan.retained} retained, {plan.unchanged} unchanged"
    lines.add(f"preview of {name}", time.perf_counter() - started, bare, counts)
    started = time.perf_counter()
    await planning.apply(database, OPERATOR, org_id, change, plan.plan_hash)
    lines.add(f"applying what was planned: {name}", time.perf_counter() - started, bare_apply)


async def _without_a_plan(
    lines: Lines, database: Database, org_id: UUID, grant: GrantGroup, *, put: float, retained: float
) -> None:
    """Grant and take away by the verbs alone, then leave the group granted and nobody with anything kept."""
    act = (database, OPERATOR, org_id)
    where, group = grant.resource_id, grant.group_id
    async with database.transaction() as connection:
        await connection.execute("delete from retained where org_id = $1", org_id)
    started = time.perf_counter()
    await sharing.grant_group(*act, resource_id=where, group_id=group, level=Level.VIEWER)
    lines.add("granting it without a plan", time.perf_counter() - started, put)
    started = time.perf_counter()
    await sharing.ungrant_group(*act, resource_id=where, group_id=group, members=Policy.KEEP)
    lines.add("ungranting it without a plan, members keep", time.perf_counter() - started, retained)
    await sharing.grant_group(*act, resource_id=where, group_id=group, level=Level.VIEWER)


async def _rehearsed(database: Database, statements: Sequence[str], *arguments: object) -> float:
    """Seconds that statements of the same parameters take in a transaction that is taken back."""
    async with database.measuring(keep=False) as connection:
        started = time.perf_counter()
        for statement in statements:
            await connection.execute(statement, *arguments)
        return time.perf_counter() - started


async def _what(database: Database, org_id: UUID, person: UUID) -> int:
    return await _count(insight.what(database, org_id, person))


async def _who(database: Database, org_id: UUID, place: UUID) -> int:
    return await _count(insight.who(database, org_id, place))


async def _ids(database: Database, org_id: UUID) -> tuple[UUID, UUID, UUID, UUID]:
    async with database.reporting() as connection:
        one = await _first(connection, "select id from users where org_id = $1 and user_name = 'person7'", org_id)
        place = await _first(connection, "select id from resources where org_id = $1 and name = 'folder7'", org_id)
        group = await _first(connection, "select id from groups where org_id = $1 and display_name = 'group0'", org_id)
        empty = await _first(connection, "select id from resources where org_id = $1 and name = 'folder11'", org_id)
    return one, place, empty, group


async def _first(connection: Connection, statement: str, org_id: UUID) -> UUID:
    found: UUID = await connection.fetchval(statement, org_id)
    return found


async def _count(lines: object) -> int:
    count = 0
    async with aclosing(lines) as open_lines:  # type: ignore[type-var]
        async for _ in open_lines:  # type: ignore[attr-defined]
            count += 1
    return count


async def timed(work: Callable[[], Awaitable[object]], *, times: int = 20) -> float:
    """Seconds in the median, after one round that is not counted."""
    await work()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        await work()
        found.append(time.perf_counter() - started)
    return statistics.median(found)
