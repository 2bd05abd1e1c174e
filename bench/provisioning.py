"""Provisioning, request by request: `python -m bench provisioning`, on 10,000 people, with `--full` on 100,000 too."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bench import scenarios
from bench.bare import TABLE
from bench.load import Call, Unexpected, run
from bench.measuring import Bench
from bench.report import Chart, Report, Row
from bench.servers import bare_handler, doorlist, reference
from bench.usage import database_url, memory
from doorlist.store.db import alone

CHART = Chart("bars", "scenario", "per second", "connections")


@dataclass(frozen=True, slots=True)
class People:
    """The people of a server: their ids there, and their user names."""

    ids: list[str]
    names: list[str]


def reports(full: bool, rounds: int) -> Iterable[Report]:
    """The tables of requests, of a group that grows, and of memory, for each size."""
    for people in (10_000, 100_000) if full else (10_000,):
        with doorlist(2) as served, reference(2) as port, bare_handler(2, database_url(served)) as bare_port:
            bench = Bench(served, port, rounds, bare_port)
            growth, held = asyncio.run(_all(bench, people))
        yield Report(f"provisioning-{people}", f"{people:,} people, two workers", bench.figures, CHART)
        yield Report(f"growth-{people}", "A group that grows, 100 members a request", growth, GROWTH)
        yield Report(f"memory-{people}", f"Memory of the server with {people:,} people, MiB of PSS", held)


GROWTH = Chart("lines", "members", "p50 ms", "server")


async def fill(port: int, token: str, people: int) -> People:
    """Create the people over eight connections."""
    made = await run(port, scenarios.creates(0, people), connections=8, token=token, keep=True)
    ids = [body[body.index(b'"id":"') + 6 :][:36].decode() for body in made.bodies]
    return People(ids, [f"person{number:07}@contoso.example" for number in range(people)])


async def _all(bench: Bench, people: int) -> tuple[list[Row], list[Row]]:
    served = bench.served
    async with alone(database_url(served)) as connection:
        await connection.execute(TABLE)
    held = [{"when": "before", **_told(bench)}]
    ours = await fill(served.port, served.token, people)
    theirs = await fill(bench.bare_port, "bare", people)
    held.append({"when": f"after {people:,} people", **_told(bench)})
    for connections in (1, 8):
        await _people(bench, ours, theirs, connections)
    total = people
    await bench.measure("page of 100, first", lambda _: scenarios.pages(101, 60), connections=1)
    await bench.measure("page of 100, any offset", lambda _: scenarios.pages(total, 60), connections=1)
    await _groups(bench, ours.ids)
    growth = await grown("Doorlist", served.port, served.token, ours.ids)
    held.append({"when": f"after a group of {len(ours.ids):,} was filled", **_told(bench)})
    for connections in (1, 8):
        bench.figures.append(await initial(served.port, served.token, connections, first=people * 1000 * connections))
    held.append({"when": "at the end", **_told(bench)})
    return growth, held


def _told(bench: Bench) -> Row:
    found = memory(bench.served)
    return {"all processes": found.pop("all"), "each": list(found.values())}


async def _people(bench: Bench, ours: People, theirs: People, connections: int) -> None:
    first = len(ours.ids) * 10 * connections

    def create(number: int) -> Iterable[Call]:
        return scenarios.creates(first + number * 1000, 1000)

    def patch(number: int, people: People = ours) -> Iterable[Call]:
        return scenarios.patches(people.ids, 1000, f"{connections}-{number}")

    await bench.measure("create user", create, bare=create, connections=connections)
    for name, of in (
        ("look-up by userName", lambda people: scenarios.matches(people.names, 1500)),
        ("look-up of nobody", lambda _: scenarios.misses(1500)),
        ("get user", lambda people: scenarios.reads(people.ids, 1500)),
    ):
        await bench.measure(name, lambda _, of=of: of(ours), bare=lambda _, of=of: of(theirs), connections=connections)
    await bench.measure("patch user", patch, bare=lambda number: patch(number, theirs), connections=connections)


async def _groups(bench: Bench, ids: list[str]) -> None:
    """The cost of a change of members, in an almost empty group and in one with nearly everybody."""
    port, token = bench.served.port, bench.served.token
    rest, spare = ids[:-1000], ids[-1000:]
    sizes = [size for size in (100, 1000, 10_000, 100_000) if size < len(rest)] + [len(rest)]
    for size in sizes:
        group = await scenarios.make_group(port, token, f"Of {size}")
        await run(port, scenarios.additions(group, rest[:size], 1000), connections=1, token=token)

        def added(_: int, group: str = group) -> Iterable[Call]:
            return scenarios.additions(group, spare, 100)

        def removed(_: int, group: str = group) -> Iterable[Call]:
            return scenarios.removal(group, spare)

        def one_by_one(_: int, group: str = group) -> Iterable[Call]:
            return scenarios.removals(group, spare[:300])

        await bench.measure(f"add 100 members to {size:,}", added, connections=1, before=removed)
        await bench.measure(f"remove 1 member of {size:,}", one_by_one, connections=1, before=added)
    await bench.measure("group without its members", lambda _: scenarios.heads(group, 1000), connections=1)


async def grown(server: str, port: int, token: str, ids: list[str], *, changed: int = 204) -> list[Row]:
    """Fill a group by hundreds until everybody is in it or 45 s are over; medians at some sizes."""
    group = await scenarios.make_group(port, token, "Growing")
    started, took = time.perf_counter(), []
    for call in scenarios.additions(group, ids, 100):
        took += (await run(port, [replace(call, expect=changed)], connections=1, token=token)).latencies
        if time.perf_counter() - started > 45:
            break
    await _hold_to(port, token, group, min(len(took) * 100, len(ids)))
    points = [point for point in (100, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000) if point <= len(took) * 100]
    return [{"server": server, "members": point, "p50 ms": _median_near(took, point // 100)} for point in points]


async def _hold_to(port: int, token: str, group: str, members: int) -> None:
    """A fast but wrong server is not credited: the group has to have all members that were sent."""
    read = await run(port, [Call("GET", f"{scenarios.BASE}/Groups/{group}")], connections=1, token=token, keep=True)
    found = len(json.loads(read.bodies[0])["members"])
    if found != members:
        raise Unexpected(f"{found} members instead of {members}")


def _median_near(took: list[float], number: int) -> float:
    near = sorted(took[max(number - 5, 0) : number + 5])
    return round(near[len(near) // 2], 2)


async def initial(port: int, token: str, connections: int, *, first: int, changed: int = 204) -> Row:
    """The first cycle of a directory: look each person up and create them, then 50 groups of 50. 2,150 requests."""
    salt = first
    started = time.perf_counter()
    asked = [
        call for number in range(1000) for call in (scenarios.absent(first + number), scenarios.one(first + number))
    ]
    pairs = [asked[at : at + 2] for at in range(0, len(asked), 2)]
    made: list[str] = []
    latencies: list[float] = []

    async def lane(number: int) -> None:
        for pair in pairs[number::connections]:
            done = await run(port, pair, connections=1, token=token, keep=True)
            latencies.extend(done.latencies)
            made.append(str(json.loads(done.bodies[-1])["id"]))

    await asyncio.gather(*(lane(number) for number in range(connections)))

    async def groups(number: int) -> None:
        for at in range(number, 50, connections):
            latencies.extend(
                (await run(port, [scenarios.no_group(f"{salt} {at}")], connections=1, token=token)).latencies
            )
            group = await scenarios.make_group(port, token, f"Team {salt} {at}")
            chosen = [made[(at * 20 + other) % 1000] for other in range(50)]
            call = replace(next(scenarios.additions(group, chosen, 50)), expect=changed)
            latencies.extend((await run(port, [call], connections=1, token=token)).latencies)

    await asyncio.gather(*(groups(number) for number in range(connections)))
    seconds = time.perf_counter() - started
    ordered = sorted(latencies)
    return {
        "scenario": "initial cycle, 2,150 requests",
        "connections": connections,
        "seconds": round(seconds, 2),
        "per second": round(2150 / seconds),
        "p50 ms": round(ordered[len(ordered) // 2], 2),
        "p95 ms": round(ordered[len(ordered) * 95 // 100], 2),
        "p99 ms": round(ordered[len(ordered) * 99 // 100], 2),
    }
