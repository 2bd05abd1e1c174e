"""Sessions: what a cookie opens, how long, and what ends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from doorlist.domain.signin import Method
from doorlist.errors import BadInput, Forbidden, ForeignForm, NotFound
from doorlist.service import clock, session_control, staffing
from doorlist.service.session_control import GRACE, ROTATED_AFTER, Opened, Origin
from doorlist.store.db import Database
from doorlist.web.app import App
from doorlist.web.sessions import current_session, form_key, require_own_form
from tests.http.conftest import OPERATOR, Directory

COOKIE = "__Host-doorlist"


async def _whoami(request: Request) -> JSONResponse:
    session = await current_session(request)
    if session is None:
        return JSONResponse({"user": None})
    return JSONResponse({"user": session.user_name, "org": session.org_slug, "form_key": form_key(session)})


async def _change(request: Request) -> JSONResponse:
    session = await current_session(request)
    assert session is not None
    try:
        require_own_form(request, session, (await request.form()).get("form_key"))
    except ForeignForm as refusal:
        return JSONResponse({"code": refusal.code}, status_code=refusal.status)
    return JSONResponse({"done": True})


@pytest.fixture
def browser(app: App) -> httpx.AsyncClient:
    """A browser at an application that has two pages more: who is signed in, and a form."""
    app._pages.router.routes += [Route("/whoami", _whoami), Route("/change", _change, methods=["POST"])]
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),  # type: ignore[arg-type] # App is an ASGI application
        base_url="https://doorlist.example",
    )


async def _open(database: Database, org_id: UUID, user_id: str, **over: Any) -> Opened:
    at = over.pop("now", clock.now())
    async with database.transaction() as connection:
        return await session_control.open_session(
            connection,
            org_id,
            user_id=UUID(user_id),
            method=Method.PASSWORD,
            origin=Origin("::1", "tests"),
            now=at,
            **over,
        )


async def _who(browser: httpx.AsyncClient, token: str) -> Any:
    answer = await browser.get("/whoami", headers={"Cookie": f"{COOKIE}={token}"})
    return answer.json()["user"]


async def test_the_cookie_of_an_open_session_says_who_it_is(
    directory: Directory, database: Database, browser: httpx.AsyncClient
) -> None:
    ana = await directory.user("ana@example.com")
    opened = await _open(database, directory.org_id, ana["id"])
    assert await _who(browser, opened.token) == "ana@example.com"
    assert await _who(browser, opened.token[:-1]) is None
    assert await _who(browser, "x" * 5000) is None


async def test_the_token_is_nowhere_in_the_database(directory: Directory, database: Database) -> None:
    opened = await _open(database, directory.org_id, (await directory.user("ana@example.com"))["id"])
    async with database.reading() as connection:
        assert opened.token not in str(await connection.fetch("select sessions::text from sessions"))


@pytest.mark.parametrize("how", ["patch", "delete", "block"])
async def test_a_session_ends_with_the_person_and_does_not_come_back(
    how: str, directory: Directory, database: Database, browser: httpx.AsyncClient
) -> None:
    ana = await directory.user("ana@example.com")
    opened = await _open(database, directory.org_id, ana["id"])
    match how:
        case "patch":
            operation = {"op": "Replace", "path": "active", "value": "False"}
            assert (await directory.patch(f"/Users/{ana['id']}", operation)).status_code == 200
        case "delete":
            assert (await directory.call("DELETE", f"/Users/{ana['id']}")).status_code == 204
        case _:
            await staffing.block(database, OPERATOR, directory.org_id, user_id=UUID(ana["id"]))
    assert await _who(browser, opened.token) is None
    if how == "patch":
        await directory.patch(f"/Users/{ana['id']}", {"op": "Replace", "path": "active", "value": "True"})
    elif how == "block":
        await staffing.unblock(database, OPERATOR, directory.org_id, user_id=UUID(ana["id"]))
    assert await _who(browser, opened.token) is None
    async with database.reading() as connection:
        assert await connection.fetchval("select ended_by from sessions") == "deactivation"


async def test_a_change_that_ends_nothing_leaves_the_session(
    directory: Directory, database: Database, browser: httpx.AsyncClient
) -> None:
    ana = await directory.user("ana@example.com")
    opened = await _open(database, directory.org_id, ana["id"])
    await directory.patch(f"/Users/{ana['id']}", {"op": "Replace", "path": "userName", "value": "ana.r@example.com"})
    assert await _who(browser, opened.token) == "ana.r@example.com"


async def test_nobody_inactive_gets_a_session(directory: Directory, database: Database) -> None:
    ana = await directory.user("ana@example.com", active=False)
    with pytest.raises(Forbidden):
        await _open(database, directory.org_id, ana["id"])


async def test_a_session_ends_at_the_limit_of_the_organization_or_before(
    directory: Directory, database: Database
) -> None:
    ana = await directory.user("ana@example.com")
    at = clock.now()
    async with database.reading() as connection:
        await connection.execute("update organizations set session_minutes = 60")
    assert (await _open(database, directory.org_id, ana["id"], now=at)).expires_at == at + timedelta(hours=1)
    soon = await _open(database, directory.org_id, ana["id"], now=at, until=at + timedelta(minutes=5))
    assert soon.expires_at == at + timedelta(minutes=5)
    assert (await session_control.find_session(database, soon.token, now=at + timedelta(minutes=4)))[0] is not None
    assert (await session_control.find_session(database, soon.token, now=at + timedelta(minutes=5)))[0] is None


async def test_a_lower_limit_shortens_the_sessions_that_there_are(directory: Directory, database: Database) -> None:
    ana = await directory.user("ana@example.com")
    at = clock.now()
    opened = await _open(database, directory.org_id, ana["id"], now=at)
    limits = await session_control.set_limits(database, OPERATOR, directory.org_id, minutes=30)
    assert limits == (30, 240)
    assert (await session_control.find_session(database, opened.token, now=at + timedelta(minutes=29)))[0] is not None
    assert (await session_control.find_session(database, opened.token, now=at + timedelta(minutes=30)))[0] is None
    with pytest.raises(BadInput):
        await session_control.set_limits(database, OPERATOR, directory.org_id, minutes=4)


async def test_personal_keys_end_with_the_person_for_good(directory: Directory, database: Database) -> None:
    ana = await directory.user("ana@example.com")
    org_id = directory.org_id
    async with database.reading() as connection:
        await connection.execute(
            "insert into api_keys (org_id, id, user_id, label, hint, hash, scopes, created_at, created_by) "
            "values ($1, gen_random_uuid(), $2, 'own', 'x', 'x', '{}', now(), 'x'), "
            "($1, gen_random_uuid(), null, 'of the organization', 'y', 'y', '{}', now(), 'x')",
            org_id,
            UUID(ana["id"]),
        )
    for value in ("False", "True"):
        await directory.patch(f"/Users/{ana['id']}", {"op": "Replace", "path": "active", "value": value})
    async with database.reading() as connection:
        rows = await connection.fetch("select label, revoked_at is not null as over from api_keys order by label")
    assert [(row["label"], row["over"]) for row in rows] == [("of the organization", False), ("own", True)]


async def test_an_unused_session_ends_after_the_idle_time(directory: Directory, database: Database) -> None:
    ana = await directory.user("ana@example.com")
    at = clock.now()
    opened = await _open(database, directory.org_id, ana["id"], now=at)
    idle = timedelta(minutes=240)
    assert (await session_control.find_session(database, opened.token, now=at + idle))[0] is None
    assert (await session_control.find_session(database, opened.token, now=at + timedelta(minutes=2)))[0] is not None
    assert (await session_control.find_session(database, opened.token, now=at + idle))[0] is not None


async def test_the_token_is_replaced_while_the_session_lasts(directory: Directory, database: Database) -> None:
    opened = await _open(database, directory.org_id, (await directory.user("ana@example.com"))["id"])
    later = clock.now() + ROTATED_AFTER
    found, fresh = await session_control.find_session(database, opened.token, now=later)
    assert found is not None
    assert fresh is not None
    again, none = await session_control.find_session(database, opened.token, now=later + GRACE / 2)
    assert again is not None
    assert none is None
    assert (await session_control.find_session(database, opened.token, now=later + GRACE))[0] is None
    assert (await session_control.find_session(database, fresh, now=later + GRACE))[0] is not None


async def test_the_replaced_token_is_set_as_a_cookie_no_script_can_read(
    directory: Directory, database: Database, browser: httpx.AsyncClient
) -> None:
    ana = await directory.user("ana@example.com")
    opened = await _open(database, directory.org_id, ana["id"], now=clock.now() - ROTATED_AFTER)
    answer = await browser.get("/whoami", headers={"Cookie": f"{COOKIE}={opened.token}"})
    set_cookie = answer.headers["set-cookie"]
    assert set_cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(set_cookie.split("; "))
    assert opened.token not in set_cookie


async def test_revoked_sessions_open_nothing_and_the_audit_log_says_who_did_it(
    directory: Directory, database: Database, browser: httpx.AsyncClient
) -> None:
    ana = await directory.user("ana@example.com")
    one, two, three = [await _open(database, directory.org_id, ana["id"]) for _ in range(3)]
    listed = await session_control.list_sessions(database, OPERATOR, directory.org_id)
    assert [line.id for line in listed] == [three.id, two.id, one.id]
    await session_control.revoke_session(database, OPERATOR, directory.org_id, one.id)
    assert await _who(browser, one.token) is None
    assert await _who(browser, two.token) == "ana@example.com"
    ids = {"user_id": UUID(ana["id"]), "besides": three.id}
    assert await session_control.revoke_sessions_of(database, OPERATOR, directory.org_id, **ids) == 1
    assert await _who(browser, two.token) is None
    assert await _who(browser, three.token) == "ana@example.com"
    with pytest.raises(NotFound):
        await session_control.revoke_session(database, OPERATOR, directory.org_id, one.id)
    async with database.reading() as connection:
        told = await connection.fetch("select action from audit_events where action like 'session%'")
    assert len(told) == 2


async def test_a_session_of_another_organization_cannot_be_revoked(
    directory: Directory, enrol: Any, database: Database, browser: httpx.AsyncClient
) -> None:
    other = await enrol("Other")
    opened = await _open(database, directory.org_id, (await directory.user("ana@example.com"))["id"])
    with pytest.raises(NotFound):
        await session_control.revoke_session(database, OPERATOR, other.org_id, opened.id)
    assert await _who(browser, opened.token) == "ana@example.com"


@pytest.mark.parametrize(
    ("headers", "with_key", "status"),
    [
        ({"Origin": "https://doorlist.example"}, True, 200),
        ({"Sec-Fetch-Site": "same-origin"}, True, 200),
        ({"Origin": "https://doorlist.example"}, False, 403),
        ({"Origin": "https://evil.example"}, True, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True, 403),
        ({"Sec-Fetch-Site": "same-site"}, True, 403),
        ({}, True, 403),
    ],
)
async def test_only_a_form_of_this_site_and_session_changes_anything(
    headers: dict[str, str],
    with_key: bool,
    *,
    status: int,
    directory: Directory,
    database: Database,
    browser: httpx.AsyncClient,
) -> None:
    opened = await _open(database, directory.org_id, (await directory.user("ana@example.com"))["id"])
    cookie = {"Cookie": f"{COOKIE}={opened.token}"}
    key = (await browser.get("/whoami", headers=cookie)).json()["form_key"]
    data = {"form_key": key if with_key else "AAAA"}
    answer = await browser.post("/change", data=data, headers={**cookie, **headers})
    assert answer.status_code == status
