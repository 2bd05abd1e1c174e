"""The life of a person and of a group over SCIM, without dead ends, and which names are the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.conftest import GROUP_URN, USER_URN, Directory


async def state(directory: Directory, path: str, value: bool) -> dict[str, Any]:
    answer = await directory.patch(path, {"op": "replace", "path": "active", "value": value})
    assert answer.status_code == 200
    return answer.json()


async def post(directory: Directory, name: str, **attributes: Any) -> tuple[int, dict[str, Any]]:
    answer = await directory.call("POST", "/Users", json={"schemas": [USER_URN], "userName": name, **attributes})
    return answer.status_code, answer.json()


async def test_a_deleted_person_frees_the_name_and_gives_the_next_one_nothing(directory: Directory) -> None:
    first = await directory.user("ana", externalId="7", title="Lead")
    group = await directory.group("Design", first["id"])
    assert (await directory.call("DELETE", f"/Users/{first['id']}")).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await directory.call(method, f"/Users/{first['id']}")).status_code == 404
    second = await directory.user("ana", externalId="7")
    assert second["id"] != first["id"]
    assert "title" not in second
    assert await directory.members(group["id"]) == set()
    assert await directory.found("/Users", 'userName eq "ana"') == ["ana"]


async def test_a_name_is_freed_and_taken_as_often_as_one_likes(directory: Directory) -> None:
    seen = set()
    for _ in range(3):
        person = await directory.user("ana")
        seen.add(person["id"])
        await directory.call("DELETE", f"/Users/{person['id']}")
    assert len(seen) == 3
    assert await directory.found("/Users", 'userName eq "ana"') == []


async def test_a_deactivated_person_is_found_keeps_the_groups_and_comes_back_the_same(directory: Directory) -> None:
    person = await directory.user("ana", externalId="7")
    group = await directory.group("Design", person["id"])
    path = f"/Users/{person['id']}"
    assert (await state(directory, path, False))["active"] is False
    for text in ('userName eq "ANA"', 'externalId eq "7"', "active eq false", f'id eq "{person["id"]}"'):
        assert await directory.found("/Users", text) == ["ana"]
    assert (await directory.call("GET", path)).json()["active"] is False
    assert await directory.members(group["id"]) == {person["id"]}
    back = await state(directory, path, True)
    assert (back["id"], back["active"], back["groups"][0]["value"]) == (person["id"], True, group["id"])


async def test_a_post_of_a_deactivated_person_tells_the_directory_to_look_and_the_look_finds_it(
    directory: Directory,
) -> None:
    person = await directory.user("ana")
    await state(directory, f"/Users/{person['id']}", False)
    status, refused = await post(directory, "Ana")
    assert (status, refused["scimType"], refused["status"]) == (409, "uniqueness", "409")
    assert "userName" in refused["detail"]
    (found,) = (await directory.call("GET", "/Users", params={"filter": 'userName eq "Ana"'})).json()["Resources"]
    assert (found["id"], found["active"]) == (person["id"], False)
    assert (await state(directory, f"/Users/{found['id']}", True))["active"] is True


async def test_two_people_exchange_names_once_one_is_free(directory: Directory) -> None:
    ana, max_ = await directory.user("ana"), await directory.user("max")

    async def rename(person: dict[str, Any], name: str) -> int:
        operation = {"op": "replace", "path": "userName", "value": name}
        return (await directory.patch(f"/Users/{person['id']}", operation)).status_code

    assert [await rename(ana, "max"), await rename(max_, "ana")] == [409, 409]
    assert [await rename(ana, "aside"), await rename(max_, "ana"), await rename(ana, "max")] == [200, 200, 200]
    assert await directory.found("/Users", 'userName eq "max"') == ["max"]


async def test_a_refused_rename_leaves_the_rest_of_the_request_undone(directory: Directory) -> None:
    await directory.user("ana")
    person = await directory.user("max", title="Lead")
    operations = [
        {"op": "replace", "path": "title", "value": "x"},
        {"op": "replace", "path": "userName", "value": "ANA"},
    ]
    assert (await directory.patch(f"/Users/{person['id']}", *operations)).status_code == 409
    assert (await directory.call("GET", f"/Users/{person['id']}")).json()["title"] == "Lead"


async def test_a_person_may_change_the_case_of_the_own_name(directory: Directory) -> None:
    person = await directory.user("ana")
    operation = {"op": "replace", "path": "userName", "value": "Ana"}
    assert (await directory.patch(f"/Users/{person['id']}", operation)).json()["userName"] == "Ana"


SAME = [
    ("ana@x.example", "ANA@X.EXAMPLE"),
    ("stra\u00dfe", "STRASSE"),
    ("jos\u00e9", "jose\u0301"),
    ("\u00c9ric", "e\u0301ric"),
    ("\u03c3\u03bf\u03c6\u03cc\u03c2", "\u03a3\u039f\u03a6\u038c\u03a3"),
    ("\ufb01n", "FIN"),
]
DIFFERENT = [("jos\u00e9", "jose"), ("\uff41na", "ana"), ("\u0430na", "ana"), ("ana", "ana1"), ("\u0131lk", "ilk")]


@pytest.mark.parametrize(("first", "second"), SAME, ids=ascii)
async def test_names_that_are_the_same_collide_and_find_each_other(
    directory: Directory, first: str, second: str
) -> None:
    assert (await directory.user(first))["userName"] == first
    assert (await post(directory, second))[0] == 409
    assert await directory.found("/Users", f'userName eq "{second}"') == [first]
    await directory.group(first)
    answer = await directory.call("POST", "/Groups", json={"schemas": [GROUP_URN], "displayName": second})
    assert answer.status_code == 409


@pytest.mark.parametrize(("first", "second"), DIFFERENT, ids=ascii)
async def test_names_that_only_look_alike_live_side_by_side(directory: Directory, first: str, second: str) -> None:
    await directory.user(first)
    assert (await post(directory, second))[0] == 201
    assert await directory.found("/Users", f'userName eq "{second}"') == [second]


async def test_an_external_id_is_compared_exactly_and_may_be_shared(directory: Directory) -> None:
    await directory.user("ana", externalId="A7")
    assert (await post(directory, "max", externalId="A7"))[0] == 201
    assert await directory.found("/Users", 'externalId eq "a7"') == []
    assert sorted(await directory.found("/Users", 'externalId eq "A7"')) == ["ana", "max"]


async def test_a_group_that_is_deleted_frees_its_name(directory: Directory) -> None:
    first = await directory.group("Design")
    assert (await directory.call("DELETE", f"/Groups/{first['id']}")).status_code == 204
    second = await directory.group("DESIGN")
    assert second["id"] != first["id"]
