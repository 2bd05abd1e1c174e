"""Start of the command `entrasim`: 0 all went well, 1 something failed, 2 the arguments are wrong."""

from __future__ import annotations

import sys

from entrasim.commands import app
from entrasim.commands.terminal import err
from entrasim.refusals import ImportRefused, Refusal


def main() -> None:
    """Run the command line; a refusal is printed to stderr and becomes the exit status."""
    try:
        app(prog_name="entrasim")
    except Refusal as refusal:
        problems = refusal.problems if isinstance(refusal, ImportRefused) else []
        for line in (*problems, refusal.detail):
            err.print(line, markup=False)
        sys.exit(refusal.exit_status)


if __name__ == "__main__":
    main()
