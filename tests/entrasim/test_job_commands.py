"""Commands that set the job up, steer it, disturb it, and rehearse it: names, exit statuses, what they print."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from tests.entrasim.recording_endpoint import TOKEN, scim
from tests.entrasim.test_commands import Console, connected, console

__all__ = ["connected", "console"]  # fixtures


@pytest.fixture
def held(connected: Console) -> Console:
    """Everybody in scope, at a time that stands still."""
    connected.ok("assign", "--all")
    connected.ok("clock", "hold", "--at", "2027-01-01T08:00Z")
    return connected


def test_the_job_is_started_moved_stopped_and_restarted(held: Console) -> None:
    assert "due 2027-01-01T08:00:00.000Z" in held.ok("start")
    moved = held.read("clock", "advance", "1h30m")
    assert (len(moved["cycles"]), moved["idle"], moved["to_time"]) == (1, 2, "2027-01-01T09:30:00.000Z")
    assert "1 idle ones" in held.ok("clock", "advance", "40m")
    assert held.ok("stop") == "Provisioning is off.\n"
    shown = held.read("show")
    assert (shown["job"]["status"], shown["clock"]["held"], shown["users"]["linked"]) == ("off", True, 7)
    assert "due" in held.ok("restart", "--forget-links")
    assert held.read("clock", "advance", "1m")["cycles"][0]["cycle"] == "initial"


def test_a_cycle_with_failures_is_told_by_the_exit_status_of_a_move(held: Console) -> None:
    held.endpoint.fault = lambda recorded: scim(500) if recorded.method == "POST" else None
    held.ok("start")
    assert held.run("clock", "advance", "1m")[0] == 1


def test_the_clock_is_shown_set_released_and_reset(held: Console) -> None:
    assert held.ok("clock", "show") == "2027-01-01T08:00:00.000Z (stands still)\n"
    assert held.ok("clock", "set", "2028-02-29") == "2028-02-29T00:00:00.000Z (stands still)\n"
    assert held.ok("clock", "release").endswith("(runs)\n")
    assert held.ok("clock", "reset").endswith("(runs)\n")
    status, _, detail = held.run("clock", "set", "soon")
    assert (status, detail) == (2, "'soon' is no time such as 2026-11-23T09:00Z.")


def test_mappings_are_listed_set_tried_removed_and_restored(held: Console) -> None:
    held.ok("mapping", "set", "users", "title", "ToUpper([displayName])", "--expression", "--default", "X")
    assert "title ← ToUpper([displayName])  (expression, default X)" in held.ok("mapping", "list", "users")
    assert held.ok("mapping", "try", 'Append([mail], "!")', "--user", "a") == "a@c.example!\n"
    assert held.ok("mapping", "try", "[city]", "--user", "a") == "(nothing flows)\n"
    assert held.run("mapping", "try", "Nope()", "--user", "a")[0] == 2
    assert held.run("mapping", "set", "users", "title", "x", "--constant", "--expression")[0] == 2
    held.ok("cycle")
    assert held.endpoint.user("a@c.example")["title"] == "A"
    held.ok("mapping", "remove", "users", "title")
    targets = [one["target"] for one in held.read("mapping", "list", "users")]
    held.ok("mapping", "restore", "users")
    assert {*targets, "title"} == {one["target"] for one in held.read("mapping", "list", "users")}
    assert "title" not in targets


def test_the_manager_is_a_reference_when_it_is_mapped_again(held: Console) -> None:
    manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
    held.ok("mapping", "remove", "users", manager)
    held.ok("user", "set", "a", "manager=b")
    assert held.read("cycle")["managers"]["set"] == 0
    held.ok("mapping", "set", "users", manager, "manager")
    assert held.read("cycle")["managers"]["set"] == 1


def test_filters_and_settings_are_shown_and_changed(held: Console) -> None:
    held.ok("filter", "set", "users", "few", "displayName REGEX MATCH ^[ab]$", "mail IS NOT NULL")
    assert held.ok("filter", "list", "users") == "few: displayName REGEX MATCH ^[ab]$ and mail IS NOT NULL\n"
    assert held.read("cycle")["users"]["created"] == 2
    status, _, detail = held.run("filter", "set", "users", "odd", "displayName LIKE a")
    assert (status, detail[:33]) == (2, "'displayName LIKE a' is no clause")
    assert held.run("filter", "remove", "users", "odd")[0] == 2
    held.ok("filter", "remove", "users", "few")
    assert held.read("filter", "list", "users") == []
    told = held.ok("settings", "--guard", "1", "--skip-out-of-scope", "--notify", "admin@c.example")
    assert "above 1 in a cycle" in told
    assert "admin@c.example" in told
    assert held.read("settings", "--no-guard", "--disable-out-of-scope")["guard"] is None


def test_deletions_wait_for_permission_on_the_command_line(held: Console) -> None:
    held.ok("cycle")
    held.ok("settings", "--guard", "0")
    held.ok("user", "disable", "a")
    assert held.read("cycle")["users"]["staged"] == 1
    assert [entry["identity"]["name"] for entry in held.read("log", "--action", "StagedDelete")] == ["a"]
    held.ok("allow-deletes")
    assert held.read("cycle")["users"]["disabled"] == 1
    assert held.run("allow-deletes")[0] == 1


def test_faults_are_added_listed_removed_and_cleared(held: Console) -> None:
    held.ok("fault", "add", "429", "--retry-after", "9", "--method", "post", "--path", "/Users", "--request", "2")
    held.ok("fault", "add", "slow", "--milliseconds", "5", "--for", "1h")
    held.ok("fault", "add", "cut", "--late", "--every", "3", "--times", "1", "--probability", "0.5")
    assert held.read("fault", "list")[1]["rule"]["until"] == "2027-01-01T09:00:00Z"
    held.ok("fault", "remove", "3")
    status, out, _ = held.run("cycle")
    assert status == 1
    assert "1 failed and are due again" in out
    assert "1: 429 with Retry-After 9 - seen 7, hit 1" in held.ok("fault", "list")
    assert held.ok("fault", "clear") == "2 faults are gone.\n"
    assert held.run("fault", "add", "sabotage")[0] == 2


def test_the_log_is_searched_by_name_and_by_action(held: Console) -> None:
    held.ok("cycle")
    entries = held.read("log", "--about", "design", "--action", "Create")
    assert [entry["identity"]["name"] for entry in entries] == ["Design"]
    assert held.read("log", "--about", entries[0]["change_id"]) == entries


def test_client_credentials_need_both_of_their_options(console: Console) -> None:
    assert console.run("connect", console.endpoint.url, "s", "--client-id", "c")[0] == 2
    told = console.ok("connect", console.endpoint.url, "s", "--client-id", "c", "--token-url", "http://127.0.0.1:9/t")
    assert "Connected" in told
    status, out, _ = console.run("test-connection")
    assert (status, "the token endpoint" in out) == (1, True)


def test_a_rehearsal_prints_what_failed_and_writes_junit(console: Console) -> None:
    console.endpoint.fault = lambda recorded: scim(404)
    junit = console.folder / "report.xml"
    words = ("conformance", console.endpoint.url, TOKEN)
    status, out, _ = console.run(*words, "--brief", "--junit", str(junit))
    assert status == 1
    assert "A 404 here quarantines a running job at once." in out
    assert "✔" not in out
    assert ElementTree.parse(junit).getroot().tag == "testsuites"
    status, out, _ = console.run(*words, "--profile", "okta", "--json")
    assert (status, json.loads(out)["profile"]) == (1, "okta")
    assert console.run("conformance", "ftp://x", TOKEN)[0] == 2


def test_an_import_that_fails_says_so(connected: Console) -> None:
    connected.endpoint.fault = lambda recorded: scim(503)
    status, _, err = connected.run("okta", "import")
    assert (status, "InternalServerError" in err) == (1, True)
    status, out, _ = connected.run("okta", "push")
    assert (status, out[:22]) == (0, "0 requests, 0 failures")  # nobody is assigned
