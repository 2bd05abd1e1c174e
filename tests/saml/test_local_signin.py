"""Getting in without an identity provider: links, passwords with codes, throttling, and owners when SSO is enforced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pyotp
import pytest
from lxml import etree

from doorlist.domain.levels import Role
from doorlist.errors import Conflict, Forbidden
from doorlist.service import clock, finding, local_signin, session_control, staffing
from doorlist.service.throttling import FREE
from doorlist.store.session_rows import SessionLine
from tests.http.conftest import OPERATOR
from tests.saml.conftest import BASE, SESSION, Company

PASSWORD = "correct horse battery"
OWN = {"Origin": BASE}


async def _link(company: Company, name: str = "owner@example.com", purpose: str = "invite") -> str:
    org_id = company.organization.org_id
    person = await finding.person(company.database, org_id, name)
    return await local_signin.make_link(company.database, OPERATOR, org_id, user_id=person.id, purpose=purpose)


async def _enrol(company: Company, name: str = "owner@example.com") -> tuple[httpx.Response, str]:
    """Open an invitation and follow it; the answer and the secret of the codes."""
    path = f"/signin/link/{await _link(company, name)}"
    http = company.browser().http
    page = await http.get(path)
    secret = str(etree.HTML(page.text).xpath("//input[@id='secret']/@value")[0])
    form = {"password": PASSWORD, "again": PASSWORD, "code": _code(secret, steps=-1)}
    return await http.post(path, data=form, headers=OWN), secret


def _code(secret: str, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=30 * steps))


async def _live(company: Company) -> list[SessionLine]:
    return await session_control.list_sessions(company.database, OPERATOR, company.organization.org_id)


async def _try(company: Company, secret: str, **over: str) -> httpx.Response:
    form = {"email": "OWNER@example.com", "password": PASSWORD, "code": _code(secret), **over}
    return await company.browser().http.post("/signin/example", data=form, headers=OWN)


async def test_an_invitation_leads_in_once_and_the_password_with_a_code_afterwards(company: Company) -> None:
    entered, secret = await _enrol(company)
    assert entered.status_code == 303
    assert SESSION in entered.headers["set-cookie"]
    again = await _try(company, secret)
    assert again.status_code == 303
    assert SESSION in again.headers["set-cookie"]
    assert (await company.last()).method == "password"


async def test_a_link_is_good_once_and_looking_does_not_use_it(company: Company) -> None:
    token = await _link(company)
    http = company.browser().http
    assert (await http.get(f"/signin/link/{token}")).status_code == 200
    assert (await http.get(f"/signin/link/{token}")).status_code == 200
    newer = await _link(company, purpose="recover")
    assert (await http.get(f"/signin/link/{token}")).status_code == 404
    assert (await http.get(f"/signin/link/{newer}")).status_code == 200
    assert (await http.get(f"/signin/link/{newer[:-1]}")).status_code == 404


async def test_weak_passwords_and_wrong_codes_leave_the_link_good(company: Company) -> None:
    path = f"/signin/link/{await _link(company)}"
    http = company.browser().http
    secret = str(etree.HTML((await http.get(path)).text).xpath("//input[@id='secret']/@value")[0])
    for password, again, code in (
        ("short", "short", _code(secret)),
        ("owner-owner-owner", "owner-owner-owner", _code(secret)),
        (PASSWORD, "another one, long", _code(secret)),
        (PASSWORD, PASSWORD, "000000"),
    ):
        form = {"password": password, "again": again, "code": code}
        assert (await http.post(path, data=form, headers=OWN)).status_code == 400
    form = {"password": PASSWORD, "again": PASSWORD, "code": _code(secret)}
    assert (await http.post(path, data=form, headers=OWN)).status_code == 303


async def test_a_code_counts_once(company: Company) -> None:
    _, secret = await _enrol(company)
    code = _code(secret)
    assert (await _try(company, secret, code=code)).status_code == 303
    assert (await _try(company, secret, code=code)).status_code == 403
    assert "used before" in (await company.last()).detail


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong horse battery"}, {"code": "000000"}, {"email": "nobody@example.com"}, {"code": ""}]
)
async def test_whatever_is_wrong_looks_the_same(wrong: dict[str, str], company: Company) -> None:
    _, secret = await _enrol(company)
    refused = await _try(company, secret, **wrong)
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers
    assert "You could not be signed in." in refused.text
    assert (await company.last()).check_name == "credentials"


async def test_guessing_is_slowed_down_and_a_right_try_clears_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = await _enrol(company)
    for _ in range(FREE):
        assert (await _try(company, secret, password="wrong horse battery")).status_code == 403
    assert (await _try(company, secret)).status_code == 429
    assert (await company.last()).check_name == "throttle"
    later = datetime.now(UTC) + timedelta(seconds=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (await _try(company, secret)).status_code == 303


async def test_nothing_changes_for_a_form_of_another_site(company: Company) -> None:
    form = {"email": "owner@example.com", "password": PASSWORD, "code": "1"}
    evil = {"Origin": "https://evil.example"}
    assert (await company.browser().http.post("/signin/example", data=form, headers=evil)).status_code == 403
    assert (await company.browser().http.post("/signin/example", data=form)).status_code == 403


async def test_enforcing_needs_an_owner_who_gets_in_without_the_provider(company: Company) -> None:
    with pytest.raises(Conflict):
        await company.choose(enforced=True)
    await _enrol(company)
    await company.choose(enforced=True)
    org_id = company.organization.org_id
    owner = await finding.person(company.database, org_id, "owner@example.com")
    with pytest.raises(Conflict, match="last way"):
        await local_signin.remove_credentials(company.database, OPERATOR, org_id, user_id=owner.id)
    await company.choose(enforced=False)
    assert await local_signin.remove_credentials(company.database, OPERATOR, org_id, user_id=owner.id)


async def test_with_sso_enforced_only_owners_use_a_password_and_it_is_told(company: Company) -> None:
    _, secret = await _enrol(company)
    entered, bobs = await _enrol(company, "ana@example.com")
    assert entered.status_code == 303
    await company.choose(enforced=True)
    assert [line.user_name for line in await _live(company)] == ["owner@example.com"]
    assert (await _try(company, bobs, email="ana@example.com")).status_code == 403
    assert "demands" in (await company.last()).detail
    assert (await _try(company, secret)).status_code == 303
    async with company.database.reading() as connection:
        assert await connection.fetchval("select count(*) from audit_events where action = 'break-glass.used'") == 1


async def test_who_is_blocked_does_not_get_in_by_password(company: Company) -> None:
    _, secret = await _enrol(company, "ana@example.com")
    ana = await finding.person(company.database, company.organization.org_id, "ana@example.com")
    await staffing.block(company.database, OPERATOR, company.organization.org_id, user_id=ana.id)
    assert (await _try(company, secret, email="ana@example.com")).status_code == 403


async def test_an_admin_makes_no_link_for_an_owner(company: Company) -> None:
    org_id = company.organization.org_id
    owner = await finding.person(company.database, org_id, "owner@example.com")
    ana = await finding.person(company.database, org_id, "ana@example.com")
    await staffing.set_role(company.database, OPERATOR, org_id, user_id=ana.id, role=Role.ADMIN)
    acting: Any = await finding.acting_as(company.database, org_id, "ana@example.com", source="console")
    ids: dict[str, UUID] = {"user_id": owner.id}
    with pytest.raises(Forbidden):
        await local_signin.make_link(company.database, acting, org_id, **ids, purpose="recover")


async def test_new_credentials_end_older_sessions(company: Company) -> None:
    browser = await company.signed_in()
    await _enrol(company, "ana@example.com")
    assert not await browser.lets_in()


async def test_secrets_are_stored_hashed_or_not_at_all(company: Company) -> None:
    token = await _link(company)
    await _enrol(company, "ana@example.com")
    async with company.database.reading() as connection:
        rows = await connection.fetch(
            "select l::text from signin_links l union all select c::text from local_credentials c"
        )
    assert rows
    assert not any(token in row[0] or PASSWORD in row[0] for row in rows)
