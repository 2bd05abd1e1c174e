"""Bad input: each is refused with a SCIM error that names the place, and changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest

from doorlist.domain.tenancy import Plan
from doorlist.service.requestlog import RequestLog
from doorlist.store.db import Database
from doorlist.web.app import App
from tests.http.conftest import GROUP_URN, PATCH_URN, USER_URN, Directory, Enrol

ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"


def refused(answer: httpx.Response, status: int, scim_type: str | None, place: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/scim+json"
    body = answer.json()
    assert body["schemas"] == [ERROR_URN]
    assert body["status"] == str(status)
    assert body.get("scimType") == scim_type
    assert place in body["detail"]


BODIES: dict[str, tuple[bytes, str, str]] = {
    "not JSON": (b'{"userName": ', "invalidSyntax", "not JSON"),
    "not UTF-8": (b'{"userName": "\xff"}', "invalidSyntax", "not JSON"),
    "a lone surrogate": (b'{"userName": "\\ud800 and more"}', "invalidSyntax", "not JSON"),
    "nested too deeply": (b'{"userName":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "invalidSyntax", "nested"),
    "a list": (b"[]", "invalidSyntax", "JSON object"),
    "empty": (b"", "invalidSyntax", "not JSON"),
    "no schemas": (b'{"userName": "ana"}', "invalidSyntax", "schemas"),
    "another schema": (json.dumps({"schemas": [GROUP_URN], "userName": "ana"}).encode(), "invalidSyntax", "schemas"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_malformed_body_is_refused(directory: Directory, name: str) -> None:
    body, scim_type, place = BODIES[name]
    headers = {"Content-Type": "application/scim+json"}
    refused(await directory.call("POST", "/Users", content=body, headers=headers), 400, scim_type, place)
    assert await directory.found("/Users", "id pr") == []


VALUES: dict[str, tuple[dict[str, Any], str]] = {
    "no userName": ({}, "userName"),
    "an empty userName": ({"userName": ""}, "userName"),
    "a number for a string": ({"userName": 7}, "userName"),
    "an object for a string": ({"userName": "ana", "title": {}}, "title"),
    "a word for a boolean": ({"userName": "ana", "active": "yes"}, "active"),
    "an object for a list": ({"userName": "ana", "emails": {"value": "x"}}, "emails"),
    "a string for an object": ({"userName": "ana", "emails": ["x"]}, "emails[0]"),
    "a wrong value inside": ({"userName": "ana", "emails": [{"value": "x"}, {"value": 5}]}, "emails[1].value"),
    "two primary values": (
        {"userName": "ana", "emails": [{"value": "x", "primary": True}, {"value": "y", "primary": "True"}]},
        "emails.primary",
    ),
    "a NUL": ({"userName": "a\x00na"}, "userName"),
    "a huge value": ({"userName": "ana", "title": "x" * 70_000}, "title"),
    "not base64": ({"userName": "ana", "x509Certificates": [{"value": "%%%"}]}, "x509Certificates[0].value"),
    "one name twice": ({"userName": "ana", "username": "ben"}, "username"),
}


@pytest.mark.parametrize("name", VALUES)
async def test_a_wrong_value_is_refused_by_its_name(directory: Directory, name: str) -> None:
    attributes, place = VALUES[name]
    answer = await directory.call("POST", "/Users", json={"schemas": [USER_URN], **attributes})
    refused(answer, 400, "invalidSyntax" if name == "one name twice" else "invalidValue", place)


FILTERS = {
    "no operator": ("userName", "end of filter"),
    "an unknown operator": ('userName is "x"', "character 10"),
    "an open string": ('userName eq "x', "character 13"),
    "an open group": ('(userName eq "x"', "end of filter"),
    "a lonely and": ('userName eq "x" and', "end of filter"),
    "an unknown attribute": ('shoeSize eq "x"', "shoeSize"),
    "an unknown sub-attribute": ('emails[colour eq "x"]', "colour"),
    "a number for a string": ("userName eq 5", "userName"),
    "an order of booleans": ("active gt true", "active"),
    "a part of a boolean": ('active co "t"', "active"),
    "a part of a time": ('meta.created co "2026"', "meta.created"),
    "no time": ('meta.created gt "yesterday"', "meta.created"),
    "a complex attribute": ('name eq "x"', "name"),
    "brackets in brackets": ('emails[value[type eq "x"]]', "value"),
    "brackets on a simple one": ('title[value eq "x"]', "title"),
    "too deep": ("(" * 100 + "title pr" + ")" * 100, "deep"),
    "10,000 parentheses": ("(" * 10_000, "characters"),
    "a NUL": ('title eq "\\u0000"', "title"),
    "a password": ('password eq "x"', "password"),
    "SQL": ("userName eq 'x' or 1=1 --", "character"),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_a_bad_filter_is_refused_never_an_empty_list(directory: Directory, name: str) -> None:
    text, place = FILTERS[name]
    refused(await directory.call("GET", "/Users", params={"filter": text}), 400, "invalidFilter", place)


OPERATIONS: dict[str, tuple[Any, str, str]] = {
    "no list": (None, "invalidSyntax", "Operations"),
    "not an object": (["add"], "invalidSyntax", "Operations[0]"),
    "an unknown op": ([{"op": "move", "path": "title"}], "invalidSyntax", "Operations[0].op"),
    "no op": ([{"path": "title", "value": "x"}], "invalidSyntax", "Operations[0].op"),
    "no value": ([{"op": "add", "path": "title"}], "invalidValue", "Operations[0].value"),
    "an unknown path": ([{"op": "add", "path": "shoeSize", "value": 1}], "invalidPath", "shoeSize"),
    "an unknown name in a value": ([{"op": "add", "value": {"shoeSize": 1}}], "invalidPath", "shoeSize"),
    "an unknown URN": ([{"op": "add", "path": "urn:x:y:z", "value": 1}], "invalidPath", "urn:x:y:z"),
    "a malformed path": ([{"op": "add", "path": "emails[", "value": 1}], "invalidPath", "emails["),
    "a bad filter in a path": ([{"op": "add", "path": "emails[type]", "value": 1}], "invalidPath", "emails[type]"),
    "no path to remove": ([{"op": "remove"}], "noTarget", "Operations[0].path"),
    "nothing matches": (
        [{"op": "replace", "path": 'emails[value eq "x"].value', "value": "y"}],
        "noTarget",
        "Operations[0]",
    ),
    "a read-only path": ([{"op": "replace", "path": "id", "value": "x"}], "mutability", "id"),
    "groups": ([{"op": "add", "path": "groups", "value": [{"value": "x"}]}], "mutability", "groups"),
    "a required one removed": ([{"op": "remove", "path": "userName"}], "mutability", "userName"),
    "a wrong type": ([{"op": "replace", "path": "active", "value": "maybe"}], "invalidValue", "active"),
    "the second of two": (
        [{"op": "replace", "path": "title", "value": "Lead"}, {"op": "replace", "path": "title", "value": 5}],
        "invalidValue",
        "Operations[1]",
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_bad_operation_discards_the_whole_patch(directory: Directory, name: str) -> None:
    operations, scim_type, place = OPERATIONS[name]
    made = await directory.user("ana")
    body = {"schemas": [PATCH_URN], "Operations": operations}
    refused(await directory.call("PATCH", f"/Users/{made['id']}", json=body), 400, scim_type, place)
    assert (await directory.call("GET", f"/Users/{made['id']}")).json() == made


async def test_a_body_over_the_limit_is_refused(directory: Directory) -> None:
    body = json.dumps({"schemas": [USER_URN], "userName": "ana", "title": "x" * (1 << 20)}).encode()

    async def chunks() -> Any:
        yield body[:1000]
        yield body[1000:]

    headers = {"Content-Type": "application/json"}
    refused(await directory.call("POST", "/Users", content=body, headers=headers), 413, None, "1048576")
    refused(await directory.call("POST", "/Users", content=chunks(), headers=headers), 413, None, "1048576")


async def test_media_types_are_checked(directory: Directory) -> None:
    body = json.dumps({"schemas": [USER_URN], "userName": "ana"})
    for content_type in ("text/plain", "application/xml", "application/json; charset=latin-1"):
        answer = await directory.call("POST", "/Users", content=body, headers={"Content-Type": content_type})
        refused(answer, 415, None, "Content-Type")
    for number, content_type in enumerate(("application/json; charset=UTF-8", "Application/SCIM+JSON")):
        sent = json.dumps({"schemas": [USER_URN], "userName": f"ana{number}"})
        answer = await directory.call("POST", "/Users", content=sent, headers={"Content-Type": content_type})
        assert answer.status_code == 201
    refused(await directory.call("GET", "/Users", headers={"Accept": "text/html"}), 406, None, "Accept")
    for accept in ("application/json", "text/html, */*;q=0.1", "application/scim+json;q=0.5"):
        assert (await directory.call("GET", "/Users", headers={"Accept": accept})).status_code == 200


async def test_methods_and_addresses_that_do_not_exist(directory: Directory) -> None:
    answer = await directory.call("PUT", "/Users", json={})
    refused(answer, 405, None)
    assert answer.headers["allow"] == "GET, POST, OPTIONS"
    refused(await directory.call("POST", "/Schemas", json={}), 405, None)
    refused(await directory.call("GET", "/Nothing"), 404, None)
    refused(await directory.call("GET", "/Users/a/b"), 404, None)
    refused(await directory.call("GET", "/Me"), 501, None)
    refused(await directory.call("GET", "https://doorlist.example/scim/v1/Users"), 400, "invalidVers")
    assert (await directory.call("OPTIONS", "/Users")).headers["allow"] == "GET, POST, HEAD, OPTIONS"
    head = await directory.call("HEAD", "/Users/")
    assert (head.status_code, head.content) == (200, b"")
    refused(await directory.call("GET", "/Schemas", params={"filter": 'id eq "x"'}), 403, None)


@pytest.mark.parametrize("parameters", [{"count": "many"}, {"startIndex": "1.5"}, {"sortOrder": "up"}])
async def test_bad_parameters_are_refused(directory: Directory, parameters: dict[str, str]) -> None:
    refused(await directory.call("GET", "/Users", params=parameters), 400, "invalidValue", next(iter(parameters)))


async def test_an_unknown_sort_attribute_is_refused(directory: Directory) -> None:
    refused(await directory.call("GET", "/Users", params={"sortBy": "shoeSize"}), 400, "invalidPath", "shoeSize")


CREDENTIALS = {
    "none": {},
    "basic": {"Authorization": "Basic eDp5"},
    "unknown": {"Authorization": "Bearer dl_scim_unknown"},
    "empty": {"Authorization": "Bearer "},
}


@pytest.mark.parametrize("name", CREDENTIALS)
async def test_without_a_known_token_nothing_is_read(app: App, name: str) -> None:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # App is an ASGI application
    async with httpx.AsyncClient(transport=transport, base_url="https://doorlist.example/scim/v2") as client:
        answer = await client.post("/Users", content=b"not json", headers=CREDENTIALS[name])
        refused(answer, 401, None, "Authorization: Bearer")
        assert answer.headers["www-authenticate"].startswith('Bearer realm="doorlist"')
        assert (await client.get("/ServiceProviderConfig")).status_code == 200
        refused(await client.get("/Users?filter=broken"), 401, None)


async def test_an_expired_token_is_refused_and_logged_as_expired(
    app: App, enrol: Enrol, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory: Directory = await enrol(expires_days=1)
    assert (await directory.call("GET", "/Users")).status_code == 200
    async with database.reading() as connection:
        over = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute("update tokens set expires_at = $1", over)
        await connection.execute("select pg_notify('doorlist_credentials', $1)", str(directory.org_id))
    refused(await _settled(directory), 401, None, "expired")
    log: RequestLog = app._scim._log  # type: ignore[union-attr] # the started application has one
    await log.flush()
    async with database.reading() as connection:
        line = await connection.fetchrow("select * from request_log where status = 401 order by id desc limit 1")
    assert line["code"] == "token-expired"
    assert line["org_id"] == directory.org_id
    assert line["token_id"] is not None


async def test_a_revoked_token_stops_at_once(enrol: Enrol, database: Database) -> None:
    directory: Directory = await enrol()
    assert (await directory.call("GET", "/Users")).status_code == 200
    async with database.transaction() as connection:
        await connection.execute("update tokens set revoked_at = now()")
        await connection.execute("select pg_notify('doorlist_credentials', $1)", str(directory.org_id))
    refused(await _settled(directory), 401, None, "revoked")


async def _settled(directory: Directory) -> httpx.Response:
    """The answer once the announcement has crossed from the database, at most a second later."""
    for _ in range(100):
        answer = await directory.call("GET", "/Users?count=0")
        if answer.status_code != 200:
            return answer
    return answer


async def test_below_enterprise_nothing_is_provisioned_but_deactivation(enrol: Enrol, database: Database) -> None:
    directory: Directory = await enrol()
    made = await directory.user("ana")
    group = (await directory.group("Design", made["id"]))["id"]
    async with database.transaction() as connection:
        await connection.execute("update organizations set plan = 'team'")
        await connection.execute("select pg_notify('doorlist_credentials', $1)", str(directory.org_id))
    refused(await _settled(directory), 403, None, "enterprise plan")
    path = f"/Users/{made['id']}"
    body = {"schemas": [USER_URN], "userName": "ben"}
    refused(await directory.call("POST", "/Users", json=body), 403, None, "enterprise plan")
    refused(await directory.patch(path, {"op": "replace", "path": "title", "value": "Lead"}), 403, None)
    refused(await directory.patch(f"/Groups/{group}", {"op": "remove", "path": "members"}), 403, None)
    off = await directory.patch(path, {"op": "replace", "path": "active", "value": False})
    assert off.status_code == 200
    refused(await directory.patch(path, {"op": "replace", "path": "active", "value": True}), 403, None)
    assert (await directory.call("DELETE", path)).status_code == 204


async def test_an_organization_that_never_paid_is_told_so(enrol: Enrol) -> None:
    directory: Directory = await enrol(plan=Plan.TEAM)
    refused(await directory.call("GET", "/Users", params={"filter": 'userName eq "x"'}), 403, None, "team")


async def test_a_token_does_only_what_its_scopes_say(enrol: Enrol) -> None:
    directory: Directory = await enrol(scopes=("users:read",))
    assert (await directory.call("GET", "/Users")).status_code == 200
    refused(await directory.call("GET", "/Groups"), 403, None, "groups:read")
    body = {"schemas": [USER_URN], "userName": "ben"}
    refused(await directory.call("POST", "/Users", json=body), 403, None, "users:write")


async def test_a_fault_tells_its_number_and_nothing_else(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("select secret from users")

    monkeypatch.setattr("doorlist.web.scim_api.list_resources", broken)
    answer = await directory.call("GET", "/Users")
    refused(answer, 500, None, "X-Request-Id")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"]
