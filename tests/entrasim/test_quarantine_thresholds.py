"""The thresholds of the quarantine are those that are documented, on both of their sides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from entrasim.job.control import Job
from entrasim.job.quarantine import Facts, after_cycle, reason
from entrasim.outcomes import INCOMPATIBLE, UNAUTHORIZED, Failure

NOW = datetime(2027, 1, 4, tzinfo=UTC)


def facts(operations: int = 0, failures: int = 0, references: int = 0) -> Facts:
    return Facts(stopped=None, operations=operations, failures=failures, reference_failures=references)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (facts(10, 10), None),
        (facts(4_999, 4_999), None),
        (facts(5_000, 5_000), "EncounteredEscrowProportionThreshold"),
        (facts(12_500, 5_000), None),  # 40 % are not more than 40 %
        (facts(12_499, 5_000), "EncounteredEscrowProportionThreshold"),
        (facts(1_000_000, 40_000), None),
        (facts(1_000_000, 40_001), "EncounteredQuarantineException"),
        (facts(1_000_000, 20_000, 40_000), None),
        (facts(1_000_000, 20_000, 40_001), "EncounteredQuarantineException"),
        (Facts(Failure(UNAUTHORIZED, "x", 401), 0, 0, 0), "InvalidCredentials"),
        (Facts(Failure(INCOMPATIBLE, "x", 404), 0, 0, 0), "ScimNonCompliance"),
        (Facts(None, 9, 0, 0, pending_deletions=4), "AccidentalDeletions"),
    ],
)
def test_what_calls_for_a_quarantine(found: Facts, code: str | None) -> None:
    called = reason(found)
    assert (called[0] if called else None) == code


def test_the_schedule_of_a_quarantine_and_its_end() -> None:
    job, now, waits = Job(status="on", next_cycle=NOW), NOW, []
    bad = Facts(Failure(UNAUTHORIZED, "x", 401), 0, 0, 0)
    for _ in range(5):
        job = after_cycle(job, bad, began=now, now=now)
        assert job.quarantine is not None
        waits.append(job.quarantine.next_try - now)
        now = job.quarantine.next_try
    assert waits == [timedelta(hours=hours) for hours in (6, 12, 24, 24, 24)]
    assert job.quarantine is not None
    assert (job.quarantine.since, job.status) == (NOW, "on")
    lifted = after_cycle(job, facts(9), began=now, now=now)
    assert (lifted.quarantine, lifted.next_cycle) == (None, now + timedelta(minutes=40))
    assert after_cycle(job, bad, began=now, now=NOW + timedelta(days=28)).status == "disabled"
