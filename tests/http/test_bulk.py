"""Bulk (RFC 7644 section 3.7): references, circles, limits, and results that say what happened."""

from __future__ import annotations

from typing import Any

from tests.http.conftest import ENTERPRISE_URN, GROUP_URN, PATCH_URN, USER_URN, Directory
from tests.http.test_refusals import refused

BULK_URN = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


async def bulk(directory: Directory, *operations: dict[str, Any], **members: Any) -> list[dict[str, Any]]:
    body = {"schemas": [BULK_URN], "Operations": list(operations), **members}
    answer = await directory.call("POST", "/Bulk", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]
    results: list[dict[str, Any]] = answer.json()["Operations"]
    return results


def post(bulk_id: str, name: str, **attributes: Any) -> dict[str, Any]:
    data = {"schemas": [USER_URN], "userName": name, **attributes}
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data}


def post_group(bulk_id: str, name: str, *members: str) -> dict[str, Any]:
    data = {"schemas": [GROUP_URN], "displayName": name, "members": [{"value": member} for member in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


async def test_a_group_counts_on_people_made_before_and_after_it(directory: Directory) -> None:
    results = await bulk(
        directory, post("a", "ana"), post_group("g", "Design", "bulkId:a", "bulkId:b"), post("b", "ben")
    )
    assert statuses(results) == ["201", "201", "201"]
    assert [result["bulkId"] for result in results] == ["a", "g", "b"]
    ana, group, ben = (result["location"].rpartition("/")[2] for result in results)
    assert await directory.members(group) == {ana, ben}
    assert results[0]["version"] == 'W/"1"'


async def test_managers_in_a_circle_are_closed(directory: Directory) -> None:
    def manages(bulk_id: str) -> dict[str, Any]:
        return {ENTERPRISE_URN: {"manager": {"value": f"bulkId:{bulk_id}"}}}

    results = await bulk(
        directory, post("a", "ana", **manages("b")), post("b", "ben", **manages("a")), post("c", "cy", **manages("c"))
    )
    assert statuses(results) == ["201", "201", "201"]
    ids = [result["location"].rpartition("/")[2] for result in results]
    for one, manager in ((ids[0], ids[1]), (ids[1], ids[0]), (ids[2], ids[2])):
        read = (await directory.call("GET", f"/Users/{one}")).json()
        assert read[ENTERPRISE_URN]["manager"]["value"] == manager


async def test_references_in_paths_and_patches_are_replaced(directory: Directory) -> None:
    operations = [
        {
            "method": "PATCH",
            "path": "/Groups/bulkId:g",
            "data": {
                "schemas": [PATCH_URN],
                "Operations": [{"op": "add", "path": "members", "value": [{"value": "bulkId:a"}]}],
            },
        },
        post("a", "ana"),
        post_group("g", "Design"),
        {"method": "DELETE", "path": "/Users/bulkId:b"},
        post("b", "ben"),
    ]
    results = await bulk(directory, *operations)
    assert statuses(results) == ["200", "201", "201", "204", "201"]
    assert await directory.found("/Users", "userName pr") == ["ana"]
    assert await directory.found("/Groups", "members.value pr") == ["Design"]


async def test_what_fails_is_told_and_the_rest_is_done(directory: Directory) -> None:
    await directory.user("taken")
    results = await bulk(
        directory,
        post("t", "taken"),
        post_group("g", "Design", "bulkId:t"),
        post_group("h", "Sales", "bulkId:nobody"),
        {"method": "MOVE", "path": "/Users", "bulkId": "x"},
        {"method": "PUT", "path": "/Users", "data": {}},
        {"method": "POST", "path": "/Nothing", "bulkId": "n", "data": {"schemas": ["x"]}},
        {"method": "POST", "path": "/Users", "data": {"schemas": [USER_URN], "userName": "nameless"}},
        post("a", "ana"),
        post("a", "twin"),
        {"method": "DELETE", "path": "/Users/0190c0de-0000-7000-8000-000000000000"},
    )
    assert statuses(results) == ["409", "409", "400", "400", "400", "404", "400", "201", "400", "404"]
    assert results[0]["response"]["scimType"] == "uniqueness"
    assert "location" not in results[0]
    assert "t" in results[1]["response"]["detail"]
    assert results[-1]["location"].endswith("/Users/0190c0de-0000-7000-8000-000000000000")
    assert sorted(await directory.found("/Users", "userName pr")) == ["ana", "taken"]
    assert await directory.found("/Groups", "displayName pr") == []


async def test_processing_ends_at_so_many_errors(directory: Directory) -> None:
    await directory.user("taken")
    results = await bulk(
        directory, post("1", "ana"), post("2", "taken"), post("3", "taken"), post("4", "ben"), failOnErrors=2
    )
    assert statuses(results) == ["201", "409", "409"]
    assert await directory.found("/Users", 'userName eq "ben"') == []


async def test_a_stale_version_is_refused(directory: Directory) -> None:
    made = await directory.user("ana")
    path = f"/Users/{made['id']}"
    change = {"schemas": [PATCH_URN], "Operations": [{"op": "replace", "path": "title", "value": "Lead"}]}
    operation = {"method": "PATCH", "path": path, "data": change, "version": 'W/"1"'}
    assert statuses(await bulk(directory, operation, operation)) == ["200", "412"]


async def test_malformed_requests_are_refused_as_a_whole(directory: Directory) -> None:
    refused(await directory.call("POST", "/Bulk", json={"Operations": []}), 400, "invalidSyntax", "schemas")
    refused(await directory.call("POST", "/Bulk", json={"schemas": [BULK_URN]}), 400, "invalidSyntax", "Operations")
    body = {"schemas": [BULK_URN], "Operations": [], "failOnErrors": 0}
    refused(await directory.call("POST", "/Bulk", json=body), 400, "invalidValue", "failOnErrors")
    many = {"schemas": [BULK_URN], "Operations": [{}] * 1001}
    refused(await directory.call("POST", "/Bulk", json=many), 413, None, "maxOperations is 1000")
    refused(await directory.call("GET", "/Bulk"), 405, None)


async def test_the_configuration_tells_the_limits(directory: Directory) -> None:
    told = (await directory.call("GET", "/ServiceProviderConfig")).json()["bulk"]
    assert told == {"supported": True, "maxOperations": 1000, "maxPayloadSize": 1 << 20}


def patch(path: str, *operations: dict[str, Any]) -> dict[str, Any]:
    data = {"schemas": [PATCH_URN], "Operations": list(operations)}
    return {"method": "PATCH", "path": path, "data": data}


async def test_the_bound_of_work_is_that_of_the_whole_request(directory: Directory) -> None:
    """What one PATCH may look through is what all operations of one Bulk request may."""
    made = await directory.user("ana", emails=[{"value": str(number)} for number in range(1000)])
    path = f"/Users/{made['id']}"
    looks = [{"op": "remove", "path": f'emails[type eq "{number}"]'} for number in range(60)]
    assert (await directory.patch(path, *looks)).status_code == 200
    results = await bulk(directory, patch(path, *looks), patch(path, *looks), patch(path, *looks[:1]), post("b", "ben"))
    assert statuses(results) == ["200", "400", "400", "201"]
    assert [result.get("response", {}).get("scimType") for result in results] == [None, "tooMany", "tooMany", None]
    searches = [{"op": "remove", "path": f'members[display sw "{number}"]'} for number in range(60)]
    group = f"/Groups/{(await directory.group('Design'))['id']}"
    assert statuses(await bulk(directory, patch(group, *searches), patch(group, *searches))) == ["200", "400"]


async def test_an_operation_that_is_refused_has_spent_its_work(directory: Directory) -> None:
    made = await directory.user("ana", emails=[{"value": str(number)} for number in range(1000)])
    path = f"/Users/{made['id']}"
    looks = [{"op": "remove", "path": f'emails[type eq "{number}"]'} for number in range(60)]
    nobody = {"op": "replace", "path": 'emails[value co "nobody"].display', "value": "x"}
    results = await bulk(directory, patch(path, *looks, nobody), patch(path, *looks))
    assert [result["response"]["scimType"] for result in results] == ["noTarget", "tooMany"]


async def test_a_long_chain_named_backwards_is_resolved(directory: Directory) -> None:
    """Each person's manager is made after it, so every round can make only one."""
    chain = [post(str(number), f"p{number}") for number in range(150)]
    for number, operation in enumerate(chain[:-1]):
        operation["data"][ENTERPRISE_URN] = {"manager": {"value": f"bulkId:{number + 1}"}}
    results = await bulk(directory, *chain)
    assert set(statuses(results)) == {"201"}
    ids = [result["location"].rpartition("/")[2] for result in results]
    first = (await directory.call("GET", f"/Users/{ids[0]}")).json()
    assert first[ENTERPRISE_URN]["manager"]["value"] == ids[1]


async def test_a_circle_of_three_with_a_group_is_closed(directory: Directory) -> None:
    def manages(bulk_id: str) -> dict[str, Any]:
        return {ENTERPRISE_URN: {"manager": {"value": f"bulkId:{bulk_id}"}}}

    results = await bulk(
        directory,
        post_group("g", "Design", "bulkId:a", "bulkId:b", "bulkId:c"),
        post("a", "ana", **manages("b")),
        post("b", "ben", **manages("c")),
        post("c", "cy", **manages("a")),
    )
    assert statuses(results) == ["201"] * 4
    group, *people = (result["location"].rpartition("/")[2] for result in results)
    assert await directory.members(group) == set(people)
    for one, manager in zip(people, [*people[1:], people[0]], strict=True):
        read = (await directory.call("GET", f"/Users/{one}")).json()
        assert read[ENTERPRISE_URN]["manager"]["value"] == manager


async def test_a_circle_that_cannot_be_closed_leaves_nobody_behind(directory: Directory) -> None:
    await directory.user("taken")
    results = await bulk(
        directory,
        post("a", "ana", **{ENTERPRISE_URN: {"manager": {"value": "bulkId:t"}}}),
        post("t", "taken", **{ENTERPRISE_URN: {"manager": {"value": "bulkId:a"}}}),
    )
    assert statuses(results) == ["409", "409"]
    assert await directory.found("/Users", "userName pr") == ["taken"]


async def test_malformed_operations_count_as_errors(directory: Directory) -> None:
    results = await bulk(directory, {"method": "MOVE"}, post("a", "ana"), 5, post("b", "ben"), failOnErrors=1)  # type: ignore[arg-type]
    assert "201" not in statuses(results)
    assert await directory.found("/Users", "userName pr") == []


async def test_a_body_above_the_limit_is_413_with_the_limit(directory: Directory) -> None:
    wide = {"schemas": [BULK_URN], "Operations": [post("a", "ana", title="x" * (1 << 20))]}
    refused(await directory.call("POST", "/Bulk", json=wide), 413, None, str(1 << 20))


async def test_a_million_operations_are_refused_before_one_is_done(directory: Directory) -> None:
    many = b'{"schemas":["%s"],"Operations":[%s]}' % (BULK_URN.encode(), b",".join([b"{}"] * 300_000))
    headers = {"Content-Type": "application/scim+json"}
    refused(await directory.call("POST", "/Bulk", content=many, headers=headers), 413, None, "maxOperations is 1000")


async def test_data_nested_too_deeply_is_refused_by_itself(directory: Directory) -> None:
    nested: Any = "x"
    for _ in range(12):
        nested = {"a": nested}
    results = await bulk(directory, post("a", "ana", deep=nested), post("b", "ben"))
    assert statuses(results) == ["400", "201"]
    assert results[0]["response"]["scimType"] == "invalidSyntax"
