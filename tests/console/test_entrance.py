"""Who is let into the console, and how forms are told from forgeries."""

from __future__ import annotations

import pytest

from doorlist.domain.tenancy import Administrator
from doorlist.errors import Forbidden
from doorlist.service import operating
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from doorlist.web.console.routes import GET
from tests.console.conftest import OPERATOR, Browser


async def test_a_link_opens_the_console_once(stranger: Browser, database: Database) -> None:
    link = await operating.make_link(database, OPERATOR)
    assert "Open the console as the operator" in await stranger.page(f"/operator/{link}")
    assert "Organizations" in (await stranger.http.post(f"/operator/{link}")).text
    again = await stranger.http.post(f"/operator/{link}")
    assert again.status_code == 403
    assert "used up" in again.text


async def test_only_the_operator_makes_links(database: Database, organization: Organization) -> None:
    with pytest.raises(Forbidden):
        await operating.make_link(database, Administrator("ana", "console", organization.org_id))


async def test_neither_link_nor_session_is_stored_readable(stranger: Browser, database: Database) -> None:
    link = await operating.make_link(database, OPERATOR)
    await stranger.http.post(f"/operator/{link}")
    spare = await operating.make_link(database, OPERATOR)
    session = stranger.http.cookies["doorlist_operator"]
    async with database.reading() as connection:
        rows = await connection.fetch("select hash from operator_links union all select hash from operator_sessions")
    stored = b"".join(bytes(row["hash"]) for row in rows)
    assert len(rows) == 2
    assert spare.encode() not in stored
    assert session.encode() not in stored


@pytest.mark.parametrize("path", sorted(GET))
async def test_a_stranger_is_sent_to_sign_in(stranger: Browser, organization: Organization, path: str) -> None:
    address = path.format(org=organization.slug, id="00000000-0000-7000-8000-000000000000", item="x")
    answer = await stranger.http.get(address, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/signin")


async def test_the_session_ends_when_signing_out(operator: Browser) -> None:
    kept = operator.http.cookies["doorlist_operator"]
    await operator.send("/signout", "/platform")
    operator.http.cookies.set("doorlist_operator", kept, domain="doorlist.example")
    assert (await operator.http.get("/platform", follow_redirects=False)).status_code == 303


async def test_a_form_without_the_sessions_proof_does_nothing(operator: Browser, database: Database) -> None:
    fields = {"name": "Forged", "owner": "x@example.com", "plan": "enterprise", "csrf": "0" * 64}
    answer = await operator.http.post("/platform/new", data=fields)
    assert answer.status_code == 403
    assert "Forged" not in await operator.page("/platform")


async def test_a_form_from_another_site_does_nothing(operator: Browser) -> None:
    answer = await operator.http.post("/platform/new", data={"name": "F"}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_every_page_carries_the_headers_that_browsers_enforce(operator: Browser) -> None:
    headers = (await operator.get("/platform")).headers
    assert "'unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


async def test_the_cookie_is_for_this_site_over_tls_and_no_script(stranger: Browser, database: Database) -> None:
    link = await operating.make_link(database, OPERATOR)
    answer = await stranger.http.post(f"/operator/{link}", follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "secure" in cookie
    assert "samesite=lax" in cookie


async def test_nobody_is_sent_to_a_foreign_address(operator: Browser) -> None:
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = await operator.http.get("/platform")
        proof = answer.text.split('name="csrf" value="')[1][:64]
        sent = await operator.http.post(
            "/theme", data={"csrf": proof, "theme": "dark", "back": target}, follow_redirects=False
        )
        assert sent.headers["location"] == "/"


async def test_an_address_that_is_none_has_a_page_that_says_so(stranger: Browser) -> None:
    answer = await stranger.get("/no/such/page")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


async def test_an_organization_is_made_by_its_form(operator: Browser) -> None:
    fields = {"name": "Marigold Instruments", "owner": "it@marigold.example", "plan": "enterprise"}
    made = await operator.send("/platform/new", "/platform/new", **fields)
    assert made.url.path == "/o/marigold-instruments"
    assert "is ready to be set up" in made.text
    wrong = await operator.send("/platform/new", "/platform/new", **{**fields, "plan": "golden"})
    assert wrong.status_code == 400
