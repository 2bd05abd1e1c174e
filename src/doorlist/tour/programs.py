"""The commands `doorlist` and `entrasim` of this installation as child processes, on one data folder and state file.

The environment's settings of both are kept out, so that a tour depends on nothing but its own options.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from doorlist.errors import BadInput
from doorlist.tour.steps import StepFailed

_COMMAND_SECONDS: Final = 120
_STOP_SECONDS: Final = 40


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Programs:
    """Both commands, with --data and --state filled in."""

    data: Path
    state: Path

    def doorlist(self, *words: str) -> Any:
        """The JSON document that a `doorlist` command prints. Raises `StepFailed` when it is refused."""
        return json.loads(self._done("doorlist", *words, "--json", "--data", str(self.data)).out)

    def doorlist_refuses(self, *words: str) -> str:
        """What a `doorlist` command says when it refuses. Raises `StepFailed` when it does not."""
        said = run_command("doorlist", *words, "--data", str(self.data))
        if said.code != 1:
            raise StepFailed(_spelled("doorlist", words), expected="a refusal, exit code 1", found=_outcome(said))
        return said.err

    def entrasim(self, *words: str) -> str:
        """What an `entrasim` command prints. Raises `StepFailed` when it fails."""
        return self._done("entrasim", *words, "--state", str(self.state)).out

    def entrasim_json(self, *words: str) -> Any:
        """The JSON document that an `entrasim` command prints. Raises `StepFailed` when it fails."""
        return json.loads(self.entrasim(*words, "--json"))

    def entrasim_fails(self, *words: str, code: int = 1) -> Said:
        """What an `entrasim` command says when it fails in that way. Raises `StepFailed` when it does not."""
        said = run_command("entrasim", *words, "--state", str(self.state))
        if said.code != code:
            raise StepFailed(_spelled("entrasim", words), expected=f"exit code {code}", found=_outcome(said))
        return said

    def _done(self, name: str, *words: str) -> Said:
        said = run_command(name, *words)
        if said.code != 0:
            raise StepFailed(_spelled(name, words), expected="exit code 0", found=_outcome(said))
        return said


def program(name: str) -> Path:
    """Where a command of this installation is: beside the Python that runs."""
    return Path(sys.executable).with_name(name)


def run_command(name: str, *words: str) -> Said:
    """Run a command to its end. Raises `StepFailed` when it takes too long."""
    try:
        done = subprocess.run(  # noqa: S603 - our own commands, the words are no shell's
            [program(name), *words],
            capture_output=True,
            encoding="utf-8",
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        raise StepFailed(
            _spelled(name, words), expected="an end", found=f"none after {_COMMAND_SECONDS} seconds"
        ) from None
    return Said(done.returncode, done.stdout, done.stderr)


@contextmanager
def serving(data: Path, *, port: int, log: Path) -> Iterator[str]:
    """Run `doorlist serve` and yield its address; afterwards it has stopped, whatever happened.

    Args:
        data: the data folder.
        port: where to listen; 0 takes any free one.
        log: takes what the server writes to standard error.

    Raises:
        BadInput: it did not start; the end of its log is listed.
    """
    command = [str(program("doorlist")), "serve", "--data", str(data), "--port", str(port), "--workers", "2"]
    with _running(command, log) as process:
        try:
            yield _address(process, log)
        finally:
            _stop(process)
            _see_database_out(data)


@contextmanager
def serving_directory(state: Path, *, port: int, log: Path) -> Iterator[str]:
    """Run `entrasim serve` and yield its address. Its job rests until somebody starts it: the tour runs cycles by hand.

    Raises:
        BadInput: it did not start; the end of its log is listed.
    """
    command = [str(program("entrasim")), "serve", "--state", str(state), "--port", str(port)]
    with _running(command, log) as process:
        try:
            yield _directory_address(process, log)
        finally:
            _stop(process)


def _running(command: list[str], log: Path) -> subprocess.Popen[str]:
    """Start one of our commands; a session of its own keeps the terminal's Ctrl-C from it."""
    with log.open("wb") as errors:
        return subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            env={**_environment(), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )


def _directory_address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return word.rstrip("/")
    raise _not_started("The stand-in", log)


def _address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    address = ""
    for line in process.stdout:
        if "listens on" in line:
            address = line.split()[-1]
        if "provision at" in line:
            return address
    raise _not_started("Doorlist", log)


def _not_started(what: str, log: Path) -> BadInput:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return BadInput(f"{what} did not start.", problems=tuple(lines[-20:]))


def _stop(process: subprocess.Popen[str]) -> None:
    """End the server in order; no second Ctrl-C keeps it from that."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.terminate()
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _see_database_out(data: Path) -> None:
    """Use the database once more, as its last user, who stops it: a command killed in mid-step may have kept it up."""
    if data.is_dir():
        run_command("doorlist", "db", "status", "--data", str(data))


def _environment() -> dict[str, str]:
    """The environment without settings of Doorlist and the stand-in, and without styles for a terminal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOORLIST_", "ENTRASIM_"))}
    return {**kept, "NO_COLOR": "1", "PYTHONUTF8": "1"}


def _spelled(name: str, words: tuple[str, ...]) -> str:
    return " ".join([name, *words])


def _outcome(said: Said) -> str:
    return f"exit code {said.code}: {(said.err or said.out).strip()[-1500:]}"
