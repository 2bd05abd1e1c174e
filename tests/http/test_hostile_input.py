"""Hostile and odd requests: each is refused at its place or answered rightly, in bounded time, never with a fault."""

from __future__ import annotations

import json
import random
import string
from typing import Any

import pytest

from doorlist.store.db import Database
from doorlist.web.app import App
from tests.http.conftest import ENTERPRISE_URN, GROUP_URN, PATCH_URN, USER_URN, Directory
from tests.http.test_refusals import refused

SEARCH_URN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
JSON = {"Content-Type": "application/scim+json"}


@pytest.mark.parametrize("parameter", ["count", "startIndex"])
@pytest.mark.parametrize("text", ["-+5", "+-5", "--5", "5-", "0x5", "", "٣", "1e3", "9" * 16])
async def test_a_number_that_is_none_is_refused(directory: Directory, parameter: str, text: str) -> None:
    refused(await directory.call("GET", "/Users", params={parameter: text}), 400, "invalidValue", parameter)


@pytest.mark.parametrize("start", [2, 1000, 10**15 - 1])
@pytest.mark.parametrize("count", [0, 1, -5])
async def test_beyond_the_end_the_total_is_still_told(directory: Directory, start: int, count: int) -> None:
    await directory.user("ana")
    answer = (await directory.call("GET", "/Users", params={"startIndex": start, "count": count})).json()
    assert (answer["totalResults"], answer["itemsPerPage"], answer["Resources"]) == (1, 0, [])


REPEATED = [
    '{"schemas":["%s"],"userName":"ana","userName":"ben"}',
    '{"schemas":["%s"],"userName":"ana","name":{"givenName":"A","givenName" : "B"}}',
    '{"schemas":["%s"],"userName":"ana","emails":[{"value":"a","value"\n:"b"}]}',
    '{"schemas":["%s"],"userName":"ana","unknown":{"x":1,"\\u0078":2}}',
    '{"schemas":["%s"],"userName":"ana","title":"\\":","a\\"":1,"a\\"":2}',
]


@pytest.mark.parametrize("text", REPEATED)
async def test_a_name_given_twice_in_one_object_is_refused(directory: Directory, text: str) -> None:
    answer = await directory.call("POST", "/Users", content=(text % USER_URN).encode(), headers=JSON)
    refused(answer, 400, "invalidSyntax", "twice")
    assert await directory.found("/Users", "id pr") == []


async def test_a_value_that_looks_like_a_name_is_none(directory: Directory) -> None:
    title = ':":"" : {"a":1,"a":2}'
    assert (await directory.user("ana", title=title))["title"] == title


async def test_a_name_with_a_nul_is_ignored_and_the_log_still_written(
    directory: Directory, app: App, database: Database
) -> None:
    body = {"schemas": [USER_URN], "userName": "ana", "x\x00y": 1, **{f"n{number}": 1 for number in range(1000)}}
    assert (await directory.call("POST", "/Users", json=body)).status_code == 201
    await app._scim._log.flush()  # type: ignore[union-attr] # the started application has one
    async with database.reading() as connection:
        told = json.loads(await connection.fetchval("select change from request_log order by id desc limit 1"))
    assert told["ignored"][0] == "x\N{REPLACEMENT CHARACTER}y"
    assert told["ignored"][-1] == "and 951 more"


@pytest.mark.parametrize("name", ["userName", "externalId", "displayName"])
async def test_a_key_longer_than_an_index_holds_is_refused(directory: Directory, name: str) -> None:
    text = "".join(random.Random(1).choices(string.ascii_letters, k=513))
    path, urn = ("/Groups", GROUP_URN) if name == "displayName" else ("/Users", USER_URN)
    for body in ({"userName": "ana", "displayName": "Design", name: text}, {name: "ﬃ" * 513}):
        refused(await directory.call("POST", path, json={"schemas": [urn], **body}), 400, "invalidValue", name)
    widest = "\U0001f600" * 512
    made = await directory.call(
        "POST", path, json={"schemas": [urn], "userName": "ana", "displayName": "Design", name: widest}
    )
    assert made.status_code == 201
    found = await directory.call("GET", f"{path}/.search", params={})
    assert found.status_code == 405
    search = {"schemas": [SEARCH_URN], "filter": f'{name} eq "{widest}"'}
    assert (await directory.call("POST", f"{path}/.search", json=search)).json()["totalResults"] == 1


