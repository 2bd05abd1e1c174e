"""A year of the sample company on a clock that is moved: at its end Doorlist is what the directory is.

What people keep of groups that they left is worked out a second time here, from the policy in words: leaving a group
keeps its grants; joining it again ends that; a person who is disabled has nothing, and what they kept is held from then
on; who is deleted for good has nothing left; a membership lost while disabled keeps nothing.
"""

from __future__ import annotations

import asyncio
import csv
import io
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import doorlist.tour
from entrasim import scope
from entrasim.application import connect
from entrasim.clock import hold_clock, load_clock
from entrasim.csv_files import read_files
from entrasim.intake import import_files
from entrasim.job.control import start_job
from entrasim.job.loop import advance
from entrasim.people import add_person, change_person, delete_person, find_person, restore_person, set_enabled
from entrasim.security_groups import add_member, find_group, remove_member
from entrasim.statefile import StateFile
from tests.live.processes import Commands, Organization

pytestmark = pytest.mark.live

COMPANY = Path(doorlist.tour.__file__).parent / "company"
BEGIN = datetime(2027, 1, 4, 6, tzinfo=UTC)
RANK = ["viewer", "checker", "editor"]


def rows_of(name: str) -> list[dict[str, str]]:
    with (COMPANY / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def mint() -> str:
    return str(uuid.uuid4())


@dataclass
class Year:
    """The directory, and what the policy makes of its history; people by user name, groups by name."""

    state: StateFile
    dice: random.Random
    members: dict[str, set[str]]
    present: set[str]
    disabled: set[str] = field(default_factory=set)
    binned: dict[str, datetime] = field(default_factory=dict)
    kept: dict[tuple[str, str], str] = field(default_factory=dict)
    happened: dict[str, int] = field(default_factory=dict)
    cycles: int = 0

    def pass_time(self, **span: float) -> None:
        """Let time pass; the recycle bin empties by itself after 30 days."""
        report = asyncio.run(advance(self.state, timedelta(**span), mint=mint))
        assert all(cycle.ok for cycle in report.cycles)
        self.cycles += len(report.cycles) + report.idle
        now = load_clock(self.state)()
        for name in [name for name, since in self.binned.items() if since + timedelta(days=30) <= now]:
            self._forget(name)

    def active(self) -> list[str]:
        return sorted(self.present - self.disabled - self.binned.keys())

    def week(self) -> None:
        """A few things happen, hours apart, in an order that the dice choose."""
        events = [self.join, self.leave, self.change_group, self.change_group, self.lose_group, self.promote]
        events += [self.block, self.unblock, self.come_back, self.lose_group_while_away]
        for event in self.dice.sample(events, 5):
            if event():
                self.happened[event.__name__] = self.happened.get(event.__name__, 0) + 1
            self.pass_time(hours=self.dice.choice([1, 5, 20]))
        self.pass_time(hours=96)

    def join(self) -> bool:
        number = len(self.happened) + sum(self.happened.values())
        name = f"new.{number}.{self.dice.randrange(10**6)}@marigold.example"
        fields: dict[str, str | None] = {"user_principal_name": name, "given_name": "New", "surname": str(number)}
        add_person(self.state, fields, new_id=mint())
        self.present.add(name)
        self._enter(name, "Everyone")
        self._enter(name, self.dice.choice(sorted(self.members)))
        return True

    def leave(self) -> bool:
        name = self.dice.choice(self.active())
        delete_person(self.state, name, now=load_clock(self.state)())
        self.binned[name] = load_clock(self.state)()
        self._hold(name)
        return True

    def come_back(self) -> bool:
        names = [name for name in self.binned if name not in self.disabled]
        if not names:
            return False
        name = self.dice.choice(names)
        restore_person(self.state, name)
        del self.binned[name]
        return True

    def block(self) -> bool:
        name = self.dice.choice(self.active())
        set_enabled(self.state, name, enabled=False)
        self.disabled.add(name)
        self._hold(name)
        return True

    def unblock(self) -> bool:
        names = sorted(self.disabled - self.binned.keys())
        if not names:
            return False
        name = self.dice.choice(names)
        set_enabled(self.state, name, enabled=True)
        self.disabled.discard(name)
        return True

    def change_group(self) -> bool:
        name = self.dice.choice(self.active())
        old = [group for group in sorted(self.members) if name in self.members[group] and group != "Everyone"]
        new = [group for group in sorted(self.members) if name not in self.members[group]]
        if not old or not new:
            return False
        self._exit(name, self.dice.choice(old))
        self._enter(name, self.dice.choice(new))
        return True

    def lose_group(self) -> bool:
        name = self.dice.choice(self.active())
        groups = [group for group in sorted(self.members) if name in self.members[group]]
        if groups:
            self._exit(name, self.dice.choice(groups))
        return bool(groups)

    def lose_group_while_away(self) -> bool:
        away = sorted(self.disabled - self.binned.keys())
        groups = [(name, group) for name in away for group in sorted(self.members) if name in self.members[group]]
        if not groups:
            return False
        name, group = self.dice.choice(groups)
        remove_member(self.state, find_group(self.state, group).key, person=find_person(self.state, name).key)
        self.members[group].discard(name)
        return True

    def promote(self) -> bool:
        names = self.active()
        name, manager = self.dice.sample(names, 2)
        key = find_person(self.state, manager).key
        change_person(self.state, name, changes={"job_title": f"Lead {self.dice.randrange(99)}", "manager": key})
        return True

    def _enter(self, name: str, group: str) -> None:
        add_member(self.state, find_group(self.state, group).key, person=find_person(self.state, name).key)
        self.members[group].add(name)
        self.kept.pop((name, group), None)

    def _exit(self, name: str, group: str) -> None:
        remove_member(self.state, find_group(self.state, group).key, person=find_person(self.state, name).key)
        self.members[group].discard(name)
        self.kept[name, group] = "live"

    def _hold(self, name: str) -> None:
        for pair in [pair for pair in self.kept if pair[0] == name]:
            self.kept[pair] = "held"

    def _forget(self, name: str) -> None:
        del self.binned[name]
        self.present.discard(name)
        self.disabled.discard(name)
        for members in self.members.values():
            members.discard(name)
        for pair in [pair for pair in self.kept if pair[0] == name]:
            del self.kept[pair]


def test_a_year_ends_in_the_directorys_state_with_what_people_kept(
    commands: Commands, record_property: pytest.RecordProperty
) -> None:
    organization = commands.organization("Year")
    state = StateFile.open(commands.state)
    try:
        year = _founded(state, organization)
        year.pass_time(minutes=1)
        words = [
            word for name in ("workspaces", "folders", "grants") for word in (f"--{name}", COMPANY / f"{name}.csv")
        ]
        commands.doorlist("import", "grants", "--org", organization.slug, *words)
        started = time.monotonic()
        while load_clock(state)() < BEGIN + timedelta(days=365):
            year.week()
        took = time.monotonic() - started
        year.pass_time(hours=2)
    finally:
        state.close()
    assert min(year.happened.get(name, 0) for name in ("join", "leave", "come_back", "lose_group")) > 5, year.happened
    told = f"a year of {sum(year.happened.values())} events and {year.cycles} cycles in {took:.1f} s"
    print(told)
    record_property("measured", told)
    _same_people_and_members(organization, year)
    _same_retained_access(commands, organization, year)
    _same_access(commands, organization, year)


def _founded(state: StateFile, organization: Organization) -> Year:
    files = read_files(COMPANY / "users.csv", COMPANY / "groups.csv", members=COMPANY / "members.csv")
    import_files(state, files, replace=False, now=BEGIN, mint=mint)
    connect(state, organization.scim_url, token=organization.token)
    scope.assign_all(state)
    hold_clock(state, BEGIN)
    start_job(state, now=BEGIN)
    names = {row["handle"]: row["user_name"] for row in rows_of("users.csv")}
    members: dict[str, set[str]] = {row["group"]: set() for row in rows_of("groups.csv")}
    for row in rows_of("members.csv"):
        members[row["group"]].add(names[row["handle"]])
    return Year(state, random.Random(20270104), members, set(names.values()))


def _resources(organization: Organization, kind: str) -> Iterator[dict[str, object]]:
    with organization.client() as client:
        start, total = 1, 1
        while start <= total:
            page = client.get(f"/{kind}", params={"startIndex": start, "count": 100}).json()
            total = page["totalResults"]
            yield from page.get("Resources", [])
            start += 100


def _same_people_and_members(organization: Organization, year: Year) -> None:
    users = list(_resources(organization, "Users"))
    assert {str(user["userName"]): user["active"] for user in users} == {
        name: name not in year.disabled and name not in year.binned for name in year.present
    }
    names = {user["id"]: str(user["userName"]) for user in users}
    with organization.client() as client:
        groups = [client.get(f"/Groups/{one['id']}").json() for one in _resources(organization, "Groups")]
    held = {group["displayName"]: {names[one["value"]] for one in group.get("members", [])} for group in groups}
    assert held == year.members


def _same_retained_access(commands: Commands, organization: Organization, year: Year) -> None:
    listed = commands.doorlist_json("access", "retained", "--org", organization.slug)
    found = {(one["user_name"], one["group"], one["workspace"], one["folder"]): one["state"] for one in listed}
    expected = {
        (name, group, grant["workspace"], grant["folder"]): state
        for (name, group), state in year.kept.items()
        for grant in rows_of("grants.csv")
        if grant["group"] == group
    }
    assert expected
    assert found == expected


def _same_access(commands: Commands, organization: Organization, year: Year) -> None:
    """Every active person has the best of what their groups give and what they kept alive."""
    best: dict[tuple[str, str, str], int] = {}
    for grant in rows_of("grants.csv"):
        holders = set(year.members[grant["group"]])
        holders |= {name for (name, group), state in year.kept.items() if group == grant["group"] and state == "live"}
        for name in holders & set(year.active()):
            for folder in [grant["folder"]] if grant["folder"] else ["", "Home"]:
                place = name, grant["workspace"], folder
                best[place] = max(best.get(place, 0), RANK.index(grant["level"]))
    _, *exported = csv.reader(io.StringIO(commands.doorlist("access", "export", "--org", organization.slug, "--csv")))
    assert sorted(map(tuple, exported)) == sorted((*place, RANK[rank]) for place, rank in best.items())
