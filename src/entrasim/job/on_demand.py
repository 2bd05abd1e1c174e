"""Provision on demand: one user, or one group with up to five of its direct members, at once.

The same work as in a cycle, always in the default dialect: the real service ignores the compatibility flag here.
Each member is looked up in the group before it is added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from entrasim import links
from entrasim.application import Application
from entrasim.configuration import load_configuration
from entrasim.dialects import Dialect
from entrasim.entries import Group, Person
from entrasim.faulty_wire import open_wire
from entrasim.job.attempt import Attempt, Run
from entrasim.job.connection_check import find_nobody
from entrasim.job.control import load_job
from entrasim.job.group_sync import sync_group
from entrasim.job.reference_sync import sync_manager, tell_members
from entrasim.job.scoping import filter_what_is_due
from entrasim.job.user_sync import sync_user
from entrasim.links import DueMember
from entrasim.outcomes import Failure
from entrasim.people import find_person
from entrasim.provisioning_log import Identity, LogEntry, append_entry
from entrasim.refusals import OnDemandLimit, WrongState
from entrasim.scim_client import GROUPS, ScimClient
from entrasim.security_groups import find_group, is_member
from entrasim.statefile import StateFile
from entrasim.wire import Wire

MEMBER_LIMIT = 5


class MemberOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one member. membership: added, already a member, skipped, failed."""

    user: LogEntry
    membership: str


class OnDemandResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did: the object's own entry with its steps, and one outcome per member."""

    ok: bool
    outcome: LogEntry
    members: list[MemberOutcome] = []
    requests: int
    failures: int


async def provision_user(
    state: StateFile, application: Application, *, name: str, clock: Callable[[], datetime], mint: Callable[[], str]
) -> OnDemandResult:
    """Provision one user. Raises `UnknownName`, `CycleRunning`, and `WrongState` for an inactive person."""
    person = _provisionable(state, name)
    with state.only_cycle():
        run, wire = _open(state, application, clock=clock, mint=mint)
        try:
            outcome = await _tested(run, person)
            if outcome is None:
                outcome = await sync_user(run, person.key)
                await _sync_own_manager(run, person)
        finally:
            wire.close()
    return _result(run, outcome, members=[])


async def provision_group(
    state: StateFile,
    application: Application,
    *,
    name: str,
    members: Sequence[str],
    clock: Callable[[], datetime],
    mint: Callable[[], str],
) -> OnDemandResult:
    """Provision one group and one to five of its members.

    Raises `OnDemandLimit` for too few or many members or somebody who is no direct member, `UnknownName`,
    `WrongState` for an inactive person, `CycleRunning`.
    """
    group = find_group(state, name)
    people = _chosen(state, group, members=members)
    with state.only_cycle():
        run, wire = _open(state, application, clock=clock, mint=mint)
        try:
            outcome = await _tested(run, group)
            outcomes: list[MemberOutcome] = []
            if outcome is None:
                outcome = await sync_group(run, group.key)
                outcomes = await _provision_members(run, group, people=people)
        finally:
            wire.close()
    return _result(run, outcome, members=outcomes)


def _chosen(state: StateFile, group: Group, *, members: Sequence[str]) -> list[Person]:
    people = {person.key: person for person in (_provisionable(state, member) for member in members)}
    if not 1 <= len(people) <= MEMBER_LIMIT:
        raise OnDemandLimit(f"Provision on demand takes 1 to {MEMBER_LIMIT} members a run, not {len(people)}.")
    for person in people.values():
        if not is_member(state, group.key, person=person.key):
            raise OnDemandLimit(f"{person.name} is no direct member of {group.name}.")
    return list(people.values())


def _provisionable(state: StateFile, name: str) -> Person:
    person = find_person(state, name)
    if not person.active:
        raise WrongState(f"{person.name} is disabled or deleted, and cannot be provisioned on demand.")
    return person


def _open(
    state: StateFile, application: Application, *, clock: Callable[[], datetime], mint: Callable[[], str]
) -> tuple[Run, Wire]:
    if application.credentials is not None and load_job(state).status == "on":
        raise WrongState("With OAuth, the job has to be stopped before something is provisioned on demand.")
    wire: Wire = open_wire(state, application, 1, clock=clock)
    client = ScimClient(wire, application.endpoint, tokens=application.tokens(), clock=clock)
    configuration = load_configuration(state)
    with state.transaction():
        filter_what_is_due(state, configuration)
    return Run(state, client, Dialect.DEFAULT, mint, configuration), wire


async def _tested(run: Run, subject: Person | Group) -> LogEntry | None:
    """Test the connection; the step is shown only when it fails, as the outcome of the whole run."""
    kind = "User" if isinstance(subject, Person) else "Group"
    attempt = Attempt(run, Identity(kind=kind, id=subject.id, name=subject.name))
    try:
        await find_nobody(attempt.conversation, run.configuration, guid=run.mint())
    except Failure as failure:
        counts = run.tally.users if kind == "User" else run.tally.groups
        counts.failed += 1
        return attempt.fail(failure, step="testConnection")
    return None


async def _provision_members(run: Run, group: Group, *, people: list[Person]) -> list[MemberOutcome]:
    target_id = links.load_group(run.state, group.key).target_id
    outcomes, absent = [], []
    for person in people:
        if run.stopped is not None:
            break
        entry = await sync_user(run, person.key)
        await _sync_own_manager(run, person)
        linked = links.load_user(run.state, person.key)
        if target_id is None or linked.target_id is None or entry.status == "Failure":
            outcomes.append((entry, "skipped", person.key))
            continue
        member = DueMember(person.key, linked.target_id)
        held = await _holds_member(run, group, target_id=target_id, member=member)
        if held is False:
            absent.append(member)
        outcomes.append((entry, {True: "already a member", False: "added", None: "failed"}[held], person.key))
    if absent and target_id is not None:
        await tell_members(run, group.key, target_id=target_id, members=absent, adding=True)
    due = {member.person for member in links.members_due(run.state, group.key, adding=True)}
    return [
        MemberOutcome(user=entry, membership="failed" if membership == "added" and key in due else membership)
        for entry, membership, key in outcomes
    ]


async def _holds_member(run: Run, group: Group, *, target_id: str, member: DueMember) -> bool | None:
    """Ask whether the target's group has a member, and keep that it does; None when the question failed."""
    attempt = Attempt(run, Identity(kind="Group", id=group.id, name=group.name, target_id=target_id))
    talk = attempt.conversation
    try:
        held = await talk.holds_reference(GROUPS, target_id, attribute="members", value=member.target_id)
    except Failure as failure:
        run.tally.members.failed += 1
        attempt.fail(failure)
        return None
    attempt.step("match", "a member already" if held else "not a member yet", status="skipped" if held else "success")
    with run.state.transaction():
        if held:
            links.save_members(run.state, group.key, members=[member], added=True)
        append_entry(run.state, attempt.entry("Skip" if held else "Other", "Skipped" if held else "Success"))
    return held


async def _sync_own_manager(run: Run, person: Person) -> None:
    for reference in links.managers_due(run.state):
        if reference.person == person.key:
            await sync_manager(run, reference)


def _result(run: Run, outcome: LogEntry, *, members: list[MemberOutcome]) -> OnDemandResult:
    return OnDemandResult(
        ok=run.tally.failures == 0,
        outcome=outcome,
        members=members,
        requests=run.client.wire.requests,
        failures=run.tally.failures,
    )
