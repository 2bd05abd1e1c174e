"""`python -m bench`: run the scenarios, print the table, write results/bench.json.

Options: --people N (default 10000), --workers N (default 2), --rounds N (default 3).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import scenarios
from bench.load import Call, Result, run
from bench.servers import Served, doorlist, reference

Calls = Callable[[int], Iterable[Call]]


class Bench:
    """One run: a Doorlist with people in it, a reference, and the figures found so far."""

    def __init__(self, served: Served, reference_port: int, rounds: int) -> None:
        self.served = served
        self.reference_port = reference_port
        self.rounds = rounds
        self.figures: list[dict[str, Any]] = []

    async def measure(self, name: str, calls: Calls, *, connections: int, before: Calls | None = None) -> None:
        """Alternate the scenario with the reference, round by round; `before` is done first and not measured."""
        rates, ratios, results = [], [], []
        for number in range(self.rounds):
            if before is not None:
                await run(self.served.port, before(number), connections=1, token=self.served.token)
            beside = await run(self.reference_port, _trivial(2000), connections=connections)
            result = await run(self.served.port, calls(number), connections=connections, token=self.served.token)
            rates.append(result.rate)
            ratios.append(result.rate / beside.rate)
            results.append(result)
        self.figures.append(_figure(name, connections, rates, ratios, results))


def _figure(
    name: str, connections: int, rates: list[float], ratios: list[float], results: list[Result]
) -> dict[str, Any]:
    latencies = Result(1.0, [one for result in results for one in result.latencies])
    return {
        "scenario": name,
        "connections": connections,
        "per second": round(statistics.median(rates)),
        "range": [round(min(rates)), round(max(rates))],
        "of the reference": round(statistics.median(ratios), 3),
        "p50 ms": round(latencies.percentile(0.5), 2),
        "p95 ms": round(latencies.percentile(0.95), 2),
        "p99 ms": round(latencies.percentile(0.99), 2),
    }


def _trivial(count: int) -> Iterable[Call]:
    return (Call("GET", "/") for _ in range(count))


async def _fill(served: Served, people: int) -> tuple[list[str], list[str]]:
    """Create the people; their ids and user names."""
    calls = scenarios.creates(0, people)
    made = await run(served.port, calls, connections=8, token=served.token, keep=True)
    ids = [body[body.index(b'"id":"') + 6 :][:36].decode() for body in made.bodies]
    return ids, [f"person{number:07}@contoso.example" for number in range(people)]


async def _all(bench: Bench, people: int) -> None:
    served = bench.served
    ids, names = await _fill(served, people)
    for connections in (1, 8):
        first = people * 10 * connections
        await bench.measure(
            "create user", lambda n, f=first: scenarios.creates(f + n * 1000, 1000), connections=connections
        )
        await bench.measure("look-up by userName", lambda _: scenarios.matches(names, 1500), connections=connections)
        await bench.measure("look-up of nobody", lambda _: scenarios.misses(1500), connections=connections)
        await bench.measure("get user", lambda _: scenarios.reads(ids, 1500), connections=connections)
        await bench.measure(
            "patch user", lambda n, c=connections: scenarios.patches(ids, 1000, f"{c}-{n}"), connections=connections
        )
    await bench.measure("page of 100, any offset", lambda _: scenarios.pages(people, 60), connections=1)
    await _groups(bench, ids)


async def _groups(bench: Bench, ids: list[str]) -> None:
    """The cost of a change of members, in an almost empty group and in one with nearly everybody."""
    port, token = bench.served.port, bench.served.token
    rest, spare = ids[:-1000], ids[-1000:]
    small = await scenarios.make_group(port, token, "Small")
    large = await scenarios.make_group(port, token, "Large")
    await run(port, scenarios.additions(large, rest, 1000), connections=1, token=token)
    for label, group in (("an empty group", small), (f"a group of {len(rest):,}", large)):

        def added(_: int, group: str = group) -> Iterable[Call]:
            return scenarios.additions(group, spare, 100)

        def removed(_: int, group: str = group) -> Iterable[Call]:
            return scenarios.removal(group, spare)

        def one_by_one(_: int, group: str = group) -> Iterable[Call]:
            return scenarios.removals(group, spare[:300])

        await bench.measure(f"add 100 members to {label}", added, connections=1, before=removed)
        await bench.measure(f"remove 1 member of {label}", one_by_one, connections=1, before=added)
    await bench.measure("group without its members", lambda _: scenarios.heads(large, 1000), connections=1)


def print_figures(figures: list[dict[str, Any]]) -> None:
    """The table of a run."""
    table = Table(title="Doorlist, and its share of a trivial application behind the same server")
    for column in figures[0]:
        table.add_column(column, justify="left" if column == "scenario" else "right")
    for figure in figures:
        table.add_row(*(str(value) for value in figure.values()))
    Console(width=140).print(table)


def main() -> None:
    """Run everything and write the results."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with doorlist(chosen.workers) as served, reference(chosen.workers) as reference_port:
        bench = Bench(served, reference_port, chosen.rounds)
        asyncio.run(_all(bench, chosen.people))
    print_figures(bench.figures)
    results = Path("results")
    results.mkdir(exist_ok=True)
    about = {"machine": platform.processor() or platform.machine(), "python": platform.python_version()}
    written = {"about": about, "settings": vars(chosen), "figures": bench.figures}
    (results / "bench.json").write_text(json.dumps(written, indent=1))


if __name__ == "__main__":
    main()
