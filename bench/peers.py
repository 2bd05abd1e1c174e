"""Other SCIM servers beside Doorlist, one at a time, in turns: `python -m bench peers`.

Each is installed by its package name and version into results/peers, never into the product's environment. After its
scenarios the people are read back and compared attribute by attribute, and the members of the group are counted.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bench import scenarios
from bench.load import Call, run
from bench.provisioning import GROWTH, grown, initial
from bench.report import Chart, Report, Row
from bench.servers import announced, doorlist

FOLDER: Final = Path("results/peers").absolute()
HOSTS: Final = Path(__file__).with_name("peer_servers")
PYTHON_PACKAGES: Final = ("scim2-server==0.8.3", "uvicorn>=0.54", "httptools>=0.9", "uvloop>=0.23")
_SAMPLE: Final = 20


@dataclass(frozen=True, slots=True)
class Target:
    """A server under test, and the statuses with which it answers a change of members and of a person."""

    name: str
    port: int
    token: str
    changed: int
    patched: int


@dataclass(frozen=True, slots=True)
class Peer:
    """How a peer is installed, started, and how it answers."""

    name: str
    started: Callable[[], AbstractContextManager[int]]
    changed: int
    patched: int


def _scim2_server() -> AbstractContextManager[int]:
    environment = FOLDER / "python"
    if not (environment / "bin" / "uvicorn").exists():
        _done([sys.executable, "-m", "venv", environment])
        _done([environment / "bin" / "pip", "install", "--quiet", *PYTHON_PACKAGES])
    return announced([str(environment / "bin" / "python"), str(HOSTS / "scim2_host.py")], {})


def _done(command: Sequence[object]) -> None:
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


CHART: Final = Chart("bars", "scenario", "Doorlist is times as fast", "connections")
PEERS: Final = (Peer("scim2-server 0.8.3", _scim2_server, 204, 204),)


def reports(full: bool, rounds: int) -> Iterator[Report]:
    """For each peer the tables of requests, with what it kept, and of a group that grows."""
    people = 10_000 if full else 1_000
    for peer in PEERS:
        with doorlist(2) as served, peer.started() as port:
            ours = Target("Doorlist", served.port, served.token, 204, 200)
            theirs = Target(peer.name, port, "bench", peer.changed, peer.patched)
            requests, growth = asyncio.run(_pair(ours, theirs, people, rounds))
        name, title = f"peers-{peer.name.split()[0]}", f"Doorlist (durable, two workers) beside {peer.name}"
        yield Report(name, f"{title}, {people:,} people", requests, CHART)
        yield Report(f"{name}-growth", f"{title}: a group that grows, 100 members a request", growth, GROWTH)


async def _pair(ours: Target, theirs: Target, people: int, rounds: int) -> tuple[list[Row], list[Row]]:
    ids = {target.name: await _fill(target, people) for target in (ours, theirs)}
    names = [f"person{number:07}@contoso.example" for number in range(people)]
    rows = []
    for connections in (1, 8):
        for name, calls in _scenarios(names, people * 10 * connections).items():
            rates = await _turns(ours, theirs, ids, calls, connections=connections, rounds=rounds)
            rows.append(_row(name, theirs.name, connections, *rates))
    growth: list[Row] = []
    for target in (ours, theirs):
        growth += await grown(target.name, target.port, target.token, ids[target.name], changed=target.changed)
    for connections in (1, 8):
        cycles = [
            [await initial(each.port, each.token, connections, first=people * 1000 * connections, changed=each.changed)]
            for each in (ours, theirs)
        ]
        rates = [[row["per second"] for row in cycle] for cycle in cycles]
        rows.append(_row("initial cycle, 2,150 requests", theirs.name, connections, *rates))
    kept = [await _kept(target, ids[target.name]) for target in (ours, theirs)]
    rows.append({"scenario": "kept as sent", "peer": theirs.name, "per second": kept[0], "of the peer": kept[1]})
    return rows, growth


Scenarios = dict[str, Callable[[list[str], int], Iterable[Call]]]


def _scenarios(names: list[str], first: int) -> Scenarios:
    return {
        "create user": lambda _, number: scenarios.creates(first + number * 500, 500),
        "look-up by userName": lambda _, __: scenarios.matches(names, 500),
        "look-up of nobody": lambda _, __: scenarios.misses(500),
        "get user": lambda ids, _: scenarios.reads(ids, 500),
        "patch user": lambda ids, number: scenarios.patches(ids[_SAMPLE:], 300, f"{first}-{number}"),
        "page of 100, any offset": lambda ids, _: scenarios.pages(len(ids), 10),
    }


async def _turns(
    ours: Target, theirs: Target, ids: dict[str, list[str]], calls: Any, *, connections: int, rounds: int
) -> tuple[list[float], list[float]]:
    """The rates of both, round by round, one after the other."""
    rates: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for target, found in zip((ours, theirs), rates, strict=True):
            work = _as_answered(target, calls(ids[target.name], number))
            done = await run(target.port, work, connections=connections, token=target.token)
            found.append(done.rate)
    return rates


def _as_answered(target: Target, calls: Iterable[Call]) -> Iterator[Call]:
    return (replace(call, expect=target.patched) if call.method == "PATCH" else call for call in calls)


def _row(name: str, peer: str, connections: int, ours: list[float], theirs: list[float]) -> Row:
    ratios = sorted(one / other for one, other in zip(ours, theirs, strict=True))
    return {
        "scenario": name,
        "peer": peer,
        "connections": connections,
        "per second": round(statistics.median(ours)),
        "of the peer": round(statistics.median(theirs)),
        "Doorlist is times as fast": round(statistics.median(ratios), 2),
        "range": [round(ratios[0], 2), round(ratios[-1], 2)],
    }


async def _fill(target: Target, people: int) -> list[str]:
    """Create the people over one connection, in order; their ids."""
    made = await run(target.port, scenarios.creates(0, people), connections=1, token=target.token, keep=True)
    return [str(json.loads(body)["id"]) for body in made.bodies]


async def _kept(target: Target, ids: list[str]) -> str:
    """Which attributes of the first people are there as they were sent, in words."""
    calls = [Call("GET", f"{scenarios.BASE}/Users/{one}") for one in ids[:_SAMPLE]]
    read = await run(target.port, calls, connections=1, token=target.token, keep=True)
    lost: set[str] = set()
    for number, body in enumerate(read.bodies):
        sent, stored = scenarios.person(number), json.loads(body)
        lost |= {key for key, value in sent.items() if key not in ("meta", "schemas") and stored.get(key) != value}
    return f"differs: {', '.join(sorted(lost))}" if lost else f"all of {_SAMPLE} people"
