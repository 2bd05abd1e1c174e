"""`python -m bench.paging`: what a page of all people by number costs at the beginning, anywhere and at the end.

People are written by SQL, two sizes one after the other in the same run; every scenario alternates with the reference.
Option: --people N (default 100000; the other size is a tenth of it).
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from bench import scenarios
from bench.__main__ import Bench, print_figures
from bench.large_group import fill_people
from bench.load import Call
from bench.scenarios import BASE
from bench.servers import doorlist, reference

_PAGE = 100
_CALLS = 60
_ROUNDS = 5


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


def main() -> None:
    """Run both sizes and print the table."""
    parser = argparse.ArgumentParser(prog="bench.paging", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    people: int = parser.parse_args().people
    figures = []
    for size in (people // 10, people):
        with doorlist(2) as served, reference(2) as reference_port:
            bench = Bench(served, reference_port, _ROUNDS)
            asyncio.run(_measure(bench, size))
            figures += bench.figures
    print_figures(figures)


if __name__ == "__main__":
    main()
