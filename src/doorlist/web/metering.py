"""Counts of requests by operation, status and duration, kept in plain integers of one process.

Names come from a closed set: nothing that a client sends becomes a label, so the counts are bounded.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from doorlist.web.requests import Scope, Send

BOUNDS: Final = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 250_000, 1_000_000, 10_000_000)
"""Upper bounds of the classes of duration, in microseconds; a last class has what took longer."""

Counts = dict[tuple[str, int], list[int]]
"""By operation and status: how many fell into each class of duration, then the sum of all durations."""

_WRITTEN: Final = {"PUT": "replace", "PATCH": "patch", "DELETE": "delete", "GET": "get", "HEAD": "get"}
_LISTED: Final = {"POST": "create", "GET": "list", "HEAD": "list"}
_TYPES: Final = {"Users": "User", "Groups": "Group"}
_SCIM: Final = {
    **{("", method, kind): f"scim {verb} {name}" for kind, name in _TYPES.items() for method, verb in _LISTED.items()},
    **{
        ("id", method, kind): f"scim {verb} {name}"
        for kind, name in _TYPES.items()
        for method, verb in _WRITTEN.items()
    },
    **{(".search", "POST", kind): f"scim search {name}" for kind, name in _TYPES.items()},
    ("members", "GET", "Groups"): "scim list members",
    ("", "POST", "Bulk"): "scim bulk",
    ("", "POST", ".search"): "scim search all",
    **{("", "GET", name): "scim discover" for name in ("ServiceProviderConfig", "ResourceTypes", "Schemas")},
}
_SIGN_IN: Final = frozenset({"metadata", "login", "test", "acs", "slo"})
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEALTH: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class Tally:
    """The counts of one process."""

    def __init__(self) -> None:
        self.counts: Counts = {}

    def note(self, operation: str, status: int, microseconds: int) -> None:
        """Count one request that took so long."""
        row = self.counts.get((operation, status))
        if row is None:
            row = self.counts[operation, status] = [0] * (len(BOUNDS) + 2)
        row[bisect_left(BOUNDS, microseconds)] += 1
        row[-1] += microseconds


def scim_operation(method: str, parts: Sequence[str]) -> str:
    """The name of a SCIM operation, from the segments of its address below /scim/v2."""
    if not parts:
        return "scim list all" if method == "GET" else "scim other"
    shape = "" if len(parts) == 1 else "id" if len(parts) == 2 and parts[1] != ".search" else parts[-1]
    return _SCIM.get((shape, method, parts[0]), "scim other")


def operation(method: str, path: str) -> str:
    """The name of any other operation: its area, then what it does there."""
    if path in _HEALTH:
        return f"health {path[1:]}"
    verb = "read" if method in _READS else "write"
    if path.startswith("/saml/"):
        last = path.rpartition("/")[2]
        return f"sign-in {last if last in _SIGN_IN else 'other'}"
    if path.startswith("/signin"):
        return f"sign-in local-{verb}"
    if path.startswith("/access/"):
        return "decisions decide"
    return f"management {verb}" if path.startswith(("/api/", "/.well-known/")) else f"console {verb}"


class Watched:
    """Passes an answer on and knows its status: 499 when the client was gone before there was one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 499

    async def __call__(self, message: Scope) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)
