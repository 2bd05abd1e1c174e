"""What a run carries along, and the work on one object as the log will tell it.

A `Run` is one cycle or one provision on demand. An `Attempt` collects the steps, changes and requests for one
object and becomes one log entry, saved in the same transaction as the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from entrasim.configuration import Configuration
from entrasim.dialects import Dialect
from entrasim.escrows import put_in_escrow
from entrasim.flows import Flow
from entrasim.mappings import Change
from entrasim.outcomes import Failure
from entrasim.people import timestamp
from entrasim.provisioning_log import Identity, LogEntry, Modified, Step, append_entry
from entrasim.scim_client import ScimClient
from entrasim.statefile import StateFile

_COUNTER = {"Create": "created", "Update": "updated", "Disable": "disabled", "Delete": "deleted", "Skip": "skipped"}
_COUNTER["StagedDelete"] = "staged"
_IDLE = ("Skip", "StagedDelete")


class ObjectCounts(msgspec.Struct):
    """How many objects of one kind ended how."""

    created: int = 0
    updated: int = 0
    disabled: int = 0
    deleted: int = 0
    skipped: int = 0
    failed: int = 0
    staged: int = 0


class MemberCounts(msgspec.Struct):
    """How many memberships the target was told of."""

    added: int = 0
    removed: int = 0
    failed: int = 0


class ManagerCounts(msgspec.Struct):
    """How many manager references the target was told of; skipped ones point at somebody who is not in the target."""

    set: int = 0
    removed: int = 0
    skipped: int = 0
    failed: int = 0


class Tally(msgspec.Struct):
    """What a run did so far."""

    users: ObjectCounts = msgspec.field(default_factory=ObjectCounts)
    groups: ObjectCounts = msgspec.field(default_factory=ObjectCounts)
    managers: ManagerCounts = msgspec.field(default_factory=ManagerCounts)
    members: MemberCounts = msgspec.field(default_factory=MemberCounts)

    @property
    def failures(self) -> int:
        """How many pieces of work failed and are due again."""
        return self.object_failures + self.reference_failures

    @property
    def object_failures(self) -> int:
        """How many people and groups failed."""
        return self.users.failed + self.groups.failed

    @property
    def reference_failures(self) -> int:
        """How many references failed."""
        return self.managers.failed + self.members.failed

    @property
    def operations(self) -> int:
        """How many people and groups were worked on, however it ended."""
        return sum(sum(getattr(kind, f) for f in kind.__struct_fields__) for kind in (self.users, self.groups))


@dataclass(slots=True)
class Run:
    """One cycle, or (cycle None) one provision on demand. `stopped` is the failure that ends it early.

    `staging` holds deletions back: they are logged and stay due.
    """

    state: StateFile
    client: ScimClient
    dialect: Dialect
    mint: Callable[[], str]
    configuration: Configuration
    cycle: int | None = None
    batch: int = 100
    tally: Tally = field(default_factory=Tally)
    stopped: Failure | None = None
    staging: bool = False
    users: Flow = field(init=False)
    groups: Flow = field(init=False)

    def __post_init__(self) -> None:
        self.users = Flow(self.configuration.users.mappings)
        self.groups = Flow(self.configuration.groups.mappings)

    def hold(self, kind: str, key: int, failure: Failure, change: int) -> None:
        """Put an object into escrow inside the caller's transaction, unless it was not the object's fault."""
        if self.cycle is not None and not failure.stops:
            now = self.client.clock()
            put_in_escrow(self.state, kind, key, code=failure.code, now=now, change=change, cycle=self.cycle)

    @property
    def on_demand(self) -> bool:
        """True where an object is looked at even when nothing about it is due."""
        return self.cycle is None


@dataclass(frozen=True, slots=True)
class Result:
    """How the work on one object ended well. `save` runs in the transaction that also keeps the log entry."""

    action: str
    save: Callable[[], None]


class Attempt:
    """The work on one object. Set `action` before the request that performs it, so that a failure names it."""

    def __init__(self, run: Run, identity: Identity) -> None:
        self.run, self.identity = run, identity
        self.conversation = run.client.conversation()
        self.steps: list[Step] = []
        self.modified: list[Modified] = []
        self.action = "Other"

    def step(self, kind: str, verdict: str, *, status: str = "success", **details: str) -> None:
        """Note a finished step."""
        self.steps.append(Step(kind=kind, status=status, verdict=verdict, details=details))

    def changing(self, changes: list[Change]) -> None:
        """Note the target attributes that are about to change."""
        self.modified += [Modified(name=change.target, old=change.old, new=change.new) for change in changes]

    def succeed(self, result: Result, counts: ObjectCounts) -> LogEntry:
        """Save the result, the entry and the count; return the entry."""
        if not any(step.kind == "action" for step in self.steps):
            self.step("action", result.action, status="skipped" if result.action in _IDLE else "success")
        entry = self.entry(result.action, "Skipped" if result.action in _IDLE else "Success")
        with self.run.state.transaction():
            result.save()
            append_entry(self.run.state, entry)
        counter = _COUNTER[result.action]
        setattr(counts, counter, getattr(counts, counter) + 1)
        return entry

    def fail(self, failure: Failure, *, step: str = "action", save: Callable[[], None] | None = None) -> LogEntry:
        """Keep a failure entry; the object stays due. A failure that makes going on pointless stops the run."""
        self.step(step, f"{self.action} failed", status="failure", code=failure.code, message=failure.message)
        entry = self.entry(self.action, "Failure", failure=failure)
        with self.run.state.transaction():
            if save is not None:
                save()
            append_entry(self.run.state, entry)
        if failure.stops:
            self.run.stopped = failure
        return entry

    def entry(self, action: str, status: str, *, failure: Failure | None = None) -> LogEntry:
        """Spell the attempt as a log entry."""
        return LogEntry(
            change_id=self.run.mint(),
            time=timestamp(self.run.client.clock()),
            cycle=self.run.cycle,
            identity=self.identity,
            action=action,
            status=status,
            code=failure.code if failure else None,
            message=failure.message if failure else None,
            recommendation=failure.recommendation if failure else None,
            steps=self.steps,
            modified=self.modified,
            requests=self.conversation.exchanges,
        )
