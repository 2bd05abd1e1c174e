"""If-Match and If-None-Match on every method (RFC 9110 section 13.1), and entity tags that tell what changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.conftest import GROUP_URN, USER_URN, Directory
from tests.http.test_refusals import refused

CHANGES: dict[str, dict[str, Any]] = {
    "PUT": {"json": {"schemas": [USER_URN], "userName": "ana", "title": "x"}},
    "PATCH": {
        "json": {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "title", "value": "x"}],
        }
    },
    "DELETE": {},
}


async def tag_of(directory: Directory, path: str, **parameters: str) -> str:
    answer = await directory.call("GET", path, params=parameters)
    assert answer.status_code == 200
    return str(answer.headers["etag"])


@pytest.mark.parametrize("method", CHANGES)
async def test_a_write_is_not_done_on_a_version_that_it_excludes(directory: Directory, method: str) -> None:
    path = f"/Users/{(await directory.user('ana'))['id']}"
    for tags in ("*", 'W/"1"', '"1"', 'W/"7", W/"1"', '"a,b", "1"'):
        answer = await directory.call(method, path, headers={"If-None-Match": tags}, **CHANGES[method])
        refused(answer, 412, None, "If-None-Match")
    assert await tag_of(directory, path) == 'W/"1"'
    tags = 'W/"7", "x", 1, "W/1", "*"'
    answer = await directory.call(method, path, headers={"If-None-Match": tags}, **CHANGES[method])
    assert answer.status_code in (200, 204)


@pytest.mark.parametrize("method", CHANGES)
async def test_a_group_too(directory: Directory, method: str) -> None:
    path = f"/Groups/{(await directory.group('Red'))['id']}"
    body = {"schemas": [GROUP_URN], "displayName": "Blue"}
    change = {"json": body} if method == "PUT" else dict(CHANGES[method])
    if method == "PATCH":
        operation = {"op": "replace", "path": "displayName", "value": "Blue"}
        change = {"json": {**CHANGES["PATCH"]["json"], "Operations": [operation]}}
    for headers in ({"If-None-Match": "*"}, {"If-None-Match": 'W/"1"'}, {"If-Match": 'W/"2"'}):
        refused(await directory.call(method, path, headers=headers, **change), 412, None, next(iter(headers)))
    both = {"If-Match": 'W/"1"', "If-None-Match": 'W/"2"'}
    assert (await directory.call(method, path, headers=both, **change)).status_code in (200, 204)


@pytest.mark.parametrize("method", CHANGES)
async def test_nothing_is_excluded_where_nothing_is(directory: Directory, method: str) -> None:
    """A precondition is ignored where the answer would be no success without it (RFC 9110 section 13.2.1)."""
    path = "/Users/0190c0de-0000-7000-8000-000000000000"
    for headers in ({"If-None-Match": "*"}, {"If-Match": "*"}, {"If-Match": 'W/"1"'}):
        refused(await directory.call(method, path, headers=headers, **CHANGES[method]), 404, None)


async def test_a_post_is_on_a_collection_which_exists_and_has_no_tag(directory: Directory) -> None:
    body = {"schemas": [USER_URN], "userName": "ana"}
    for headers in ({"If-None-Match": "*"}, {"If-Match": 'W/"1"'}):
        answer = await directory.call("POST", "/Users", json=body, headers=headers)
        refused(answer, 412, None, next(iter(headers)))
    assert await directory.found("/Users", "userName pr") == []
    for number, headers in enumerate(({"If-None-Match": 'W/"1"'}, {"If-Match": "*"})):
        answer = await directory.call("POST", "/Users", json={**body, "userName": f"p{number}"}, headers=headers)
        assert answer.status_code == 201


async def test_a_read_of_another_version_than_the_one_demanded_is_refused(directory: Directory) -> None:
    path = f"/Users/{(await directory.user('ana'))['id']}"
    refused(await directory.call("GET", path, headers={"If-Match": 'W/"2"'}), 412, None, "If-Match")
    both = {"If-Match": 'W/"1"', "If-None-Match": 'W/"1"'}
    assert (await directory.call("GET", path, headers=both)).status_code == 304


async def test_the_tag_of_a_person_moves_with_the_groups_that_are_told(directory: Directory) -> None:
    ana, ben = await directory.user("ana"), await directory.user("ben")
    path = f"/Users/{ana['id']}"
    group = await directory.group("Red")
    before = await tag_of(directory, path)
    member = [{"value": ana["id"]}, {"value": ben["id"]}]
    await directory.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": member})
    joined = await directory.call("GET", path, headers={"If-None-Match": before})
    assert joined.status_code == 200, "the groups are new"
    assert joined.headers["etag"] == joined.json()["meta"]["version"] != before
    tag = joined.headers["etag"]
    assert (await directory.call("GET", path, headers={"If-None-Match": tag})).status_code == 304
    listed = await directory.call("GET", "/Users", params={"filter": f"meta.version eq {_quoted(tag)}"})
    assert [person["meta"]["version"] for person in listed.json()["Resources"]] == [tag, tag]
    await directory.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "Blue"})
    renamed = await tag_of(directory, path)
    assert renamed not in {before, tag}, "the name of a group is told with the person"
    await directory.call("DELETE", f"/Groups/{group['id']}")
    assert await tag_of(directory, path) == before


async def test_a_membership_changes_no_row_of_its_people(directory: Directory) -> None:
    """The tag of the person's own attributes stays: a membership writes no person, and conflicts with none."""
    ana = await directory.user("ana")
    path = f"/Users/{ana['id']}"
    own = await tag_of(directory, path, excludedAttributes="groups")
    await directory.group("Red", ana["id"])
    assert await tag_of(directory, path, excludedAttributes="groups") == own == 'W/"1"'


@pytest.mark.parametrize("method", CHANGES)
async def test_if_match_takes_either_current_tag_and_no_other(directory: Directory, method: str) -> None:
    ana = await directory.user("ana")
    path = f"/Users/{ana['id']}"
    await directory.group("Red", ana["id"])
    stale = await tag_of(directory, path)
    await directory.group("Blue", ana["id"])
    refused(await directory.call(method, path, headers={"If-Match": stale}, **CHANGES[method]), 412, None, "If-Match")
    whole = await tag_of(directory, path)
    if method != "DELETE":
        changed = await directory.call(method, path, headers={"If-Match": whole}, **CHANGES[method])
        assert changed.status_code == 200
        assert changed.headers["etag"] == await tag_of(directory, path)
    own = await tag_of(directory, path, attributes="userName")
    assert (await directory.call(method, path, headers={"If-Match": own}, **CHANGES[method])).status_code in (200, 204)


def _quoted(tag: str) -> str:
    return '"' + tag.replace('"', '\\"') + '"'
