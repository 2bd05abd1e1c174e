"""Draw the walkthrough as it really ran: docs/images/walkthrough.svg. Run with `make picture`.

The program is given a terminal of its own, so that it prints what a person would see.
"""

from __future__ import annotations

import io
import os
import pty
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 116
TARGET = Path(__file__).parent.parent / "docs" / "images" / "walkthrough.svg"
_SPINNER = re.compile("[\u2801-\u28ff]")
_REMOTE_FONT = re.compile(r',?\s*url\("https?://[^)]*\)\s*(?:format\("[^"]*"\))?')


def _output(command: list[str]) -> str:
    """Everything that a command prints to a terminal of its own."""
    os.environ |= {"COLUMNS": str(WIDTH), "LINES": "60", "TERM": "xterm-256color"}
    printed = bytearray()

    def keep(descriptor: int) -> bytes:
        data = os.read(descriptor, 65536)
        printed.extend(data)
        return data

    status = pty.spawn(command, keep)
    if status:
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return printed.decode()


def _settled(text: str) -> str:
    """The lines as they stand in the end: what was overwritten while a step ran is gone."""
    text = re.sub(r"\x1b\[\?25[lh]|\x1b\[\d*[A-HJKST]", "\r", text)
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join(line for line in lines if not _SPINNER.search(line))


def main() -> None:
    """Run the walkthrough and draw it."""
    text = _settled(_output([str(Path(sys.executable).parent / "doorlist"), "walkthrough"]))
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi(text.strip()))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    svg = console.export_svg(title="make walkthrough")
    TARGET.write_text(_REMOTE_FONT.sub("", svg))


if __name__ == "__main__":
    main()
