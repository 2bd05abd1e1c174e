"""Beyond capacity: refused early, with when to come back; served again by itself. By counting, not by the clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx2 as httpx
import pytest

from doorlist.config import Settings
from doorlist.errors import Busy
from doorlist.store.db import Database
from doorlist.web.app import App
from doorlist.web.pacing import Pace
from tests.http.conftest import USER_URN, Directory, Enrol

CONNECTIONS, QUEUE = 2, 3


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[App]:
    """The application, started, with little room."""
    app = App(
        Settings(
            database_url=database_url,
            public_url="https://doorlist.example",
            pool_size=CONNECTIONS,
            max_waiting=QUEUE,
            scim_requests_per_second=20,
        )
    )
    async with app._lifespan(app._pages):
        yield app


def database_of(app: App) -> Database:
    assert app._database is not None
    return app._database


async def filled(app: App, waiting: int) -> None:
    """Wait until so many wait for a connection."""
    for _ in range(1000):
        if database_of(app).waiting >= waiting:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{database_of(app).waiting} wait")


async def test_beyond_capacity_requests_are_refused_at_once_and_the_rest_is_served(
    app: App, directory: Directory
) -> None:
    ann = await directory.user("ann")
    async with AsyncExitStack() as busy:
        for _ in range(CONNECTIONS):
            await busy.enter_async_context(database_of(app).reading())
        served = [asyncio.create_task(directory.call("GET", f"/Users/{ann['id']}")) for _ in range(QUEUE)]
        await filled(app, QUEUE)
        refused = [await directory.call("GET", f"/Users/{ann['id']}") for _ in range(10)]
        unknown = await directory.call("GET", "/Users", headers={"Authorization": "Bearer nobody"})
        api = await directory.http.get("https://doorlist.example/api/v1/people", headers={"Authorization": "Bearer x"})
        assert not any(task.done() for task in served), "what was let in waits in order"
    assert {answer.status_code for answer in [*refused, unknown, api]} == {503}
    assert {answer.headers["retry-after"] for answer in [*refused, unknown, api]} == {"2"}
    assert [(await task).status_code for task in served] == [200] * QUEUE
    assert (await directory.call("GET", f"/Users/{ann['id']}")).status_code == 200
    assert database_of(app).waiting == 0


async def test_what_was_refused_was_not_done(app: App, directory: Directory, database: Database) -> None:
    await directory.user("ann")
    answers: Counter[int] = Counter()
    async with AsyncExitStack() as busy:
        for _ in range(CONNECTIONS):
            await busy.enter_async_context(database_of(app).reading())
        made = [
            asyncio.create_task(
                directory.call("POST", "/Users", json={"schemas": [USER_URN], "userName": f"p{number}"})
            )
            for number in range(QUEUE * 4)
        ]
        await filled(app, QUEUE)
        await asyncio.wait(made, return_when=asyncio.FIRST_COMPLETED)
    for task in made:
        answers[(await task).status_code] += 1
    assert set(answers) == {201, 503}
    async with database.reading() as connection:
        assert await connection.fetchval("select count(*) from users where user_name like 'p%'") == answers[201]


async def test_a_token_that_asks_too_often_is_slowed_down_and_no_other(app: App, enrol: Enrol) -> None:
    eager, calm = await enrol("Eager"), await enrol("Calm")
    answers = [await eager.call("GET", "/Users?count=0") for _ in range(200)]
    slowed = [answer for answer in answers if answer.status_code == 429]
    assert slowed
    assert {answer.headers["retry-after"] for answer in slowed} == {"1"}
    assert len(answers) - len(slowed) >= 20 * 4, "four seconds' worth may come at once"
    assert (await calm.call("GET", "/Users")).status_code == 200


def test_a_pace_admits_its_rate_and_four_seconds_of_it_at_once() -> None:
    now = [0.0]
    pace, token = Pace(10, clock=lambda: now[0]), uuid4()
    admitted = 0
    for _ in range(100):
        for _ in range(50):
            try:
                pace.admit(token)
                admitted += 1
            except Busy:
                break
        now[0] += 0.5
    assert admitted == 40 + 99 * 5


async def test_a_client_that_sends_slowly_holds_no_connection(app: App, directory: Directory) -> None:
    begun, on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"schemas": ["' + USER_URN.encode() + b'"], '
        begun.set()
        await on.wait()
        yield b'"userName": "slow"}'

    await directory.user("ann")
    asked: list[asyncio.Task[httpx.Response]] = [
        asyncio.create_task(
            directory.call("POST", "/Users", content=slow(), headers={"Content-Type": "application/scim+json"})
        )
    ]
    await begun.wait()
    for _ in range(10):
        assert (await directory.call("GET", "/Users?count=1")).status_code == 200
    assert database_of(app).waiting == 0
    on.set()
    assert (await asked[0]).status_code == 201
