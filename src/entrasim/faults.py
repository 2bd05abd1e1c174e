"""Faults between the job and the target: what goes wrong, with which requests, how often, and when.

A rule is kept in the state file with how many requests it has seen and hit, so that "the third request" means the same
after a restart. Whether a probability hits is worked out from the rule's number and the count: a run can be repeated.
"""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Literal

import msgspec

from entrasim.refusals import InvalidFault, UnknownName
from entrasim.statefile import StateFile

Kind = Literal["status", "timeout", "slow", "cut", "malformed"]
MALFORMED = (b"<html><body>Sorry.</body></html>", b'{"schemas":["urn:ietf', b"[]", b"\xff\xfe")


class FaultRule(msgspec.Struct, frozen=True, kw_only=True):
    """One fault.

    Args:
        kind: `status` answers with `status` (and `retry_after`); `timeout` gives no answer; `slow` waits first; `cut`
            closes the connection; `malformed` answers with success and a body that is no SCIM.
        late: the target receives the request and does the work; only its answer is replaced or lost.
        probability: how often a request that fits is hit, from 0 to 1.
        nth: hits the how-manieth requests that fit, counted from 1; `every` hits each so-manieth.
        times: ends after so many hits.
        method, path: which requests fit; `path` is a part of the request target, such as `/Users`.
        since, until: when, on the state's clock.
        milliseconds: how long `slow` waits, in real time.
    """

    kind: Kind
    status: int | None = None
    retry_after: str | None = None
    late: bool = False
    probability: float = 1.0
    nth: list[int] | None = None
    every: int | None = None
    times: int | None = None
    method: str | None = None
    path: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    milliseconds: int = 0

    def __str__(self) -> str:
        name = str(self.status) if self.kind == "status" else self.kind
        return name + (f" with Retry-After {self.retry_after}" if self.retry_after is not None else "")

    def fits(self, method: str, path: str, *, now: datetime) -> bool:
        """Tell whether a request is one that the rule is about."""
        return (
            (self.method is None or self.method == method)
            and (self.path is None or self.path in path)
            and (self.since is None or now >= self.since)
            and (self.until is None or now < self.until)
        )


class Fault(msgspec.Struct, kw_only=True):
    """A rule with its number and its counts."""

    id: int
    rule: FaultRule
    seen: int = 0
    hits: int = 0

    def strikes(self) -> bool:
        """Count a request that fits, and tell whether it is hit."""
        self.seen += 1
        rule = self.rule
        if rule.times is not None and self.hits >= rule.times:
            return False
        if rule.nth is not None and self.seen not in rule.nth:
            return False
        if rule.every is not None and self.seen % rule.every:
            return False
        if rule.probability < 1 and zlib.crc32(b"%d:%d" % (self.id, self.seen)) / 2**32 >= rule.probability:
            return False
        self.hits += 1
        return True


def add_fault(state: StateFile, rule: FaultRule) -> Fault:
    """Put a fault in force. Raises `InvalidFault`."""
    _check(rule)
    with state.transaction():
        number = state.insert("insert into faults (rule) values (?)", (msgspec.json.encode(rule),))
    return Fault(id=number, rule=rule)


def list_faults(state: StateFile) -> list[Fault]:
    """Return the faults in force with their counts."""
    rows = state.rows("select id, rule, seen, hits from faults order by id")
    return [
        Fault(id=number, rule=msgspec.json.decode(rule, type=FaultRule), seen=seen, hits=hits)
        for number, rule, seen, hits in rows
    ]


def remove_fault(state: StateFile, number: int) -> None:
    """Take a fault out of force. Raises `UnknownName`."""
    with state.transaction():
        if not state.run("delete from faults where id = ?", (number,)):
            raise UnknownName(f"There is no fault {number}.")


def clear_faults(state: StateFile) -> int:
    """Take every fault out of force; return how many there were."""
    with state.transaction():
        return state.run("delete from faults")


def save_counts(state: StateFile, faults: list[Fault]) -> None:
    """Keep what the faults have seen and hit."""
    with state.transaction():
        counts = ((fault.seen, fault.hits, fault.id) for fault in faults)
        state.run_many("update faults set seen = ?, hits = ? where id = ?", counts)


def _check(rule: FaultRule) -> None:
    if (rule.kind == "status") != (rule.status is not None):
        raise InvalidFault("A fault of the kind status needs a status, the others have none.")
    if rule.status is not None and not 400 <= rule.status <= 599:
        raise InvalidFault("The status of a fault lies between 400 and 599.")
    if not 0 <= rule.probability <= 1:
        raise InvalidFault("A probability lies between 0 and 1.")
    if (rule.nth is not None and (not rule.nth or min(rule.nth) < 1)) or (rule.every is not None and rule.every < 1):
        raise InvalidFault("Requests are counted from 1.")
    if rule.times is not None and rule.times < 1:
        raise InvalidFault("A fault happens at least once.")
    if rule.kind == "slow" and not 1 <= rule.milliseconds <= 600_000:
        raise InvalidFault("A slow answer waits between 1 and 600,000 milliseconds.")
    if rule.retry_after is not None and not (rule.retry_after.isascii() and rule.retry_after.isprintable()):
        raise InvalidFault("Retry-After must be printable ASCII.")