async def test_the_work_of_a_patch_is_bounded(directory: Directory) -> None:
    made = await directory.user("ana", emails=[{"value": str(number)} for number in range(1000)])
    path = f"/Users/{made['id']}"
    long_filter = " or ".join(f'value eq "x{number}"' for number in range(200))
    patches: dict[str, tuple[list[dict[str, Any]], str]] = {
        "many filters": ([{"op": "remove", "path": f'emails[type eq "{n}"]'} for n in range(10_000)], "tooMany"),
        "long filters": ([{"op": "remove", "path": f"emails[{long_filter}]"}] * 200, "tooMany"),
        "many operations": ([{"op": "remove", "path": "title"}] * 10_001, "invalidSyntax"),
        "a value too many": ([{"op": "add", "path": "emails", "value": [{"value": "one more"}]}], "invalidValue"),
    }
    for operations, scim_type in patches.values():
        refused(await directory.patch(path, *operations), 400, scim_type)
    refused(
        await directory.call(
            "PUT", path, json={"schemas": [USER_URN], "userName": "ana", "roles": [{"value": "x"}] * 1001}
        ),
        400,
        "invalidValue",
        "roles",
    )
    assert (await directory.call("GET", path)).json()["meta"]["version"] == 'W/"1"'


async def test_ten_thousand_operations_on_simple_attributes_are_done(directory: Directory) -> None:
    made = await directory.user("ana")
    operations = [{"op": "replace", "path": "title", "value": str(number)} for number in range(10_000)]
    assert (await directory.patch(f"/Users/{made['id']}", *operations)).json()["title"] == "9999"


NOTHING_DONE: dict[str, tuple[dict[str, Any], str]] = {
    "an object of unknown names": (
        {"op": "add", "path": "name", "value": {"name": {"givenName": "x"}}},
        "invalidValue",
    ),
    "a value of unknown names": ({"op": "add", "path": "emails", "value": [{"address": "x"}]}, "invalidValue"),
    "an unknown schema": ({"op": "add", "path": "schemas", "value": ["urn:example:other"]}, "mutability"),
    "a schema list": ({"op": "replace", "path": "schemas", "value": [USER_URN]}, "mutability"),
    "a contradiction": (
        {"op": "add", "path": 'emails[type eq "a" and type eq "b"].value', "value": "x"},
        "noTarget",
    ),
    "no type": ({"op": "add", "path": "emails[type eq null].value", "value": "x"}, "noTarget"),
    "two ops": ({"op": "remove", "Op": "add", "path": "title", "value": "x"}, "invalidSyntax"),
}


@pytest.mark.parametrize("name", NOTHING_DONE)
async def test_nothing_is_answered_as_done_that_was_not(directory: Directory, name: str) -> None:
    operation, scim_type = NOTHING_DONE[name]
    made = await directory.user("ana", title="Lead")
    refused(await directory.patch(f"/Users/{made['id']}", operation), 400, scim_type)
    assert (await directory.call("GET", f"/Users/{made['id']}")).json() == made


async def test_null_everywhere_is_the_absence_of_every_value(directory: Directory) -> None:
    names = [
        "externalId", "name", "displayName", "title", "active", "emails", "addresses", "roles", "groups", "meta", "id",
        "x509Certificates", "password", ENTERPRISE_URN,
    ]  # fmt: skip
    for number, nothing in enumerate((None, "", [], {})):
        body = {"schemas": [USER_URN], "userName": f"ana{number}"}
        body.update({name: nothing for name in names if nothing is None or name in ("emails", "addresses", "roles")})
        if nothing not in (None, [], ""):
            body = {"schemas": [USER_URN], "userName": f"ana{number}", "name": {}, "emails": [{}], ENTERPRISE_URN: {}}
        made = await directory.call("POST", "/Users", json=body)
        assert made.status_code == 201, made.text
        assert made.json().keys() == {"id", "schemas", "userName", "active", "meta"}


async def test_a_search_by_post_is_the_search_by_get(directory: Directory) -> None:
    for name in ("ana", "ben", "cy"):
        await directory.user(name)
    body = {
        "schemas": [SEARCH_URN],
        "filter": 'userName gt "ana"',
        "attributes": ["userName"],
        "excludedAttributes": None,
        "sortBy": "userName",
        "sortOrder": "descending",
        "startIndex": 1,
        "count": 1,
        "unknown": {"x": 1},
    }
    answer = (await directory.call("POST", "/Users/.search", json=body)).json()
    assert (answer["totalResults"], answer["itemsPerPage"]) == (2, 1)
    assert answer["Resources"][0].keys() == {"schemas", "id", "userName"}
    assert answer["Resources"][0]["userName"] == "cy"
    refused(await directory.call("POST", "/Users/.search", json={**body, "count": 1.5}), 400, "invalidValue", "count")
    refused(await directory.call("POST", "/Users/.search", json={**body, "filter": 5}), 400, "invalidFilter")
    options = await directory.call("OPTIONS", "/Users/.search")
    assert (options.status_code, options.headers["allow"]) == (204, "POST, OPTIONS")


