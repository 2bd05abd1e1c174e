"""Provision on demand: one user, or one group with at most five direct members, always in the default dialect."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from entrasim import scope
from entrasim.people import change_person, find_person, set_enabled
from entrasim.refusals import OnDemandLimit, UnknownName, WrongState
from tests.entrasim.conftest import Company
from tests.entrasim.recording_endpoint import scim

NAMES = ("ana", "bob", "carla", "dora", "emil", "fay")


def staffed(company: Company) -> Company:
    for name in NAMES:
        company.person(name)
    company.group("Design", *NAMES)
    scope.assign_all(company.state)
    return company


def test_a_user_is_provisioned_in_four_steps(company: Company) -> None:
    result = staffed(company).demand_user("ana")
    assert result.ok
    assert [step.kind for step in result.outcome.steps] == ["import", "scope", "match", "action"]
    assert (result.outcome.action, result.outcome.status) == ("Create", "Success")
    assert company.sent() == ["GET /Users", "GET /Users", "POST /Users"]


def test_a_second_run_finds_nothing_to_change(company: Company) -> None:
    staffed(company).demand_user("ana")
    result = company.demand_user("ana")
    assert (result.outcome.action, result.outcome.status) == ("Skip", "Skipped")


def test_a_group_comes_with_the_chosen_members_only(company: Company) -> None:
    result = staffed(company).demand_group("Design", "ana", "bob@contoso.example")
    assert [(member.user.action, member.membership) for member in result.members] == [("Create", "added")] * 2
    assert company.endpoint.member_names("Design") == {"ana@contoso.example", "bob@contoso.example"}
    assert company.sent() == [
        "GET /Users",
        "GET /Groups",
        "POST /Groups",
        *["GET /Users", "POST /Users", "GET /Groups"] * 2,
        "PATCH /Groups/g-1",
    ]
    rest = company.cycle()
    assert (rest.users.created, rest.groups.created, rest.members.added) == (4, 0, 4)


def test_a_member_that_the_target_holds_is_not_sent_again(company: Company) -> None:
    staffed(company).demand_group("Design", "ana")
    company.state.run("update memberships set sent = 0")
    result = company.demand_group("Design", "ana")
    assert [member.membership for member in result.members] == ["already a member"]
    assert not [text for text in company.sent()[-1:] if text.startswith("PATCH")]
    assert company.cycle().members.added == 5


@pytest.mark.parametrize("members", [(), NAMES, ("outsider",)])
def test_none_too_many_or_strangers_are_refused(company: Company, members: tuple[str, ...]) -> None:
    staffed(company).person("outsider")
    with pytest.raises(OnDemandLimit):
        company.demand_group("Design", *members)
    assert company.sent() == []


def test_five_members_are_allowed(company: Company) -> None:
    result = staffed(company).demand_group("Design", *NAMES[:5])
    assert [member.membership for member in result.members] == ["added"] * 5


def test_who_is_disabled_or_unknown_does_not_show_up(company: Company) -> None:
    set_enabled(staffed(company).state, "ana", enabled=False)
    with pytest.raises(WrongState):
        company.demand_user("ana")
    with pytest.raises(UnknownName):
        company.demand_user("nobody")


def test_somebody_who_is_not_assigned_is_skipped_at_the_scope_step(company: Company) -> None:
    company.person("ana")
    result = company.demand_user("ana")
    assert result.outcome.action == "Skip"
    assert [(s.kind, s.status) for s in result.outcome.steps][1] == ("scope", "skipped")
    assert company.endpoint.users == {}


def test_the_flag_is_ignored_but_stays_in_the_url(found: Callable[..., Company]) -> None:
    company = staffed(found(flagged=True))
    company.cycle()
    company.sent()
    company.endpoint.flagged, company.endpoint.query_flag = False, True
    change_person(company.state, "ana", changes={"display_name": "Ana R", "department": "Ops"})
    result = company.demand_user("ana")
    patch = company.endpoint.take()[-1]
    assert result.ok
    assert [operation["op"] for operation in patch.body["Operations"]] == ["Replace", "Add"]
    assert patch.query == "aadOptscim062020"


def test_a_failing_connection_is_shown_as_its_own_step(company: Company) -> None:
    staffed(company)
    company.endpoint.fault = lambda recorded: scim(503)
    result = company.demand_group("Design", "ana")
    assert not result.ok
    assert [step.kind for step in result.outcome.steps] == ["testConnection"]
    assert result.outcome.code == "InternalServerError"
    assert result.members == []


def test_a_failing_member_does_not_hold_back_the_others(company: Company) -> None:
    staffed(company)
    company.endpoint.fault = lambda r: scim(409) if r.method == "POST" and r.body.get("externalId") == "bob" else None
    result = company.demand_group("Design", "ana", "bob")
    assert not result.ok
    assert [(m.user.code, m.membership) for m in result.members] == [(None, "added"), ("EntryConflict", "skipped")]


def test_the_manager_travels_with_the_person(company: Company) -> None:
    staffed(company).demand_user("bob")
    change_person(company.state, "ana", changes={"manager": find_person(company.state, "bob").key})
    company.demand_user("ana")
    assert company.sent()[-2:] == ["GET /Users", "PATCH /Users/u-2"]
