"""A cycle that is killed with SIGKILL at any moment loses nothing: the next one ends right, with nothing twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from entrasim import scope
from entrasim.clock import load_clock
from entrasim.job.control import load_job, start_job
from entrasim.job.cycle import last_cycle
from tests.entrasim.conftest import Company
from tests.entrasim.recording_endpoint import Recorded

PEOPLE = 60


def staffed(company: Company) -> Company:
    names = [f"p{number}" for number in range(PEOPLE)]
    for name in names:
        company.person(name)
    for number in range(6):
        company.group(f"Group {number}", *names[number::2])
    scope.assign_all(company.state)
    return company


def run_until_killed(company: Company, *, request: int, command: list[str] | None = None) -> None:
    """Run a cycle, or another command, in its own process, and kill it while the numbered request is being answered.

    The endpoint carries that request out all the same, so its answer is always one that was never seen.
    """
    started = threading.Event()

    def kill(recorded: Recorded) -> None:
        if company.endpoint.recorded[request - 1 : request] == [recorded]:
            started.wait()
            process.send_signal(signal.SIGKILL)
            process.wait()

    company.endpoint.fault = kill
    cycle = [sys.executable, "-m", "entrasim", "cycle", "--parallel", "4", "--state", str(company.state.path)]
    process = subprocess.Popen(command or cycle, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started.set()
    assert process.wait() == -signal.SIGKILL
    company.endpoint.fault = lambda recorded: None


# 60 users are matched and created by 120 requests, 6 groups by 12, their members by 6.
@pytest.mark.parametrize("request_number", [1, 2, 30, 119, 120, 125, 132, 133, 137, 138])
def test_a_killed_cycle_is_finished_by_the_next(company: Company, request_number: int) -> None:
    run_until_killed(staffed(company), request=request_number)
    last = last_cycle(company.state)
    assert last is not None
    assert last.finished is None
    result = company.cycle()
    assert (result.cycle, result.failures) == ("initial", 0)
    _expect_everything_once(company)
    assert company.cycle().requests == 0


def test_a_cycle_can_be_killed_again_and_again(company: Company) -> None:
    staffed(company)
    for _ in range(4):
        company.endpoint.take()
        run_until_killed(company, request=20)
    assert company.cycle().failures == 0
    _expect_everything_once(company)


def test_what_was_saved_before_the_kill_is_not_asked_again(company: Company) -> None:
    run_until_killed(staffed(company), request=60)
    linked = {target for (target,) in company.state.rows("select target_id from user_links")}
    assert len(linked) >= 20
    company.endpoint.take()
    company.cycle()
    touched = {recorded.path.rpartition("/")[2] for recorded in company.endpoint.take()}
    assert not linked & touched


def _expect_everything_once(company: Company) -> None:
    users = [user["userName"] for user in company.endpoint.users.values()]
    assert len(users) == len(set(users)) == PEOPLE
    assert len(company.endpoint.groups) == 6
    assert sum(len(members) for members in company.endpoint.members.values()) == sum(
        len(range(number, PEOPLE, 2)) for number in range(6)
    )


def test_a_served_job_that_is_killed_goes_on_when_it_is_served_again(company: Company) -> None:
    staffed(company)
    start_job(company.state, now=load_clock(company.state)())
    command = [sys.executable, "-m", "entrasim", "serve", "--port", "0", "--state", str(company.state.path)]
    run_until_killed(company, request=70, command=command)
    assert load_job(company.state).status == "on"
    assert not company.state.cycle_running()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while (last := last_cycle(company.state)) is None or last.finished is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
    assert last.result is not None
    assert last.result.ok
    _expect_everything_once(company)
