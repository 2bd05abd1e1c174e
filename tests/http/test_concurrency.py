"""Many at once: one winner where there can be one, nothing lost where all can win, tenants never crossed."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter

from doorlist.store.db import Database
from tests.http.conftest import USER_URN, Directory, Enrol


async def test_the_same_post_from_twenty_clients_makes_one_person(directory: Directory) -> None:
    body = {"schemas": [USER_URN], "userName": "ana"}
    answers = await asyncio.gather(*(directory.call("POST", "/Users", json=body) for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert await directory.found("/Users", 'userName eq "ana"') == ["ana"]


async def test_parallel_changes_of_one_person_are_all_kept(directory: Directory) -> None:
    path = f"/Users/{(await directory.user('ana'))['id']}"
    names = ["title", "nickName", "displayName", "userType", "locale", "timezone", "name.givenName", "name.familyName"]
    answers = await asyncio.gather(
        *(directory.patch(path, {"op": "replace", "path": name, "value": name}) for name in names)
    )
    assert [answer.status_code for answer in answers] == [200] * len(names)
    after = (await directory.call("GET", path)).json()
    assert {name: after[name] for name in names if "." not in name} == {name: name for name in names if "." not in name}
    assert after["name"] == {"givenName": "name.givenName", "familyName": "name.familyName"}
    assert after["meta"]["version"] == f'W/"{1 + len(names)}"'


async def test_forty_writers_of_one_person_all_get_through(directory: Directory) -> None:
    path = f"/Users/{(await directory.user('ana'))['id']}"
    answers = await asyncio.gather(
        *(directory.patch(path, {"op": "replace", "path": "title", "value": str(number)}) for number in range(40))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert (await directory.call("GET", path)).json()["meta"]["version"] == 'W/"41"'


async def test_of_two_writers_with_the_same_tag_one_is_refused(directory: Directory) -> None:
    path = f"/Users/{(await directory.user('ana'))['id']}"
    answers = await asyncio.gather(
        *(
            directory.patch(
                path, {"op": "replace", "path": "title", "value": str(number)}, headers={"If-Match": 'W/"1"'}
            )
            for number in range(6)
        )
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 5}


async def test_a_person_deleted_while_being_added_is_in_no_group(directory: Directory, database: Database) -> None:
    for number in range(15):
        person = (await directory.user(f"person{number}"))["id"]
        groups = [(await directory.group(f"Group {number}-{index}"))["id"] for index in range(3)]
        add = {"op": "add", "path": "members", "value": [{"value": person}]}
        added = [directory.patch(f"/Groups/{group}", add) for group in groups]
        *answers, deleted = await asyncio.gather(*added, directory.call("DELETE", f"/Users/{person}"))
        assert deleted.status_code == 204
        assert {answer.status_code for answer in answers} <= {204, 400}
    async with database.reading() as connection:
        orphans = await connection.fetchval(
            """select count(*) from group_members m
                where not exists (select from users u where u.org_id = m.org_id and u.id = m.user_id
                                     and u.deleted_at is null)"""
        )
    assert orphans == 0


async def test_groups_with_crossed_members_never_deadlock(directory: Directory) -> None:
    people = [(await directory.user(f"person{number}"))["id"] for number in range(12)]
    groups = [(await directory.group(f"Group {number}", *people))["id"] for number in range(4)]

    async def shuffle(group: str, order: list[str]) -> list[int]:
        codes = []
        for one, op in itertools.product(order, ("Remove", "Add")):
            change = {"op": op, "path": "members", "value": [{"value": one}]}
            codes.append((await directory.patch(f"/Groups/{group}", change)).status_code)
        return codes

    orders = [people, people[::-1], people[6:] + people[:6], people[::2] + people[1::2]]
    codes = await asyncio.gather(*(shuffle(group, order) for group, order in zip(groups, orders, strict=True)))
    assert {code for lane in codes for code in lane} == {204}
    for group in groups:
        assert await directory.members(group) == set(people)


async def test_two_organizations_at_once_never_see_each_other(directory: Directory, enrol: Enrol) -> None:
    other: Directory = await enrol("Other")

    async def live(tenant: Directory, mark: str) -> set[str]:
        ids = set()
        for number in range(25):
            made = await tenant.user(f"person{number}", title=mark)
            ids.add(made["id"])
            listed = (await tenant.call("GET", "/Users", params={"count": 100})).json()
            assert {item["title"] for item in listed["Resources"]} == {mark}
            assert {item["id"] for item in listed["Resources"]} == ids
        return ids

    ours, theirs = await asyncio.gather(live(directory, "ours"), live(other, "theirs"))
    assert not ours & theirs
    for one in theirs:
        assert (await directory.call("GET", f"/Users/{one}")).status_code == 404
    group = (await directory.group("Mixed"))["id"]
    add = {"op": "add", "path": "members", "value": [{"value": next(iter(theirs))}]}
    assert (await directory.patch(f"/Groups/{group}", add)).status_code == 400
