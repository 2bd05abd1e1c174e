"""The hostile requests that every server meets: each is refused with its place, early, and nothing of it is done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from doorlist.scim.core import USER_TYPE
from doorlist.scim.schema import Type
from doorlist.store.db import Database
from doorlist.web import requests, scim_api
from doorlist.web.app import App
from tests.http.conftest import GROUP_URN, PATCH_URN, USER_URN, Directory
from tests.http.test_refusals import refused

JSON = {"Content-Type": "application/scim+json"}
MEGABYTE = 1 << 20


async def test_a_filter_of_ten_thousand_parentheses_is_refused(directory: Directory) -> None:
    deep = "(" * 10_000 + "title pr" + ")" * 10_000
    shorter = "(" * 1_000 + "title pr" + ")" * 1_000
    for text in (deep, shorter, "not " * 1_000 + "title pr", "emails[" * 500):
        refused(await directory.call("GET", "/Users", params={"filter": text}), 400, "invalidFilter")
        path = {"op": "remove", "path": f"emails[{text}]"}
        made = await directory.call("PATCH", "/Users/x", json={"schemas": [PATCH_URN], "Operations": [path]})
        assert made.status_code == 400


async def test_a_body_of_a_hundred_megabytes_is_refused_while_it_comes(directory: Directory) -> None:
    """Said in the header, and without: the server stops to read at its limit."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * MEGABYTE

    headers = {**JSON, "Content-Length": str(100 * MEGABYTE)}
    refused(await directory.call("POST", "/Users", content=b"{}", headers=headers), 413, None, "longer than")
    for path in ("/Users", "/Bulk", "/.search", "/Users/.search"):
        sent = 0
        refused(await directory.call("POST", path, content=endless(), headers=JSON), 413, None, "longer than")
        assert sent <= 3


