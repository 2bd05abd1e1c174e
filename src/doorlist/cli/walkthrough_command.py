"""`doorlist walkthrough`: the acceptance list against real processes, then everything is stopped."""

from __future__ import annotations

import typer


def command() -> None:
    """Go through the acceptance list with a sample company: Doorlist, the stand-in, real commands and HTTP.

    Works in a temporary folder with free ports and leaves nothing behind. Exit code 0 only if every step held.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to import

    from doorlist.tour.board import ConsoleBoard  # noqa: PLC0415
    from doorlist.tour.performance import own_folder, staged, tour  # noqa: PLC0415

    console = Console()
    ConsoleBoard(console).heading("Walkthrough", "Starting Doorlist with an embedded PostgreSQL in a temporary folder.")
    with own_folder(None) as folder, staged(folder, port=0) as stage:
        course = tour(stage, console)
    raise typer.Exit(0 if course.ok else 1)
