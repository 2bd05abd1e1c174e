"""Real `doorlist` processes for tests: serving until told to stop, found by what they announce."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psutil

DOORLIST = [sys.executable, "-m", "doorlist"]
ENTRASIM = [sys.executable, "-m", "entrasim"]


class Served:
    """A running `doorlist serve`, with the lines that it has announced."""

    def __init__(self, process: subprocess.Popen[str], lines: list[str]) -> None:
        self.process = process
        self.lines = lines
        self.url = next(line.split()[-1] for line in lines if "listens on" in line)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


@contextmanager
def serving(*options: str | Path, program: Sequence[str] = DOORLIST, **environment: str) -> Iterator[Served]:
    command = [*program, "serve", *map(str, options)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            while not any("provision at" in line for line in lines):
                line = process.stdout.readline()
                assert line, f"serve ended with {process.wait(10)}"
                lines.append(line.strip())
            yield Served(process, lines)
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(15)


def soon(what: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def postmaster(data: Path) -> psutil.Process:
    return psutil.Process(int((data / "postgres/postmaster.pid").read_text().splitlines()[0]))


class Commands:
    """The commands `doorlist` and `entrasim` on one data folder and one state file, without settings from outside."""

    def __init__(self, data: Path, state: Path) -> None:
        self.data = data
        self.state = state

    def doorlist(self, *words: str | Path) -> str:
        """What a command prints; it has to succeed."""
        return self._run([*DOORLIST, *map(str, words), "--data", str(self.data)])

    def doorlist_json(self, *words: str | Path) -> Any:
        return json.loads(self.doorlist(*words, "--json"))

    def entrasim(self, *words: str | Path) -> str:
        """What a command prints; it has to succeed."""
        return self._run([*ENTRASIM, *map(str, words), "--state", str(self.state)])

    def entrasim_json(self, *words: str | Path) -> Any:
        return json.loads(self.entrasim(*words, "--json"))

    def organization(self, name: str) -> Organization:
        """A new Enterprise organization with a token."""
        made = self.doorlist_json("org", "create", name, "--plan", "enterprise", "--owner", "owner@example.com")
        minted = self.doorlist_json("token", "create", "--org", made["slug"], "--label", "test")
        return Organization(made["slug"], minted["scim_url"], minted["token"])

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
        assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stdout} {done.stderr}"
        return done.stdout


@dataclass(frozen=True)
class Organization:
    """What a directory needs to provision into an organization."""

    slug: str
    scim_url: str
    token: str

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.scim_url, headers={"Authorization": f"Bearer {self.token}"}, timeout=60)


def environment() -> dict[str, str]:
    """The environment without settings of Doorlist and the stand-in."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("DOORLIST_", "ENTRASIM_"))}