async def test_a_body_that_comes_too_slowly_is_refused(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "BODY_SECONDS", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"schemas":'
        await asyncio.sleep(5)
        yield b"[]}"

    answer = await asyncio.wait_for(directory.call("POST", "/Users", content=slow(), headers=JSON), 3)
    refused(answer, 400, "invalidSyntax", "did not arrive")


@pytest.mark.parametrize("name", ["title", "name.familyName", "emails", "userName", "externalId"])
async def test_an_attribute_of_a_megabyte_is_refused_by_its_name(directory: Directory, name: str) -> None:
    wide = "x" * (MEGABYTE - 500)
    body: dict[str, Any] = {"schemas": [USER_URN], "userName": "ana"}
    attribute, _, sub = name.partition(".")
    body[attribute] = {sub: wide} if sub else [{"value": wide}] if name == "emails" else wide
    refused(await directory.call("POST", "/Users", json=body), 400, "invalidValue", attribute)
    assert await directory.found("/Users", "id pr") == []


BROKEN_TEXTS = {
    "a NUL": '"a\\u0000b"',
    "half of a pair": '"a\\ud800"',
    "the other half": '"\\udfffb"',
    "a pair turned round": '"\\udc00\\ud800"',
    "no UTF-8": b'"a\xff\xfeb"',
    "a bare control character": '"a\x01b"',
}


@pytest.mark.parametrize("name", BROKEN_TEXTS)
async def test_texts_that_no_database_keeps_are_refused(directory: Directory, name: str) -> None:
    text = BROKEN_TEXTS[name]
    raw = text if isinstance(text, bytes) else text.encode()
    made = await directory.user("ana")
    bodies = {
        "/Users": b'{"schemas":["%s"],"userName":%s}' % (USER_URN.encode(), raw),
        "/Groups": b'{"schemas":["%s"],"displayName":%s}' % (GROUP_URN.encode(), raw),
    }
    for path, body in bodies.items():
        answer = await directory.call("POST", path, content=body, headers=JSON)
        assert (answer.status_code, answer.json()["scimType"]) in {(400, "invalidValue"), (400, "invalidSyntax")}
    change = b'{"schemas":["%s"],"Operations":[{"op":"add","path":"title","value":%s}]}' % (PATCH_URN.encode(), raw)
    answer = await directory.call("PATCH", f"/Users/{made['id']}", content=change, headers=JSON)
    assert answer.status_code == 400
    assert (await directory.call("GET", f"/Users/{made['id']}")).json() == made


@pytest.mark.parametrize("text", ['"a\\u0000"', '"\\ud800"'])
async def test_a_filter_with_a_broken_text_is_refused(directory: Directory, text: str) -> None:
    refused(await directory.call("GET", "/Users", params={"filter": f"userName eq {text}"}), 400, "invalidFilter")


@pytest.mark.parametrize("number", ["1e999", "9" * 400, "-1e400", "1e-999999", "0x10", "NaN", "Infinity", "1_000"])
async def test_numbers_out_of_range_are_refused(directory: Directory, number: str) -> None:
    raw = b'{"schemas":["%s"],"userName":"ana","title":%s}' % (USER_URN.encode(), number.encode())
    answer = await directory.call("POST", "/Users", content=raw, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["scimType"] in ("invalidValue", "invalidSyntax")
    refused(await directory.call("GET", "/Users", params={"filter": f"active eq {number}"}), 400, "invalidFilter")
    assert await directory.found("/Users", f'title eq "{number}"') == []
    for name in ("count", "startIndex"):
        search = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"%s":%s}'
        content = search % (name.encode(), number.encode())
        assert (await directory.call("POST", "/Users/.search", content=content, headers=JSON)).status_code == 400


SQL = "'); drop table users; --"


async def test_sql_in_every_text_is_only_text(directory: Directory, database: Database) -> None:
    """Every text attribute, filter, path, sort and page takes it as it is, or refuses it as no name."""
    texts = [attribute for attribute in USER_TYPE.names.values() if attribute.type is Type.STRING]
    single = {attribute.name: SQL for attribute in texts if not (attribute.multi_valued or attribute.read_only)} | {
        "userName": SQL
    }
    mails = [{"value": SQL, "type": SQL, "display": SQL}]
    made = await directory.call("POST", "/Users", json={"schemas": [USER_URN], **single, "emails": mails})
    assert made.status_code == 201, made.text
    told = made.json()
    assert all(told[name] == SQL for name in single if name not in ("password", "schemas", "id"))
    group = await directory.group(SQL, told["id"])
    for text in (f"userName eq {json.dumps(SQL)}", f"emails.type co {json.dumps(SQL)}", f"title sw {json.dumps(SQL)}"):
        assert await directory.found("/Users", text) == [SQL]
    for name in ("filter", "sortBy", "attributes", "cursor", "count", "startIndex"):
        answer = await directory.call("GET", "/Users", params={name: SQL})
        assert answer.status_code in (200, 400)
        assert "syntax" not in answer.text.replace("invalidSyntax", "")
    for path in (f"/Users/{SQL}", f"/Groups/{group['id']}/{SQL}", f"/{SQL}"):
        assert (await directory.call("GET", path)).status_code == 404
    change = {"op": "replace", "path": f"emails[type eq {json.dumps(SQL)}].display", "value": SQL * 2}
    assert (await directory.patch(f"/Users/{told['id']}", change)).json()["emails"][0]["display"] == SQL * 2
    async with database.reading() as connection:
        assert await connection.fetchval("select count(*) from users where connection_id is not null") == 1


async def test_a_search_that_takes_too_long_is_given_up(
    directory: Directory, app: App, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that no index helps is read through everybody, but only for so long; the next request is served."""
    await directory.user("first")
    async with database.transaction() as connection:
        await connection.execute(
            """insert into users (org_id, id, connection_id, user_name, user_name_key, display_name, active, doc,
                                  search, created_at, modified_at)
               select u.org_id, gen_random_uuid(), u.connection_id, 'p' || n, 'p' || n, 'Person ' || n, true, u.doc,
                      u.search, u.created_at, u.modified_at from users u, generate_series(2, 5000) n""",
        )
    api = app._scim
    assert api is not None
    scan = {"filter": " or ".join(f'title co "{number}"' for number in range(200)), "sortBy": "title"}
    assert (await directory.call("GET", "/Users", params=scan)).json()["totalResults"] == 0
    monkeypatch.setattr(api, "_limits", replace(api._limits, max_seconds=0.01))
    for path in ("/Users", "/"):
        answer = await directory.call("GET", path, params=scan)
        refused(answer, 400, "tooMany", "given up")
    monkeypatch.undo()
    assert await directory.found("/Users", 'userName eq "first"') == ["first"]
    async with database.reading() as connection:
        running = await connection.fetchval(
            """select count(*) from pg_stat_activity
                where state = 'active' and datname = current_database() and pid <> pg_backend_pid()"""
        )
    assert running == 0


async def test_a_client_that_does_not_read_is_left(
    directory: Directory, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time for a piece of a streamed answer is bounded, so that its snapshot is not held for ever."""
    monkeypatch.setattr(scim_api, "PIECE_SECONDS", 0.05)
    people = [(await directory.user(f"p{number}"))["id"] for number in range(3)]
    group = (await directory.group("Design", *people))["id"]

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{"

    async def never(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(5)

    reply = scim_api.Reply(200, pieces=pieces())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(scim_api._send(never, reply, head=False, request_id=group), 2)
