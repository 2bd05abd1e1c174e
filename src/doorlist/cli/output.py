"""How commands speak: JSON or tables on standard output, refusals and progress on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from doorlist.errors import BadInput, Refusal, Unavailable

_SHOWN_PROBLEMS = 50


def emit_json(value: object) -> None:
    """Print one JSON document; ids, times, dataclasses and structs are understood."""
    document = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.write(document.decode() + "\n")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Print rows under their headings; None is shown as an empty cell."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    _console().print(table)


def say(text: str) -> None:
    """Print a line for people. Markup is not interpreted."""
    _console().print(text, markup=False, highlight=False, soft_wrap=True)


def progress(*, quiet: bool = False) -> AbstractContextManager[Progress]:
    """Progress bars on standard error, shown on a terminal only."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)


def report(refusal: Refusal) -> None:
    """Tell on standard error what happened, where, and what to do about it."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    place = f" ({refusal.place})" if refusal.place else ""
    console.print(f"[bold red]Refused:[/] {escape(refusal.detail)}{escape(place)}")
    problems = refusal.problems if isinstance(refusal, BadInput) else ()
    for problem in problems[:_SHOWN_PROBLEMS]:
        console.print(f"  - {escape(problem)}")
    if len(problems) > _SHOWN_PROBLEMS:
        console.print(f"  and {len(problems) - _SHOWN_PROBLEMS} more")
    if refusal.hint and not isinstance(refusal, Unavailable):  # its hint speaks of an HTTP header
        console.print(escape(refusal.hint))


def _console() -> Console:
    """Standard output; wide where it is no terminal, so that no cell is broken for a reader that is a program."""
    return Console() if sys.stdout.isatty() else Console(width=240)
