"""The processes that are measured: `doorlist serve` on a database of its own, and the reference beside it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Served:
    """A running Doorlist with an Enterprise organization and its token."""

    port: int
    token: str
    data: Path
    pid: int


@contextmanager
def doorlist(workers: int) -> Iterator[Served]:
    """Doorlist on the embedded PostgreSQL, durable as in production, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="doorlist-bench-") as folder:
        data = Path(folder) / "data"
        command = [BIN / "doorlist", "serve", "--data", data, "--port", "0", "--workers", str(workers)]
        environment = {**os.environ, "DOORLIST_LOG_LEVEL": "warning"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            try:
                port = _announced_port(process)
                _command("org", "create", "Bench", "--plan", "enterprise", "--owner", "o@bench.example", data=data)
                made = _command("token", "create", "--org", "bench", "--label", "bench", data=data)
                yield Served(port, made["token"], data, process.pid)
            finally:
                process.terminate()
                process.wait(30)


@contextmanager
def reference(workers: int) -> Iterator[int]:
    """The trivial application behind the same server software; its port."""
    with announced([sys.executable, "-m", "bench.reference", str(workers)], {}) as port:
        yield port


@contextmanager
def bare_handler(workers: int, url: str) -> Iterator[int]:
    """The handler without any checks, on the same database; its port. Its token is `bare`."""
    with announced([sys.executable, "-m", "bench.bare", str(workers)], {"BARE_DATABASE_URL": url}) as port:
        yield port


@contextmanager
def announced(command: Sequence[str], settings: Mapping[str, str]) -> Iterator[int]:
    """A server that says on which port of the loopback it listens; it is ended afterwards."""
    environment = {**os.environ, **settings}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield _announced_port(process)
        finally:
            process.terminate()
            process.wait(30)


def _announced_port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"listens on http://127\.0\.0\.1:(\d+)", line)
        if found:
            return int(found.group(1))
    raise RuntimeError("the server ended before it listened")


def _command(*words: str, data: Path) -> dict[str, str]:
    command = [BIN / "doorlist", *words, "--json", "--data", data]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    made: dict[str, str] = json.loads(answer.stdout)
    return made
