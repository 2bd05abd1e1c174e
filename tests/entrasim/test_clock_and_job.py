"""The clock stands, runs and is moved; cycles every 40 minutes of it, a recycle bin that empties after 30 days."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from entrasim import scope
from entrasim.clock import (
    hold_clock,
    load_clock,
    parse_moment,
    parse_span,
    real_time,
    release_clock,
    reset_clock,
    set_clock,
)
from entrasim.job import loop
from entrasim.job.control import due_at, load_job, restart_job, start_job, stop_job
from entrasim.job.loop import Advance, advance, keep_running
from entrasim.people import delete_person
from entrasim.refusals import CycleRunning, InvalidTime, NotConnected
from entrasim.statefile import StateFile
from tests.entrasim.conftest import START, Company


def move(company: Company, **span: float) -> Advance:
    return asyncio.run(advance(company.state, timedelta(**span), mint=company.mint))


def started(company: Company) -> Company:
    hold_clock(company.state, START)
    start_job(company.state, now=START)
    return company


def test_a_new_state_follows_real_time(company: Company) -> None:
    assert abs(load_clock(company.state)() - real_time()) < timedelta(minutes=1)


def test_a_held_clock_stands_for_every_process_and_runs_on_from_there(company: Company) -> None:
    hold_clock(company.state, START)
    other = StateFile.open(company.state.path)
    assert load_clock(other)() == load_clock(other)() == START
    other.close()
    assert timedelta() < release_clock(company.state)() - START < timedelta(minutes=1)
    assert abs(reset_clock(company.state)() - real_time()) < timedelta(minutes=1)


def test_a_running_clock_that_is_set_runs_on_and_a_held_one_stays_held(company: Company) -> None:
    later = START + timedelta(days=400)
    assert set_clock(company.state, later).held is None
    assert timedelta() <= load_clock(company.state)() - later < timedelta(minutes=1)
    hold_clock(company.state)
    assert set_clock(company.state, START)() == START


def test_times_and_spans_are_read_strictly() -> None:
    assert parse_moment("2026-11-23T10:00+02:00") == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert parse_moment("2026-11-23") == datetime(2026, 11, 23, tzinfo=UTC)
    assert parse_span("1d12h") == timedelta(hours=36)
    assert parse_span("40m") == timedelta(minutes=40)
    for text in ("tomorrow", "1800-01-01", "2300-01-01"):
        with pytest.raises(InvalidTime):
            parse_moment(text)
    for text in ("", "0h", "5", "h", "-1h", "1y", "1 h", "9999999d"):
        with pytest.raises(InvalidTime):
            parse_span(text)


def test_a_job_that_was_never_started_runs_no_cycle(company: Company) -> None:
    company.person("ana")
    scope.assign_all(company.state)
    hold_clock(company.state, START)
    assert move(company, days=2).cycles == []
    assert company.sent() == []


def test_a_started_job_runs_at_once_and_every_40_minutes(company: Company) -> None:
    company.person("ana")
    scope.assign_all(company.state)
    started(company)
    report = move(company, minutes=119)
    assert [cycle.users.created for cycle in report.cycles] == [1]
    assert report.idle == 2
    assert due_at(load_job(company.state)) == START + timedelta(minutes=120)
    company.person("bob")
    assert move(company, seconds=59).cycles == []
    (cycle,) = move(company, seconds=1).cycles
    assert cycle.users.created == 1


def test_a_stopped_job_runs_nothing_and_goes_on_where_it_was(company: Company) -> None:
    company.person("ana")
    scope.assign_all(company.state)
    started(company)
    move(company, minutes=1)
    stop_job(company.state)
    company.person("bob")
    assert move(company, days=1).cycles == []
    start_job(company.state, now=load_clock(company.state)())
    (cycle,) = move(company, minutes=1).cycles
    assert (cycle.cycle, cycle.users.created) == ("incremental", 1)


def test_a_restart_evaluates_everybody_again_and_keeps_links(company: Company) -> None:
    company.person("ana")
    scope.assign_all(company.state)
    started(company)
    move(company, minutes=1)
    company.sent()
    restart_job(company.state, now=load_clock(company.state)())
    (cycle,) = move(company, minutes=1).cycles
    assert cycle.cycle == "initial"
    assert company.sent() == ["GET /Users/u-1"]
    restart_job(company.state, now=load_clock(company.state)(), forget_links=True)
    move(company, minutes=1)
    assert company.sent() == ["GET /Users"]


def test_whoever_lies_in_the_recycle_bin_is_purged_after_30_days_and_then_deleted(company: Company) -> None:
    company.person("ana")
    scope.assign_all(company.state)
    started(company)
    move(company, hours=1)
    delete_person(company.state, "ana", now=load_clock(company.state)())
    report = move(company, days=29, hours=23)
    assert (report.purged, [cycle.users.disabled for cycle in report.cycles]) == (0, [1])
    assert len(company.endpoint.users) == 1
    report = move(company, hours=2)
    assert (report.purged, [cycle.users.deleted for cycle in report.cycles]) == (1, [1])
    assert company.endpoint.users == {}


def test_a_clock_that_ran_before_it_was_moved_runs_afterwards(company: Company) -> None:
    before = load_clock(company.state)()
    move(company, days=3)
    clock = load_clock(company.state)
    assert clock.held is None
    assert timedelta(days=3) <= clock() - before < timedelta(days=3, minutes=1)


def test_no_job_starts_without_a_connection(company: Company) -> None:
    company.state.set_setting("url", None)
    with pytest.raises(NotConnected):
        start_job(company.state, now=START)


def test_a_clock_is_moved_by_one_at_a_time_and_the_served_job_stays_away_meanwhile(company: Company) -> None:
    company.person("ana")
    scope.assign_all(company.state)
    started(company)

    async def look_for_a_moment() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(keep_running(company.state, mint=company.mint), 0.3)

    with company.state.only_mover():
        with pytest.raises(CycleRunning, match="moved already"):
            move(company, hours=1)
        asyncio.run(look_for_a_moment())
        assert company.sent() == []
    asyncio.run(look_for_a_moment())
    assert len(company.sent()) == 2


def test_a_move_that_fails_lets_a_clock_run_on_that_ran_before(company: Company) -> None:
    start_job(company.state, now=load_clock(company.state)())
    company.person("ana")
    scope.assign_all(company.state)
    with company.state.only_cycle(), pytest.raises(CycleRunning):
        move(company, hours=1)
    assert load_clock(company.state).held is None


def test_the_served_job_outlives_a_cycle_that_breaks(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = iter([True, False])
    real = loop.run_cycle

    async def run_cycle(*arguments: Any, **named: Any) -> Any:
        if next(broken):
            raise RuntimeError("broken")
        return await real(*arguments, **named)

    monkeypatch.setattr(loop, "run_cycle", run_cycle)
    monkeypatch.setattr(loop, "PAUSE", 0.01)
    company.person("ana")
    scope.assign_all(company.state)
    started(company)

    async def look_twice() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(keep_running(company.state, mint=company.mint), 0.5)

    asyncio.run(look_twice())
    assert len(company.endpoint.users) == 1
