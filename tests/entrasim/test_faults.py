"""Faults strike the requests that they are about; whatever they do to a cycle, the end is right once they are gone."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from entrasim import scope
from entrasim.clock import hold_clock
from entrasim.csv_files import Files, read_files
from entrasim.faults import Fault, FaultRule, add_fault, clear_faults, list_faults, remove_fault
from entrasim.intake import import_files
from entrasim.job.control import load_job, start_job
from entrasim.job.loop import Advance, advance
from entrasim.people import change_person, delete_person, purge_person
from entrasim.provisioning_log import newest_entries
from entrasim.refusals import InvalidFault, UnknownName
from entrasim.security_groups import delete_group
from entrasim.statefile import StateFile
from tests.entrasim.conftest import START, Company
from tests.entrasim.recording_endpoint import ENTERPRISE

DATA = Path(__file__).parents[3] / "shared" / "data" / "kubernetes-org"


def move(company: Company, **span: float) -> Advance:
    report = asyncio.run(advance(company.state, timedelta(**span), mint=company.mint, parallel=8))
    company.now += timedelta(**span)
    return report


def crowd(company: Company, count: int) -> Company:
    for number in range(count):
        company.person(f"p{number}")
    scope.assign_all(company.state)
    return company


def creating(company: Company) -> list[str]:
    return [recorded.body["userName"] for recorded in company.endpoint.take() if recorded.method == "POST"]


def test_a_status_takes_the_place_of_the_answer_and_the_log_says_so(company: Company) -> None:
    crowd(company, 1)
    add_fault(company.state, FaultRule(kind="status", status=429, retry_after="30", method="POST"))
    result = company.cycle()
    assert (result.users.failed, result.requests) == (1, 2)
    assert [recorded.method for recorded in company.endpoint.take()] == ["GET"]
    (entry,) = newest_entries(company.state, 9, failures_only=True)
    assert entry.code == "TooManyRequests"
    assert entry.requests[-1].fault == "429 with Retry-After 30"


def test_a_late_fault_comes_after_the_target_did_its_work(company: Company) -> None:
    crowd(company, 1)
    add_fault(company.state, FaultRule(kind="cut", late=True, method="POST", times=1))
    assert company.cycle().users.failed == 1
    assert len(company.endpoint.users) == 1
    assert (company.cycle().users.skipped, len(company.endpoint.users)) == (1, 1)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (FaultRule(kind="timeout"), "Timeout"),
        (FaultRule(kind="cut"), "WebExceptionProtocolError"),
        (FaultRule(kind="malformed"), "SystemForCrossDomainIdentityManagementServiceIncompatible"),
        (FaultRule(kind="status", status=500), "InternalServerError"),
    ],
)
def test_each_fault_is_judged_like_the_real_thing(company: Company, rule: FaultRule, code: str) -> None:
    crowd(company, 4)
    add_fault(company.state, rule)
    assert company.cycle().users.failed == 4
    assert {entry.code for entry in newest_entries(company.state, 9, failures_only=True)} == {code}


def test_a_slow_target_is_only_slow(company: Company) -> None:
    crowd(company, 1)
    add_fault(company.state, FaultRule(kind="slow", milliseconds=30, method="POST"))
    assert company.cycle().users.created == 1
    (entry,) = newest_entries(company.state, 1)
    assert entry.requests[-1].milliseconds >= 30


def test_requests_are_counted_across_restarts(company: Company) -> None:
    crowd(company, 2)
    add_fault(company.state, FaultRule(kind="status", status=500, method="POST", nth=[3]))
    assert company.cycle(parallel=1).failures == 0
    reopened = StateFile.open(company.state.path)
    assert [(fault.seen, fault.hits) for fault in list_faults(reopened)] == [(2, 0)]
    reopened.close()
    company.person("late")
    assert company.cycle().users.failed == 1


def test_every_third_request_at_most_twice(company: Company) -> None:
    fault = Fault(id=1, rule=FaultRule(kind="cut", every=3, times=2))
    assert [number for number in range(1, 13) if fault.strikes()] == [3, 6]


def test_a_probability_hits_about_as_often_as_it_says_and_the_same_each_time() -> None:
    runs = []
    for _ in range(2):
        fault = Fault(id=7, rule=FaultRule(kind="cut", probability=0.25))
        runs.append([fault.strikes() for _ in range(4000)])
    assert runs[0] == runs[1]
    assert 850 < sum(runs[0]) < 1150


def test_a_fault_keeps_to_its_schedule_and_its_requests(company: Company) -> None:
    crowd(company, 1)
    hold_clock(company.state, START)
    start_job(company.state, now=START)
    until = START + timedelta(hours=2)
    add_fault(company.state, FaultRule(kind="status", status=500, path="/Users", until=until))
    company.group("Design")
    assert move(company, minutes=1).cycles[0].groups.created == 1
    report = move(company, hours=6)
    assert report.cycles[-1].users.created == 1


def test_faults_can_be_removed_and_nonsense_is_refused(company: Company) -> None:
    first = add_fault(company.state, FaultRule(kind="cut"))
    add_fault(company.state, FaultRule(kind="timeout"))
    remove_fault(company.state, first.id)
    with pytest.raises(UnknownName):
        remove_fault(company.state, first.id)
    assert clear_faults(company.state) == 1
    for wrong in (
        FaultRule(kind="status"),
        FaultRule(kind="cut", status=500),
        FaultRule(kind="status", status=200),
        FaultRule(kind="cut", probability=1.5),
        FaultRule(kind="cut", nth=[0]),
        FaultRule(kind="cut", every=0),
        FaultRule(kind="cut", times=0),
        FaultRule(kind="slow"),
        FaultRule(kind="status", status=429, retry_after="1\r\nx: y"),
    ):
        with pytest.raises(InvalidFault):
            add_fault(company.state, wrong)


FAULTS = [
    FaultRule(kind="status", status=401, probability=0.004),
    FaultRule(kind="status", status=404, probability=0.004),
    FaultRule(kind="status", status=409, probability=0.15),
    FaultRule(kind="status", status=429, retry_after="120", probability=0.15),
    FaultRule(kind="status", status=429, probability=0.15),
    FaultRule(kind="status", status=500, probability=0.15),
    FaultRule(kind="status", status=500, probability=0.15, late=True),
    FaultRule(kind="timeout", probability=0.15),
    FaultRule(kind="timeout", probability=0.15, late=True),
    FaultRule(kind="slow", milliseconds=1, probability=0.15),
    FaultRule(kind="cut", probability=0.15),
    FaultRule(kind="cut", probability=0.15, late=True),
    FaultRule(kind="malformed", probability=0.15),
    FaultRule(kind="malformed", probability=0.15, late=True),
]


@pytest.mark.parametrize("rule", FAULTS, ids=lambda rule: f"{rule}{', late' if rule.late else ''}")
def test_a_real_organization_ends_right_once_the_fault_is_gone(company: Company, rule: FaultRule) -> None:
    """Joiners, movers and leavers all meet the fault; afterwards nothing is there twice and nothing is missing."""
    if not DATA.is_dir():
        pytest.skip("the kubernetes-org CSV data is not beside this checkout")
    files = read_files(DATA / "users.csv", DATA / "groups.csv", members=DATA / "members.csv")
    import_files(company.state, files, replace=False, now=company.now, mint=company.mint)
    scope.assign_all(company.state)
    hold_clock(company.state, START)
    start_job(company.state, now=START)
    add_fault(company.state, rule)
    move(company, hours=8)
    leavers = _drop_every_tenth(files)
    import_files(company.state, files, replace=True, now=company.now, mint=company.mint)
    for row in (files.people or [])[:40]:
        change_person(company.state, row.handle, changes={"job_title": "Mover"})
    move(company, hours=20)
    (fault,) = list_faults(company.state)
    assert fault.hits > 0
    clear_faults(company.state)
    move(company, days=3)
    assert load_job(company.state).quarantine is None
    assert _inactive(company) == leavers & _present(company)  # who left before they were created is not there
    move(company, days=29)
    _holds_exactly(company, files)


def _drop_every_tenth(files: Files) -> set[str]:
    assert files.people is not None
    assert files.members is not None
    gone = files.people[::10]
    handles = {row.handle for row in gone}
    files.people = [row for row in files.people if row.handle not in handles]
    files.members = [row for row in files.members if row.handle not in handles]
    return {str(row.fields["user_principal_name"]) for row in gone}


def _inactive(company: Company) -> set[str]:
    return {user["userName"] for user in company.endpoint.users.values() if not user["active"]}


def _present(company: Company) -> set[str]:
    return {user["userName"] for user in company.endpoint.users.values()}


def _holds_exactly(company: Company, files: Files) -> None:
    endpoint = company.endpoint
    names = {row.handle: str(row.fields["user_principal_name"]) for row in files.people or []}
    assert Counter(user["userName"] for user in endpoint.users.values()) == Counter(names.values())
    assert Counter(group["displayName"] for group in endpoint.groups.values()) == Counter(
        row.name for row in files.groups or []
    )
    held = {
        (endpoint.groups[group]["displayName"], endpoint.users[user]["userName"])
        for group, users in endpoint.members.items()
        for user in users
    }
    assert held == {(row.group, names[row.handle]) for row in files.members or []}
    assert sum(user.get("title") == "Mover" for user in endpoint.users.values()) == 40
    managers = {
        user["userName"]: endpoint.users[user[ENTERPRISE]["manager"]["value"]]["userName"]
        for user in endpoint.users.values()
        if "manager" in user.get(ENTERPRISE, {})
    }
    assert managers == {
        names[row.handle]: names[row.manager] for row in files.people or [] if row.manager and row.manager in names
    }


@pytest.mark.parametrize("leaving", ["deleted", "unassigned", "purged"])
def test_who_was_created_unseen_and_left_before_the_next_cycle_is_found_and_closed(
    company: Company, leaving: str
) -> None:
    crowd(company, 1)
    company.group("Design")
    add_fault(company.state, FaultRule(kind="timeout", late=True, method="POST"))
    assert company.cycle().failures == 2
    clear_faults(company.state)
    assert (len(company.endpoint.users), len(company.endpoint.groups)) == (1, 1)
    if leaving == "unassigned":
        scope.unassign_all(company.state)
    else:
        delete_person(company.state, "p0", now=company.now)
        delete_group(company.state, "Design", now=company.now)
    if leaving == "purged":
        purge_person(company.state, "p0", now=company.now)
    result = company.cycle()
    assert (result.failures, result.groups.deleted, company.endpoint.groups) == (0, 1, {})
    assert [user["active"] for user in company.endpoint.users.values()] == ([] if leaving == "purged" else [False])
    assert company.cycle().requests == 0


def test_somebody_elses_resource_is_not_taken_for_one_created_unseen(company: Company) -> None:
    crowd(company, 1)
    fault = add_fault(company.state, FaultRule(kind="status", status=500, method="POST"))
    company.cycle()
    delete_person(company.state, "p0", now=company.now)
    remove_fault(company.state, fault.id)
    add_fault(company.state, FaultRule(kind="status", status=500, method="GET", nth=[1]))
    company.person("p0")
    company.cycle(parallel=1)  # the look for the first one fails; the second one is created
    assert [user["active"] for user in company.endpoint.users.values()] == [True]
    company.cycle(initial=True)
    assert [user["active"] for user in company.endpoint.users.values()] == [True]
