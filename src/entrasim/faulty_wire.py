"""A wire on which faults happen: each request meets the rules in their order, and the first that strikes decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from entrasim.application import Application
from entrasim.faults import MALFORMED, Fault, list_faults, save_counts
from entrasim.statefile import StateFile
from entrasim.wire import Answer, Wire, WireError, WireTimeoutError


class FaultyWire(Wire):
    """Connections to a target, with the faults of a state in between; their counts are kept when it is closed."""

    def __init__(self, url: str, connections: int, *, state: StateFile, clock: Callable[[], datetime]) -> None:
        super().__init__(url, connections)
        self._state, self._clock = state, clock
        self._faults = list_faults(state)

    async def send(self, method: str, path: str, *, headers: bytes = b"", body: bytes | None = None) -> Answer:
        """Send one request, unless a fault takes its place. Raises `WireError`, `WireTimeoutError`."""
        fault = self._striking(method, path)
        if fault is None:
            return await super().send(method, path, headers=headers, body=body)
        save_counts(self._state, self._faults)
        if fault.rule.kind == "slow":
            await asyncio.sleep(fault.rule.milliseconds / 1000)
            answer = await super().send(method, path, headers=headers, body=body)
            return Answer(answer.status, answer.headers, answer.body, fault=str(fault.rule))
        if fault.rule.late:
            await super().send(method, path, headers=headers, body=body)
        else:
            self.requests += 1
        return _in_place_of_an_answer(fault, method)

    def close(self) -> None:
        """Close every idle connection and keep the counts."""
        super().close()
        if self._faults:
            save_counts(self._state, self._faults)

    def _striking(self, method: str, path: str) -> Fault | None:
        now = self._clock() if self._faults else None
        for fault in self._faults:
            if now is not None and fault.rule.fits(method, path, now=now) and fault.strikes():
                return fault
        return None


def open_wire(
    state: StateFile, application: Application, connections: int, *, clock: Callable[[], datetime]
) -> FaultyWire:
    """Open connections to an application's endpoint, with the faults that are in force."""
    return FaultyWire(application.url, connections, state=state, clock=clock)


def _in_place_of_an_answer(fault: Fault, method: str) -> Answer:
    rule, name = fault.rule, f"{fault.rule}{', after the target did its work' if fault.rule.late else ''}"
    if rule.kind == "timeout":
        raise WireTimeoutError("No answer within 100 seconds.", fault=name)
    if rule.kind == "cut":
        raise WireError("The server closed the connection.", fault=name)
    if rule.kind == "malformed":
        return Answer(201 if method == "POST" else 200, {}, MALFORMED[fault.hits % len(MALFORMED)], fault=name)
    headers = {} if rule.retry_after is None else {"retry-after": rule.retry_after}
    return Answer(rule.status or 500, headers, fault=name)
