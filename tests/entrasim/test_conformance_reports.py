"""A rehearsal says of each failure what the client would do next, in text, JSON and JUnit, and leaves nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from starlette.responses import Response

from entrasim.conformance import PROFILES, Report, rehearse
from entrasim.pytest_plugin import scim_conformance
from tests.entrasim.recording_endpoint import TOKEN, Endpoint, EndpointServer, Recorded, listed, scim

__all__ = ["scim_conformance"]  # the fixture


def rehearsed(endpoint: Endpoint, profile: str = "entra") -> Report:
    return asyncio.run(rehearse(endpoint.url, TOKEN, profile=profile))


def outcome(report: Report, check: str) -> str:
    (finding,) = [finding for finding in report.findings if finding.id == check]
    return finding.status


def member_lists(endpoint: Endpoint) -> Callable[[Recorded], Response | None]:
    """The endpoint of the tests shows no members; this one does."""

    def answer(recorded: Recorded) -> Response | None:
        kind, _, target = recorded.path.strip("/").partition("/")
        if recorded.method == "GET" and kind == "Groups" and target in endpoint.groups and not recorded.query:
            members = [{"value": one} for one in sorted(endpoint.members.get(target, set()))]
            return scim(200, {**endpoint.groups[target], "members": members})
        return None

    return answer


@pytest.mark.parametrize("profile", PROFILES)
def test_an_endpoint_that_answers_404_to_everything_fails_at_once_and_the_rest_is_skipped(
    server: EndpointServer, profile: str
) -> None:
    endpoint = server.open()
    endpoint.fault = lambda recorded: scim(404)
    report = rehearsed(endpoint, profile)
    assert not report.ok
    assert report.findings[0].status == "failed"
    assert len(report.of("skipped")) > len(report.of("failed"))
    assert all(one.found and one.next_step for one in report.of("failed") + report.of("warning"))


@pytest.mark.parametrize(
    "answer",
    [Response(b"<html>"), scim(200, []), scim(200, {"Resources": 7}), scim(200, {"schemas": 3}), Response(b"", 204)],
    ids=["html", "array", "wrong types", "wrong schemas", "empty"],
)
@pytest.mark.parametrize("profile", PROFILES)
def test_no_answer_breaks_the_rehearsal(server: EndpointServer, profile: str, answer: Response) -> None:
    endpoint = server.open()
    endpoint.fault = lambda recorded: answer
    assert not rehearsed(endpoint, profile).ok


def test_a_literal_reading_of_remove_is_told_to_empty_the_group(server: EndpointServer) -> None:
    endpoint = server.open()
    shown = member_lists(endpoint)
    endpoint.fault = shown
    assert outcome(rehearsed(endpoint), "members-remove") == "passed"

    def literal(recorded: Recorded) -> Response | None:
        if recorded.method == "PATCH" and recorded.body["Operations"][0].get("op") == "Remove":
            endpoint.members[recorded.path.rpartition("/")[2]] = set()
            return scim(204)
        return shown(recorded)

    endpoint.fault = literal
    (finding,) = [one for one in rehearsed(endpoint).findings if one.id == "members-remove"]
    assert (finding.status, finding.found[:19]) == ("failed", "the group is empty:")
    assert "everybody loses" in finding.next_step
    assert finding.requests[0].method == "PATCH"


def test_an_endpoint_that_hides_the_disabled_is_told_about_duplicates(server: EndpointServer) -> None:
    endpoint = server.open()

    def hide(recorded: Recorded) -> Response | None:
        hidden = [u for u in endpoint.users.values() if not u.get("active") and u["userName"] in recorded.query]
        return listed([]) if recorded.method == "GET" and hidden and "filter" in recorded.query else None

    endpoint.fault = lambda recorded: hide(Recorded(recorded.method, recorded.path, _decoded(recorded.query), None))
    report = rehearsed(endpoint)
    assert (outcome(report, "user-disable"), outcome(report, "user-disabled-found")) == ("passed", "failed")


def test_whole_cycles_are_part_of_the_rehearsal_and_nothing_is_left_behind(server: EndpointServer) -> None:
    endpoint = server.open()
    report = rehearsed(endpoint)
    cycles = {one.id: one.status for one in report.findings if one.id.startswith("cycle-")}
    assert cycles == dict.fromkeys(cycles, "passed")
    assert len(cycles) == 5
    assert [user["userName"] for user in endpoint.users.values()] == []
    assert endpoint.groups == {}


def test_the_report_is_told_as_text_json_and_junit(server: EndpointServer) -> None:
    endpoint = server.open()
    endpoint.fault = lambda recorded: scim(500, {"detail": "a <broken> & \x0b thing"}) if recorded.body else None
    report = rehearsed(endpoint)
    text = report.text()
    assert "✖ user-create" in text
    assert "then:  Without an id there is no link" in text
    told = json.loads(report.json())
    assert told["findings"][0]["requests"][0]["method"] == "GET"
    (suite,) = ElementTree.fromstring(report.junit())
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure")) == len(report.of("failed"))
    assert int(suite.attrib["tests"]) == len(report.findings)
    with pytest.raises(AssertionError, match="user-create"):
        report.raise_for_failures()
    assert TOKEN not in text + report.json().decode() + report.junit()


def test_the_fixture_rehearses_from_a_plain_test(
    scim_conformance: Callable[..., Report], server: EndpointServer
) -> None:
    assert scim_conformance(server.open().url, TOKEN).profile == "entra"


def _decoded(query: str) -> str:
    from urllib.parse import unquote

    return unquote(query)
