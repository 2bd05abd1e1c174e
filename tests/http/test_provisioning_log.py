"""The provisioning log: every request is there, with what it changed, and no secret in it."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import pytest

from doorlist.domain.redaction import KEPT, REDACTED
from doorlist.service import connections
from doorlist.service.requestlog import RequestLog
from doorlist.store import journal, trail
from doorlist.store.db import Database
from doorlist.store.journal import Bodies, Line, Logged, Wanted
from doorlist.store.trail import Moved
from doorlist.web.app import App
from tests.http.conftest import OPERATOR, PATCH_URN, USER_URN, Directory, Enrol

SECRET = "hunter2-Zq9"
JSON = {"Content-Type": "application/scim+json"}


@dataclass
class Reader:
    """The log of the application under test, written out before it is read."""

    app: App
    database: Database

    async def flush(self) -> None:
        log: RequestLog = self.app._scim._log  # type: ignore[union-attr] # the started application has one
        await log.flush()

    async def page(self, wanted: Wanted, limit: int = 100) -> list[Logged]:
        await self.flush()
        async with self.database.reading() as connection:
            return await journal.page(connection, wanted, limit=limit)

    async def last(self, directory: Directory) -> Logged:
        return (await self.page(Wanted(directory.org_id), 1))[0]

    async def bodies(self, directory: Directory) -> tuple[str | None, str | None]:
        """Of the newest request."""
        line = await self.last(directory)
        async with self.database.reading() as connection:
            return await journal.find_bodies(connection, directory.org_id, line.request_id)

    async def everything(self) -> str:
        """Every row of the tables that remember requests, as text."""
        await self.flush()
        async with self.database.reading() as connection:
            rows = await connection.fetch(
                """select r::text as row from request_log r union all select b::text from request_bodies b
                   union all select a::text from audit_events a union all select t::text from tokens t"""
            )
        return "\n".join(row["row"] for row in rows)


@pytest.fixture
def log(app: App, database: Database) -> Reader:
    return Reader(app, database)


@pytest.fixture
async def stranger(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a credential."""
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # App is an ASGI application
    async with httpx.AsyncClient(transport=transport, base_url="https://doorlist.example/scim/v2") as client:
        yield client


async def test_a_write_is_kept_with_what_it_changed_and_both_bodies(directory: Directory, log: Reader) -> None:
    made = await directory.user("ana", title="Lead")
    line = await log.last(directory)
    assert (line.method, line.path, line.status, line.token) == ("POST", "/scim/v2/Users", 201, "directory")
    assert line.target_id is not None
    assert str(line.target_id) == made["id"]
    assert "title" in json.loads(line.change or "{}")["created"]
    request, response = await log.bodies(directory)
    assert json.loads(request or "")["userName"] == "ana"
    assert json.loads(response or "")["id"] == made["id"]
    await directory.patch(f"/Users/{made['id']}", {"op": "replace", "path": "title", "value": "Chief"})
    line = await log.last(directory)
    assert json.loads(line.change or "{}")["attributes"] == {"title": ["Lead", "Chief"]}
    assert str(line.target_id) == made["id"]


