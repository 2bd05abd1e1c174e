"""kill -9 of Doorlist, or of its PostgreSQL, in the middle of a cycle: what was answered stays true, the next ends.

Each server is killed twice on the way of one directory: while people are created, and while members are added.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.live.processes import (
    ENTRASIM,
    Commands,
    Organization,
    Served,
    environment,
    gone,
    postmaster,
    serving,
    soon,
)

pytestmark = pytest.mark.live

PEOPLE, GROUPS, MEMBERS = 500, 40, 60
ADDED = re.compile(r"/Groups/([0-9a-f-]{36})")


class Site:
    """A server with a data folder of its own on a fixed port, and a directory connected to it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.commands = Commands(folder / "data", folder / "entrasim.db")
        self._stack = stack
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.served = self.start()
        self.organization = self.commands.organization("Kill")
        self.http = stack.enter_context(self.organization.client())

    def start(self) -> Served:
        options = ("--data", self.commands.data, "--port", str(self._port), "--workers", "2")
        self.served = self._stack.enter_context(serving(*options))
        return self.served

    def total(self, kind: str) -> int:
        return int(self.http.get(f"/{kind}", params={"count": 0}).json()["totalResults"])

    def everything(self, kind: str) -> list[dict[str, Any]]:
        page = self.http.get(f"/{kind}", params={"count": 1000}).json()
        assert page["totalResults"] == len(page["Resources"])
        return list(page["Resources"])

    def has_members(self) -> bool:
        groups = self.http.get("/Groups", params={"attributes": "members"}).json()["Resources"]
        return sum(len(group.get("members", [])) for group in groups) > 200


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(tmp_path, stack)


def fill(commands: Commands, organization: Organization, folder: Path) -> None:
    """A directory of people, each in some groups, connected and assigned."""
    handles = [f"p{number:04}" for number in range(PEOPLE)]
    sheets = {
        "users": ["handle,user_name", *(f"{handle},{handle}@example.com" for handle in handles)],
        "groups": ["group", *(f"Group {number}" for number in range(GROUPS))],
        "members": [
            "group,handle",
            *(f"Group {g},{handles[(g * 13 + n) % PEOPLE]}" for g in range(GROUPS) for n in range(MEMBERS)),
        ],
    }
    for name, lines in sheets.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    commands.entrasim("import", folder)
    commands.entrasim("connect", organization.scim_url, organization.token)
    commands.entrasim("assign", "--all")


def kill_during_cycle(site: Site, *, when: Callable[[], object], kill: Callable[[], None]) -> None:
    """Run a cycle in small batches, and kill as soon as `when` is true; the cycle has failures then."""
    command = [*ENTRASIM, "cycle", "--batch", "5", "--state", str(site.commands.state)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()) as cycle:
        try:
            soon(when, seconds=30)
            assert cycle.poll() is None, "the cycle ended before anything was killed"
            kill()
            assert cycle.wait(60) == 1
        finally:
            cycle.kill()


def kill_doorlist(site: Site) -> None:
    processes = [psutil.Process(site.served.process.pid), *site.served.workers()]
    for process in processes:
        process.kill()
    soon(lambda: all(gone(process) for process in processes))
    site.served.process.wait()


def kill_postgresql(site: Site) -> None:
    victim = postmaster(site.commands.data)
    processes = [victim, *victim.children()]  # the postmaster first: it would bring its children back
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    soon(lambda: all(gone(process) for process in processes))


def answered(commands: Commands) -> tuple[dict[str, set[str]], set[tuple[str, str]]]:
    """What the stand-in was told has succeeded: ids created by type, and (group, person) memberships added."""
    created: dict[str, set[str]] = {"Users": set(), "Groups": set()}
    members: set[tuple[str, str]] = set()
    for entry in commands.entrasim_json("log", "--limit", "100000"):
        for request in entry["requests"]:
            if request["method"] == "POST" and request["status"] == 201:
                created[request["path"].rpartition("/")[2]].add(json.loads(request["response"])["id"])
            group = ADDED.search(request["path"])
            if request["method"] == "PATCH" and request["status"] in (200, 204) and group is not None:
                values = [value for op in json.loads(request["request"])["Operations"] for value in op["value"]]
                members |= {(group[1], value["value"]) for value in values}
    return created, members


def expect_answers_true(site: Site) -> tuple[int, int]:
    """Read back everything that was answered with success; returns how many creations and memberships that was."""
    created, members = answered(site.commands)
    for kind, ids in created.items():
        for identifier in ids:
            assert site.http.get(f"/{kind}/{identifier}").status_code == 200
    stored = {
        group["id"]: {member["value"] for member in group.get("members", [])} for group in site.everything("Groups")
    }
    assert all(person in stored[group] for group, person in members)
    return sum(map(len, created.values())), len(members)


def expect_everything_once(site: Site) -> None:
    people = {person["id"]: person["userName"] for person in site.everything("Users")}
    assert Counter(people.values()) == {f"p{number:04}@example.com": 1 for number in range(PEOPLE)}
    groups = {group["displayName"]: group.get("members", []) for group in site.everything("Groups")}
    assert len(groups) == site.total("Groups") == GROUPS
    for number in range(GROUPS):
        names = sorted(people[member["value"]] for member in groups[f"Group {number}"])
        assert names == sorted(f"p{(number * 13 + n) % PEOPLE:04}@example.com" for n in range(MEMBERS))


@pytest.mark.parametrize("victim", ["doorlist", "postgresql"])
def test_nothing_answered_is_lost_and_the_next_cycle_ends_right(
    site: Site, tmp_path: Path, victim: str, record_property: pytest.RecordProperty
) -> None:
    fill(site.commands, site.organization, tmp_path)

    def kill_and_restart(when: Callable[[], object]) -> tuple[int, int]:
        if victim == "doorlist":
            kill_during_cycle(site, when=when, kill=lambda: kill_doorlist(site))
            site.start()
        else:
            kill_during_cycle(site, when=when, kill=lambda: kill_postgresql(site))
        soon(site.served.ready, seconds=30)
        return expect_answers_true(site)

    started = time.monotonic()
    first = kill_and_restart(lambda: site.total("Users") > PEOPLE // 4)
    assert 0 < first[0] < PEOPLE
    second = kill_and_restart(site.has_members)
    assert 0 < second[1] < GROUPS * MEMBERS
    assert site.commands.entrasim_json("cycle")["failures"] == 0
    expect_everything_once(site)
    assert site.commands.entrasim_json("cycle")["requests"] == 0
    record_property(
        "measured",
        f"kill -9 of {victim} mid-cycle: {first[0]} creations, then {second[1]} memberships answered, all still true; "
        f"{time.monotonic() - started:.1f} s",
    )
