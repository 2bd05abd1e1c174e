"""One cycle of the provisioning job, initial or incremental.

Users, then groups without members, then managers, then members; within each phase up to `parallel` objects at a
time, one after another on the same object. Nothing is remembered in memory: each object's result is committed
before the next is taken, so a killed cycle is finished by the next one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import TypeVar

import msgspec

from entrasim import links
from entrasim.application import WATERMARK, Application
from entrasim.configuration import Configuration, load_configuration
from entrasim.escrows import deletions_due, escrowed
from entrasim.faulty_wire import open_wire
from entrasim.job.attempt import ManagerCounts, MemberCounts, ObjectCounts, Run
from entrasim.job.control import Progress as JobProgress
from entrasim.job.control import load_job, save_job, save_progress
from entrasim.job.group_sync import sync_group
from entrasim.job.quarantine import Facts, after_cycle
from entrasim.job.reference_sync import sync_manager, sync_members
from entrasim.job.scoping import filter_what_is_due
from entrasim.job.user_sync import sync_user
from entrasim.people import timestamp
from entrasim.provisioning_log import drop_old_entries
from entrasim.scim_client import ScimClient
from entrasim.statefile import StateFile

T = TypeVar("T")
Progress = Callable[[str, int, int], None]


class CycleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a cycle did. `stopped` says why it ended early, None when it went through."""

    cycle: str
    number: int
    users: ObjectCounts
    groups: ObjectCounts
    managers: ManagerCounts
    members: MemberCounts
    requests: int
    failures: int
    seconds: float
    stopped: str | None = None

    @property
    def ok(self) -> bool:
        """True when the target is in line."""
        return self.stopped is None and self.failures == 0


class LastCycle(msgspec.Struct, frozen=True, kw_only=True):
    """The newest cycle as it is remembered; `finished` is None while it runs, or when it was killed."""

    number: int
    kind: str
    started: str
    finished: str | None
    result: CycleResult | None


async def run_cycle(
    state: StateFile,
    application: Application,
    *,
    clock: Callable[[], datetime],
    mint: Callable[[], str],
    initial: bool = False,
    parallel: int = 4,
    batch: int = 100,
    progress: Progress = lambda phase, done, total: None,
) -> CycleResult:
    """Run one cycle. Raises `CycleRunning`; what goes wrong with objects is in the result and in the log.

    Args:
        initial: evaluate everything again, links kept. The first cycle, and one after a first that did not end,
            is initial anyhow.
        parallel: how many requests may be under way at once.
        batch: how many members one PATCH may carry.
        progress: told the phase, how many of its objects are done, and how many there are.
    """
    started = time.perf_counter()
    with state.only_cycle():
        began = clock()
        configuration = load_configuration(state)
        watermark, kind, number = _begin(state, configuration, initial=initial, now=began)
        wire = open_wire(state, application, parallel, clock=clock)
        client = ScimClient(wire, application.endpoint, tokens=application.tokens(), clock=clock)
        run = Run(state, client, application.dialect, mint, configuration, cycle=number, batch=batch)
        pending = _stage_deletions(run)
        try:
            await _phases(run, parallel, progress=_kept(run, kind, began=began, progress=progress))
        finally:
            wire.close()
        result = _result(run, kind, seconds=time.perf_counter() - started)
        _finish(run, result, pending=pending, watermark=watermark, began=began)
    return result


def _result(run: Run, kind: str, *, seconds: float) -> CycleResult:
    return CycleResult(
        cycle=kind,
        number=run.cycle or 0,
        users=run.tally.users,
        groups=run.tally.groups,
        managers=run.tally.managers,
        members=run.tally.members,
        requests=run.client.wire.requests,
        failures=run.tally.failures,
        seconds=round(seconds, 3),
        stopped=_reason(run),
    )


def last_cycle(state: StateFile) -> LastCycle | None:
    """Return the newest cycle, or None before the first."""
    row = state.find("select number, kind, started, finished, result from cycles order by number desc limit 1")
    if row is None:
        return None
    number, kind, started, finished, packed = row
    result = msgspec.json.decode(packed, type=CycleResult) if packed else None
    return LastCycle(number=number, kind=kind, started=started, finished=finished, result=result)


