"""What stays true of access whatever happens, on random histories."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorlist.store.db import Database
from tests.properties.histories import Happening, History, happenings

_TWICE = """
select count(*) from retained k
  join grants g on g.org_id = k.org_id and g.resource_id = k.resource_id and g.principal_id = k.group_id
  join group_members m on m.org_id = k.org_id and m.group_id = k.group_id and m.user_id = k.user_id
 where k.org_id = $1
"""
_STRANGERS = """
select count(*) from access_paths p
 where p.org_id = $1 and p.kind = 'group'
   and not exists (select from group_members m
                    where m.org_id = p.org_id and m.group_id = p.group_id and m.user_id = p.user_id)
"""
_TOO_HIGH = "select count(*) from access_paths where org_id = $1 and kind <> 'direct' and level > 3"
_SHUT = """
select count(*) from effective_access e join users u on u.org_id = e.org_id and u.id = e.user_id
 where e.org_id = $1 and (not u.active or u.deleted_at is not null)
"""
_LIVE_WHILE_INACTIVE = """
select count(*) from retained k join users u on u.org_id = k.org_id and u.id = k.user_id
 where k.org_id = $1 and k.state = 'live' and not u.active
"""
_HOMES = """
select count(*) from (select workspace_id from resources where org_id = $1
                       group by workspace_id having count(*) filter (where home) <> 1) wrong
"""
NEVER = (_TWICE, _STRANGERS, _TOO_HIGH, _SHUT, _LIVE_WHILE_INACTIVE, _HOMES)


async def grants(history: History) -> list[Any]:
    async with history.company.database.reading() as connection:
        found: list[Any] = await connection.fetch(
            "select * from grants where org_id = $1 order by id", history.company.org_id
        )
    return found


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(happenings(), min_size=3, max_size=20))
async def test_what_never_happens(database: Database, events: list[Happening]) -> None:
    history = await History.begin(database)
    for event in events:
        granted = await grants(history)
        await history.happen(event)
        async with database.reading() as connection:
            for statement in NEVER:
                assert await connection.fetchval(statement, history.company.org_id) == 0, (event, statement)
        if event.kind in {"join", "leave", "deactivate", "reactivate"}:
            assert await grants(history) == granted, "what a directory does touches no grant"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(happenings(("join", "leave", "grant-group")), min_size=3, max_size=20))
async def test_under_keep_no_group_event_takes_anything(database: Database, events: list[Happening]) -> None:
    history = await History.begin(database)
    async with database.transaction() as connection:
        await connection.execute("update grants set policy = null where org_id = $1", history.company.org_id)
    for event in events:
        if event.kind == "grant-group" and not event.keep:
            continue
        before = await history.levels()
        await history.happen(event)
        after = await history.levels()
        if event.kind == "leave":
            assert all(after.get(pair, 0) >= level for pair, level in before.items()), event
