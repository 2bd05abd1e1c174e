"""scim2-tester, as it is, against the running server: an independent client that knows the RFCs reports no error."""

from __future__ import annotations

from collections import Counter

import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.live.processes import Commands

pytestmark = pytest.mark.live


def test_it_reports_no_error(commands: Commands, record_property: pytest.RecordProperty) -> None:
    with commands.organization("Compliance").client() as http:
        results = check_server(SyncSCIMClient(http))
    wrong = [result for result in results if result.status not in (Status.SUCCESS, Status.SKIPPED)]
    assert not wrong, "\n".join(f"{result.title}: {result.reason}" for result in wrong)
    counts = Counter(result.status.name for result in results)
    skipped = [f"; skipped {result.title}: {result.reason}" for result in results if result.status is Status.SKIPPED]
    assert counts["SUCCESS"] > 100
    record_property("measured", f"scim2-tester: {counts['SUCCESS']} checks passed{''.join(skipped)}")
