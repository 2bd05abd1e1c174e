"""`python -m bench [SCENARIO …]`: run scenarios, print their tables, write JSON and pictures into results/.

Without names all scenarios of the quick run are taken; `--full` takes every one at its real size.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from bench import access, large_group, paging, peers, provisioning, signin
from bench.report import Report, show, write


class Scenario(NamedTuple):
    """A benchmark: what it tells, and its tables from (full, rounds)."""

    tells: str
    reports: Callable[[bool, int], Iterable[Report]]


SCENARIOS: Final = {
    "provisioning": Scenario("requests of a directory against a trivial and a bare application", provisioning.reports),
    "peers": Scenario("other SCIM servers beside Doorlist, with what they keep", peers.reports),
    "paging": Scenario("pages by number at the beginning, anywhere, at the end", paging.reports),
    "access": Scenario("checks and changes of access against bare SQL", access.reports),
    "signin": Scenario("a sign-in, step by step", signin.reports),
    "large-group": Scenario("a group of 1,000,000 members (quick: 50,000)", large_group.reports),
}


def main() -> None:
    """Run what was chosen; each table is written as soon as it is there."""
    listed = "\n".join(f"  {name:14} {scenario.tells}" for name, scenario in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="bench",
        description=__doc__,
        epilog=f"scenarios:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", choices=[*SCENARIOS, []])
    parser.add_argument("--full", action="store_true", help="at the real sizes, which takes up to an hour")
    parser.add_argument("--rounds", type=int, default=3, help="how often a scenario alternates with its references")
    parser.add_argument("--results", type=Path, default=Path("results"), help="the folder for JSON and pictures")
    chosen = parser.parse_args()
    for name in chosen.scenarios or SCENARIOS:
        for report in SCENARIOS[name].reports(chosen.full, chosen.rounds):
            show(report)
            write(report, chosen.results)


if __name__ == "__main__":
    main()
