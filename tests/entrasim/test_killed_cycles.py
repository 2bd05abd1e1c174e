"""A cycle that is killed with SIGKILL at any moment loses nothing: the next one ends right, with nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from entrasim import scope
from entrasim.job.cycle import last_cycle
from tests.entrasim.conftest import Company

PEOPLE = 60


def staffed(company: Company) -> Company:
    names = [f"p{number}" for number in range(PEOPLE)]
    for name in names:
        company.person(name)
    for number in range(6):
        company.group(f"Group {number}", *names[number::2])
    scope.assign_all(company.state)
    return company


def cycle_process(company: Company) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "entrasim", "cycle", "--parallel", "4", "--state", str(company.state.path)]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("requests", [1, 30, 119, 125, 133])
def test_a_killed_cycle_is_finished_by_the_next(company: Company, requests: int) -> None:
    staffed(company).endpoint.delay = 0.002
    process = cycle_process(company)
    try:
        while len(company.endpoint.recorded) < requests and process.poll() is None:
            time.sleep(0.0005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    company.endpoint.delay = 0
    last = last_cycle(company.state)
    assert last is None or last.finished is None
    result = company.cycle()
    assert (result.cycle, result.failures) == ("initial", 0)
    _expect_everything_once(company)
    assert company.cycle().requests == 0


def test_a_create_whose_answer_was_never_seen_is_matched_next_time(company: Company) -> None:
    staffed(company)
    stall = threading.Event()
    company.endpoint.delay = 0
    process = None

    def kill_after_create(recorded: object) -> None:
        if getattr(recorded, "method", "") == "POST" and process is not None and not stall.is_set():
            stall.set()
            process.send_signal(signal.SIGKILL)

    company.endpoint.fault = kill_after_create
    process = cycle_process(company)
    process.communicate()
    assert stall.is_set()
    company.endpoint.fault = lambda recorded: None
    assert len(company.endpoint.users) >= 1
    assert company.cycle().failures == 0
    _expect_everything_once(company)


def test_a_killed_member_phase_sends_only_what_was_not_saved(company: Company) -> None:
    staffed(company).endpoint.delay = 0
    company.cycle()
    company.endpoint.take()
    for number in range(PEOPLE):
        if number % 2:
            company.join("Group 0", f"p{number}")
    result = company.cycle(batch=10)
    assert (result.requests, result.members.added) == (3, 30)


def _expect_everything_once(company: Company) -> None:
    users = [user["userName"] for user in company.endpoint.users.values()]
    assert len(users) == len(set(users)) == PEOPLE
    assert len(company.endpoint.groups) == 6
    assert sum(len(members) for members in company.endpoint.members.values()) == sum(
        len(range(number, PEOPLE, 2)) for number in range(6)
    )
