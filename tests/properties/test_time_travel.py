"""Access as of every event of a random history equals the access that was there when it happened."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorlist.service import clock, insight
from doorlist.store.db import Database
from tests.properties.histories import Happening, History, happenings


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(happenings(), min_size=5, max_size=30))
async def test_access_as_of_every_event_is_what_it_was_then(database: Database, events: list[Happening]) -> None:
    history = await History.begin(database)
    recorded = [(clock.now(), await history.levels())]
    for event in events:
        await asyncio.sleep(0.000_01)
        if await history.happen(event):
            recorded.append((clock.now(), await history.levels()))
    for moment, levels in recorded:
        assert await history.levels("effective_access_at($2)", moment) == levels
    (first, before), (_, after) = recorded[0], recorded[-1]
    compared = insight.compare(database, history.company.org_id, earlier=first)
    lines = [(line.before, line.after) async for line in compared]
    pairs = before.keys() | after.keys()
    assert sorted(lines) == sorted(
        (old, new) for pair in pairs if (old := before.get(pair, 0)) != (new := after.get(pair, 0))
    )
    reviewed = [line.level async for line in insight.review(database, history.company.org_id)]
    assert sorted(reviewed) == sorted(after.values())
