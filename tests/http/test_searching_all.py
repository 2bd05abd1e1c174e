"""Queries at the root (RFC 7644 sections 3.4.2.1 and 3.4.3): people and groups in one list."""

from __future__ import annotations

from typing import Any

from tests.http.conftest import Directory, Enrol
from tests.http.test_refusals import refused

SEARCH_URN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


async def _found(directory: Directory, **parameters: Any) -> list[str]:
    answer = await directory.call("GET", "/", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["totalResults"] >= len(answer.json()["Resources"])
    return [item.get("userName") or item["displayName"] for item in answer.json()["Resources"]]


async def _fill(directory: Directory) -> None:
    ana = (await directory.user("ana", displayName="Ana", externalId="1"))["id"]
    await directory.user("ben", displayName="Ben", title="Lead")
    await directory.group("Ana's", ana, externalId="1")
    await directory.group("Zoo")


async def test_both_types_are_in_one_list_in_the_order_of_their_making(directory: Directory) -> None:
    await _fill(directory)
    assert await _found(directory) == ["ana", "ben", "Ana's", "Zoo"]
    assert await _found(directory, startIndex=2, count=2) == ["ben", "Ana's"]
    assert await _found(directory, count=0) == []
    listed = (await directory.call("GET", "/", params={"attributes": "members"})).json()["Resources"]
    assert [sorted(item) for item in listed] == [["id", "schemas"]] * 2 + [
        ["id", "members", "schemas"],
        ["id", "schemas"],
    ]


async def test_an_attribute_of_one_type_is_unassigned_in_the_other(directory: Directory) -> None:
    await _fill(directory)
    assert await _found(directory, filter="userName pr") == ["ana", "ben"]
    assert await _found(directory, filter="not (userName pr)") == ["Ana's", "Zoo"]
    assert await _found(directory, filter='externalId eq "1"') == ["ana", "Ana's"]
    assert await _found(directory, filter='title ne "Lead"') == ["ana", "Ana's", "Zoo"]
    assert await _found(directory, filter="members eq null") == ["ana", "ben", "Zoo"]
    assert await _found(directory, filter="meta.resourceType eq User") == ["ana", "ben"]
    assert await _found(directory, filter='emails[type eq "work"] or displayName sw "z"') == ["Zoo"]
    refused(await directory.call("GET", "/", params={"filter": "shoeSize pr"}), 400, "invalidFilter", "shoeSize")


async def test_the_list_is_sorted_over_both(directory: Directory) -> None:
    await _fill(directory)
    assert await _found(directory, sortBy="displayName") == ["ana", "Ana's", "ben", "Zoo"]
    assert await _found(directory, sortBy="displayName", sortOrder="descending") == ["Zoo", "ben", "Ana's", "ana"]
    refused(await directory.call("GET", "/", params={"sortBy": "shoeSize"}), 400, "invalidPath", "shoeSize")


async def test_search_asks_the_same_in_a_body(directory: Directory) -> None:
    await _fill(directory)
    body = {"schemas": [SEARCH_URN], "filter": 'displayName sw "ana"', "attributes": ["displayName"], "count": 10}
    answer = await directory.call("POST", "/.search", json=body)
    assert [item["displayName"] for item in answer.json()["Resources"]] == ["Ana", "Ana's"]
    refused(await directory.call("POST", "/.search", json={**body, "cursor": ""}), 400, "invalidValue", "cursor")
    refused(await directory.call("GET", "/.search"), 405, None)


async def test_a_token_finds_what_it_may_read(enrol: Enrol) -> None:
    directory: Directory = await enrol(scopes=("users:read", "users:write"))
    await directory.user("ana")
    assert await _found(directory) == ["ana"]
