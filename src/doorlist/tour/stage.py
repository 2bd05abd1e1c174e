"""What a tour plays on: the running server, both commands, and what earlier steps left for later ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from doorlist.tour import cast, probe
from doorlist.tour.probe import Answer
from doorlist.tour.programs import Programs
from doorlist.tour.steps import StepFailed

Places = dict[tuple[str, str], str]
"""Level by (workspace, folder); the folder is empty for the workspace itself."""

_LOG_SECONDS: Final = 0.6  # a little longer than the log waits before it writes


@dataclass(slots=True)
class Stage:
    """One organization on one server.

    Attributes:
        url: the server's address.
        run: both commands.
        directory: the address of the stand-in's pages.
        tokens: the texts of tokens by label, as they were shown once.
        kept: what a step found that a later one compares with.
    """

    url: str
    run: Programs
    directory: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def scim_url(self) -> str:
        """The tenant URL."""
        return f"{self.url}/scim/v2"

    @property
    def port(self) -> int:
        """Where the server listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def data(self) -> Path:
        """The data folder of the server."""
        return self.run.data

    def doorlist(self, *words: str) -> Any:
        """The JSON of a `doorlist` command for the company's organization."""
        return self.run.doorlist(*words, "--org", cast.SLUG)

    def refused(self, *words: str) -> str:
        """The refusal of a `doorlist` command for the company's organization."""
        return self.run.doorlist_refuses(*words, "--org", cast.SLUG)

    def create_token(self, label: str, *, days: int) -> dict[str, Any]:
        """A new token; its text is kept under the label."""
        made: dict[str, Any] = self.doorlist("token", "create", "--label", label, "--expires", str(days))
        self.tokens[label] = made["token"]
        return made

    def connect(self, label: str) -> None:
        """Put the tenant URL and a token into the stand-in."""
        self.run.entrasim("connect", self.scim_url, self.tokens[label])

    def cycle(self) -> dict[str, Any]:
        """Run one cycle of the stand-in; its counts."""
        counts: dict[str, Any] = self.run.entrasim_json("cycle")
        return counts

    def get(self, path: str, *, label: str) -> Answer:
        """GET a SCIM path with a token."""
        return probe.get(self.scim_url, path, token=self.tokens[label])

    def reached(self, handle: str) -> Places:
        """Every place that somebody reaches."""
        lines = self.doorlist("access", "what", "--user", cast.user_name(handle))
        return {(line["workspace"], line["folder"]): line["level"] for line in lines}

    def seen(self, what: str, is_meant: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The newest logged request that is meant; waits for it, since the log is written in batches."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            time.sleep(_LOG_SECONDS)
            for line in self.doorlist("log", "--limit", "50"):
                if is_meant(line):
                    return dict(line)
        raise StepFailed("The request log", expected=what, found="no such line within 10 seconds")

    def person(self, handle: str) -> dict[str, Any]:
        """Somebody as SCIM shows them. Raises `StepFailed` unless there is exactly one of that name."""
        return self._only("Users", f'userName eq "{cast.user_name(handle)}"')

    def group(self, name: str) -> dict[str, Any]:
        """A group as SCIM shows it, with its members. Raises `StepFailed` unless there is exactly one of that name."""
        return self._only("Groups", f'displayName eq "{name}"')

    def _only(self, kind: str, condition: str) -> dict[str, Any]:
        found = self.get(f"/{kind}?filter={quote(condition)}", label=cast.RENEWED).body.get("Resources", [])
        if len(found) != 1:
            raise StepFailed(f"{kind} where {condition}", expected="exactly one", found=str(len(found)))
        return dict(found[0])
