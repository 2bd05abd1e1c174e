"""Endpoints that refuse, break, or answer nonsense: one object never stops a cycle, and nothing is forgotten."""

from __future__ import annotations

import pytest
from starlette.responses import Response

from entrasim import scope
from entrasim.outcomes import RECOMMENDATIONS, failure_of
from entrasim.people import change_person, find_person
from entrasim.provisioning_log import LogEntry, newest_entries
from tests.entrasim.conftest import Company
from tests.entrasim.recording_endpoint import TOKEN, Recorded, listed, scim


def hired(company: Company, *names: str) -> Company:
    for name in names:
        company.person(name)
    company.group("Design", *names)
    scope.assign_all(company.state)
    return company


def refuse_bob(recorded: Recorded) -> Response | None:
    about_bob = recorded.method == "POST" and recorded.body.get("userName", "").startswith("bob")
    return scim(500) if about_bob else None


def only_failure(company: Company) -> LogEntry:
    (entry,) = newest_entries(company.state, 10, failures_only=True)
    return entry


def test_one_failing_object_does_not_stop_the_others_and_is_retried(company: Company) -> None:
    hired(company, "ana", "bob", "carla")
    company.endpoint.fault = lambda r: (
        scim(500) if r.method == "POST" and r.body.get("userName", "")[:3] == "bob" else None
    )
    result = company.cycle()
    assert (result.users.created, result.users.failed, result.members.added, result.failures) == (2, 1, 2, 1)
    entry = only_failure(company)
    assert (entry.identity.name, entry.action, entry.code) == ("Bob", "Create", "InternalServerError")
    assert [r.method for r in entry.requests] == ["GET", "POST"]
    company.endpoint.fault = lambda recorded: None
    result = company.cycle()
    assert (result.cycle, result.users.created, result.members.added, result.failures) == ("incremental", 1, 1, 0)


def test_a_refused_token_stops_the_cycle(company: Company) -> None:
    hired(company, *(f"p{number}" for number in range(40)))
    company.state.set_setting("token", "stale")
    result = company.cycle(parallel=2)
    assert result.stopped is not None
    assert result.stopped.startswith("Unauthorized: HTTP 401: the token is unknown.")
    assert result.requests <= 2
    company.state.set_setting("token", TOKEN)
    result = company.cycle()
    assert (result.cycle, result.users.created, result.failures) == ("initial", 40, 0)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (scim(409, {"scimType": "uniqueness", "detail": "taken"}), "EntryConflict"),
        (scim(400, {"scimType": "invalidPath"}), "SchemaAttributeNotFound"),
        (scim(400, {"scimType": "invalidValue"}), "UnprocessableEntity"),
        (scim(400, {"scimType": "mutability"}), "SchemaPropertyCanOnlyAcceptValue"),
        (scim(403), "InsufficientRights"),
        (scim(402), "NotPermitted"),
        (scim(405), "MethodNotAllowed"),
        (scim(422), "UnprocessableEntity"),
        (scim(429), "TooManyRequests"),
        (scim(501), "NotImplemented"),
        (scim(503), "InternalServerError"),
        (Response(status_code=302, headers={"location": "/"}), "WebExceptionProtocolError"),
        (Response(b"<html>", 201), "SystemForCrossDomainIdentityManagementServiceIncompatible"),
        (scim(201, {"userName": "no id"}), "SystemForCrossDomainIdentityManagementServiceIncompatible"),
        (scim(201), "SystemForCrossDomainIdentityManagementServiceIncompatible"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.status_code),
)
def test_each_answer_to_a_create_has_its_documented_code(company: Company, answer: Response, code: str) -> None:
    company.person("ana")
    scope.assign_all(company.state)
    company.endpoint.fault = lambda recorded: answer if recorded.method == "POST" else None
    assert company.cycle().users.failed == 1
    entry = only_failure(company)
    assert (entry.code, entry.action) == (code, "Create")
    assert entry.recommendation == RECOMMENDATIONS[code]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (scim(404), "SystemForCrossDomainIdentityManagementServiceIncompatible"),
        (scim(200, {"Resources": []}), "SystemForCrossDomainIdentityManagementServiceIncompatible"),
        (scim(200, []), "SystemForCrossDomainIdentityManagementServiceIncompatible"),
        (listed([{"id": "1"}, {"id": "2"}]), "DuplicateTargetEntries"),
        (
            listed([{"id": "1", "active": "True"}]),
            "SystemForCrossDomainIdentityManagementServiceIncompatible",
        ),
        (
            listed([{"id": "1", "active": True, "emails": {"value": "x"}}]),
            "SystemForCrossDomainIdentityManagementServiceIncompatible",
        ),
    ],
)
def test_an_answer_to_a_query_must_be_a_list_of_at_most_one(company: Company, answer: Response, code: str) -> None:
    company.person("ana", mail="ana@contoso.example")
    scope.assign_all(company.state)
    company.endpoint.fault = lambda recorded: answer if recorded.path == "/Users" else None
    assert company.cycle().users.failed == 1
    assert only_failure(company).code == code


