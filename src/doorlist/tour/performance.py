"""A tour from the start of the server to its end: the folder, the port, the steps, the signals.

Whatever ends it, the server that it started is stopped, and a folder that it made for itself is gone.
"""

from __future__ import annotations

import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

from rich.console import Console

from doorlist.errors import BadInput
from doorlist.tour import arriving, giving_access, later_life, setting_up, signing_in
from doorlist.tour.board import ConsoleBoard
from doorlist.tour.programs import Programs, serving, serving_directory
from doorlist.tour.stage import Stage
from doorlist.tour.steps import Course, Step, play

STEPS: Final[tuple[Step[Stage], ...]] = (
    *setting_up.STEPS,
    *arriving.STEPS,
    *signing_in.STEPS,
    *giving_access.STEPS,
    *later_life.STEPS,
)
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def staged(folder: Path, *, port: int) -> Iterator[Stage]:
    """A server on an empty folder, and the stand-in's pages beside it with their state file in the folder.

    Raises:
        BadInput: the folder is not empty or cannot be used, or a server does not start.
    """
    state = folder / "entrasim.db"
    with (
        _ended_by_signals(),
        serving(folder, port=port, log=folder / "serve.log") as url,
        serving_directory(state, port=0, log=folder / "entrasim.log") as directory,
    ):
        yield Stage(url, Programs(folder, state), directory)


def tour(stage: Stage, console: Console) -> Course:
    """Play every step and sum up."""
    board, started = ConsoleBoard(console), time.monotonic()
    try:
        course = play(STEPS, stage, board)
    finally:
        board.clear()
    board.sum_up(course, seconds=time.monotonic() - started)
    return course


@contextmanager
def own_folder(wanted: Path | None) -> Iterator[Path]:
    """The folder named, made when missing and kept afterwards; or a temporary one that is removed.

    Raises:
        BadInput: the folder has something in it, or cannot be made.
    """
    if wanted is not None:
        yield _empty(wanted.expanduser().resolve())
        return
    folder = Path(tempfile.mkdtemp(prefix="doorlist-"))
    try:
        yield folder
    finally:
        _remove(folder)


def free_port(wanted: int) -> int:
    """The wanted port, or 0, which lets the server take any, where somebody else has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted


def _remove(folder: Path) -> None:
    """Remove a folder; what ends at this moment may still write its last file there."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _empty(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
    except OSError as error:
        raise BadInput(f"The folder cannot be used: {error.strerror}.", place=str(folder)) from None
    if occupied:
        raise BadInput("The folder is not empty; the company needs one of its own.", place=str(folder))
    return folder


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a request to end, and the end of the terminal, leave through every `finally`, as Ctrl-C does."""

    def leave(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
