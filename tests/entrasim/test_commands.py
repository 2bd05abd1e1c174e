"""The command line: names, exit statuses and JSON are a contract."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from entrasim.commands import app
from entrasim.refusals import Refusal
from tests.entrasim.recording_endpoint import TOKEN, Endpoint, EndpointServer


@dataclass
class Console:
    """Runs commands on one state file and returns exit status, stdout and stderr."""

    folder: Path
    endpoint: Endpoint

    def run(self, *arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, [*arguments], env={"ENTRASIM_STATE": str(self.folder / "state.db")})
        if isinstance(result.exception, Refusal):
            return result.exception.exit_status, result.stdout, result.exception.detail
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    def ok(self, *arguments: str) -> str:
        status, out, err = self.run(*arguments)
        assert status == 0, err or out
        return out

    def read(self, *arguments: str) -> Any:
        return json.loads(self.ok(*arguments, "--json"))


@pytest.fixture
def console(tmp_path: Path, server: EndpointServer) -> Console:
    (tmp_path / "users.csv").write_text(
        "handle,user_name,display_name,email\n" + "".join(f"{n},{n}@c.example,{n},{n}@c.example\n" for n in "abcdefg")
    )
    (tmp_path / "groups.csv").write_text("group,description,parent\nDesign,,\nQuality,,\n")
    (tmp_path / "members.csv").write_text("group,handle\n" + "".join(f"Design,{n}\n" for n in "abcdefg"))
    return Console(tmp_path, server.open())


@pytest.fixture
def connected(console: Console) -> Console:
    console.ok("import", str(console.folder))
    console.ok("connect", console.endpoint.url, TOKEN)
    return console


def test_the_walkthrough_from_import_to_leaver(console: Console) -> None:
    assert console.read("import", str(console.folder))["users"]["added"] == 7
    console.ok("connect", console.endpoint.url, TOKEN)
    assert console.read("test-connection")["ok"] is True
    console.ok("assign", "--group", "Design", "--group", "Quality")
    demand = console.read("on-demand", "--group", "Design", "--member", "a", "--member", "b@c.example")
    assert [member["membership"] for member in demand["members"]] == ["added", "added"]
    first = console.read("cycle", "--parallel", "2")
    assert (first["cycle"], first["users"]["created"], first["groups"]["created"]) == ("initial", 5, 1)
    assert first["members"] == {"added": 5, "removed": 0, "failed": 0}
    assert {"requests", "failures", "seconds"} <= first.keys()
    console.ok("user", "disable", "c")
    console.ok("user", "set", "d", "job_title=Lead", "manager=a", "email=")
    console.ok("group", "remove-member", "Design", "e", "f")
    console.ok("group", "rename", "Quality", "QA")
    second = console.read("cycle")
    assert second["cycle"] == "incremental"
    assert second["users"] == {
        "created": 0, "updated": 1, "disabled": 3, "deleted": 0, "skipped": 0, "failed": 0, "staged": 0,
    }  # fmt: skip
    assert (second["members"]["removed"], second["managers"]["set"], second["groups"]["updated"]) == (2, 1, 1)


def test_every_directory_edit_has_its_command(connected: Console) -> None:
    connected.ok("assign", "--all")
    connected.ok("cycle")
    connected.ok("user", "add", "new@c.example", "given_name=New", "surname=Body", "manager=a")
    connected.ok("group", "add", "Fresh", "--description", "x")
    connected.ok("group", "add-member", "Fresh", "new", "a")
    connected.ok("user", "delete", "b")
    connected.ok("user", "disable", "c")
    connected.ok("group", "delete", "Quality")
    result = connected.read("cycle")
    assert (result["users"]["created"], result["users"]["disabled"], result["groups"]["deleted"]) == (1, 2, 1)
    connected.ok("user", "restore", "b")
    connected.ok("user", "enable", "c")
    assert connected.read("cycle")["users"]["updated"] == 2
    connected.ok("user", "delete", "b")
    connected.ok("user", "purge", "b")
    assert connected.read("cycle")["users"]["deleted"] == 1
    connected.ok("unassign", "--all")
    assert connected.read("cycle")["groups"]["deleted"] == 2


def test_show_counts_and_never_shows_the_token(connected: Console) -> None:
    connected.ok("assign", "--user", "a")
    connected.ok("cycle")
    shown = connected.read("show")
    assert shown["connection"] == {"url": connected.endpoint.url, "dialect": "default"}
    assert (shown["users"]["total"], shown["users"]["in_scope"], shown["users"]["linked"]) == (7, 1, 1)
    assert shown["last_cycle"]["result"]["users"]["created"] == 1
    everything = connected.ok("show") + connected.ok("show", "--json") + connected.ok("log", "--json")
    assert TOKEN not in everything


def test_the_flag_chooses_the_dialect(console: Console) -> None:
    console.ok("connect", console.endpoint.url, TOKEN, "--flag")
    assert console.read("show")["connection"]["dialect"] == "aadOptscim062020"
    console.ok("connect", f"{console.endpoint.url}?aadOptscim062020", TOKEN)
    assert console.read("show")["connection"]["url"].count("aadOptscim062020") == 1


def test_a_failed_test_connection_says_what_to_do_and_exits_1(connected: Console) -> None:
    connected.ok("connect", connected.endpoint.url, "stale")
    status, out, _ = connected.run("test-connection", "--json")
    report = json.loads(out)
    assert (status, report["ok"], report["checks"][0]["code"]) == (1, False, "Unauthorized")
    assert "Create a new one" in connected.run("test-connection")[1]


def test_a_cycle_with_failures_exits_1_and_the_log_shows_them(connected: Console) -> None:
    connected.ok("assign", "--all")
    connected.endpoint.fault = lambda recorded: (_ for _ in ()).throw(_busy()) if recorded.method == "POST" else None
    status, out, _ = connected.run("cycle")
    assert status == 1
    assert "failed and are due again" in out
    entries = connected.read("log", "--failures", "--limit", "3")
    assert [entry["code"] for entry in entries] == ["TooManyRequests"] * 3
    assert "TooManyRequests: HTTP 429: busy" in connected.ok("log", "--limit", "1")


def _busy() -> Exception:
    from tests.entrasim.recording_endpoint import RefusedError

    return RefusedError(429, "busy")


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["on-demand", "--user", "nobody"], 2, "Nobody in the directory is called 'nobody'."),
        (["on-demand"], 2, "give either --user, or --group with --member"),
        (["on-demand", "--group", "Design"], 2, "takes 1 to 5 members"),
        (["on-demand", "--group", "Design", *(f"--member={name}" for name in "abcdef")],
         2, "takes 1 to 5 members a run, not 6"),
        (["assign"], 2, "give --all, or at least one --group or --user"),
        (["assign", "--group", "Nope"], 2, "No group in the directory is called 'Nope'."),
        (["unassign", "--user", "a"], 1, "not assigned on its own"),
        (["user", "set", "a", "shoe_size=4"], 2, "is no ATTRIBUTE=VALUE"),
        (["user", "set", "a", "user_name="], 2, "cannot be empty"),
        (["user", "set", "a", "manager=a"], 2, "their own manager"),
        (["user", "set", "a", "user_name=B@c.example"], 1, "Somebody else already has"),
        (["user", "add", "a@c.example"], 1, "Somebody else already has"),
        (["user", "purge", "a"], 1, "must be deleted before"),
        (["group", "add", "design"], 1, "Another group is already called"),
        (["group", "rename", "Design", " "], 2, "needs a name"),
        (["connect", "ftp://x", "t"], 2, "no absolute http or https URL"),
        (["connect", "http://x/scim", "two words"], 2, "printable ASCII"),
        (["import"], 2, "give a DIRECTORY"),
        (["import", "--users", "missing.csv"], 1, "nothing was imported"),
        (["cycle", "--parallel", "0"], 2, "--parallel"),
        (["frobnicate"], 2, "No such command"),
    ],
)  # fmt: skip
def test_wrong_arguments_exit_2_and_refused_work_exits_1(
    connected: Console, arguments: list[str], status: int, says: str
) -> None:
    got, _, error = connected.run(*arguments)
    assert got == status
    assert says in " ".join(error.replace("│", " ").split())


def test_import_problems_go_to_stderr_line_by_line(console: Console) -> None:
    (console.folder / "users.csv").write_text("handle,user_name\nana,\nbob,\n")
    command = [sys.executable, "-m", "entrasim", "import", str(console.folder), "--state", str(console.folder / "s.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[:2] == ["users.csv:2: user_name is empty", "users.csv:3: user_name is empty"]


def test_the_state_option_is_accepted_before_and_after_the_command(console: Console) -> None:
    first, second = str(console.folder / "1.db"), str(console.folder / "2.db")
    assert json.loads(console.ok("--state", first, "show", "--json"))["state"] == first
    assert json.loads(console.ok("--state", first, "show", "--json", "--state", second))["state"] == second


def test_a_file_that_is_no_state_file_is_refused(console: Console) -> None:
    (console.folder / "odd.db").write_bytes(b"not a database" * 200)
    status, _, error = console.run("show", "--state", str(console.folder / "odd.db"))
    assert (status, "cannot be used" in error) == (1, True)


def test_the_state_file_is_readable_by_its_owner_only(connected: Console) -> None:
    assert (connected.folder / "state.db").stat().st_mode & 0o077 == 0