def test_a_linked_resource_that_is_gone_is_matched_and_created_again(company: Company) -> None:
    hired(company, "ana", "bob").cycle()
    del company.endpoint.users[company.endpoint.user("ana@contoso.example")["id"]]
    change_person(company.state, "ana", changes={"job_title": "Lead"})
    result = company.cycle()
    assert (result.users.created, result.members.added, result.failures) == (1, 1, 0)
    entry = next(e for e in newest_entries(company.state, 9) if e.identity.name == "Ana" and e.action == "Create")
    assert [(s.kind, s.status) for s in entry.steps] == [
        ("import", "success"),
        ("scope", "success"),
        ("match", "failure"),
        ("match", "success"),
        ("action", "success"),
    ]


def test_a_group_that_is_gone_is_created_again_with_everybody(company: Company) -> None:
    hired(company, "ana", "bob").cycle()
    company.endpoint.groups.clear()
    company.endpoint.members.clear()
    company.person("carla")
    company.join("Design", "carla")
    result = company.cycle()
    assert (result.members.failed, only_failure(company).code) == (1, "InvalidAnchor")
    result = company.cycle()
    assert (result.groups.created, result.members.added, result.failures) == (1, 3, 0)


def test_one_bad_member_does_not_hold_back_the_batch(company: Company) -> None:
    hired(company, "ana", "bob", "carla")
    company.endpoint.fault = lambda r: scim(500) if r.path.startswith("/Groups") else None
    company.cycle()
    company.endpoint.fault = lambda recorded: None
    del company.endpoint.users[company.endpoint.user("bob@contoso.example")["id"]]
    result = company.cycle()
    assert (result.members.added, result.members.failed) == (2, 1)
    result = company.cycle()
    assert (result.users.created, result.members.added, result.failures) == (1, 1, 0)
    assert len(company.endpoint.member_names("Design")) == 3


def test_an_unreachable_endpoint_fails_every_object_and_forgets_none(company: Company) -> None:
    hired(company, "ana", "bob")
    url = company.state.setting("url")
    company.state.set_setting("url", "http://127.0.0.1:9/scim")
    result = company.cycle()
    assert (result.users.failed, result.groups.failed) == (2, 1)
    assert newest_entries(company.state, 1)[0].code == "WebExceptionProtocolError"
    company.state.set_setting("url", url)
    assert company.cycle().users.created == 2


def test_a_manager_who_failed_is_waited_for(company: Company) -> None:
    hired(company, "ana", "bob")
    change_person(company.state, "ana", changes={"manager": find_person(company.state, "bob").key})
    company.endpoint.fault = lambda r: (
        scim(500) if r.method == "POST" and r.body.get("userName", "")[:3] == "bob" else None
    )
    assert company.cycle().managers.set == 0
    company.endpoint.fault = lambda recorded: None
    assert company.cycle().managers.set == 1


def test_a_refused_manager_is_tried_again(company: Company) -> None:
    hired(company, "ana", "bob")
    change_person(company.state, "ana", changes={"manager": find_person(company.state, "bob").key})

    def fault(recorded: Recorded) -> Response | None:
        return scim(400, {"scimType": "invalidFilter"}) if "manager" in recorded.query else None

    company.endpoint.fault = fault
    assert company.cycle().managers.failed == 1
    company.endpoint.fault = lambda recorded: None
    assert company.cycle().managers.set == 1


def test_the_log_never_holds_the_token(company: Company) -> None:
    company.person("ana")
    scope.assign_all(company.state)
    company.endpoint.fault = lambda r: scim(400, {"detail": f"you sent Bearer {TOKEN}"}) if r.method == "POST" else None
    company.cycle()
    entry = only_failure(company)
    assert entry.requests[-1].response == '{"detail": "you sent Bearer [token]"}'
    assert TOKEN not in str(entry.requests)


def test_log_entries_are_dropped_after_thirty_days(company: Company) -> None:
    hired(company, "ana").cycle()
    company.wait(days=31)
    change_person(company.state, "ana", changes={"job_title": "Lead"})
    company.cycle()
    assert [entry.action for entry in newest_entries(company.state, 10)] == ["Update"]


def test_every_code_that_an_answer_can_get_has_a_recommendation() -> None:
    for status in range(300, 600):
        for scim_type in (None, "uniqueness", "invalidPath", "noTarget", "mutability", "invalidValue"):
            for creating in (True, False):
                assert failure_of(status, {"scimType": scim_type}, creating=creating).recommendation
