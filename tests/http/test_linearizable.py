"""One person, and the members of one group, behave under many clients as if every request happened at one moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import pytest

from tests.http.conftest import Directory
from tests.http.linearizable import Call, linearizable

CLIENTS, CALLS = 6, 12
Ask = Callable[[Any], Awaitable[Any]]


async def record(ask: Ask, choose: Callable[[random.Random, str], Any], seed: int) -> list[Call]:
    """The history of several clients, each of which asks one thing after the other."""
    clock, history = count(), []

    async def client(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        for place in range(CALLS):
            asked, start = choose(chance, f"{number}-{place}"), next(clock)
            answered = await ask(asked)
            history.append(Call(start, next(clock), asked, answered))

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    return history


def register(state: Any, asked: Any) -> tuple[Any, Any]:
    """A title with a version: read, written, or written if the version is still a certain one."""
    (title, version), (verb, value, wanted) = state, asked
    if verb == "read":
        return state, (title, version)
    if wanted is not None and wanted != version:
        return state, "refused"
    return (value, version + 1), (value, version + 1)


def members(state: Any, asked: Any) -> tuple[Any, Any]:
    """A set to which one is added, from which one is removed, or which is read."""
    verb, person = asked
    if verb == "read":
        return state, state
    return (state | {person} if verb == "add" else state - {person}), "done"


def some_of_a_title(chance: random.Random, value: str) -> Any:
    verb = chance.choice(["read", "write", "write"])
    return verb, value, chance.choice([None, chance.randint(1, 25)]) if verb == "write" else None


@pytest.mark.parametrize("seed", range(3))
async def test_writes_and_reads_of_one_person_have_an_order(directory: Directory, seed: int) -> None:
    path = f"/Users/{(await directory.user('ana', title='first'))['id']}"

    async def ask(asked: Any) -> Any:
        verb, value, wanted = asked
        if verb == "read":
            answer = await directory.call("GET", path)
        else:
            headers = {} if wanted is None else {"If-Match": f'W/"{wanted}"'}
            answer = await directory.patch(path, {"op": "replace", "path": "title", "value": value}, headers=headers)
        if answer.status_code == 412:
            return "refused"
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return told["title"], int(told["meta"]["version"][3:-1])

    history = await record(ask, some_of_a_title, seed)
    assert any(call.start < other.start < call.end for call in history for other in history)
    assert linearizable(history, ("first", 1), register), history


@pytest.mark.parametrize("seed", range(3))
async def test_changes_and_reads_of_members_have_an_order(directory: Directory, seed: int) -> None:
    people = [(await directory.user(f"p{number}"))["id"] for number in range(4)]
    group = (await directory.group("Design"))["id"]

    async def ask(asked: Any) -> Any:
        verb, person = asked
        if verb == "read":
            return frozenset(await directory.members(group))
        answer = await directory.patch(
            f"/Groups/{group}", {"op": verb, "path": "members", "value": [{"value": person}]}
        )
        assert answer.status_code == 204, answer.text
        return "done"

    def choose(chance: random.Random, _: str) -> Any:
        return chance.choice(["read", "add", "remove"]), chance.choice(people)

    history = await record(ask, choose, seed)
    assert linearizable(history, frozenset(), members), history


WRITE, READ = ("write", "new", None), ("read", None, None)
WRONG = {
    "a write that was answered and is not seen": [Call(0, 1, WRITE, ("new", 2)), Call(2, 3, READ, ("old", 1))],
    "a write seen, and then not": [
        Call(0, 9, WRITE, ("new", 2)),
        Call(1, 2, READ, ("new", 2)),
        Call(3, 4, READ, ("old", 1)),
    ],
    "two writes with one version": [Call(0, 3, WRITE, ("new", 2)), Call(1, 2, WRITE, ("new", 2))],
    "a refusal without a reason": [Call(0, 1, ("write", "new", 1), "refused")],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_history_is_found(name: str) -> None:
    assert not linearizable(WRONG[name], ("old", 1), register)


def test_overlapping_calls_may_have_happened_in_either_order() -> None:
    for told in (("old", 1), ("new", 2)):
        assert linearizable([Call(0, 3, WRITE, ("new", 2)), Call(1, 2, READ, told)], ("old", 1), register)


async def test_a_store_that_answers_before_it_writes_is_found() -> None:
    """The recorder and the checker together: the same clients on a register that is broken on purpose."""
    state: Any = ("old", 1)

    async def ask(asked: Any) -> Any:
        nonlocal state
        after, answer = register(state, asked)

        def settle(value: Any = after) -> None:
            nonlocal state
            state = value

        asyncio.get_running_loop().call_later(0.002, settle)
        await asyncio.sleep(0)
        return answer

    history = await record(ask, some_of_a_title, 1)
    await asyncio.sleep(0.01)
    assert not linearizable(history, ("old", 1), register)
