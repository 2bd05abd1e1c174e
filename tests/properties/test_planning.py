"""A plan equals the difference that it causes, leaves nothing behind, and is refused when the world has moved."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorlist.errors import Refusal, StalePlan
from doorlist.service import planning
from doorlist.service.planning import Plan
from doorlist.store.db import Database
from tests.properties.histories import PLANNED, Happening, History, happenings
from tests.service.company import OPERATOR

Counted = dict[str, int]


def told(plan: Plan) -> Counted:
    kinds = ("gained", "raised", "lowered", "lost")
    return {kind: count for kind in kinds if (count := getattr(plan, kind))}


async def attempt(history: History, event: Happening) -> Plan | None:
    company = history.company
    try:
        return await planning.plan(company.database, OPERATOR, company.org_id, history.change(event), names=None)
    except Refusal:
        return None


async def kept(history: History) -> int:
    async with history.company.database.reading() as connection:
        count: int = await connection.fetchval(
            "select count(*) from retained where org_id = $1", history.company.org_id
        )
    return count


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(past=st.lists(happenings(), max_size=12), event=happenings(PLANNED))
async def test_a_plan_is_the_difference_it_causes(database: Database, past: list[Happening], event: Happening) -> None:
    history = await History.begin(database)
    for before in past:
        await history.happen(before)
    present, retained, audited = await history.levels(), await kept(history), await history.audited()
    planned = await attempt(history, event)
    assert (await history.levels(), await kept(history)) == (present, retained), "a plan changes nothing"
    assert await history.audited() == audited
    if planned is None:
        return
    company, change = history.company, history.change(event)
    done = await planning.apply(company.database, OPERATOR, company.org_id, change, planned.plan_hash, names=None)
    assert done == planned
    future = await history.levels()
    counted: Counted = {}
    for pair in present.keys() | future.keys():
        before, after = present.get(pair, 0), future.get(pair, 0)
        kind = "gained" if not before else "lost" if not after else "raised" if after > before else "lowered"
        if before != after:
            counted[kind] = counted.get(kind, 0) + 1
    assert told(planned) == counted
    assert len(planned.lines) == sum(counted.values())
    assert planned.retained >= await kept(history) - retained


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(past=st.lists(happenings(), max_size=8), event=happenings(PLANNED), other=happenings())
async def test_a_plan_that_something_made_stale_is_refused(
    database: Database, past: list[Happening], event: Happening, other: Happening
) -> None:
    history = await History.begin(database)
    for before in past:
        await history.happen(before)
    planned = await attempt(history, event)
    if planned is None:
        return
    await history.happen(other)
    again = await attempt(history, event)
    present, company = await history.levels(), history.company
    act = (company.database, OPERATOR, company.org_id, history.change(event))
    if again is None or told(again) != told(planned) or again.lines != planned.lines:
        with pytest.raises(Refusal) as refused:
            await planning.apply(*act, planned.plan_hash)
        assert again is None or isinstance(refused.value, StalePlan)
        assert await history.levels() == present
