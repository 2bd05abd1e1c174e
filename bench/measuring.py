"""One scenario against its references, in turns, with what it costs the processes."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from bench.load import Call, Result, run
from bench.servers import Served
from bench.usage import spent, statements, usage

Calls = Callable[[int], Iterable[Call]]


class Bench:
    """One run: a Doorlist with people in it, the references, and the figures found so far."""

    def __init__(self, served: Served, reference_port: int, rounds: int, bare_port: int = 0) -> None:
        self.served = served
        self.reference_port = reference_port
        self.bare_port = bare_port
        self.rounds = rounds
        self.figures: list[dict[str, Any]] = []

    async def measure(
        self, name: str, calls: Calls, *, connections: int, before: Calls | None = None, bare: Calls | None = None
    ) -> None:
        """Alternate the scenario with the references, round by round.

        `before` is done first and not measured; `bare` are the calls of the same work for the bare handler.
        """
        port, token = self.served.port, self.served.token
        results, ratios, bares, costs = [], [], [], []
        for number in range(self.rounds):
            if before is not None:
                await run(port, before(number), connections=1, token=token)
            trivial = await run(self.reference_port, _trivial(1000), connections=connections)
            if bare is not None:
                beside = await run(self.bare_port, bare(number), connections=connections, token="bare")
            earlier = usage(self.served)
            result = await run(port, calls(number), connections=connections, token=token)
            used = usage(self.served)
            costs.append((spent(earlier.server, used.server), spent(earlier.database, used.database)))
            results.append(result)
            ratios.append(result.rate / trivial.rate)
            if bare is not None:
                bares.append(result.rate / beside.rate)
        cost = _cost(results, costs)
        if connections == 1:
            if before is not None:
                await run(port, before(self.rounds), connections=1, token=token)
            cost["statements"] = await statements(self.served, islice(calls(self.rounds), 9))
        figure = {"scenario": name, "connections": connections, **_figure(results, ratios, bares), **cost}
        self.figures.append(figure)


def _figure(results: list[Result], ratios: list[float], bares: list[float]) -> dict[str, Any]:
    rates = [result.rate for result in results]
    latencies = Result(1.0, [one for result in results for one in result.latencies])
    return {
        "per second": round(statistics.median(rates)),
        "range": [round(min(rates)), round(max(rates))],
        "of trivial": round(statistics.median(ratios), 3),
        "of bare": round(statistics.median(bares), 2) if bares else "",
        "p50 ms": round(latencies.percentile(0.5), 2),
        "p95 ms": round(latencies.percentile(0.95), 2),
        "p99 ms": round(latencies.percentile(0.99), 2),
    }


def _cost(results: list[Result], costs: list[tuple[float, float]]) -> dict[str, Any]:
    """Milliseconds of processor for each request."""
    requests = sum(len(result.latencies) for result in results)
    server, database = (sum(seconds) for seconds in zip(*costs, strict=True))
    return {
        "server CPU ms": round(server * 1000 / requests, 2),
        "database CPU ms": round(database * 1000 / requests, 2),
    }


def _trivial(count: int) -> Iterable[Call]:
    return (Call("GET", "/") for _ in range(count))
