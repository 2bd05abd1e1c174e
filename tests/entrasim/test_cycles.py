"""Cycles: who ends up in the target, in which order requests go out, and what nothing is sent for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from entrasim import scope
from entrasim.application import connect
from entrasim.people import change_person, delete_person, find_person, purge_person, restore_person, set_enabled
from entrasim.refusals import CycleRunning, NameTaken, NotConnected, UnknownName, WrongState
from entrasim.security_groups import delete_group, find_group, rename_group
from tests.entrasim.conftest import Company
from tests.entrasim.recording_endpoint import TOKEN


def staffed(company: Company) -> Company:
    for name in ("ana", "bob", "carla"):
        company.person(name)
    company.group("Design", "ana", "bob")
    company.group("Quality", "carla")
    return company


def settled(company: Company) -> Company:
    """A company whose target is in line and whose recording is empty."""
    scope.assign_all(staffed(company).state)
    assert company.cycle().ok
    company.sent()
    return company


def test_the_first_cycle_is_initial_and_tells_users_then_groups_then_members(company: Company) -> None:
    scope.assign_all(staffed(company).state)
    result = company.cycle(parallel=1)
    assert (result.cycle, result.users.created, result.groups.created, result.members.added) == ("initial", 3, 2, 3)
    paths = [text.rsplit("/", 1)[0] if text.startswith("PATCH") else text for text in company.sent()]
    assert paths == ["GET /Users", "POST /Users"] * 3 + ["GET /Groups", "POST /Groups"] * 2 + ["PATCH /Groups"] * 2
    assert company.endpoint.member_names("Design") == {"ana@contoso.example", "bob@contoso.example"}


def test_the_second_cycle_is_incremental_and_sends_nothing(company: Company) -> None:
    result = settled(company).cycle()
    assert (result.cycle, result.requests, company.sent()) == ("incremental", 0, [])


def test_only_direct_members_of_an_assigned_group_are_in_scope(company: Company) -> None:
    scope.assign_group(company.state, find_group(staffed(company).state, "Design").key)
    company.cycle()
    assert {user["userName"][:3] for user in company.endpoint.users.values()} == {"ana", "bob"}
    assert [group["displayName"] for group in company.endpoint.groups.values()] == ["Design"]


def test_an_assigned_user_comes_without_groups(company: Company) -> None:
    scope.assign_user(company.state, find_person(staffed(company).state, "carla").key)
    assert company.cycle().users.created == 1
    assert company.endpoint.groups == {}


def test_a_disabled_person_who_is_not_in_the_target_is_skipped(company: Company) -> None:
    scope.assign_all(staffed(company).state)
    set_enabled(company.state, "ana", enabled=False)
    result = company.cycle()
    assert (result.users.created, result.users.skipped, result.members.added) == (2, 1, 2)
    set_enabled(company.state, "ana", enabled=True)
    assert company.cycle().users.created == 1
    assert company.endpoint.member_names("Design") == {"ana@contoso.example", "bob@contoso.example"}


def test_an_existing_account_is_matched_and_only_differences_are_sent(company: Company) -> None:
    existing = {"id": "old-1", "userName": "ANA@contoso.example", "active": False, "displayName": "Ana"}
    company.endpoint.users["old-1"] = existing
    scope.assign_all(staffed(company).state)
    result = company.cycle(parallel=1)
    assert (result.users.created, result.users.updated) == (2, 1)
    (patch,) = [r for r in company.endpoint.take() if r.path == "/Users/old-1"]
    assert [(o["op"], o["path"]) for o in patch.body["Operations"]] == [
        ("Replace", "userName"),
        ("Replace", "active"),
        ("Add", "externalId"),
    ]


def test_an_existing_group_is_adopted_with_whom_it_holds(company: Company) -> None:
    staffed(company)
    company.endpoint.groups["old-g"] = {"id": "old-g", "displayName": "design"}
    company.endpoint.users["stranger"] = {"id": "stranger", "userName": "stranger", "active": True}
    company.endpoint.members["old-g"] = {"stranger"}
    scope.assign_all(company.state)
    assert company.cycle().groups.updated == 1
    assert company.endpoint.member_names("Design") == {"stranger", "ana@contoso.example", "bob@contoso.example"}


def test_members_travel_in_batches(company: Company) -> None:
    for number in range(7):
        company.person(f"p{number}")
    company.group("All", *(f"p{number}" for number in range(7)))
    scope.assign_all(company.state)
    result = company.cycle(batch=3)
    sizes = [len(r.body["Operations"][0]["value"]) for r in company.endpoint.take() if r.method == "PATCH"]
    assert (result.members.added, sizes) == (7, [3, 3, 1])


def test_a_mover_is_patched_with_exactly_the_changed_attributes(company: Company) -> None:
    change_person(settled(company).state, "ana", changes={"job_title": "Lead", "display_name": "Ana R"})
    result = company.cycle()
    patch = company.endpoint.take()[-1]
    assert result.users.updated == 1
    assert patch.body["Operations"] == [
        {"op": "Replace", "path": "displayName", "value": "Ana R"},
        {"op": "Add", "path": "title", "value": "Lead"},
    ]


def test_an_emptied_attribute_is_not_cleared_in_the_target(company: Company) -> None:
    company.person("dora", job_title="Lead")
    settled(company)
    change_person(company.state, "dora", changes={"job_title": None})
    assert company.cycle().users.skipped == 1
    assert company.endpoint.user("dora@contoso.example")["title"] == "Lead"


@pytest.mark.parametrize("leave", ["disable", "delete", "unassign"])
def test_a_leaver_is_disabled_and_a_returner_enabled(company: Company, leave: str) -> None:
    state = settled(company).state
    if leave == "disable":
        set_enabled(state, "ana", enabled=False)
    elif leave == "delete":
        delete_person(state, "ana", now=company.now)
    else:
        scope.unassign_all(state)
        scope.assign_group(state, find_group(state, "Quality").key)
    assert company.cycle().users.disabled == (2 if leave == "unassign" else 1)
    assert company.endpoint.user("ana@contoso.example")["active"] is False
    if leave == "disable":
        set_enabled(state, "ana", enabled=True)
    elif leave == "delete":
        restore_person(state, "ana")
    else:
        scope.assign_all(state)
    assert company.cycle().failures == 0
    assert company.endpoint.user("ana@contoso.example")["active"] is True


def test_re_enabling_sends_no_membership_again(company: Company) -> None:
    state = settled(company).state
    set_enabled(state, "ana", enabled=False)
    company.cycle()
    set_enabled(state, "ana", enabled=True)
    assert company.cycle().members.added == 0
    assert "ana@contoso.example" in company.endpoint.member_names("Design")


def test_what_changes_about_somebody_out_of_scope_does_not_flow(company: Company) -> None:
    state = settled(company).state
    scope.unassign_all(state)
    company.cycle()
    change_person(state, "ana", changes={"job_title": "Gone"})
    assert company.cycle().requests == 0


def test_a_purged_person_is_deleted_in_the_target(company: Company) -> None:
    state = settled(company).state
    delete_person(state, "ana", now=company.now)
    company.cycle()
    purge_person(state, "ana", now=company.now)
    assert company.cycle().users.deleted == 1
    assert company.endpoint.member_names("Design") == {"bob@contoso.example"}
    with pytest.raises(UnknownName):
        find_person(state, "ana")


def test_who_was_unassigned_before_is_never_deleted_later(company: Company) -> None:
    state = settled(company).state
    scope.unassign_all(state)
    company.cycle()
    delete_person(state, "ana", now=company.now)
    purge_person(state, "ana", now=company.now)
    company.sent()
    assert company.cycle().requests == 0
    assert company.endpoint.user("ana@contoso.example")["active"] is False


def test_a_new_person_with_the_user_name_of_a_leaver_takes_over_the_account(company: Company) -> None:
    state = settled(company).state
    delete_person(state, "ana", now=company.now)
    company.cycle()
    company.person("ana", display_name="Ana the second")
    assert company.cycle().users.updated == 1
    assert company.endpoint.user("ana@contoso.example")["displayName"] == "Ana the second"
    with pytest.raises(NameTaken):
        restore_person(state, next(p for (p,) in state.rows("select id from people where soft_deleted_at is not null")))


@pytest.mark.parametrize("how", ["delete", "unassign"])
def test_a_group_that_left_is_deleted_and_its_members_disabled(company: Company, how: str) -> None:
    state = staffed(company).state
    for name in ("Design", "Quality"):
        scope.assign_group(state, find_group(state, name).key)
    company.cycle()
    if how == "delete":
        delete_group(state, "Design", now=company.now)
    else:
        scope.unassign_group(state, find_group(state, "Design").key)
    result = company.cycle()
    assert (result.groups.deleted, result.users.disabled) == (1, 2)
    assert [group["displayName"] for group in company.endpoint.groups.values()] == ["Quality"]
    assert company.cycle().requests == 0


def test_a_group_that_comes_back_gets_all_its_members_again(company: Company) -> None:
    state = settled(company).state
    scope.unassign_all(state)
    company.cycle()
    scope.assign_all(state)
    result = company.cycle()
    assert (result.groups.created, result.members.added, result.users.updated) == (2, 3, 3)
    assert company.endpoint.member_names("Design") == {"ana@contoso.example", "bob@contoso.example"}


def test_joining_and_leaving_a_group_costs_one_request_each(company: Company) -> None:
    settled(company)
    company.join("Design", "carla")
    company.leave("Design", "ana")
    result = company.cycle()
    assert (result.requests, result.members.added, result.members.removed) == (2, 1, 1)
    assert company.endpoint.member_names("Design") == {"bob@contoso.example", "carla@contoso.example"}


def test_joining_and_leaving_between_two_cycles_sends_nothing(company: Company) -> None:
    settled(company)
    company.join("Design", "carla")
    company.leave("Design", "carla")
    company.leave("Design", "ana")
    company.join("Design", "ana")
    assert company.cycle().requests == 0


def test_a_renamed_group_keeps_its_resource(company: Company) -> None:
    before = settled(company).endpoint.group("Design")["id"]
    rename_group(company.state, "Design", new_name="Design EU")
    assert company.cycle().groups.updated == 1
    assert company.endpoint.group("Design EU")["id"] == before


def test_a_manager_out_of_scope_is_written_only_after_a_restart(company: Company) -> None:
    state = staffed(company).state
    change_person(state, "ana", changes={"manager": find_person(state, "carla").key})
    scope.assign_group(state, find_group(state, "Design").key)
    assert company.cycle().managers.skipped == 1
    scope.assign_user(state, find_person(state, "carla").key)
    assert company.cycle().managers.set == 0
    assert company.cycle(initial=True).managers.set == 1


def test_a_restart_evaluates_everything_and_keeps_the_links(company: Company) -> None:
    settled(company)
    company.endpoint.user("ana@contoso.example")["displayName"] = "changed in the target"
    result = company.cycle(initial=True)
    assert (result.cycle, result.users.updated, result.users.skipped, result.users.created) == ("initial", 1, 2, 0)
    assert company.endpoint.user("ana@contoso.example")["displayName"] == "Ana"


def test_another_endpoint_voids_every_link(company: Company, found: Callable[..., Company]) -> None:
    state = settled(company).state
    connect(state, company.endpoint.url + "/", token=TOKEN)
    assert company.cycle().requests == 0
    other = found(flagged=True).endpoint
    connect(state, other.url, token=TOKEN, flag=True)
    result = company.cycle()
    assert (result.cycle, result.users.created, result.members.added) == ("initial", 3, 3)


def test_two_cycles_on_one_state_file_are_refused(company: Company) -> None:
    with company.state.only_cycle(), pytest.raises(CycleRunning):
        settled(company)


def test_nothing_runs_before_connect(company: Company) -> None:
    company.state.run("delete from settings where key = 'url'")
    with pytest.raises(NotConnected):
        company.cycle()


def test_only_somebody_in_the_recycle_bin_can_be_purged_or_restored(company: Company) -> None:
    company.person("ana")
    with pytest.raises(WrongState):
        purge_person(company.state, "ana", now=company.now)
    with pytest.raises(WrongState):
        restore_person(company.state, "ana")
