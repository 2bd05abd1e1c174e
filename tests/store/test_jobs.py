"""The job queue: its tables are those of the library, jobs come and go with their transaction, and are done once."""

from __future__ import annotations

import asyncio

import pytest
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.queries import Queries

from doorlist.store import jobs
from doorlist.store.db import Database


async def waiting(database: Database) -> int:
    async with database.reading() as connection:
        count: int = await connection.fetchval("select count(*) from pgqueuer")
    return count


async def test_the_tables_of_our_migrations_are_those_of_the_library(database: Database) -> None:
    """An upgrade of PgQueuer that wants other tables fails here: it needs a migration."""
    plan = await Queries(AsyncpgPoolDriver(database.driver_pool)).plan_upgrade()
    assert list(plan.statements) == []


async def test_a_job_is_put_in_with_its_transaction_and_once(database: Database) -> None:

    async def fail() -> None:
        async with database.transaction() as connection:
            await jobs.put(connection, "letter", ["a"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await waiting(database) == 0
    for _ in range(2):
        async with database.transaction() as connection:
            await jobs.put(connection, "letter", ["a", "b"])
    assert await waiting(database) == 2


async def test_workers_do_each_job_once_and_go_on_after_one_that_fails(database: Database) -> None:
    done: list[str] = []

    async def do(name: str) -> None:
        done.append(name)
        if name == "3":
            raise ValueError

    async with database.transaction() as connection:
        await jobs.put(connection, "letter", [str(number) for number in range(20)])
    workers = [asyncio.create_task(jobs.work(database, "letter", do, at_once=2)) for _ in range(2)]
    for _ in range(200):
        if len(done) == 20 and await waiting(database) == 0:
            break
        await asyncio.sleep(0.05)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    assert sorted(done, key=int) == [str(number) for number in range(20)]
