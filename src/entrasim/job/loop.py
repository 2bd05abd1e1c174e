"""What happens by itself as time goes by: cycles every 40 minutes, and the recycle bin that empties after 30 days.

`run_what_is_due` does what is due at one moment. `keep_running` does so while real time passes, `advance` while a
clock that stands still is moved from one due moment to the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from entrasim import links
from entrasim.application import load_application
from entrasim.clock import Clock, hold_clock, load_clock, release_clock
from entrasim.job.control import INTERVAL, due_at, load_job, save_job
from entrasim.job.cycle import CycleResult, Progress, run_cycle
from entrasim.people import next_expiry, purge_expired, timestamp
from entrasim.refusals import Refusal
from entrasim.statefile import StateFile

PAUSE = 1.0  # seconds between two looks at the clock


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """What happened while the clock was moved; `idle` cycles found nothing to do and were not run one by one."""

    from_time: str
    to_time: str
    cycles: list[CycleResult]
    idle: int
    purged: int


def nothing(phase: str, done: int, total: int) -> None:
    """Report progress to nobody."""


async def run_what_is_due(
    state: StateFile, *, clock: Clock, mint: Callable[[], str], parallel: int = 4, progress: Progress = nothing
) -> CycleResult | None:
    """Empty the recycle bin and run the cycle that is due, if one is. Raises `CycleRunning`."""
    purge_expired(state, now=clock())
    moment = due_at(load_job(state))
    if moment is None or moment > clock():
        return None
    application = load_application(state)
    return await run_cycle(state, application, clock=clock, mint=mint, parallel=parallel, progress=progress)


async def keep_running(state: StateFile, *, mint: Callable[[], str], parallel: int = 4) -> None:
    """Do what is due, again and again, until cancelled; while somebody moves the clock, that is theirs to do."""
    while True:
        try:
            if not state.clock_moving():
                await run_what_is_due(state, clock=load_clock(state), mint=mint, parallel=parallel)
        except Refusal:
            pass  # another process runs the cycle, or took the connection away: the next look tells
        except Exception:  # the job must outlive one bad cycle; what was committed stays, the rest is due again
            logging.getLogger("entrasim").exception("The job met an unexpected failure and goes on.")
        await asyncio.sleep(PAUSE)


async def advance(
    state: StateFile, span: timedelta, *, mint: Callable[[], str], parallel: int = 4, progress: Progress = nothing
) -> Advance:
    """Move the clock forward and run, each at its own moment, what becomes due on the way.

    The clock stands still meanwhile; one that ran before runs on at the end. Raises `InvalidTime`, `CycleRunning`.
    """
    with state.only_mover():
        before = load_clock(state)
        start = before()
        end, cycles, idle, purged = start + span, [], 0, 0
        try:
            while (moment := _next_moment(state)) is not None and moment <= end:
                clock = hold_clock(state, max(moment, load_clock(state)()))
                purged += purge_expired(state, now=clock())
                if skipped := _skip_idle_cycles(state, end):
                    idle += skipped
                    continue
                result = await run_what_is_due(state, clock=clock, mint=mint, parallel=parallel, progress=progress)
                cycles += [] if result is None else [result]
            hold_clock(state, end)
        finally:
            if before.held is None:
                release_clock(state)
    return Advance(from_time=timestamp(start), to_time=timestamp(end), cycles=cycles, idle=idle, purged=purged)


def _next_moment(state: StateFile) -> datetime | None:
    moments = [moment for moment in (due_at(load_job(state)), next_expiry(state)) if moment is not None]
    return min(moments, default=None)


def _skip_idle_cycles(state: StateFile, end: datetime) -> int:
    """Let cycles that would find nothing pass without running them, up to the next expiry; return how many."""
    job = load_job(state)
    moment = due_at(job)
    if moment is None or job.quarantine is not None or links.anything_due(state):
        return 0
    expiry = next_expiry(state)
    until = end if expiry is None else min(end, expiry)
    count = max((until - moment) // INTERVAL + 1, 0)
    if count:
        with state.transaction():
            save_job(state, msgspec.structs.replace(job, next_cycle=moment + count * INTERVAL))
    return count
