"""A group of a million members, step by step: time, cost against a group of 100, and the memory of the process.

`python -m bench large-group` starts a Doorlist of one process, writes the people by SQL, does the rest
over HTTP, and prints a table. The memory is that of the serving process, read while each step runs.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from uuid import UUID

import psutil

from bench import scenarios
from bench.load import Call, encoded, run
from bench.report import Report, Row
from bench.scenarios import BASE, PATCH_URN
from bench.servers import Served, doorlist
from doorlist.store.db import alone
from doorlist.store.embedded import running

MEGABYTE = 1 << 20
BATCH = 10_000
SPARE = 200
FIRST_ID = 0x0190C0DE_0000_7000_8000_000000000000

PEOPLE = """
insert into users (org_id, id, connection_id, user_name, user_name_key, display_name, active, doc, search, created_at,
                   modified_at)
select c.org_id, ('0190c0de-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, c.id, 'person' || n, 'person' || n,
       'Person ' || n, true,
       '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"person' || n || '"}',
       jsonb_build_object('username', 'person' || n), now(), now()
  from connections c, generate_series($1::int, $2::int) n
"""


@dataclass
class Watch:
    """The most memory that a process had while it was watched, in bytes."""

    process: psutil.Process
    rss: int = 0
    pss: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Read until told to stop; PSS costs the process more, so it is read less often."""
        for number in range(1 << 30):
            self.rss = max(self.rss, self.process.memory_info().rss)
            if number % 10 == 0:
                self.pss = max(self.pss, self.process.memory_full_info().pss)
            if self._over.wait(0.02):
                return

    def stop(self) -> None:
        self._over.set()


@dataclass
class Bench:
    """One run: the server, its process, the group and what was measured."""

    served: Served
    process: psutil.Process
    rows: list[Row] = field(default_factory=list)

    async def step(self, name: str, work: Callable[[], Awaitable[str]]) -> None:
        """Do a step under watch; it gives the remark that stands beside its figures."""
        watch = Watch(self.process)
        before = self.process.memory_info().rss
        looking = threading.Thread(target=watch.look)
        looking.start()
        started = time.perf_counter()
        try:
            remark = await work()
        finally:
            watch.stop()
            looking.join()
        seconds = time.perf_counter() - started
        sizes = {"RSS before": before, "highest RSS": watch.rss, "highest PSS": watch.pss}
        megabytes = {key: round(size / MEGABYTE) for key, size in sizes.items()}
        self.rows.append({"step": name, "s": round(seconds, 1), **megabytes, "remark": remark})

    async def send(self, calls: Iterable[Call]) -> list[float]:
        """The milliseconds of each call over one connection. Raises `bench.load.Unexpected`."""
        return (await run(self.served.port, calls, connections=1, token=self.served.token)).latencies

    async def read(self, path: str) -> tuple[int, int, bytes]:
        """A whole answer, read and thrown away: its bytes, how many members it names, and its beginning."""
        size = members = 0
        begin = end = b""
        async with self._answering(Call("GET", BASE + path)) as pieces:
            async for piece in pieces:
                size += len(piece)
                joined = end + piece
                members += joined.count(b'"value"')
                begin, end = (begin + piece)[:1000], joined[-6:]
        return size, members, begin

    @asynccontextmanager
    async def _answering(self, call: Call) -> AsyncIterator[AsyncIterator[bytes]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.served.port)
        with closing(writer):
            payload = encoded(call, self.served.token).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            writer.write(payload)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            yield _pieces(reader)


async def _pieces(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(1 << 18):
        yield piece


def person(number: int) -> str:
    """The id of the person with a number, from 1."""
    return str(UUID(int=FIRST_ID + number))


async def fill_people(served: Served, count: int) -> None:
    """Write the people of the organization set-based; the index for free filters is made afterwards."""
    with running(served.data) as url:
        async with alone(url) as connection:
            definition = await connection.fetchval("select pg_get_indexdef('users_search'::regclass)")
            await connection.execute("drop index users_search")
            for first in range(1, count + 1, 100_000):
                await connection.execute(PEOPLE, first, min(first + 99_999, count), timeout=600)
            await connection.execute(definition, timeout=600)
            await connection.execute("vacuum (analyze) users", timeout=600)


async def measure(bench: Bench, members: int) -> None:
    """Create, fill, read, change and end a group of so many members beside one of 100."""
    port, token = bench.served.port, bench.served.token
    spare = [person(members + number + 1) for number in range(SPARE)]
    small = await scenarios.make_group(port, token, "Small")
    await bench.send(scenarios.additions(small, [person(number + 1) for number in range(100)], 100))
    large = ""

    async def create() -> str:
        nonlocal large
        large = await scenarios.make_group(port, token, "Large")
        return "one POST"

    async def fill() -> str:
        ids = [person(number + 1) for number in range(members)]
        took = await bench.send(scenarios.additions(large, ids, BATCH))
        third = len(took) // 3 or 1
        first, last = statistics.median(took[:third]), statistics.median(took[-third:])
        return f"{len(took)} PATCH of {BATCH:,}; last third / first third {last / first:.2f}"

    async def pages() -> str:
        return await _pages(bench, large, members)

    async def stream() -> str:
        size, told, _ = await bench.read(f"/Groups/{large}")
        assert told == members, told
        return f"{told:,} members in {size / MEGABYTE:.0f} MB"

    async def stream_named() -> str:
        size, told, _ = await bench.read(f"/Groups/{large}?attributes=members.display,members.value")
        assert told == members, told
        return f"{told:,} members with names in {size / MEGABYTE:.0f} MB"

    async def change() -> str:
        return await _changes(bench, large, small, spare)

    async def empty() -> str:
        operation = {"op": "remove", "path": "members"}
        body = {"schemas": [PATCH_URN], "Operations": [operation]}
        await bench.send([Call("PATCH", f"{BASE}/Groups/{large}", body, 204)])
        return "one PATCH without a value"

    async def end() -> str:
        await bench.send([Call("DELETE", f"{BASE}/Groups/{large}", None, 204)])
        return "one DELETE"

    await bench.step("create", create)
    await bench.step("fill", fill)
    await bench.step("add 100, remove 1", change)
    await bench.step("read in pages", pages)
    await bench.step("stream whole", stream)
    await bench.step("stream with names", stream_named)
    await bench.step("remove everybody", empty)
    await bench.step("fill again", fill)
    await bench.step("delete", end)


async def _pages(bench: Bench, group: str, members: int) -> str:
    seen, cursor, took = 0, "", []
    while True:
        started = time.perf_counter()
        _, told, begin = await bench.read(f"/Groups/{group}/members?count=1000{cursor}")
        took.append(time.perf_counter() - started)
        seen += told
        found = re.search(rb'"nextCursor":"([^"]+)"', begin)
        if found is None:
            break
        cursor = f"&cursor={found.group(1).decode()}"
    assert seen == members, seen
    tenth = len(took) // 10 or 1
    return f"{len(took)} pages; last tenth / first tenth {sum(took[-tenth:]) / sum(took[:tenth]):.2f}"


async def _changes(bench: Bench, large: str, small: str, spare: list[str]) -> str:
    """Add 100 and remove 1, in turns in both groups; the ratio of the medians."""
    added: dict[str, list[float]] = {large: [], small: []}
    removed: dict[str, list[float]] = {large: [], small: []}
    for _ in range(30):
        for group in (large, small):
            added[group] += await bench.send(scenarios.additions(group, spare[:100], 100))
            removed[group] += await bench.send(scenarios.removals(group, spare[:1]))
            await bench.send(scenarios.removal(group, spare[1:100]))
    ratios = [statistics.median(took[large]) / statistics.median(took[small]) for took in (added, removed)]
    return f"against a group of 100: add {ratios[0]:.2f}, remove {ratios[1]:.2f} times the time"


def reports(full: bool, _: int) -> Iterator[Report]:
    """The table of the steps, with a million members, or fifty thousand."""
    members = 1_000_000 if full else 50_000

    async def everything(served: Served) -> list[Row]:
        process = psutil.Process(served.pid).children()[0]
        bench = Bench(served, process)
        await fill_people(served, members + SPARE)
        await measure(bench, members)
        return bench.rows

    with doorlist(1) as served:
        rows = asyncio.run(everything(served))
    yield Report("large-group", f"A group of {members:,} members: seconds, and MiB of the serving process", rows)
