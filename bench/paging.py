"""`python -m bench paging`: what a page of all people by number costs at the beginning, anywhere and at the end.

People are written by SQL, two sizes one after the other in the same run; every scenario alternates with the reference.
With `--full` on 10,000 and 100,000 people, otherwise on a tenth of each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from bench import scenarios
from bench.large_group import fill_people
from bench.load import Call
from bench.measuring import Bench
from bench.report import Chart, Report
from bench.scenarios import BASE
from bench.servers import doorlist, reference

_PAGE = 100
_CALLS = 60


def _pages(starts: Iterable[int]) -> Iterator[Call]:
    for start in starts:
        yield Call("GET", f"{BASE}/Users?startIndex={start}&count={_PAGE}")


def _first(_: int) -> Iterator[Call]:
    return _pages([1] * _CALLS)


def _last(people: int, _: int) -> Iterator[Call]:
    return _pages([people - _PAGE + 1] * _CALLS)


def _any(people: int, _: int) -> Iterator[Call]:
    return scenarios.pages(people, _CALLS)


def _totals(_: int) -> Iterator[Call]:
    return (Call("GET", f"{BASE}/Users?count=0") for _ in range(_CALLS))


async def _measure(bench: Bench, people: int) -> None:
    await fill_people(bench.served, people)
    measured: dict[str, Callable[[int], Iterable[Call]]] = {
        "first page": _first,
        "page anywhere": partial(_any, people),
        "last page": partial(_last, people),
        "total alone": _totals,
    }
    for name, calls in measured.items():
        await bench.measure(f"{name} of {people:,} people", calls, connections=1)


def reports(full: bool, rounds: int) -> Iterator[Report]:
    """The table of two sizes: 1,000 and 10,000 people, or 10,000 and 100,000."""
    people = 100_000 if full else 10_000
    figures = []
    for size in (people // 10, people):
        with doorlist(2) as served, reference(2) as reference_port:
            bench = Bench(served, reference_port, rounds)
            asyncio.run(_measure(bench, size))
            figures += bench.figures
    yield Report("paging", "Pages of 100 by number", figures, Chart("bars", "scenario", "per second", "connections"))
