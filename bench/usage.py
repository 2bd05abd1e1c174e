"""What a run costs the processes of a Doorlist: processor time, memory, and statements of its database."""

from __future__ import annotations

import asyncio
import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from bench.load import Call, run
from bench.servers import Served
from doorlist.store.cluster import Cluster
from doorlist.store.db import alone

MEGABYTE = 1 << 20


Seconds = dict[int, float]


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds so far by process: those that serve, and those of the database."""

    server: Seconds
    database: Seconds


def database_url(served: Served) -> str:
    """The address of the embedded PostgreSQL that the server keeps running."""
    return Cluster(served.data / "postgres").url


def usage(served: Served) -> Usage:
    """Read the clocks of the processes, which tick in hundredths of a second."""
    return Usage(_seconds(serving(served)), _seconds(storing(served)))


def spent(before: Seconds, after: Seconds) -> float:
    """Seconds between two readings; a process that ended between them does not count."""
    return sum(seconds - before.get(number, 0.0) for number, seconds in after.items())


async def statements(served: Served, calls: Iterable[Call]) -> float:
    """How many statements one request sends, begin and commit included: the median, from the log of the database."""
    async with alone(database_url(served)) as connection:
        for change in ("alter system set log_statement = 'all'", "select pg_reload_conf()", "select pg_sleep(0.3)"):
            await connection.execute(change)
        counted = []
        for call in calls:
            before = _logged(served)
            await run(served.port, [call], connections=1, token=served.token)
            await asyncio.sleep(0.05)
            counted.append(_logged(served) - before)
        for change in ("alter system reset log_statement", "select pg_reload_conf()"):
            await connection.execute(change)
    return statistics.median(counted)


def _logged(served: Served) -> int:
    logs = (served.data / "postgres" / "log").glob("postgres-*.log")
    return sum(len(re.findall(rb"LOG:  (?:execute|statement)", log.read_bytes())) for log in logs)


def serving(served: Served) -> list[psutil.Process]:
    """The process that was started and its workers, without those of PostgreSQL."""
    first = psutil.Process(served.pid)
    return [one for one in (first, *first.children(recursive=True)) if not one.name().startswith("postgres")]


def storing(served: Served) -> list[psutil.Process]:
    """The processes of PostgreSQL."""
    number = int((served.data / "postgres" / "postmaster.pid").read_text().split()[0])
    first = psutil.Process(number)
    return [first, *first.children(recursive=True)]


def memory(served: Served) -> dict[str, int]:
    """Megabytes of proportional set size by process: shared pages are divided among those that share them."""
    found = {str(one.pid): one.memory_full_info().pss // MEGABYTE for one in serving(served)}
    return {"all": sum(found.values()), **found}


def _seconds(processes: Iterable[psutil.Process]) -> Seconds:
    found = {}
    for one in processes:
        try:
            clock = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found[one.pid] = clock.user + clock.system
    return found
