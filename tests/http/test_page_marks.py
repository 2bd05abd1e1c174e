"""Pages by number and totals stay exact while people come and go, and cost the same at any number."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from doorlist.domain.ids import uuid7
from doorlist.service import clock
from doorlist.store import marks
from doorlist.store.db import Connection, Database
from doorlist.store.reading import Search, _rows, users_table
from tests.http.conftest import USER_URN, Directory


@pytest.fixture
def close_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark every five people, so that a few people have many."""
    monkeypatch.setattr(marks, "STEP", 5)
    monkeypatch.setattr(marks, "LONG", 10)


async def everybody(directory: Directory, count: int) -> list[str]:
    """All people as pages by number tell them; every page has to tell the same total."""
    found: list[str] = []
    while True:
        query = {"startIndex": len(found) + 1, "count": count, "attributes": "userName"}
        answer = (await directory.call("GET", "/Users", params=query)).json()
        found += [person["userName"] for person in answer["Resources"]]
        if not answer["Resources"]:
            assert answer["totalResults"] == len(found)
            return found


async def differences(connection: Connection) -> list[Any]:
    """The marks whose number is not that of the people between them and the mark before."""
    return list(
        await connection.fetch(
            """select m.upto, m.people, count(u.id) as there
                 from (select org_id, connection_id, upto, people,
                              lag(upto) over (partition by org_id, connection_id order by upto) as after
                         from page_marks) m
                 left join users u on u.org_id = m.org_id and u.connection_id = m.connection_id and u.id <= m.upto
                                  and (m.after is null or u.id > m.after) and u.deleted_at is null
                group by m.org_id, m.connection_id, m.upto, m.people
               having count(u.id) <> m.people"""
        )
    )


async def number_of_marks(database: Database) -> int:
    async with database.reading() as connection:
        return int(await connection.fetchval("select count(*) from page_marks"))


@pytest.mark.usefixtures("close_marks")
async def test_pages_by_number_hold_everybody_once_whatever_came_and_went(
    directory: Directory, database: Database
) -> None:
    chance, there = random.Random(7), {}
    for number in range(70):
        there[f"p{number:02}"] = (await directory.user(f"p{number:02}"))["id"]
        if chance.random() < 0.3:
            name = chance.choice(sorted(there))
            assert (await directory.call("DELETE", f"/Users/{there.pop(name)}")).status_code == 204
        if chance.random() < 0.2:
            assert await everybody(directory, chance.randint(1, 20)) == sorted(there)
    assert await number_of_marks(database) > 5
    for name in sorted(there)[5:35]:
        await directory.call("DELETE", f"/Users/{there.pop(name)}")
    assert await everybody(directory, 3) == sorted(there)
    async with database.reading() as connection:
        assert await differences(connection) == []
    whole = (await directory.call("GET", "/Users", params={"count": 0})).json()
    cursor = (await directory.call("GET", "/Users", params={"cursor": "", "count": 5})).json()
    assert whole["totalResults"] == cursor["totalResults"] == len(there)


@pytest.mark.usefixtures("close_marks")
async def test_marks_are_right_when_all_happens_at_once(directory: Directory, database: Database) -> None:
    """People are made and deleted by many while others read and move the marks on."""
    first = [(await directory.user(f"first{number}"))["id"] for number in range(30)]

    async def make(client: int) -> None:
        for number in range(12):
            await directory.user(f"c{client}n{number}")

    async def delete(ids: list[str]) -> None:
        for identifier in ids:
            assert (await directory.call("DELETE", f"/Users/{identifier}")).status_code == 204

    async def mark() -> None:
        async with database.reading() as connection:
            org, at = await connection.fetchrow("select org_id, id from connections")
            for _ in range(60):
                await marks.extend(connection, org, at)
                await asyncio.sleep(0.003)

    await asyncio.gather(*map(make, range(5)), delete(first[::2]), delete(first[1::4]), mark(), mark())
    assert len(await everybody(directory, 7)) == 30 - 15 - 8 + 60
    async with database.reading() as connection:
        assert await differences(connection) == []
    assert await number_of_marks(database) > 3


@pytest.mark.usefixtures("close_marks")
async def test_a_person_made_by_a_server_whose_clock_is_behind_still_comes_last(
    directory: Directory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        await directory.user(f"p{number:02}")
    await everybody(directory, 10)
    assert await number_of_marks(database) > 0
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() - timedelta(hours=1))
    monkeypatch.setattr("doorlist.service.people.new_id", lambda at: clock.new_id(at - timedelta(hours=1)))
    await directory.user("p99")
    assert (await everybody(directory, 10))[-1] == "p99"
    async with database.reading() as connection:
        assert await differences(connection) == []


