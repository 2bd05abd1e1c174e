"""A small company in a state file of its own, connected to a recording SCIM endpoint."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from entrasim.application import connect, load_application
from entrasim.csv_files import read_files
from entrasim.entries import Group, Person
from entrasim.intake import ImportReport, import_files
from entrasim.job.cycle import CycleResult, run_cycle
from entrasim.job.on_demand import OnDemandResult, provision_group, provision_user
from entrasim.people import add_person, find_person
from entrasim.security_groups import add_group, add_member, find_group, remove_member
from entrasim.statefile import StateFile
from tests.entrasim.recording_endpoint import TOKEN, Endpoint, EndpointServer

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass
class Company:
    """The directory of a test, with short verbs; ids and times are counted, so runs are alike."""

    state: StateFile
    endpoint: Endpoint
    now: datetime = START
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def mint(self) -> str:
        return f"00000000-0000-4000-8000-{next(self.ids):012d}"

    def clock(self) -> datetime:
        return self.now

    def wait(self, **spans: float) -> None:
        self.now += timedelta(**spans)

    def person(self, name: str, **fields: str) -> Person:
        fields = {"user_principal_name": f"{name}@contoso.example", "display_name": name.title(), **fields}
        return add_person(self.state, fields, new_id=self.mint())

    def group(self, name: str, *members: str) -> Group:
        group = add_group(self.state, name, new_id=self.mint())
        for member in members:
            self.join(name, member)
        return group

    def join(self, group: str, member: str) -> None:
        add_member(self.state, find_group(self.state, group).key, person=find_person(self.state, member).key)

    def leave(self, group: str, member: str) -> None:
        remove_member(self.state, find_group(self.state, group).key, person=find_person(self.state, member).key)

    def take_files(
        self, users: str = "", groups: str = "", *, members: str = "", replace: bool = False
    ) -> ImportReport:
        paths: list[Path | None] = []
        for name, text in (("users.csv", users), ("groups.csv", groups), ("members.csv", members)):
            path = self.state.path.with_name(name)
            path.write_text(text, encoding="utf-8")
            paths.append(path if text else None)
        files = read_files(paths[0], paths[1], members=paths[2])
        return import_files(self.state, files, replace=replace, now=self.now, mint=self.mint)

    def cycle(self, *, initial: bool = False, parallel: int = 4, batch: int = 100) -> CycleResult:
        work = run_cycle(
            self.state,
            load_application(self.state),
            clock=self.clock,
            mint=self.mint,
            initial=initial,
            parallel=parallel,
            batch=batch,
        )
        return asyncio.run(work)

    def demand_user(self, name: str) -> OnDemandResult:
        application = load_application(self.state)
        work = provision_user(self.state, application, name=name, clock=self.clock, mint=self.mint)
        return asyncio.run(work)

    def demand_group(self, name: str, *members: str) -> OnDemandResult:
        application = load_application(self.state)
        work = provision_group(self.state, application, name=name, members=members, clock=self.clock, mint=self.mint)
        return asyncio.run(work)

    def sent(self) -> list[str]:
        """What the endpoint received since the last call, one text per request."""
        return [f"{recorded.method} {recorded.path}" for recorded in self.endpoint.take()]


@pytest.fixture(scope="session")
def server() -> Iterator[EndpointServer]:
    """One server for every endpoint of the run."""
    started = EndpointServer()
    yield started
    started.stop()


@pytest.fixture
def found(tmp_path: Path, server: EndpointServer) -> Iterator[Callable[..., Company]]:
    """Start an endpoint and a company connected to it; `flagged` chooses the dialect of both."""
    with ExitStack() as stack:

        def start(*, flagged: bool = False) -> Company:
            endpoint = server.open(flagged=flagged)
            state = StateFile.open(tmp_path / f"state-{flagged}.db")
            stack.callback(state.close)
            connect(state, endpoint.url, token=TOKEN, flag=flagged)
            return Company(state, endpoint)

        yield start


@pytest.fixture
def company(found: Callable[..., Company]) -> Company:
    """A company connected in the default dialect."""
    return found()
