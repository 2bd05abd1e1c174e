"""`doorlist demo`: a sample company goes through the main job, and the server stays up to be explored."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from doorlist.tour.stage import Stage


def command(
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="An empty folder that is kept; none: a temporary one."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; any free one where it is taken.")] = 8080,
    leave: Annotated[bool, typer.Option("--exit", help="End after the tour instead of staying up.")] = False,
) -> None:
    """Bring a company of 60 people through the acceptance list, then stay up and tell what to try.

    Ctrl-C ends it. Exit code 0 only if every step held.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to import

    from doorlist.tour import performance  # noqa: PLC0415
    from doorlist.tour.board import ConsoleBoard  # noqa: PLC0415

    console = Console()
    with performance.own_folder(data) as folder:
        kept = "kept" if data is not None else "removed at the end; --data DIR names one that is kept"
        start = f"Starting Doorlist with its PostgreSQL in {folder} ({kept})."
        ConsoleBoard(console).heading("Marigold Instruments, a company of 60, moves in", start)
        with performance.staged(folder, port=performance.free_port(port)) as stage:
            course = performance.tour(stage, console)
            if course.ok and not leave:
                _stay(console, stage)
        if data is not None and course.ok:
            console.print(f"Start it again: doorlist serve --data {folder} --port {stage.port}", soft_wrap=True)
    raise typer.Exit(0 if course.ok else 1)


def _stay(console: Console, stage: Stage) -> None:
    from doorlist.tour.guide import print_guide  # noqa: PLC0415

    print_guide(console, stage)
    console.print("\nDoorlist and the stand-in's pages run until [bold]Ctrl-C[/].")
    with suppress(KeyboardInterrupt):
        signal.pause()
    console.print("Stopping.")