@pytest.mark.usefixtures("close_marks")
async def test_a_person_made_while_the_marks_move_waits_and_comes_after_them(
    directory: Directory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        await directory.user(f"p{number:02}")
    monkeypatch.setattr("doorlist.service.people.new_id", lambda at: clock.new_id(at - timedelta(hours=1)))
    async with database.transaction() as moving:
        marked = await moving.fetchval(marks._TAKE, directory.org_id, await own(moving, directory))
        await moving.execute(marks._MARK, directory.org_id, await own(moving, directory), marked, marks.STEP)
        waiting = asyncio.create_task(directory.user("p99"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
    await waiting
    async with database.reading() as connection:
        assert await differences(connection) == []
        last = await connection.fetchval(
            "select user_name from users where org_id = $1 order by id desc", directory.org_id
        )
    assert last == "p99"


@pytest.mark.usefixtures("close_marks")
async def test_the_marks_wait_for_whoever_adds_or_deletes(directory: Directory, database: Database) -> None:
    for number in range(20):
        await directory.user(f"p{number:02}")
    async with database.transaction() as writing, database.reading() as other:
        await writing.fetch("select from connections where org_id = $1 for share", directory.org_id)
        await marks.extend(other, directory.org_id, await own(other, directory))
        assert await number_of_marks(database) == 0
    async with database.reading() as connection:
        await marks.extend(connection, directory.org_id, await own(connection, directory))
    assert await number_of_marks(database) == 3


async def own(connection: Connection, directory: Directory) -> UUID:
    """The id of the directory's connection."""
    found: UUID = await connection.fetchval("select id from connections where org_id = $1", directory.org_id)
    return found


@pytest.mark.usefixtures("close_marks")
async def test_another_organization_has_marks_of_its_own(enrol: Any, database: Database) -> None:
    left, right = await enrol("Left"), await enrol("Right")
    for number in range(25):
        await left.user(f"l{number:02}")
    await right.user("r")
    assert len(await everybody(left, 10)) == 25
    assert await everybody(right, 10) == ["r"]
    async with database.reading() as connection:
        marked = await connection.fetch("select distinct org_id from page_marks")
    assert [row["org_id"] for row in marked] == [left.org_id]


async def test_a_page_reads_as_much_at_the_end_as_at_the_beginning(directory: Directory, database: Database) -> None:
    """Counted in buffers, which no load of the machine changes: 12,000 people, the first page against the last."""
    ids = [uuid7(1_000_000 + number, b"1" * 8) for number in range(12_000)]
    table = users_table("https://doorlist.example/scim/v2")
    async with database.reading() as connection:
        connection_id = await own(connection, directory)
        await connection.execute(
            """insert into users (org_id, id, connection_id, user_name, user_name_key, display_name, active, doc,
                                  search, created_at, modified_at)
               select $1, i, $2, i, i, 'p', true, '{"userName":"x"}', '{}', now(), now() from unnest($3::uuid[]) i""",
            directory.org_id,
            connection_id,
            ids,
        )
        await connection.execute("vacuum analyze users")
        assert await marks.total(connection, directory.org_id, connection_id) == len(ids)

        async def buffers(offset: int) -> int:
            spy = Spy(connection)
            search = Search(None, None, False, offset, 100, table.related)
            found = await _rows(spy, table, directory.org_id, connection_id, search)  # type: ignore[arg-type] # a connection that notes
            assert [row["id"] for row in found] == ids[offset : offset + 101]
            return await spy.buffers()

        near, far = await buffers(100), await buffers(11_800)
        total = await explained(connection, marks._TOTAL, (directory.org_id, connection_id, marks.NOBODY))
    assert far < near * 1.5
    assert far < 1500, "a hundred people with their groups"
    assert total < 150, "twelve marks, and the thousand or two beyond them"


class Spy:
    """A connection that remembers the last statement, to explain it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.last: tuple[str, tuple[Any, ...]] = ("", ())

    async def fetch(self, statement: str, *arguments: Any) -> Any:
        self.last = (statement, arguments)
        return await self.connection.fetch(statement, *arguments)

    async def buffers(self) -> int:
        return await explained(self.connection, *self.last)


async def explained(connection: Connection, statement: str, arguments: tuple[Any, ...]) -> int:
    """The buffers that a statement reads by its general plan, which is the one that servers keep."""
    types = ", ".join("uuid" if isinstance(argument, UUID) else "bigint" for argument in arguments)
    values = ", ".join(f"'{argument}'" for argument in arguments)
    await connection.execute(f"prepare explained ({types}) as {statement}")
    plan = await connection.fetchval(f"explain (analyze, buffers, format json) execute explained ({values})")
    await connection.execute("deallocate explained")
    top = json.loads(plan)[0]["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


async def test_an_unfiltered_list_of_few_has_no_marks(directory: Directory, database: Database) -> None:
    body = {"schemas": [USER_URN], "userName": "ana"}
    assert (await directory.call("POST", "/Users", json=body)).status_code == 201
    assert await everybody(directory, 10) == ["ana"]
    assert await number_of_marks(database) == 0
