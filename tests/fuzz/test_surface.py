"""The whole SCIM surface of real processes under random requests: no fault, nothing slow, no growth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fuzz.surface import run

pytestmark = pytest.mark.live


def test_random_requests_find_no_fault(record_property: Callable[[str, object], None]) -> None:
    """Fifteen seconds of what `python -m tests.fuzz http` does for as long as it is told."""
    tally = run(15, seed=20261124)
    record_property("measured", tally.told())
    assert not tally.faults, tally.told()
    assert tally.requests > 300
    assert {200, 201, 204, 400, 404} <= set(tally.statuses), "the requests reach every stage"
    assert tally.slowest < 10
    assert max(tally.grown) < 64 << 20