REFUSALS: dict[str, tuple[str, str, dict[str, Any], str, str]] = {
    "not JSON": ("POST", "/Users", {"content": b"{", "headers": JSON}, "invalid-syntax", "not JSON"),
    "a wrong value": ("POST", "/Users", {"json": {"schemas": [USER_URN], "userName": 7}}, "invalid-value", "userName"),
    "a bad filter": ("GET", "/Users?filter=userName+is+1", {}, "invalid-filter", "character 10"),
    "nobody": ("GET", "/Users/00000000-0000-7000-8000-000000000000", {}, "not-found", "no User"),
    "a wrong address": ("GET", "/Persons", {}, "not-found", "nothing at this address"),
    "a wrong method": ("DELETE", "/Users", {}, "method-not-allowed", "DELETE"),
    "a wrong answer": ("GET", "/Users", {"headers": {"Accept": "text/html"}}, "not-acceptable", "Accept"),
    "a wrong body": ("POST", "/Users", {"content": b"<a/>", "headers": {"Content-Type": "text/xml"}},
                     "unsupported-media-type", "text/xml"),
    "a long body": ("POST", "/Users", {"content": b" " * (1 << 21), "headers": JSON}, "too-large", "bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_is_kept_with_its_code_place_and_token(directory: Directory, log: Reader, name: str) -> None:
    method, path, keywords, code, place = REFUSALS[name]
    answer = await directory.call(method, path, **keywords)
    (line,) = await log.page(Wanted(directory.org_id, failures=True))
    assert (line.status, line.code, line.token) == (answer.status_code, code, "directory")
    assert place in (line.detail or "")
    assert str(line.request_id) == answer.headers["x-request-id"]


SHAPES: dict[str, tuple[str, Any]] = {
    "POST": ("POST", {"schemas": [USER_URN], "userName": "ana", "password": SECRET}),
    "POST in capitals": ("POST", {"schemas": [USER_URN], "userName": "ana", "PassWord": SECRET}),
    "a list": ("POST", {"schemas": [USER_URN], "userName": "ana", "password": [SECRET, {"value": SECRET}]}),
    "in an extension": ("POST", {"schemas": [USER_URN], "userName": "ana", "urn:x:y": {"clientSecret": SECRET}}),
    "refused and repeated": ("POST", {"schemas": [USER_URN], "userName": 7, "password": SECRET, "title": SECRET}),
    "PUT": ("PUT", {"schemas": [USER_URN], "userName": "ben", "password": SECRET}),
    "PATCH by path": ("PATCH", [{"op": "replace", "path": "password", "value": SECRET}]),
    "PATCH by URN": ("PATCH", [{"op": "Replace", "path": f"{USER_URN}:Password", "value": SECRET}]),
    "PATCH, value first": ("PATCH", [{"value": SECRET, "path": "password", "op": "add"}]),
    "PATCH without a path": ("PATCH", [{"op": "replace", "value": {"password": SECRET}}]),
    "PATCH by dotted names": ("PATCH", [{"op": "replace", "value": {"x.password": SECRET}}]),
    "PATCH with a filter": ("PATCH", [{"op": "replace", "path": f'password[value eq "{SECRET}"]', "value": 1}]),
    "PATCH with JSON in a string": ("PATCH", [{"op": "replace", "value": json.dumps({"password": SECRET})}]),
    "PATCH that is refused": ("PATCH", [{"op": "replace", "path": "password", "value": {"a": SECRET}}]),
    "PATCH of several": ("PATCH", [{"op": "add", "path": "title", "value": "x"},
                                   {"op": "add", "path": "password", "value": SECRET}]),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
async def test_a_password_is_nowhere(directory: Directory, log: Reader, name: str) -> None:
    method, body = SHAPES[name]
    made = await directory.user("ben")
    if method == "PATCH":
        body = {"schemas": [PATCH_URN], "Operations": body}
    await directory.call(method, "/Users" if method == "POST" else f"/Users/{made['id']}", json=body)
    request, _ = await log.bodies(directory)
    assert REDACTED in (request or "")
    assert SECRET not in await log.everything()


ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in "password")
RAW_SHAPES = {
    "an escaped name": f'{{"schemas":["{USER_URN}"],"userName":"ana","{ESCAPED}":"{SECRET}"}}',
    "the name twice": f'{{"password":"{SECRET}","password":"other-secret"}}',
    "broken JSON": f'{{"userName":"ana","password":"{SECRET}"',
    "another encoding of it": f"userName=ana&password={SECRET}",
    "behind a long list": f'{{"x":[{"1," * 20_000}1],"value":"{SECRET}","path":"password"}}',
    "deeply nested": '{"a":' * 900 + f'{{"password":"{SECRET}"}}' + "}" * 900,
    "too long to search": f'{{"password":"{SECRET}","x":"{"y" * 300_000}"}}',
    "a token inside": '{"title":"dl_scim_' + "A" * 49 + '"}',
}


@pytest.mark.parametrize("name", RAW_SHAPES)
async def test_a_password_in_a_body_of_any_form_is_nowhere(directory: Directory, log: Reader, name: str) -> None:
    await directory.call("POST", "/Users", content=RAW_SHAPES[name].encode(), headers=JSON)
    kept = await log.everything()
    assert SECRET not in kept
    assert "A" * 5 not in kept


async def test_the_credential_is_nowhere_wherever_it_is_put(
    directory: Directory, stranger: httpx.AsyncClient, log: Reader
) -> None:
    token = directory.http.headers["authorization"].removeprefix("Bearer ")
    for caller in (directory.http, stranger):
        await caller.get(f"/Users?access_token={token}&filter=userName+eq+%22{token}%22")
        await caller.get(f"/Users/{token}")
        await caller.get(f"/password/{SECRET}")
        await caller.get(f"/Users?password={SECRET}&p%61ssword={SECRET}&filter=password%20eq%20%22{SECRET}%22")
        await caller.get("/Users", headers={"User-Agent": f"client {token}"})
        await caller.get("/Users", headers={"Authorization": f"Basic {SECRET}"})
        await caller.get("/Users", headers={"Authorization": f"Bearer {SECRET}"})
        await caller.post("/Users", json={"schemas": [USER_URN], "userName": "x", "title": token, "nick": token})
    kept = await log.everything()
    assert SECRET not in kept
    assert token[8:13] not in kept.replace(token[:12], "")


async def test_a_refusal_before_any_token_is_kept_with_its_visible_start(
    stranger: httpx.AsyncClient, log: Reader, directory: Directory
) -> None:
    for credential in ("Bearer dl_scim_Ab3dEfghijk", "Basic eDp5eHl4", "Bearer eyJhbGci.eyJpc3Mi.c2ln", "Bearer x"):
        await stranger.get("/Users", headers={"Authorization": credential})
    await stranger.get("/Users")
    lines = await log.page(Wanted(None))
    assert [line.status for line in lines] == [401] * 5
    hints = [line.token_hint for line in reversed(lines)]
    assert hints == ["dl_scim_Ab3d", "another kind of credential", "a JWT", "no token of Doorlist", None]
    assert await log.page(Wanted(directory.org_id)) == []


@pytest.mark.parametrize(("column", "code"), [("expires_at", "token-expired"), ("revoked_at", "token-revoked")])
async def test_a_401_belongs_to_the_token_that_caused_it(
    enrol: Enrol, database: Database, log: Reader, column: str, code: str
) -> None:
    directory: Directory = await enrol(label="entra")
    async with database.reading() as connection:
        await connection.execute(f"update tokens set {column} = now() - interval '1 day'")
    assert (await directory.call("GET", "/Users")).status_code == 401
    line = await log.last(directory)
    assert (line.status, line.code, line.token) == (401, code, "entra")


async def test_a_long_body_is_cut_and_says_so(directory: Directory, log: Reader) -> None:
    made = await directory.user("ana", emails=[{"value": f"{n}@example.com"} for n in range(900)])
    request, response = await log.bodies(directory)
    assert made["id"]
    assert request is not None
    assert response is not None
    assert KEPT < len(request) < KEPT + 100
    assert request.endswith("more characters not kept]")
    assert response.endswith("more characters not kept]")


async def test_nul_and_broken_utf_8_do_not_stop_the_log(directory: Directory, log: Reader) -> None:
    await directory.call("POST", "/Users", content=b'{"title":"a\x00b\xff', headers=JSON)
    await directory.call("GET", "/Users/a%00b", headers={"User-Agent": "nul\x7f"})
    await directory.call("GET", "/Users?filter=%00%FF")
    lines = await log.page(Wanted(directory.org_id))
    assert len(lines) == 3
    assert lines[1].path == "/scim/v2/Users/a\N{REPLACEMENT CHARACTER}b"


async def test_bodies_are_kept_as_long_as_the_setting_says(directory: Directory, log: Reader) -> None:
    await directory.user("ana")
    assert (await log.bodies(directory))[0] is not None
    short = RequestLog(log.database, days=30, body_days=1)
    await short.forget(datetime.now(UTC) + timedelta(days=2))
    assert await log.bodies(directory) == (None, None)
    assert len(await log.page(Wanted(directory.org_id))) == 1
    never = RequestLog(log.database, days=30, body_days=0)
    line = _line(directory)
    never.add(line, b"request", b"response")
    await never.flush()
    assert await log.bodies(directory) == (None, None)
    await short.forget(datetime.now(UTC) + timedelta(days=31))
    assert await log.page(Wanted(directory.org_id)) == []


async def test_one_request_that_cannot_be_written_takes_no_other_with_it(directory: Directory, log: Reader) -> None:
    own = RequestLog(log.database, days=30)
    own.start()
    own.add(replace(_line(directory), path="/before"))
    own.add(replace(_line(directory), status=1 << 40))
    own.add(replace(_line(directory), path="/beside"))
    await asyncio.sleep(1.5)
    own.add(replace(_line(directory), path="/after"))
    await own.close()
    assert [line.path for line in await log.page(Wanted(directory.org_id))] == ["/after", "/beside", "/before"]


def _line(directory: Directory) -> Line:
    return Line(
        datetime.now(UTC), uuid4(), "GET", "/scim/v2/Users", "", 200, 5, "::1", "tests", org_id=directory.org_id
    )


async def test_a_paused_connection_puts_the_directory_off_and_loses_nothing(directory: Directory, log: Reader) -> None:
    await connections.pause_connection(log.database, OPERATOR, directory.org_id)
    body = {"schemas": [USER_URN], "userName": "ana"}
    answer = await directory.call("POST", "/Users", json=body)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "300")
    line = await log.last(directory)
    assert (line.code, line.token) == ("connection-paused", "directory")
    await connections.resume_connection(log.database, OPERATOR, directory.org_id)
    async with asyncio.timeout(10):
        while (answer := await directory.call("POST", "/Users", json=body)).status_code == 503:
            pass  # until the announcement has crossed from the database
    assert answer.status_code == 201
    assert await directory.found("/Users", "userName pr") == ["ana"]


AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
FILTERS: list[dict[str, Any]] = [
    {},
    {"failures": True},
    {"status": 404},
    {"method": "patch"},
    {"path": "/GROUPS"},
    {"token": "directory"},
    {"token": "nobody"},
    {"since": AT + timedelta(minutes=10)},
    {"until": AT + timedelta(minutes=10)},
    {"since": AT + timedelta(minutes=5), "until": AT + timedelta(minutes=20), "failures": True},
    {"text": "needle"},
    {"text": "NEEDLE", "method": "GET"},
    {"text": "%"},
    {"path": "_"},
]


@pytest.mark.parametrize("chosen", FILTERS, ids=str)
async def test_filters_and_pages_in_sql_equal_a_naive_filter(
    directory: Directory, log: Reader, chosen: dict[str, Any]
) -> None:
    await directory.call("GET", "/Users?count=0")
    token_id = (await log.last(directory)).token_id
    written = [_varied(directory, number, token_id) for number in range(60)]
    async with log.database.transaction() as connection:
        await connection.execute("delete from request_log")
        await journal.write(connection, [line for line, _ in written])
        await journal.write(connection, [], [_said(line, body) for line, body in written])
    expected = [line.request_id for line, body in reversed(written) if _holds(line, body, token_id, chosen)]
    wanted, found = Wanted(directory.org_id, **chosen), list[UUID]()
    while lines := await log.page(wanted, 7):
        found += [line.request_id for line in lines]
        wanted = replace(wanted, before=lines[-1].id)
    assert found == expected


def _varied(directory: Directory, number: int, token_id: UUID | None) -> tuple[Line, str]:
    line = Line(
        AT + timedelta(minutes=number),
        uuid4(),
        ("GET", "PATCH", "POST")[number % 3],
        f"/scim/v2/{('Users', 'Groups')[number % 2]}/{number}",
        "filter=needle" if number % 7 == 0 else "",
        (200, 404, 409, 204, 500)[number % 5],
        number,
        "::1",
        "tests",
        org_id=directory.org_id,
        token_id=token_id if number % 4 else None,
        detail="a Needle" if number % 11 == 0 else None,
        code="not-found" if number % 11 == 0 else None,
    )
    return line, "the needle" if number % 13 == 0 else "hay"


def _said(line: Line, body: str) -> Bodies:
    assert line.org_id is not None
    return Bodies(line.org_id, line.request_id, line.at, body, None)


def _holds(line: Line, body: str, token_id: UUID | None, chosen: dict[str, Any]) -> bool:
    said = f"{line.path} {line.query} {line.agent} {line.client} {line.code or ''} {line.detail or ''} {body}".lower()
    checks = {
        "failures": lambda _: line.status >= 400,
        "status": lambda value: line.status == value,
        "method": lambda value: line.method == value.upper(),
        "path": lambda value: value.lower() in line.path.lower(),
        "token": lambda value: value == "directory" and line.token_id == token_id,
        "since": lambda value: line.at >= value,
        "until": lambda value: line.at < value,
        "text": lambda value: value.lower() in said,
    }
    return all(checks[name](value) for name, value in chosen.items())


async def test_the_change_of_a_group_names_its_members_page_by_page(directory: Directory, log: Reader) -> None:
    people = [(await directory.user(f"p{number:02}"))["id"] for number in range(7)]
    group = (await directory.group("Design", people[6]))["id"]
    operations = (
        {"op": "add", "path": "members", "value": [{"value": one} for one in people[:6]]},
        {"op": "remove", "path": f'members[value eq "{people[6]}"]'},
    )
    await directory.patch(f"/Groups/{group}", *operations)
    line = await log.last(directory)
    moved: list[Moved] = []
    async with log.database.reading() as connection:
        while found := await trail.members(
            connection,
            directory.org_id,
            line.request_id,
            line.target_id,
            after=moved[-1] if moved else None,
            limit=2,
        ):
            moved += found
    assert [(one.way, one.name) for one in moved] == [("added", f"p{n:02}") for n in range(6)] + [("removed", "p06")]


NAMES = ("password", "PASSWORD", "clientSecret", "access_token", "x-api-key", "urn:a:b:1.0:User:password", "Credential")


@pytest.fixture(scope="module")
def shapes() -> list[tuple[str, dict[str, Any]]]:
    """Two hundred requests in which a secret stands somewhere, the same in every run."""
    chance = random.Random(7)
    return [_shape(chance, f"{chance.randrange(1 << 60):015x}S") for _ in range(200)]


def _shape(chance: random.Random, tail: str) -> tuple[str, dict[str, Any]]:
    secret = "s3cr" + tail
    name = chance.choice(NAMES)
    value: Any = chance.choice([secret, [secret], {"value": secret}, [{"a": [secret, 1, None, True]}]])
    for _ in range(chance.randrange(3)):
        value = chance.choice([{"inner": value}, [value, "x"], {name: value}])
    operation = {"op": chance.choice(["add", "Replace", "remove", "move"]), "path": name, "value": value}
    bodies: list[Any] = [
        {"schemas": [USER_URN], "userName": tail, name: value},
        {"schemas": [USER_URN], "userName": 5, "nickName": secret, name: secret},
        {"schemas": [PATCH_URN], "Operations": [operation, {"op": "add", "value": {name: value}}]},
        {"schemas": ["urn:x"], "filter": f'{name} eq "{secret}"', "count": 1},
        {"Operations": [{"method": "POST", "path": "/Users", "data": {name: value, "userName": tail}}]},
        [{"name": name, "value": secret}],
    ]
    text = json.dumps(chance.choice(bodies), ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.2:
        text = text[: chance.randrange(len(text))]
    encoded = "".join(f"%{ord(letter):02X}" for letter in name) if chance.random() < 0.5 else name
    query = chance.choice(["", f"?{encoded}={secret}", f"?filter={encoded}%20eq%20%22{secret}%22"])
    path = chance.choice(["/Users", "/Groups", "/Bulk", "/Users/.search", f"/Users/{tail}"])
    return secret, {
        "method": chance.choice(["POST", "PUT", "PATCH"]),
        "path": path + query,
        "content": text.encode(),
        "headers": JSON,
    }


async def test_no_secret_of_many_shapes_is_in_any_table(
    directory: Directory, log: Reader, shapes: list[tuple[str, dict[str, Any]]]
) -> None:
    await directory.user("ana")
    for _, request in shapes:
        answer = await directory.call(**request)
        assert answer.status_code < 500 or answer.status_code == 501, (request, answer.text)
    kept = await log.everything()
    assert len(await log.page(Wanted(directory.org_id), 1000)) == len(shapes) + 1
    assert kept.count(REDACTED) > 100
    assert [request for secret, request in shapes if secret in kept] == []
