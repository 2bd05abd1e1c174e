"""Whatever a directory takes away, restoring since the moment before brings the same access back, as planned."""

from __future__ import annotations

from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorlist.domain.changes import RestoreRemoved
from doorlist.errors import NotFound
from doorlist.service import auditing, clock, membership, people, planning
from doorlist.store.db import Database
from tests.properties.histories import ANY, PATCH, PEOPLE, History
from tests.service.company import OPERATOR

GROUPS = ("one", "two", "three")
KINDS = ("leave", "leave", "deactivate", "delete-person", "delete-group")


async def take_away(history: History, kind: str, person: str, group: str) -> None:
    """One request of a directory."""
    company, call = history.company, history.call()
    user_id, group_id = company.people[person], company.groups[group]
    if kind == "leave":
        operation = {"op": "remove", "path": "members", "value": [{"value": str(user_id)}]}
        body = {"schemas": [PATCH], "Operations": [operation]}
        await membership.patch_group(company.database, call, group_id, body, ANY)
    elif kind == "deactivate":
        await history.set_active(person, active=False)
    elif kind == "delete-person":
        await people.delete_user(company.database, call, user_id, ANY)
    else:
        await membership.delete_group(company.database, call, group_id, ANY)


async def members(history: History) -> set[tuple[UUID, UUID]]:
    async with history.company.database.reading() as connection:
        rows = await connection.fetch(
            "select group_id, user_id from group_members where org_id = $1", history.company.org_id
        )
    return {(row["group_id"], row["user_id"]) for row in rows}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    taken=st.lists(
        st.tuples(st.sampled_from(KINDS), st.sampled_from(PEOPLE), st.sampled_from(GROUPS)), min_size=1, max_size=8
    )
)
async def test_what_directories_took_away_comes_back_as_it_was(
    database: Database, taken: list[tuple[str, str, str]]
) -> None:
    history = await History.begin(database)
    company, act = history.company, (database, OPERATOR, history.company.org_id)
    async with database.transaction() as connection:
        await connection.execute(
            "update groups set connection_id = $2 where org_id = $1", company.org_id, history.connection_id
        )
    since, levels, joined = clock.now(), await history.levels(), await members(history)
    for kind, person, group in taken:
        try:
            await take_away(history, kind, person, group)
        except NotFound:
            continue
    change, lost = RestoreRemoved(since), await history.levels()
    planned = await planning.plan(*act, change, names=None)
    assert await history.levels() == lost, "a plan changes nothing"
    assert await planning.apply(*act, change, planned.plan_hash, names=None) == planned
    assert await history.levels() == levels
    assert await members(history) == joined
    told = {pair for pair in levels.keys() | lost.keys() if levels.get(pair) != lost.get(pair)}
    assert planned.gained + planned.raised + planned.lowered + planned.lost == len(told)
    summed = await auditing.reconcile(*act)
    assert (summed.unexplained, summed.missing) == ((), ())
    again = await planning.plan(*act, change)
    assert (again.gained, again.raised, again.lowered, again.lost) == (0, 0, 0, 0)