def _begin(state: StateFile, configuration: Configuration, *, initial: bool, now: datetime) -> tuple[int, str, int]:
    drop_old_entries(state, now=now)
    with state.transaction():
        if initial and state.setting(WATERMARK) is not None:
            links.mark_everything_due(state)
            state.set_setting(WATERMARK, None)
        filter_what_is_due(state, configuration)
        links.settle_what_needs_nothing(state)
        kind = "initial" if state.setting(WATERMARK) is None else "incremental"
        number = state.insert("insert into cycles (kind, started) values (?, ?)", (kind, timestamp(now)))
        return state.last_change(), kind, number


def _kept(run: Run, kind: str, *, began: datetime, progress: Progress) -> Progress:
    """Report progress, and keep it in the state five times a second for whoever looks from elsewhere."""
    state, number, last = run.state, run.cycle or 0, 0.0

    def report(phase: str, done: int, total: int) -> None:
        nonlocal last
        progress(phase, done, total)
        if time.perf_counter() - last < 0.2:
            return
        last = time.perf_counter()
        requests = run.client.wire.requests
        seen = JobProgress(cycle=number, kind=kind, started=timestamp(began), phase=phase, done=done, total=total,
                           requests=requests)  # fmt: skip
        with state.transaction():
            save_progress(state, seen)

    return report


def _stage_deletions(run: Run) -> int:
    """Return how many deletions the guard holds back in this cycle: all of them, when they are too many."""
    guard = run.configuration.guard
    if guard is None or load_job(run.state).deletions_allowed:
        return 0
    due = deletions_due(run.state, skip_out_of_scope=run.configuration.skip_out_of_scope_deletions)
    run.staging = due > guard
    return due if run.staging else 0


def _finish(run: Run, result: CycleResult, *, pending: int, watermark: int, began: datetime) -> None:
    state, now = run.state, run.client.clock()
    facts = Facts(
        stopped=run.stopped,
        operations=run.tally.operations,
        failures=max(run.tally.object_failures, escrowed(state)),
        reference_failures=run.tally.reference_failures,
        pending_deletions=pending,
    )
    with state.transaction():
        save_job(state, after_cycle(load_job(state), facts, began=began, now=now))
        save_progress(state, None)
        if result.stopped is None:
            state.set_setting(WATERMARK, str(watermark))
        state.run(
            "update cycles set finished = ?, result = ? where number = ?",
            (timestamp(now), msgspec.json.encode(result), result.number),
        )


async def _phases(run: Run, parallel: int, *, progress: Progress) -> None:
    async def user(key: int) -> None:
        await sync_user(run, key)

    async def group(key: int) -> None:
        await sync_group(run, key)

    async def members(due: tuple[int, str]) -> None:
        await sync_members(run, due[0], target_id=due[1])

    async def manager(reference: links.Reference) -> None:
        await sync_manager(run, reference)

    state, rules, cycle = run.state, run.configuration, run.cycle or 0
    if rules.users.enabled:
        await _drain(run, "users", links.users_due(state, cycle), work=user, parallel=parallel, progress=progress)
    if rules.groups.enabled:
        await _drain(run, "groups", links.groups_due(state, cycle), work=group, parallel=parallel, progress=progress)
    if rules.users.enabled and "manager" in run.users.references:
        due = links.managers_due(state)
        await _drain(run, "managers", due, work=manager, parallel=parallel, progress=progress)
    if rules.groups.enabled and "members" in run.groups.references:
        groups = links.groups_with_members_due(state)
        await _drain(run, "members", groups, work=members, parallel=parallel, progress=progress)


async def _drain(
    run: Run,
    phase: str,
    due: list[T],
    *,
    work: Callable[[T], Awaitable[None]],
    parallel: int,
    progress: Progress,
) -> None:
    """Work through a phase with `parallel` workers; a stopped run takes nothing new."""
    done = 0

    async def worker(queue: Iterable[T]) -> None:
        nonlocal done
        for one in queue:
            if run.stopped is not None:
                return
            await work(one)
            done += 1
            progress(phase, done, len(due))

    queue = iter(due)
    async with asyncio.TaskGroup() as workers:
        for _ in range(min(parallel, len(due))):
            workers.create_task(worker(queue))


def _reason(run: Run) -> str | None:
    if run.stopped is None:
        return None
    return f"{run.stopped.code}: {run.stopped.message}. {run.stopped.recommendation}"
