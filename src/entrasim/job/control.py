"""The job as an administrator steers it: start, stop, restart, allow deletions; and what state it is in.

The state of the job is one setting of the state file. A cycle reads it when it begins and writes what follows from
its result when it ends; in between it may be stopped, which lets the cycle under way finish.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from entrasim import links
from entrasim.application import WATERMARK, forget_target, load_application
from entrasim.people import timestamp
from entrasim.refusals import WrongState
from entrasim.statefile import StateFile

INTERVAL = timedelta(minutes=40)
_JOB, _PROGRESS = "job", "progress"


class Quarantine(msgspec.Struct, frozen=True, kw_only=True):
    """Why the job is held back, since when, and how often and when next it is tried again."""

    reason: str
    message: str
    since: datetime
    next_try: datetime
    tries: int = 0
    pending_deletions: int = 0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The job. status: new (never started), on, off, disabled (four weeks in quarantine)."""

    status: Literal["new", "on", "off", "disabled"] = "new"
    next_cycle: datetime | None = None
    quarantine: Quarantine | None = None
    deletions_allowed: bool = False


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a cycle has come: its phase, how many of the phase's objects are done, and how many there are."""

    cycle: int
    kind: str
    started: str
    phase: str
    done: int
    total: int
    requests: int


def load_job(state: StateFile) -> Job:
    """Return the job as it is now."""
    packed = state.setting(_JOB)
    return Job() if packed is None else msgspec.json.decode(packed, type=Job)


def save_job(state: StateFile, job: Job) -> None:
    """Keep the job inside the caller's transaction."""
    state.set_setting(_JOB, msgspec.json.encode(job).decode())


def start_job(state: StateFile, *, now: datetime) -> Job:
    """Turn provisioning on; the next cycle is due at once. Raises `NotConnected`."""
    load_application(state)
    return _change(state, lambda job: msgspec.structs.replace(job, status="on", next_cycle=now))


def stop_job(state: StateFile) -> Job:
    """Turn provisioning off; a cycle that is under way finishes."""
    return _change(state, lambda job: msgspec.structs.replace(job, status="off", next_cycle=None))


def restart_job(state: StateFile, *, now: datetime, forget_links: bool = False) -> Job:
    """Turn provisioning on and evaluate everything again; escrows and quarantine are void.

    Links between people and resources stay, unless `forget_links`: then everything is matched again as well.
    Raises `NotConnected`.
    """
    load_application(state)
    with state.transaction():
        if forget_links:
            forget_target(state)
        links.mark_everything_due(state)
        state.set_setting(WATERMARK, None)
        job = Job(status="on", next_cycle=now)
        save_job(state, job)
    return job


def allow_deletions(state: StateFile, *, now: datetime) -> Job:
    """Let the next cycle, due at once, do the deletions that the guard held back. Raises `WrongState`."""
    with state.transaction():
        job = load_job(state)
        if job.quarantine is None or not job.quarantine.pending_deletions:
            raise WrongState("No deletions wait for permission.")
        job = msgspec.structs.replace(job, quarantine=None, deletions_allowed=True)
        if job.status == "on":
            job = msgspec.structs.replace(job, next_cycle=now)
        save_job(state, job)
    return job


def due_at(job: Job) -> datetime | None:
    """Return when the next cycle is due; None while the job is off."""
    if job.status != "on":
        return None
    return job.quarantine.next_try if job.quarantine is not None else job.next_cycle


def save_progress(state: StateFile, progress: Progress | None) -> None:
    """Keep how far the cycle has come, for whoever looks; None when it ended."""
    state.set_setting(_PROGRESS, None if progress is None else msgspec.json.encode(progress).decode())


def load_progress(state: StateFile) -> Progress | None:
    """Return how far the cycle under way has come; None when none is under way."""
    packed = state.setting(_PROGRESS)
    if packed is None or not state.cycle_running():
        return None
    return msgspec.json.decode(packed, type=Progress)


def next_after(started: datetime, now: datetime) -> datetime:
    """Return when the cycle after one is due: 40 minutes from its start, at once when it took longer."""
    return max(started + INTERVAL, now)


def spell(moment: datetime | None) -> str | None:
    """Spell a moment that may be none."""
    return None if moment is None else timestamp(moment)


def _change(state: StateFile, change: Callable[[Job], Job]) -> Job:
    with state.transaction():
        job = change(load_job(state))
        save_job(state, job)
    return job
