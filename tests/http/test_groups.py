"""Groups over HTTP: members as rows, in both dialects of Entra and in Okta's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.http.conftest import GROUP_URN, Directory


async def _people(directory: Directory, *names: str) -> list[str]:
    return [(await directory.user(name))["id"] for name in names]


async def test_a_group_is_made_as_entra_makes_it(directory: Directory) -> None:
    body = {
        "schemas": [GROUP_URN, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "Design",
        "meta": {"resourceType": "Group"},
    }
    made = await directory.call("POST", "/Groups", json=body)
    assert made.status_code == 201
    assert made.json()["schemas"] == [GROUP_URN]
    assert made.json()["externalId"] == body["externalId"]
    assert "members" not in made.json()
    again = await directory.call("POST", "/Groups", json={**body, "displayName": "DESIGN"})
    assert again.status_code == 409


async def test_members_are_told_by_id_and_on_request_by_name(directory: Directory) -> None:
    ana, ben = await _people(directory, "ana", "ben")
    made = await directory.group("Design", ana, ben)
    assert {(member["value"], member["type"]) for member in made["members"]} == {(ana, "User"), (ben, "User")}
    path = f"/Groups/{made['id']}?attributes=members.value,members.display"
    named = (await directory.call("GET", path)).json()["members"]
    assert named == [{"value": ana, "display": "ana"}, {"value": ben, "display": "ben"}]
    person = (await directory.call("GET", f"/Users/{ana}")).json()
    assert person["groups"] == [
        {
            "value": made["id"],
            "$ref": f"https://doorlist.example/scim/v2/Groups/{made['id']}",
            "display": "Design",
            "type": "direct",
        }
    ]


REMOVALS: dict[str, Any] = {
    "entra without its flag": lambda one: {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": one}]},
    "entra with its flag": lambda one: {"op": "remove", "path": f'members[value eq "{one}"]'},
    "a single object": lambda one: {"op": "remove", "path": "members", "value": {"value": one}},
    "a filter on the name": lambda one: {"op": "remove", "path": 'members[display eq "ANA"]'},
    "a chain of or": lambda one: {"op": "remove", "path": f'members[value eq "{one}" or value eq "nobody"]'},
}


@pytest.mark.parametrize("shape", REMOVALS)
async def test_a_removal_takes_exactly_the_named_member(directory: Directory, shape: str) -> None:
    ana, ben, cy = await _people(directory, "ana", "ben", "cy")
    group = (await directory.group("Design", ana, ben, cy))["id"]
    answer = await directory.patch(f"/Groups/{group}", REMOVALS[shape](ana))
    assert answer.status_code == 204
    assert await directory.members(group) == {ben, cy}


async def test_a_removal_of_several_takes_them_all(directory: Directory) -> None:
    people = await _people(directory, "ana", "ben", "cy")
    group = (await directory.group("Design", *people))["id"]
    listed = [{"value": one} for one in people[:2]]
    await directory.patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": listed})
    assert await directory.members(group) == {people[2]}


async def test_a_removal_that_lists_nobody_removes_nobody(directory: Directory) -> None:
    people = await _people(directory, "ana", "ben")
    group = (await directory.group("Design", *people))["id"]
    for value in ([], [{"value": "0190c0de-0000-7000-8000-000000000000"}]):
        answer = await directory.patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": value})
        assert answer.status_code == 204
    for value in (None, "", 5, "everybody"):
        answer = await directory.patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": value})
        assert answer.status_code == 400, value
    assert await directory.members(group) == set(people)


async def test_a_removal_without_value_or_filter_empties_as_the_rfc_says(directory: Directory) -> None:
    people = await _people(directory, "ana", "ben")
    group = (await directory.group("Design", *people))["id"]
    await directory.patch(f"/Groups/{group}", {"op": "remove", "path": "members"})
    assert await directory.members(group) == set()


ADDITIONS: dict[str, Any] = {
    "a path": lambda one: {"op": "Add", "path": "members", "value": [{"$ref": None, "value": one}]},
    "no path": lambda one: {"op": "add", "value": {"members": [{"value": one}]}},
    "a single object": lambda one: {"op": "add", "path": "members", "value": {"value": one, "display": "x"}},
}


@pytest.mark.parametrize("shape", ADDITIONS)
async def test_an_addition_keeps_everybody_else(directory: Directory, shape: str) -> None:
    ana, ben = await _people(directory, "ana", "ben")
    group = (await directory.group("Design", ana))["id"]
    for _ in range(2):
        assert (await directory.patch(f"/Groups/{group}", ADDITIONS[shape](ben))).status_code == 204
    assert await directory.members(group) == {ana, ben}
    assert (await directory.call("GET", f"/Groups/{group}")).json()["meta"]["version"] == 'W/"2"'


async def test_okta_renames_removes_and_adds_in_one_request(directory: Directory) -> None:
    ana, ben = await _people(directory, "ana", "ben")
    group = (await directory.group("Design", ana))["id"]
    answer = await directory.patch(
        f"/Groups/{group}",
        {"op": "replace", "value": {"id": group, "displayName": "Design EU"}},
        {"op": "remove", "path": f'members[value eq "{ana}"]'},
        {"op": "add", "path": "members", "value": [{"value": ben, "display": "ben"}]},
    )
    assert answer.status_code == 204
    assert await directory.members(group) == {ben}
    assert await directory.found("/Groups", 'displayName eq "design eu"') == ["Design EU"]


async def test_a_replaced_list_is_exactly_the_new_one(directory: Directory) -> None:
    ana, ben, cy = await _people(directory, "ana", "ben", "cy")
    group = (await directory.group("Design", ana, ben))["id"]
    answer = await directory.patch(
        f"/Groups/{group}",
        {"op": "replace", "path": "members", "value": [{"value": ben}, {"value": cy}]},
        params={"attributes": "members"},
    )
    assert answer.status_code == 200
    assert {member["value"] for member in answer.json()["members"]} == {ben, cy}
    sent = {"schemas": [GROUP_URN], "displayName": "Design", "members": [{"value": ana}]}
    assert (await directory.call("PUT", f"/Groups/{group}", json=sent)).status_code == 200
    assert await directory.members(group) == {ana}


async def test_an_unknown_member_refuses_the_whole_request(directory: Directory) -> None:
    (ana,) = await _people(directory, "ana")
    group = (await directory.group("Design"))["id"]
    other = (await directory.group("Other"))["id"]
    for stranger in ("0190c0de-0000-7000-8000-000000000000", "u-1", other):
        answer = await directory.patch(
            f"/Groups/{group}",
            {"op": "replace", "path": "displayName", "value": "Changed"},
            {"op": "add", "path": "members", "value": [{"value": ana}, {"value": stranger}]},
        )
        assert answer.status_code == 400
        assert answer.json()["scimType"] == "invalidValue"
        assert stranger in answer.json()["detail"]
    assert await directory.members(group) == set()
    assert await directory.found("/Groups", 'displayName eq "Changed"') == []


async def test_members_are_not_edited(directory: Directory) -> None:
    (ana,) = await _people(directory, "ana")
    group = (await directory.group("Design", ana))["id"]
    for operation in (
        {"op": "replace", "path": f'members[value eq "{ana}"].display', "value": "x"},
        {"op": "remove", "path": "members.value"},
        {"op": "replace", "path": f'members[value eq "{ana}"]', "value": {"value": ana}},
    ):
        answer = await directory.patch(f"/Groups/{group}", operation)
        assert answer.json()["scimType"] == "mutability", operation
    assert await directory.members(group) == {ana}


async def test_a_deleted_person_leaves_the_groups_and_their_tags_change(directory: Directory) -> None:
    ana, ben = await _people(directory, "ana", "ben")
    made = await directory.group("Design", ana, ben)
    await directory.call("DELETE", f"/Users/{ana}")
    after = (await directory.call("GET", f"/Groups/{made['id']}")).json()
    assert [member["value"] for member in after["members"]] == [ben]
    assert after["meta"]["version"] != made["meta"]["version"]


async def test_groups_are_found_by_their_members(directory: Directory) -> None:
    ana, ben = await _people(directory, "ana", "ben")
    design = (await directory.group("Design", ana))["id"]
    await directory.group("Sales", ben)
    assert await directory.found("/Groups", f'members eq "{ana}"') == ["Design"]
    assert await directory.found("/Groups", f'id eq "{design}" and members.value eq "{ana}"') == ["Design"]
    assert await directory.found("/Groups", f'members[value eq "{ana}" and type eq "User"]') == ["Design"]
    assert await directory.found("/Groups", f'not (members.value eq "{ana}")') == ["Sales"]
    assert await directory.found("/Users", f'groups.value eq "{design}"') == ["ana"]
    assert await directory.found("/Users", 'groups.display eq "sales"') == ["ben"]


async def test_parallel_patches_of_one_group_lose_nothing(directory: Directory) -> None:
    people = await _people(directory, *(f"person{number:03}" for number in range(120)))
    group = (await directory.group("Everybody", *people[:60]))["id"]

    async def client(lane: int) -> None:
        for one in people[lane:60:6]:
            await directory.patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": [{"value": one}]})
        for one in people[60 + lane :: 6]:
            await directory.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": one}]})

    await asyncio.gather(*(client(lane) for lane in range(6)))
    assert await directory.members(group) == set(people[60:])


async def test_a_deleted_group_is_gone_and_its_name_free(directory: Directory) -> None:
    (ana,) = await _people(directory, "ana")
    group = (await directory.group("Design", ana))["id"]
    assert (await directory.call("DELETE", f"/Groups/{group}")).status_code == 204
    assert (await directory.call("GET", f"/Groups/{group}")).status_code == 404
    assert "groups" not in (await directory.call("GET", f"/Users/{ana}")).json()
    await directory.group("Design")


async def test_a_put_that_says_nothing_of_members_keeps_them(directory: Directory) -> None:
    people = await _people(directory, "ana", "ben")
    group = (await directory.group("Design", *people))["id"]
    read = (await directory.call("GET", f"/Groups/{group}", params={"excludedAttributes": "members"})).json()
    assert (await directory.call("PUT", f"/Groups/{group}", json={**read, "displayName": "Art"})).status_code == 200
    assert await directory.members(group) == set(people)
    for empty in (None, []):
        await directory.call("PUT", f"/Groups/{group}", json={**read, "members": [{"value": people[0]}]})
        assert await directory.members(group) == {people[0]}
        await directory.call("PUT", f"/Groups/{group}", json={**read, "members": empty})
        assert await directory.members(group) == set()


async def test_a_name_that_another_has_is_a_conflict_for_every_verb(directory: Directory) -> None:
    (ana,) = await _people(directory, "ana")
    await directory.user("ben")
    design = (await directory.group("Design"))["id"]
    await directory.group("Sales")
    rename = {"op": "replace", "path": "displayName", "value": "SALES"}
    put = {"schemas": [GROUP_URN], "displayName": "sales"}
    assert (await directory.patch(f"/Groups/{design}", rename)).json()["scimType"] == "uniqueness"
    assert (await directory.call("PUT", f"/Groups/{design}", json=put)).status_code == 409
    taken = await directory.patch(f"/Users/{ana}", {"op": "replace", "path": "userName", "value": "Ben"})
    assert (taken.status_code, taken.json()["scimType"]) == (409, "uniqueness")
