"""The sum of the audit events is what there is: every membership, grant and retained row, after every event."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorlist.service import auditing
from doorlist.store.db import Database
from tests.properties.histories import Happening, History, happenings
from tests.service.company import OPERATOR


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(happenings(), min_size=5, max_size=30))
async def test_the_sum_of_the_events_reproduces_members_grants_and_retained_rows(
    database: Database, events: list[Happening]
) -> None:
    history = await History.begin(database)
    org_id = history.company.org_id
    for event in events:
        before = await history.audited()
        if await history.happen(event):
            assert await history.audited() <= before + 2, "one event a change set, and one where ownership passes on"
            summed = await auditing.reconcile(database, OPERATOR, org_id)
            assert (summed.unexplained, summed.missing) == ((), ()), event
    await auditing.seal(database, org_id)
    assert (await auditing.verify(database, OPERATOR, org_id)).faults == ()
