"""PUT, PATCH and Bulk on the same resources at once: what every client was told fits one order of all writes.

A small checker looks for the order: a write may come next when the model, after it, is what its client was told.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.http.conftest import GROUP_URN, PATCH_URN, USER_URN, Directory
from tests.http.test_bulk import BULK_URN

State = dict[str, Any]
"""Attributes of one resource, and its `version`."""


@dataclass(frozen=True)
class Write:
    """A write: what it does to the attributes, and what its client was told of them afterwards."""

    does: Callable[[State], State]
    told: State

    def after(self, state: State) -> State:
        done = self.does(dict(state))
        return {**done, "version": state["version"] + (done != state)}


def serial_order(state: State, writes: Sequence[Write], last: State) -> list[Write] | None:
    """An order in which the writes, one by one, tell what was told and end in `last`; None if there is none."""
    if not writes:
        return [] if state == last else None
    for index, write in enumerate(writes):
        after = write.after(state)
        if all(after.get(name) == value for name, value in write.told.items()):
            rest = serial_order(after, [*writes[:index], *writes[index + 1 :]], last)
            if rest is not None:
                return [write, *rest]
    return None


def adds(value: str) -> Callable[[State], State]:
    return lambda state: {**state, "values": state["values"] | {value}}


def replaces(*values: str, **attributes: str) -> Callable[[State], State]:
    return lambda state: {"version": state["version"], "values": frozenset(values), **attributes}


def told_of(document: dict[str, Any]) -> State:
    """What the answer with a person tells."""
    title = {"title": document["title"]} if "title" in document else {}
    values = frozenset(mail["value"] for mail in document.get("emails", []))
    return {"values": values, "version": version(document["meta"]["version"]), **title}


def version(tag: str) -> int:
    return int(tag.removeprefix('W/"').removesuffix('"'))


def test_the_checker_finds_an_order_and_sees_a_lost_write() -> None:
    start: State = {"version": 1, "values": frozenset()}
    first = Write(adds("a"), {"version": 2, "values": frozenset("a")})
    second = Write(adds("b"), {"version": 3, "values": frozenset("ab")})
    last: State = {"version": 3, "values": frozenset("ab")}
    assert serial_order(start, [second, first], last) == [first, second]
    assert serial_order(start, [second, first], {**last, "values": frozenset("b")}) is None
    assert serial_order(start, [first, Write(adds("b"), {"version": 2, "values": frozenset("b")})], last) is None


def adding(value: str) -> dict[str, Any]:
    return {"schemas": [PATCH_URN], "Operations": [{"op": "add", "path": "emails", "value": [{"value": value}]}]}


async def patched(directory: Directory, path: str, value: str) -> Write:
    answer = await directory.call("PATCH", path, json=adding(value))
    assert answer.status_code == 200
    return Write(adds(value), told_of(answer.json()))


async def put(directory: Directory, path: str, value: str) -> Write:
    body = {"schemas": [USER_URN], "userName": "ana", "title": value, "emails": [{"value": value}]}
    answer = await directory.call("PUT", path, json=body)
    assert answer.status_code == 200
    return Write(replaces(value, title=value), told_of(answer.json()))


async def in_bulk(directory: Directory, path: str, value: str) -> Write:
    operation = {"method": "PATCH", "path": path, "data": adding(value)}
    answer = await directory.call("POST", "/Bulk", json={"schemas": [BULK_URN], "Operations": [operation]})
    (result,) = answer.json()["Operations"]
    assert result["status"] == "200"
    return Write(adds(value), {"version": version(result["version"])})


@pytest.mark.parametrize("seed", range(4))
async def test_writes_of_one_person_at_once_have_an_order(directory: Directory, seed: int) -> None:
    made = await directory.user("ana")
    path = f"/Users/{made['id']}"
    ways = [patched] * 8 + [put] * 4 + [in_bulk] * 6
    random.Random(seed).shuffle(ways)
    writes = await asyncio.gather(*(way(directory, path, f"v{number}") for number, way in enumerate(ways)))
    last = told_of((await directory.call("GET", path)).json())
    assert last["version"] == 1 + len(ways)
    order = serial_order({"version": 1, "values": frozenset()}, writes, last)
    assert order is not None


@pytest.mark.parametrize("seed", range(3))
async def test_writes_of_one_group_at_once_have_an_order(directory: Directory, seed: int) -> None:
    """Members are added by PATCH and by Bulk requests and replaced by PUT, all at once.

    The answer to a PUT is read when it is sent, since it may be too long to be kept: it is a write and then a read.
    """
    people = [(await directory.user(f"person{number}"))["id"] for number in range(14)]
    path = f"/Groups/{(await directory.group('Design'))['id']}"
    chance = random.Random(seed)

    async def write(person: str) -> list[Write]:
        kind = chance.choice(["add", "add", "put", "bulk"])
        change = {
            "schemas": [PATCH_URN],
            "Operations": [{"op": "add", "path": "members", "value": [{"value": person}]}],
        }
        if kind == "put":
            body = {"schemas": [GROUP_URN], "displayName": "Design", "members": [{"value": person}]}
            answer = await directory.call("PUT", path, json=body)
            assert answer.status_code == 200
            members = frozenset(member["value"] for member in answer.json().get("members", []))
            read = Write(dict, {"version": version(answer.headers["etag"]), "values": members})
            return [Write(replaces(person), {}), read]
        if kind == "add":
            answer = await directory.call("PATCH", path, json=change)
            assert answer.status_code == 204
            return [Write(adds(person), {"version": version(answer.headers["etag"])})]
        operation = {"method": "PATCH", "path": path, "data": change}
        answer = await directory.call("POST", "/Bulk", json={"schemas": [BULK_URN], "Operations": [operation] * 2})
        results = answer.json()["Operations"]
        assert [result["status"] for result in results] == ["200", "200"]
        return [Write(adds(person), {"version": version(result["version"])}) for result in results]

    writes = [one for several in await asyncio.gather(*map(write, people)) for one in several]
    answer = await directory.call("GET", path)
    last = {
        "version": version(answer.headers["etag"]),
        "values": frozenset(await directory.members(path.split("/")[2])),
    }
    assert serial_order({"version": 1, "values": frozenset()}, writes, last) is not None
