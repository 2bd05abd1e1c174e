"""Entry point of the command `doorlist` and of `python -m doorlist`."""

from __future__ import annotations

from doorlist.cli import app


def main() -> None:
    """Run one command and exit: 0 done, 1 refused, 2 wrong usage."""
    app(prog_name="doorlist")


if __name__ == "__main__":
    main()
