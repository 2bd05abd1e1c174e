"""Mappings, scoping filters, object actions and the deletion guard decide what flows."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from entrasim import scope
from entrasim.clock import hold_clock
from entrasim.configuration import (
    load_configuration,
    put_mapping,
    remove_mapping,
    restore_mappings,
    save_filters,
    set_actions,
    set_guard,
    set_skip_out_of_scope,
)
from entrasim.filters import Clause, ScopingFilter
from entrasim.job.control import allow_deletions, load_job, start_job
from entrasim.job.loop import advance
from entrasim.mappings import Mapping
from entrasim.people import change_person, find_person, set_enabled
from entrasim.provisioning_log import LogQuery, newest_entries, search_entries
from entrasim.refusals import InvalidMapping, WrongState
from entrasim.security_groups import delete_group
from tests.entrasim.conftest import START, Company

SALES = ScopingFilter(title="sales", clauses=[Clause(attribute="department", operator="EQUALS", value="Sales")])


def staffed(company: Company, **departments: str) -> Company:
    for name, department in departments.items():
        company.person(name, department=department, job_title="Clerk")
    scope.assign_all(company.state)
    return company


def active(company: Company) -> set[str]:
    return {user["userName"].partition("@")[0] for user in company.endpoint.users.values() if user["active"]}


def test_a_constant_and_an_expression_flow_like_any_attribute(company: Company) -> None:
    staffed(company, ana="Sales")
    put_mapping(company.state, "users", mapping=Mapping("Contoso", "title", kind="constant"))
    put_mapping(company.state, "users", mapping=Mapping("ToUpper([department])", "displayName", kind="expression"))
    company.cycle()
    user = company.endpoint.user("ana@contoso.example")
    assert (user["title"], user["displayName"]) == ("Contoso", "SALES")


def test_a_changed_mapping_reaches_everybody_in_the_next_cycle(company: Company) -> None:
    staffed(company, ana="Sales", bob="Design")
    company.cycle()
    put_mapping(company.state, "users", mapping=Mapping('Append([jobTitle], "!")', "title", kind="expression"))
    result = company.cycle()
    assert (result.cycle, result.users.updated) == ("initial", 2)
    assert {user["title"] for user in company.endpoint.users.values()} == {"Clerk!"}


def test_a_removed_mapping_flows_no_more_and_defaults_come_back(company: Company) -> None:
    staffed(company, ana="Sales")
    remove_mapping(company.state, "users", target="title")
    company.cycle()
    assert "title" not in company.endpoint.user("ana@contoso.example")
    restore_mappings(company.state, "users")
    company.cycle()
    assert company.endpoint.user("ana@contoso.example")["title"] == "Clerk"


def test_defaults_and_values_for_creation_flow_only_then(company: Company) -> None:
    staffed(company, ana="Sales")
    put_mapping(
        company.state, "users", mapping=Mapping("office", "preferredLanguage", kind="constant", apply="creation")
    )
    city = Mapping("city", 'addresses[type eq "work"].locality', default="Oslo")
    put_mapping(company.state, "users", mapping=city)
    company.cycle()
    user = company.endpoint.user("ana@contoso.example")
    assert (user["preferredLanguage"], user["addresses"][0]["locality"]) == ("office", "Oslo")
    user["preferredLanguage"], user["addresses"][0]["locality"] = "nb", "Bergen"
    change_person(company.state, "ana", changes={"job_title": "Lead"})
    company.cycle()
    assert (user["title"], user["preferredLanguage"], user["addresses"][0]["locality"]) == ("Lead", "nb", "Bergen")


def test_matching_attributes_are_asked_in_their_order(company: Company) -> None:
    staffed(company, ana="Sales")
    put_mapping(company.state, "users", mapping=Mapping("displayName", "displayName", precedence=1))
    put_mapping(company.state, "users", mapping=Mapping("userPrincipalName", "userName", precedence=2))
    queries: list[str] = []
    company.endpoint.fault = lambda recorded: queries.append(recorded.query)
    company.cycle()
    assert [query.partition("%20")[0] for query in queries if query.startswith("filter")] == ["filter=displayName"]


@pytest.mark.parametrize(
    "mapping",
    [
        Mapping("shoeSize", "title"),
        Mapping("ToLower([shoeSize])", "title", kind="expression"),
        Mapping("ToLower(", "title", kind="expression"),
        Mapping("jobTitle", "emails[primary eq true]"),
        Mapping("", "title", kind="constant"),
        Mapping("members", "title", reference=True),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(company: Company, mapping: Mapping) -> None:
    with pytest.raises(InvalidMapping):
        put_mapping(company.state, "users", mapping=mapping)


def test_the_last_matching_mapping_cannot_be_removed(company: Company) -> None:
    with pytest.raises(InvalidMapping, match="matching"):
        remove_mapping(company.state, "users", target="userName")
    with pytest.raises(InvalidMapping, match="No mapping"):
        remove_mapping(company.state, "users", target="nickName")


def test_an_expression_that_fails_for_one_person_fails_only_them(company: Company) -> None:
    staffed(company, ana="Sales", bob="3")
    expression = Mapping("Mid([displayName], [department], 2)", "title", kind="expression")
    put_mapping(company.state, "users", mapping=expression)
    result = company.cycle()
    assert (result.users.created, result.users.failed) == (1, 1)
    (entry,) = newest_entries(company.state, 9, failures_only=True)
    assert (entry.identity.name, entry.code) == ("Ana", "ExpressionEvaluationFailed")


def test_a_filter_lets_through_whom_it_describes_and_disables_who_leaves(company: Company) -> None:
    staffed(company, ana="Sales", bob="Design")
    save_filters(company.state, "users", filters=[SALES])
    assert company.cycle().users.created == 1
    change_person(company.state, "bob", changes={"department": "Sales"})
    change_person(company.state, "ana", changes={"department": "Design"})
    result = company.cycle()
    assert (result.users.created, result.users.disabled) == (1, 1)
    assert active(company) == {"bob"}
    save_filters(company.state, "users", filters=[])
    company.cycle()
    assert active(company) == {"ana", "bob"}


def test_of_several_filters_one_has_to_let_through_and_groups_have_their_own(company: Company) -> None:
    staffed(company, ana="Sales", bob="Design", carla="Law")
    company.group("Crew", "ana")
    company.group("Board", "bob")
    design = ScopingFilter(title="d", clauses=[Clause(attribute="department", operator="REGEX MATCH", value="^Des")])
    save_filters(company.state, "users", filters=[SALES, design])
    board = ScopingFilter(title="b", clauses=[Clause(attribute="displayName", operator="NOT EQUALS", value="Crew")])
    save_filters(company.state, "groups", filters=[board])
    company.cycle()
    assert active(company) == {"ana", "bob"}
    assert [group["displayName"] for group in company.endpoint.groups.values()] == ["Board"]


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("EQUALS", "12", True),
        ("EQUALS", "1", False),
        ("NOT EQUALS", "1", True),
        ("IS NULL", "", False),
        ("IS NOT NULL", "", True),
        ("IS TRUE", "", False),
        ("REGEX MATCH", "^1.$", True),
        ("NOT REGEX MATCH", "2", False),
        ("GREATER_THAN", "11", True),
        ("GREATER_THAN", "12", False),
        ("GREATER_THAN_OR_EQUALS", "12", True),
        ("INCLUDES", "2", True),
        ("ENDS_WITH", "1", False),
    ],
)
def test_operators_of_clauses(operator: Any, value: str, holds: bool) -> None:
    clause = Clause(attribute="employeeId", operator=operator, value=value)
    assert clause.holds({"employeeId": "12"}) is holds
    assert clause.holds({}) is (operator == "IS NULL")


@pytest.mark.parametrize(
    "clause",
    [
        Clause(attribute="shoeSize", operator="IS NULL"),
        Clause(attribute="city", operator="REGEX MATCH", value="("),
        Clause(attribute="city", operator="GREATER_THAN", value="x"),
    ],
)
def test_a_clause_that_cannot_work_is_refused(company: Company, clause: Clause) -> None:
    with pytest.raises(InvalidMapping):
        save_filters(company.state, "users", filters=[ScopingFilter(title="f", clauses=[clause])])
    with pytest.raises(InvalidMapping):
        save_filters(company.state, "users", filters=[ScopingFilter(title="f", clauses=[])])


def test_object_actions_that_are_off_are_not_done(company: Company) -> None:
    staffed(company, ana="Sales")
    company.cycle()
    set_actions(company.state, "users", create=False, update=False, delete=False)
    company.person("bob")
    change_person(company.state, "ana", changes={"job_title": "Lead"})
    company.cycle()
    set_enabled(company.state, "ana", enabled=False)
    company.cycle()
    assert active(company) == {"ana"}
    assert company.endpoint.user("ana@contoso.example")["title"] == "Clerk"
    set_actions(company.state, "users", create=True, update=True, delete=True)
    company.cycle()
    assert active(company) == {"bob"}


def test_who_leaves_the_scope_stays_as_they_are_when_told_so(company: Company) -> None:
    staffed(company, ana="Sales", bob="Sales")
    company.cycle()
    set_skip_out_of_scope(company.state, True)
    save_filters(company.state, "users", filters=[ScopingFilter(title="bob", clauses=[
        Clause(attribute="displayName", operator="EQUALS", value="Bob")])])  # fmt: skip
    company.cycle()
    assert active(company) == {"ana", "bob"}
    set_enabled(company.state, "bob", enabled=False)
    company.cycle()
    assert active(company) == {"ana"}


def test_the_guard_holds_deletions_back_until_they_are_allowed(company: Company) -> None:
    names = [f"p{number}" for number in range(6)]
    staffed(company, **dict.fromkeys(names, "Sales"))
    company.group("Crew", *names)
    company.cycle()
    set_guard(company.state, 3)
    for name in names[:3]:
        set_enabled(company.state, name, enabled=False)
    assert company.cycle().users.disabled == 3
    set_enabled(company.state, "p3", enabled=False)
    save_filters(company.state, "users", filters=[ScopingFilter(title="p5", clauses=[
        Clause(attribute="mailNickname", operator="EQUALS", value="p5")])])  # fmt: skip
    delete_group(company.state, "Crew", now=company.now)
    company.person("new", department="Sales")
    set_guard(company.state, 2)
    result = company.cycle()
    assert (result.users.disabled, result.users.staged, result.groups.staged) == (0, 2, 1)
    quarantine = load_job(company.state).quarantine
    assert quarantine is not None
    assert (quarantine.reason, quarantine.pending_deletions) == ("AccidentalDeletions", 3)
    staged = search_entries(company.state, LogQuery(action="StagedDelete"), limit=9)
    assert {one.entry.identity.name for one in staged} == {"P3", "P4", "Crew"}
    allow_deletions(company.state, now=company.now)
    result = company.cycle()
    assert (result.users.disabled, result.groups.deleted, load_job(company.state).quarantine) == (2, 1, None)
    assert active(company) == {"p5"}
    with pytest.raises(WrongState):
        allow_deletions(company.state, now=company.now)


def test_deletions_that_are_taken_back_lift_the_quarantine(company: Company) -> None:
    staffed(company, ana="Sales", bob="Sales")
    company.cycle()
    set_guard(company.state, 1)
    for name in ("ana", "bob"):
        set_enabled(company.state, name, enabled=False)
    assert company.cycle().users.staged == 2
    for name in ("ana", "bob"):
        set_enabled(company.state, name, enabled=True)
    assert company.cycle().failures == 0
    assert load_job(company.state).quarantine is None
    assert active(company) == {"ana", "bob"}


def test_a_job_in_quarantine_is_tried_after_6_12_24_hours_and_daily_and_disabled_after_28_days(
    company: Company,
) -> None:
    staffed(company, ana="Sales")
    company.state.set_setting("token", "stale")
    hold_clock(company.state, START)
    start_job(company.state, now=START)
    report = asyncio.run(advance(company.state, timedelta(days=4), mint=company.mint))
    hours = [row[0] for row in company.state.rows("select (julianday(started) - julianday(?)) * 24 from cycles",
                                                  (START.isoformat(),))]  # fmt: skip
    assert [round(hour) for hour in hours] == [0, 6, 18, 42, 66, 90]
    assert all(cycle.stopped for cycle in report.cycles)
    asyncio.run(advance(company.state, timedelta(days=30), mint=company.mint))
    job = load_job(company.state)
    assert job.status == "disabled"
    assert job.quarantine is not None
    assert job.quarantine.reason == "InvalidCredentials"


def test_a_filter_and_its_configuration_survive_in_the_file(company: Company) -> None:
    save_filters(company.state, "users", filters=[SALES])
    assert load_configuration(company.state).users.filters == [SALES]


def test_an_object_in_escrow_waits_longer_each_time_unless_it_changes(company: Company) -> None:
    staffed(company, ana="Sales")
    from tests.entrasim.recording_endpoint import scim

    company.endpoint.fault = lambda recorded: scim(500) if recorded.method == "POST" else None
    tried = [number for number in range(1, 16) if company.cycle().users.failed]
    assert tried == [1, 2, 4, 8]
    change_person(company.state, "ana", changes={"job_title": "Lead"})
    assert company.cycle().users.failed == 1
    company.endpoint.fault = lambda recorded: None
    assert company.cycle(initial=True).users.created == 1
    assert company.state.row("select count(*) from escrows") == (0,)
    assert find_person(company.state, "ana").synced
