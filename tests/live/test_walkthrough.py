"""`doorlist walkthrough` and `doorlist demo` as a newcomer runs them: they say what holds and leave nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from doorlist.cli import app
from doorlist.tour import performance
from doorlist.tour.stage import Stage
from doorlist.tour.steps import Step, expect
from tests.live.processes import DOORLIST, environment, soon

pytestmark = pytest.mark.live


def left_over(folder: Path) -> list[str]:
    """Commands of processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(str(folder) in word for word in words):
            found.append(" ".join(words))
    return found


@contextmanager
def started(folder: Path, *words: str, program: Sequence[str] = DOORLIST) -> Iterator[subprocess.Popen[str]]:
    """A command whose temporary folders are in `folder`; it ends with the block, also where a test fails."""
    with subprocess.Popen(
        [*program, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**environment(), "TMPDIR": str(folder)},
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.stdout.read()  # type: ignore[union-attr] # a pipe, which a full one would keep from ending


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    (tmp_path / "t").mkdir()
    return tmp_path / "t"


def test_the_walkthrough_holds_in_every_row_and_leaves_nothing(
    temporary: Path, record_property: pytest.RecordProperty
) -> None:
    before = time.monotonic()
    with started(temporary, "walkthrough") as process:
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    marks = re.findall(r"^ ?(\d+|\+) (.) ", output, re.MULTILINE)
    assert {row for row, mark in marks if mark == "✔"} == {*map(str, range(1, 14)), "+"}
    assert [row for row, mark in marks if mark != "✔"] == []
    assert "20 kinds of them, from expired to wrapped signatures" in output
    assert left_over(temporary) == []
    assert list(temporary.iterdir()) == []
    record_property("measured", f"walkthrough: {time.monotonic() - before:.0f} s")


# The walkthrough above plays every step; here it is enough to have what the printed commands ask for.
SHORTER = """
from doorlist.cli import app
from doorlist.tour import arriving, giving_access, performance, setting_up

steps = [step for step in setting_up.STEPS if step.row in (1, 4, 5)]
performance.STEPS = (*steps, *arriving.STEPS, giving_access.STEPS[0])
app()
"""


def test_the_demo_stays_up_with_commands_that_work_until_ctrl_c(temporary: Path) -> None:
    folder = temporary / "company"
    program = [sys.executable, "-c", SHORTER]
    with started(temporary, "demo", "--data", str(folder), "--port", "0", program=program) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not any("run until" in line for line in lines):
            line = process.stdout.readline()
            assert line, "".join(lines)
            lines.append(line)
        commands = [line.strip() for line in lines if re.match(r"  (\S*doorlist|\S*entrasim|curl) ", line)]
        assert len(commands) == 12
        for command in commands:
            done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment(), check=False)
            assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
            assert done.stdout
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert left_over(folder) == []
    assert {"postgres", "entrasim.db", "entrasim.log", "serve.log"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_end_in_the_middle_stops_everything(temporary: Path, ending: signal.Signals) -> None:
    with started(temporary, "demo") as process:
        assert process.stdout is not None
        while " 1 ✔ " not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(ending)
        process.stdout.read()
        assert process.wait(30) != 0
    soon(lambda: left_over(temporary) == [])
    assert list(temporary.iterdir()) == []


def test_a_step_that_does_not_hold_ends_with_1_and_stops_everything(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(stage: Stage) -> str:
        expect("The organizations", stage.run.doorlist("org", "list"), equals=["one"])
        return "never said"

    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(performance, "STEPS", (Step(1, "Something", fails), Step(2, "Something else", fails)))
    shown = CliRunner().invoke(app, ["walkthrough"])
    assert shown.exit_code == 1
    assert " 1 ✘ Something: The organizations" in shown.output
    assert "expected ['one']" in shown.output
    assert "found    []" in shown.output
    assert "1 not reached" in shown.output
    assert left_over(temporary) == []


def test_the_demo_ends_by_itself_when_told_to(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performance, "STEPS", (Step(1, "Start", lambda stage: stage.url),))
    shown = CliRunner().invoke(app, ["demo", "--exit", "--data", str(temporary / "kept"), "--port", "0"])
    assert shown.exit_code == 0, shown.output
    assert "1 step held" in shown.output
    assert "run until" not in shown.output
    assert left_over(temporary) == []


def test_a_folder_with_something_in_it_is_refused(temporary: Path) -> None:
    (temporary / "notes.txt").write_text("mine")
    shown = CliRunner().invoke(app, ["demo", "--data", str(temporary)])
    assert shown.exit_code == 1
    assert "not empty" in shown.stderr
    assert os.listdir(temporary) == ["notes.txt"]


def test_a_port_in_use_is_evaded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert performance.free_port(port) == 0
    assert performance.free_port(port) == port