async def test_parameters_are_known_in_any_case_and_encoding(directory: Directory) -> None:
    await directory.user("Jürgen@ÉCOLE.example")
    for query in (
        "FILTER=userName%20eq%20%22J%C3%9CRGEN@%C3%A9cole.example%22&CoUnT=1",
        "filter=userName+eq+%22ju%CC%88rgen@ecole.example%22+or+userName+sw+%22j%C3%BCrgen%22",
        "aadOptscim062020&filter=userName%20pr&&=&x=y=z;a",
    ):
        answer = await directory.call("GET", f"/Users?{query}")
        assert answer.json()["totalResults"] == 1, query
    for query in ("filter=%ff", "attributes=%c3%28"):
        refused(await directory.call("GET", f"/Users?{query}"), 400, "invalidValue", "UTF-8")
    refused(await directory.call("GET", "/Users?" + "a=1&" * 60), 400, "invalidValue", "parameters")


@pytest.mark.parametrize("path", ["/Users/%ff%fe", "/Users/%00", "/Users/..%2f..%2fetc", "/Users/" + "x" * 9000])
async def test_an_odd_address_names_nobody(directory: Directory, path: str) -> None:
    for method in ("GET", "DELETE", "HEAD"):
        assert (await directory.call(method, path)).status_code == 404


async def test_entity_tags_come_in_lists_and_in_several_headers(directory: Directory) -> None:
    made = await directory.user("ana")
    path, body = f"/Users/{made['id']}", {"schemas": [USER_URN], "userName": "ana"}
    for tags in ('W/"7", W/"1"', '"1"', "*", ' W/"1" , "x"'):
        assert (await directory.call("PUT", path, json=body, headers={"If-Match": tags})).status_code == 200, tags
    for tags in ('W/"7"', "1", "", 'W/"11"', '"W/1"'):
        answer = await directory.call("PUT", path, json=body, headers={"If-Match": tags})
        refused(answer, 412, None, "If-Match")
    several = [("If-Match", 'W/"1"'), ("If-Match", 'W/"9"')]
    assert (await directory.http.request("PUT", path, json=body, headers=several)).status_code == 200
    assert (await directory.call("GET", path, headers={"If-None-Match": '"5", W/"1"'})).status_code == 304
    assert (await directory.call("HEAD", path, headers={"If-None-Match": "*"})).status_code == 304
    assert (await directory.call("GET", path, headers={"If-None-Match": 'W/"5"'})).status_code == 200


async def test_head_tells_what_get_would_without_the_body(directory: Directory) -> None:
    made = await directory.user("ana")
    for path in (f"/Users/{made['id']}", "/Users", "/Schemas", "/ServiceProviderConfig", "/ResourceTypes/User"):
        got, head = await directory.call("GET", path), await directory.call("HEAD", path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        for name in ("content-type", "content-length", "etag"):
            assert head.headers.get(name) == got.headers.get(name)


async def test_every_method_at_every_address_is_answered(directory: Directory) -> None:
    paths = (
        "/Users",
        "/Users/x",
        "/Users/.search",
        "/Groups",
        "/Schemas",
        "/ServiceProviderConfig",
        "/Me",
        "/Bulk",
        "/x",
    )
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FROB"):
            answer = await directory.call(method, path)
            assert answer.status_code < 500 or answer.status_code == 501, (method, path)
            if answer.status_code == 405:
                assert answer.headers["allow"]


@pytest.mark.parametrize(
    "schemas", [None, [], "x", [1], [""], [[]], {}, [GROUP_URN], [PATCH_URN], ["urn:example:other"]]
)
async def test_a_body_without_a_schema_of_its_type_is_refused(directory: Directory, schemas: Any) -> None:
    refused(
        await directory.call("POST", "/Users", json={"schemas": schemas, "userName": "ana"}),
        400,
        "invalidSyntax",
        "schemas",
    )


@pytest.mark.parametrize(
    "schemas",
    [
        [USER_URN.upper()],
        [USER_URN, USER_URN],
        [ENTERPRISE_URN],
        [USER_URN, "urn:example:other"],
        ["urn:scim:schemas:core:1.0"],
    ],
)
async def test_schemas_are_read_tolerantly_and_answered_exactly(directory: Directory, schemas: list[str]) -> None:
    made = await directory.call("POST", "/Users", json={"schemas": schemas, "userName": "ana"})
    assert made.json()["schemas"] == [USER_URN]
