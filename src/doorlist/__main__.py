"""Entry point of the command `doorlist` and of `python -m doorlist`."""

from __future__ import annotations

import signal
import sys

from doorlist.cli import app


def main() -> None:
    """Run one command and exit: 0 done, 1 refused, 2 wrong usage.

    SIGTERM ends a command in order, so that an embedded PostgreSQL that it started is stopped; code 143 as usual.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    app(prog_name="doorlist")


if __name__ == "__main__":
    main()
