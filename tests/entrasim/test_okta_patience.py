"""Okta's client waits as long as it is told, or five minutes and then longer, and gives up after ten attempts."""

from __future__ import annotations

import asyncio

import pytest

from entrasim.application import load_application
from entrasim.faults import FaultRule, add_fault
from entrasim.okta.bodies import Integration
from entrasim.okta.provisioning import Okta
from entrasim.outcomes import Failure
from tests.entrasim.conftest import Company


def waits_of(company: Company, rule: FaultRule) -> list[float]:
    add_fault(company.state, rule)
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    okta = Okta(
        company.state,
        load_application(company.state),
        integration=Integration.OIN,
        clock=company.clock,
        mint=company.mint,
        sleep=sleep,
    )
    with pytest.raises(Failure):  # the endpoint of the tests knows no pages, and says so once it is asked
        asyncio.run(okta.import_users())
    return waited


def test_an_integer_retry_after_is_kept_exactly(company: Company) -> None:
    rule = FaultRule(kind="status", status=429, retry_after="7", times=2)
    assert waits_of(company, rule) == [7.0, 7.0]
    assert len(company.sent()) == 1


@pytest.mark.parametrize("retry_after", [None, "Tue, 24 Nov 2026 08:00:00 GMT"])
def test_without_one_it_waits_five_minutes_and_longer_each_time(company: Company, retry_after: str | None) -> None:
    rule = FaultRule(kind="status", status=429, retry_after=retry_after, times=3)
    assert waits_of(company, rule) == [300.0, 600.0, 1200.0]


def test_it_gives_up_after_ten_attempts(company: Company) -> None:
    assert waits_of(company, FaultRule(kind="status", status=429, retry_after="1")) == [1.0] * 9
    assert company.sent() == []
