"""How commands run work that talks to the target: an event loop, and bars that show how far it has come."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBars

from entrasim.commands.terminal import err
from entrasim.job.cycle import Progress

T = TypeVar("T")


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run work to its end on an event loop of its own."""
    factory = None
    if sys.platform != "win32":
        import uvloop  # noqa: PLC0415 - not there on Windows

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Yield what a cycle reports to: bars on a terminal, nothing elsewhere."""
    if not err.is_terminal:
        yield lambda phase, done, total: None
        return
    columns = (TextColumn("{task.description:9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with ProgressBars(*columns, console=err, transient=True) as bars:

        def progress(phase: str, done: int, total: int) -> None:
            task = tasks.get(phase)
            if task is None:
                task = tasks[phase] = bars.add_task(phase, total=total)
            bars.update(task, completed=done, total=total)

        yield progress
