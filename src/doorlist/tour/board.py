"""The course of a tour for people: a line a step, two columns on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.status import Status
from rich.table import Table
from rich.text import Text

from doorlist.tour.steps import Course, Step, StepFailed

HELD, FAILED, DEFERRED = "✔", "✘", "○"
_STYLES: Final = {HELD: "bold green", FAILED: "bold red", DEFERRED: "yellow"}


class ConsoleBoard:
    """Prints each step when it is over; on a terminal the one being played is shown meanwhile."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def heading(self, title: str, text: str) -> None:
        """Print what is about to happen."""
        self._console.print(Rule(f"[bold]{escape(title)}[/]", align="left", style="cyan"))
        self._console.print(Text(text, style="dim"))
        self._console.print()

    def begin(self, step: Step[Any]) -> None:
        if self._console.is_terminal:
            self._status = self._console.status(escape(step.did), spinner="dots")
            self._status.start()

    def held(self, step: Step[Any], checked: str, *, seconds: float) -> None:
        self._line(step, HELD, checked, seconds=seconds)

    def failed(self, step: Step[Any], failure: StepFailed, *, seconds: float) -> None:
        self._line(step, FAILED, failure.what, seconds=seconds)
        self._console.print(f"     [green]expected[/] {escape(failure.expected)}", soft_wrap=True)
        self._console.print(f"     [red]found[/]    {escape(failure.found)}", soft_wrap=True)

    def deferred(self, step: Step[Any]) -> None:
        self._line(step, DEFERRED, step.note, seconds=None)

    def clear(self) -> None:
        """Take away what is shown of a step that will not end."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def sum_up(self, course: Course, *, seconds: float) -> None:
        """Print how the tour went."""
        parts = [f"{course.held} step{'' if course.held == 1 else 's'} held", f"{course.deferred} not exercised yet"]
        if course.failure is not None:
            parts += ["1 did not hold", f"{course.missed} not reached"]
        mark, style = (HELD, "bold green") if course.ok else (FAILED, "bold red")
        self._console.print()
        self._console.print(f"[{style}]{mark} {', '.join(parts)}[/] [dim]in {seconds:.0f} s[/]")

    def _line(self, step: Step[Any], mark: str, said: str, *, seconds: float | None) -> None:
        self.clear()
        row = "+" if step.row is None else str(step.row)
        time = "" if seconds is None else f"{seconds:.1f} s"
        if not self._console.is_terminal:
            self._console.print(f"{row:>2} {mark} {step.did}: {said}", markup=False, highlight=False, soft_wrap=True)
            return
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(width=3, justify="right", style="bold cyan")
        line.add_column(width=1, style=_STYLES[mark])
        line.add_column(ratio=42)
        line.add_column(ratio=62, style="dim" if mark == HELD else _STYLES[mark])
        line.add_column(width=6, justify="right", style="dim")
        line.add_row(row, mark, Text(step.did), Text(said), time)
        self._console.print(line)
