"""What every command shares: the state file it works on, the time, new ids, and how results are printed."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import platformdirs
import typer
from rich.console import Console

from entrasim.statefile import StateFile

StateOption = Annotated[Path | None, typer.Option("--state", help="The state file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def chosen_path(context: typer.Context, state: Path | None) -> Path:
    """Return the state file of the command, of the program, of the environment, or the user's own."""
    default = Path(platformdirs.user_data_dir("entrasim", appauthor=False)) / "state.db"
    chosen: Path = state or context.find_root().obj or default
    return chosen


@contextmanager
def opened(context: typer.Context, state: Path | None) -> Iterator[StateFile]:
    """Open the state file that was chosen."""
    file = StateFile.open(chosen_path(context, state))
    try:
        yield file
    finally:
        file.close()


def mint() -> str:
    """Return a new GUID."""
    return str(uuid.uuid4())


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout, unstyled and unwrapped."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    sys.stdout.buffer.flush()


def say(text: str, *, style: str = "") -> None:
    """Print a line for people; square brackets in names mean themselves."""
    out.print(text, style=style or None, markup=False)
