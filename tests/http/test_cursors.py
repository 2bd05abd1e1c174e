"""Paging by cursor (RFC 9865): forward and back, in any order, while the list changes; its errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from doorlist.scim import cursor as cursors
from tests.http.conftest import Directory
from tests.http.test_refusals import refused


async def _people(directory: Directory) -> list[str]:
    return [
        (
            await directory.user(
                f"person{number:02}",
                active=number % 3 > 0,
                **({"title": "ABC"[number % 3]} if number % 5 else {}),
            )
        )["id"]
        for number in range(23)
    ]


async def _page(directory: Directory, cursor: str, **parameters: Any) -> dict[str, Any]:
    answer = await directory.call("GET", "/Users", params={"cursor": cursor, "count": 4, **parameters})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


SORTS: list[dict[str, str]] = [
    {},
    {"sortBy": "title"},
    {"sortBy": "title", "sortOrder": "descending"},
    {"sortBy": "userName", "sortOrder": "descending"},
    {"sortBy": "active"},
    {"sortBy": "meta.created"},
    {"sortBy": "emails.value"},
    {"filter": "active eq true", "sortBy": "title", "sortOrder": "descending"},
]


@pytest.mark.parametrize("sort", SORTS)
async def test_forward_and_back_hold_the_same_in_the_same_order(directory: Directory, sort: dict[str, str]) -> None:
    await _people(directory)
    whole = (await directory.call("GET", "/Users", params={"count": 100, **sort})).json()
    expected = [item["id"] for item in whole["Resources"]]
    pages = [await _page(directory, "", **sort)]
    assert "previousCursor" not in pages[0]
    assert "startIndex" not in pages[0]
    while "nextCursor" in pages[-1]:
        pages.append(await _page(directory, pages[-1]["nextCursor"], **sort))
    assert [item["id"] for page in pages for item in page["Resources"]] == expected
    assert {page["totalResults"] for page in pages} == {len(expected)}
    back = [pages[-1]]
    while "previousCursor" in back[0]:
        back.insert(0, await _page(directory, back[0]["previousCursor"], **sort))
    assert [item["id"] for page in back for item in page["Resources"]] == expected


async def test_what_is_deleted_or_added_meanwhile_shifts_nobody(directory: Directory) -> None:
    ids = await _people(directory)
    first = await _page(directory, "")
    for gone in ids[1:3]:
        await directory.call("DELETE", f"/Users/{gone}")
    second = await _page(directory, first["nextCursor"])
    assert [item["id"] for item in second["Resources"]] == ids[4:8]


async def test_a_cursor_is_made_of_unreserved_characters(directory: Directory) -> None:
    await _people(directory)
    cursor = (await _page(directory, "", sortBy="userName"))["nextCursor"]
    assert all(character.isalnum() or character in "-._~" for character in cursor)


async def test_cursors_that_cannot_be_used_say_why(directory: Directory) -> None:
    await _people(directory)
    cursor = (await _page(directory, ""))["nextCursor"]

    async def ask(**parameters: Any) -> Any:
        return await directory.call("GET", "/Users", params=parameters)

    for wrong in ("x", "!", cursor[:-3], cursor + "AAAA", "é", "A" * 9000):
        refused(await ask(cursor=wrong), 400, "invalidCursor", "cursor")
    refused(await ask(cursor=cursor, filter="active eq true"), 400, "invalidCursor", "another query")
    refused(await directory.call("GET", "/Groups", params={"cursor": cursor}), 400, "invalidCursor", "another query")
    for count in (0, -1, 5000):
        refused(await ask(cursor="", count=count), 400, "invalidCount", "count")
    old = int((datetime.now(UTC) - timedelta(hours=2)).timestamp())
    digest = cursors.digest("User", "", "", "False")
    expired = cursors.encode(cursors.decode(cursor, digest, now=int(datetime.now(UTC).timestamp())), digest, now=old)
    refused(await ask(cursor=expired), 400, "expiredCursor", "cursor")


async def test_search_takes_a_cursor_in_its_body(directory: Directory) -> None:
    await _people(directory)
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "cursor": "", "count": 5}
    first = (await directory.call("POST", "/Users/.search", json=body)).json()
    second = (await directory.call("POST", "/Users/.search", json={**body, "cursor": first["nextCursor"]})).json()
    assert len({item["id"] for page in (first, second) for item in page["Resources"]}) == 10


async def test_the_configuration_tells_of_cursors(directory: Directory) -> None:
    paging = (await directory.call("GET", "/ServiceProviderConfig")).json()["pagination"]
    assert (paging["cursor"], paging["index"], paging["defaultPaginationMethod"]) == (True, True, "index")
    assert paging["cursorTimeout"] == 3600
