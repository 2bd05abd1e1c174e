"""Whole cycles of the provisioning job against the endpoint: a small company joins, settles, changes and leaves."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from entrasim import scope
from entrasim.application import Application, connect
from entrasim.clock import hold_clock, load_clock, real_time
from entrasim.conformance.session import Check, Session, demand
from entrasim.job.control import restart_job, start_job
from entrasim.job.cycle import CycleResult
from entrasim.job.loop import advance
from entrasim.people import add_person, change_person, delete_person, find_person, set_enabled
from entrasim.provisioning_log import newest_entries
from entrasim.security_groups import add_group, add_member, delete_group, remove_member
from entrasim.statefile import StateFile

PEOPLE = ("dora", "emil", "fay", "gus")


@dataclass
class Company:
    """A directory of its own, in a file that goes with the rehearsal."""

    state: StateFile
    mark: str

    async def pass_time(self, **span: float) -> list[CycleResult]:
        """Let time pass, with every cycle that becomes due."""
        report = await advance(self.state, timedelta(**span), mint=lambda: str(uuid.uuid4()), parallel=2)
        return report.cycles

    async def evaluate_again(self) -> list[CycleResult]:
        """Restart the job, and let the cycle that follows run."""
        restart_job(self.state, now=load_clock(self.state)())
        return await self.pass_time(minutes=1)

    def left_behind(self) -> list[tuple[str, str]]:
        """Return the resources that are still linked, to be cleaned up."""
        users = self.state.rows("select target_id from user_links")
        groups = self.state.rows("select target_id from group_links")
        return [("Users", one) for (one,) in users] + [("Groups", one) for (one,) in groups]

    def demand_health(self, cycles: list[CycleResult]) -> None:
        """Raise `UnmetError` where something failed."""
        failed = newest_entries(self.state, 5, failures_only=True)
        told = "; ".join(f"{one.identity.name}: {one.action} {one.code}: {one.message}" for one in failed)
        demand(cycles and all(cycle.ok for cycle in cycles), told or "no cycle ran")


@contextmanager
def founded(application: Application, mark: str) -> Iterator[Company]:
    """Found a company of four people and a group, connected to the endpoint and in scope."""
    with tempfile.TemporaryDirectory(prefix="entrasim-") as folder:
        state = StateFile.open(Path(folder) / "state.db")
        try:
            connect(state, application.url, token=application.token or "-")
            hold_clock(state, real_time())
            for name in PEOPLE:
                fields: dict[str, str | None] = {
                    "user_principal_name": f"{name}.{mark}@rehearsal.example",
                    "handle": f"{name}.{mark}",
                    "given_name": name.title(),
                    "surname": "Ødegård",
                    "job_title": "Clerk",
                    "department": "Sales",
                    "phone": "+47 (55) 12-34",
                    "city": "Bergen",
                }
                add_person(state, fields, new_id=str(uuid.uuid4()))
            dora = find_person(state, f"dora.{mark}").key
            for name in PEOPLE[1:]:
                change_person(state, f"{name}.{mark}", changes={"manager": dora})
            group = add_group(state, f"Crew {mark}", new_id=str(uuid.uuid4()))
            for name in PEOPLE:
                add_member(state, group.key, person=find_person(state, f"{name}.{mark}").key)
            scope.assign_all(state)
            start_job(state, now=load_clock(state)())
            yield Company(state, mark)
        finally:
            state.close()


async def join(company: Company) -> None:
    company.demand_health(await company.pass_time(minutes=1))


async def settle(company: Company) -> None:
    cycles = await company.evaluate_again()
    company.demand_health(cycles)
    updated = [
        one for one in newest_entries(company.state, 50) if one.action == "Update" and one.identity.kind == "User"
    ]
    names = sorted({change.name for one in updated if one.cycle == cycles[0].number for change in one.modified})
    demand(cycles[0].users.updated + cycles[0].groups.updated == 0, f"written again: {', '.join(names)}")


async def change(company: Company) -> None:
    state, mark = company.state, company.mark
    change_person(state, f"emil.{mark}", changes={"job_title": "Lead", "mobile": "+47 99", "manager": None})
    set_enabled(state, f"fay.{mark}", enabled=False)
    group = state.row("select key from groups")[0]
    remove_member(state, group, person=find_person(state, f"gus.{mark}").key)
    company.demand_health(await company.pass_time(hours=1))


async def come_back(company: Company) -> None:
    set_enabled(company.state, f"fay.{company.mark}", enabled=True)
    company.demand_health(await company.pass_time(hours=1))


async def leave(company: Company) -> None:
    state, mark = company.state, company.mark
    for name in PEOPLE:
        delete_person(state, f"{name}.{mark}", now=load_clock(state)())
    delete_group(state, f"Crew {mark}", now=load_clock(state)())
    company.demand_health(await company.pass_time(days=31))


STEPS: list[tuple[str, str, str, Callable[[Company], Awaitable[None]], bool]] = [
    ("cycle-join", "An initial cycle of four people and a group goes through",
     "What fails is tried again; see the checks above for what that means.", join, True),
    ("cycle-settled", "Evaluated again, nothing has to be written: values come back as they were sent",
     "Every value that comes back changed is written again whenever the object is looked at.", settle, False),
    ("cycle-change", "A mover, a disabled account and a lost membership go through",
     "What fails is tried again in later cycles.", change, True),
    ("cycle-return", "A disabled account comes back", "What fails is tried again in later cycles.", come_back, True),
    ("cycle-leave", "Leavers are disabled at once and deleted after 30 days; the group is deleted",
     "What fails is tried again in later cycles; people who left keep their accounts.", leave, True),
]  # fmt: skip


def checks(company: Company) -> list[Check]:
    """Return the checks, bound to a company."""

    def bound(step: Callable[[Company], Awaitable[None]]) -> Callable[[Session], Awaitable[None]]:
        async def run(session: Session) -> None:
            await step(company)

        return run

    first = "cycle-join"
    return [
        Check(name, title, then, bound(step), () if name == first else (first,), must)
        for name, title, then, step, must in STEPS
    ]
