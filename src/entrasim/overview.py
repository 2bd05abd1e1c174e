"""What the state file holds, in figures: the page an administrator looks at first. Reads only."""

from __future__ import annotations

import msgspec

from entrasim.application import Application, load_application
from entrasim.clock import load_clock
from entrasim.job.control import Job, Progress, due_at, load_job, load_progress, spell
from entrasim.job.cycle import LastCycle, last_cycle
from entrasim.people import timestamp
from entrasim.refusals import NotConnected
from entrasim.scope import GROUP_IN_SCOPE, PERSON_IN_SCOPE, syncs_all
from entrasim.statefile import StateFile


class PeopleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """People by what they are; `due` are those that the next cycle looks at."""

    total: int
    enabled: int
    disabled: int
    soft_deleted: int
    in_scope: int
    linked: int
    due: int


class GroupFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Groups by what they are."""

    total: int
    in_scope: int
    linked: int
    due: int


class MemberFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Direct memberships: how many there are, and of how many the target was told."""

    total: int
    told: int


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """The saved connection without its token."""

    url: str
    dialect: str


class ClockFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What the clock shows, and whether it stands still."""

    time: str
    held: bool


class JobFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The job: its status (new, on, off, disabled), when it runs next, what holds it back, how far it has come."""

    status: str
    due: str | None
    running: bool
    progress: Progress | None
    job: Job


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at a glance."""

    state: str
    connection: Connection | None
    scope: str
    users: PeopleFigures
    groups: GroupFigures
    members: MemberFigures
    last_cycle: LastCycle | None
    clock: ClockFigures
    job: JobFigures


_PEOPLE = f"""
    select count(*), coalesce(sum(soft_deleted_at is null and account_enabled), 0),
           coalesce(sum(soft_deleted_at is null and not account_enabled), 0),
           coalesce(sum(soft_deleted_at is not null), 0), coalesce(sum({PERSON_IN_SCOPE}), 0)
    from people p where purged_at is null
"""  # noqa: S608 - constants only
_GROUPS = f"select count(*), coalesce(sum({GROUP_IN_SCOPE}), 0) from groups g where deleted_at is null"  # noqa: S608
_DUE = (
    "select (select count(*) from people where touched > synced), (select count(*) from groups where touched > synced)"
)


def overview(state: StateFile) -> Overview:
    """Count everything."""
    total, enabled, disabled, deleted, users_in_scope = state.row(_PEOPLE)
    groups, groups_in_scope = state.row(_GROUPS)
    users_due, groups_due = state.row(_DUE)
    (users_linked,) = state.row("select count(*) from user_links")
    (groups_linked,) = state.row("select count(*) from group_links")
    members, told = state.row("select coalesce(sum(present), 0), coalesce(sum(sent), 0) from memberships")
    return Overview(
        state=str(state.path),
        connection=_connection(state),
        scope="all" if syncs_all(state) else "assigned",
        users=PeopleFigures(
            total=total,
            enabled=enabled,
            disabled=disabled,
            soft_deleted=deleted,
            in_scope=users_in_scope,
            linked=users_linked,
            due=users_due,
        ),
        groups=GroupFigures(total=groups, in_scope=groups_in_scope, linked=groups_linked, due=groups_due),
        members=MemberFigures(total=members, told=told),
        last_cycle=last_cycle(state),
        clock=_clock(state),
        job=_job(state),
    )


def _clock(state: StateFile) -> ClockFigures:
    clock = load_clock(state)
    return ClockFigures(time=timestamp(clock()), held=clock.held is not None)


def _job(state: StateFile) -> JobFigures:
    job = load_job(state)
    return JobFigures(
        status=job.status,
        due=spell(due_at(job)),
        running=state.cycle_running(),
        progress=load_progress(state),
        job=job,
    )


def _connection(state: StateFile) -> Connection | None:
    try:
        application: Application = load_application(state)
    except NotConnected:
        return None
    return Connection(url=application.url, dialect=application.dialect.value)
