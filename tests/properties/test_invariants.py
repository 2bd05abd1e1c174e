"""What stays true of access whatever happens, on random histories."""

from __future__ import annotations

from dataclasses import replace
from random import Random
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
@given(
    events=st.lists(happenings(("join", "leave", "grant-group", "shuffle", "delete-group")), min_size=3, max_size=20)
)
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
        if event.kind in {"leave", "shuffle", "delete-group"}:
            assert all(after.get(pair, 0) >= level for pair, level in before.items()), event


_STILL_NAMED = """
select count(*) from access_paths p
 where p.org_id = $1 and p.group_id is not null
   and not exists (select from group_members m
                    where m.org_id = p.org_id and m.group_id = p.group_id and m.user_id = p.user_id)
"""
UNDER_REMOVE = ("join", "leave", "leave", "grant-group", "ungrant-group", "shuffle", "delete-group", "deactivate",
                "reactivate")  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(happenings(UNDER_REMOVE), min_size=3, max_size=20))
async def test_under_remove_no_path_names_a_group_for_who_is_not_in_it(
    database: Database, events: list[Happening]
) -> None:
    history = await History.begin(database)
    async with database.transaction() as connection:
        await connection.execute("update grants set policy = 'remove' where org_id = $1", history.company.org_id)
    for event in events:
        await history.happen(replace(event, keep=False))
        async with database.reading() as connection:
            assert await connection.fetchval(_STILL_NAMED, history.company.org_id) == 0, event


async def told(history: History) -> dict[tuple[str, int], int]:
    """Levels by the name of the person and the number of the place, the same in every company."""
    names = {identifier: name for name, identifier in history.company.people.items()}
    numbers = {identifier: number for number, identifier in enumerate(history.places)}
    return {(names[person], numbers[place]): level for (person, place), level in (await history.levels()).items()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(happenings(("join", "join", "grant-group", "exclude")), max_size=12),
    removals=st.lists(happenings(("leave", "leave", "delete-group")), min_size=2, max_size=8),
    shuffled=st.randoms(use_true_random=False),
)
async def test_access_in_the_end_does_not_depend_on_the_order_of_removals(
    database: Database, before: list[Happening], removals: list[Happening], shuffled: Random
) -> None:
    outcomes = []
    for order in (removals, shuffled.sample(removals, len(removals))):
        history = await History.begin(database)
        for event in (*before, *order):
            await history.happen(event)
        outcomes.append(await told(history))
    assert outcomes[0] == outcomes[1]


_EVERYTHING = """
select array_agg(line order by line) from (
    select concat_ws(' ', group_id, user_id, added_at) as line from group_members where org_id = $1
    union all select concat_ws(' ', id, level, policy, created_at, level_since) from grants where org_id = $1
    union all select concat_ws(' ', resource_id, user_id, group_id, level, state, since) from retained where org_id = $1
    union all select concat_ws(' ', id, version, modified_at, deleted_at) from groups where org_id = $1
    union all select concat_ws(' ', id, version, modified_at, deleted_at) from users where org_id = $1) found
"""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(happenings(("join", "leave", "shuffle", "deactivate", "reactivate", "delete-group")), max_size=15)
)
async def test_a_request_that_a_directory_repeats_changes_nothing_and_leaves_no_event(
    database: Database, events: list[Happening]
) -> None:
    history = await History.begin(database)
    for event in events:
        repeated = replace(event, group=2)  # the directory's group
        await history.happen(repeated)
        async with database.reading() as connection:
            present = await connection.fetchval(_EVERYTHING, history.company.org_id)
        audited = await history.audited()
        await history.happen(repeated)
        async with database.reading() as connection:
            assert await connection.fetchval(_EVERYTHING, history.company.org_id) == present, event
        assert await history.audited() == audited, event
