"""Signing in by SAML over HTTP: there and back, bound to the browser, each answer once, everything in the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from doorlist.domain.tenancy import Plan
from doorlist.errors import Conflict
from doorlist.service import clock, saml_setup, signin_log, tenants
from doorlist.service.tenants import Settings
from doorlist.store.db import Database
from doorlist.web.app import App
from tests.http.conftest import OPERATOR
from tests.saml.attacks import CORPUS
from tests.saml.conftest import SESSION, Company, found, message_of
from tests.saml.forge import REQUEST, Forge


async def test_a_person_signs_in_and_comes_back_to_where_it_began(company: Company) -> None:
    browser = company.browser()
    request = await browser.asked(next="/o/example/home")
    answer = await browser.answer(company.forge.signed_assertion(answers=request))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/o/example/home"
    assert await browser.lets_in()
    line = await company.last()
    assert (line.accepted, line.method, line.subject) == (True, "saml", "ana@example.com")
    assert line.steps[-1][0] == "session"


async def test_the_request_is_signed_and_says_what_it_must(company: Company) -> None:
    sent = await company.browser().http.get("/saml/example/login")
    assert "&Signature=" in sent.headers["location"]
    request = message_of(sent.headers["location"])
    assert request.get("Destination") == "https://idp.example/sso"
    assert request.get("AssertionConsumerServiceURL") == "https://doorlist.example/saml/example/acs"
    assert not str(request.get("ID"))[0].isdigit()


async def test_where_to_go_afterwards_never_leaves_this_site(company: Company) -> None:
    for evil in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        browser = company.browser()
        request = await browser.asked(next=evil)
        answer = await browser.answer(company.forge.signed_assertion(answers=request), RelayState=evil)
        assert answer.headers["location"] == "/"


async def test_the_answer_counts_only_in_the_browser_that_asked(company: Company) -> None:
    mine, theirs = company.browser(), company.browser()
    request = await mine.asked()
    await theirs.asked()
    message = company.forge.signed_assertion(answers=request)
    assert (await theirs.answer(message)).status_code == 403
    assert not theirs.signed_in
    assert (await company.last()).check_name == "request"
    assert (await mine.answer(message)).status_code == 303


async def test_an_answer_counts_once(company: Company) -> None:
    browser = company.browser()
    request = await browser.asked()
    message = company.forge.signed_assertion(answers=request)
    assert (await browser.answer(message)).status_code == 303
    assert (await browser.answer(message)).status_code == 403
    assert (await company.last()).check_name == "request"


async def test_an_assertion_started_at_the_provider_counts_once_in_any_browser(company: Company) -> None:
    await company.choose(idp_initiated=True)
    message = company.forge.response(company.forge.sign(company.forge.assertion(answers=None)), answers=None)
    first = company.browser()
    assert (await first.answer(message, RelayState="/o/example/home")).headers["location"] == "/o/example/home"
    assert (await company.browser().answer(message)).status_code == 403
    assert (await company.last()).check_name == "replay"


async def test_an_assertion_started_at_the_provider_is_refused_unless_chosen(company: Company) -> None:
    message = company.forge.response(company.forge.sign(company.forge.assertion(answers=None)), answers=None)
    assert (await company.browser().answer(message)).status_code == 403
    assert (await company.last()).check_name == "request"


async def test_every_attack_leaves_its_reason_in_the_log_and_says_nothing(company: Company) -> None:
    found_at: dict[str, str | None] = {}
    browser = company.browser()
    await browser.asked(request=REQUEST)
    for name, (make, check) in CORPUS.items():
        forge = replace(company.forge)
        message = make(forge)
        if forge.certificate != company.forge.certificate:
            await saml_setup.set_from_metadata(company.database, OPERATOR, company.organization, forge.metadata())
        answer = await browser.answer(message)
        assert not browser.signed_in, name
        if answer.status_code == 413:
            found_at[name] = check.value
            continue
        line = await company.last()
        found_at[name] = line.check_name
        assert answer.status_code == 403, name
        assert line.detail, name
        assert line.detail not in answer.text, name
        assert str(line.id) in answer.text, name
        await saml_setup.set_from_metadata(company.database, OPERATOR, company.organization, company.forge.metadata())
    expected = {name: check.value for name, (_, check) in CORPUS.items()}
    expected["an unsigned assertion, encrypted"] = "decryption"  # not for the key of this organization
    assert found_at == expected


async def test_an_assertion_for_one_organization_opens_no_other(
    company: Company, app: App, enrol: Any, database: Database
) -> None:
    other = await found(app, enrol, database, "Other")
    browser = other.browser()
    for_us = company.forge.signed_assertion(answers=await browser.asked())
    assert (await browser.answer(for_us)).status_code == 403
    assert (await other.last()).check_name == "destination"
    key = ec.generate_private_key(ec.SECP256R1())
    twin = Forge(entity_id=other.forge.entity_id, key=key, provider=other.forge.provider, now=other.forge.now)
    assert (await browser.answer(twin.signed_assertion(answers=await browser.asked()))).status_code == 403
    assert (await other.last()).check_name == "signature"
    assert len(await company.log()) == 0


async def test_a_session_ends_with_that_of_the_provider(company: Company) -> None:
    await company.signed_in(session=timedelta(minutes=7))
    async with company.database.reading() as connection:
        ends = await connection.fetchval("select expires_at from sessions")
    assert abs(ends - (company.forge.now + timedelta(minutes=7))) < timedelta(seconds=2)


async def test_signing_in_again_opens_another_session(company: Company) -> None:
    browser = await company.signed_in()
    first = browser.http.cookies.get(SESSION)
    message = company.forge.signed_assertion(answers=await browser.asked())
    await browser.answer(message)
    assert browser.http.cookies.get(SESSION) != first


async def test_a_plan_below_enterprise_has_no_saml(company: Company) -> None:
    await tenants.change_settings(company.database, OPERATOR, company.organization.org_id, Settings(plan=Plan.BUSINESS))
    answer = await company.browser().http.get("/saml/example/login")
    assert answer.status_code == 403
    assert "Enterprise" in answer.text


async def test_what_is_no_form_or_too_long_is_refused(company: Company) -> None:
    http = company.browser().http
    assert (await http.post("/saml/example/acs", json={"SAMLResponse": ""})).status_code == 415
    assert (await http.post("/saml/example/acs", data={"SAMLResponse": "A" * 600_000})).status_code == 413
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await http.post("/saml/example/acs", content="a=1&a=2", headers=form)).status_code == 400
    assert (await http.get("/saml/example/acs")).status_code == 405
    assert (await http.get("/saml/nobody/login")).status_code == 404


async def test_pages_carry_strict_headers(company: Company) -> None:
    for path in ("/signin", "/signin/example", "/saml/example/metadata", "/saml/nobody/login"):
        headers = (await company.browser().http.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"


async def test_encrypted_assertions_are_taken_and_can_be_demanded(company: Company) -> None:
    from doorlist.saml.certificates import read_certificate
    from doorlist.saml.documents import parse
    from doorlist.saml.names import ds, md

    await company.choose(require_encryption=True)
    metadata = parse((await company.browser().http.get("/saml/example/metadata")).content)
    keys = [key for key in metadata.iter(md("KeyDescriptor")) if key.get("use") == "encryption"]
    text = next(keys[0].iter(ds("X509Certificate"))).text
    browser = company.browser()
    assertion = company.forge.sign(company.forge.assertion(answers=await browser.asked()))
    message = company.forge.response(company.forge.encrypt(assertion, read_certificate(text or "")))
    assert (await browser.answer(message)).status_code == 303
    plain = company.forge.signed_assertion(answers=await browser.asked())
    assert (await browser.answer(plain)).status_code == 403
    assert (await company.last()).check_name == "decryption"


async def test_people_are_made_only_where_scim_is_off(company: Company) -> None:
    with pytest.raises(Conflict):
        await company.choose(create_people=True)
    org_id = company.organization.org_id
    await tenants.change_settings(company.database, OPERATOR, org_id, Settings(scim_enabled=False))
    await company.choose(create_people=True)
    browser = await company.signed_in("new@example.com")
    assert await browser.lets_in()
    await tenants.change_settings(company.database, OPERATOR, org_id, Settings(scim_enabled=True))
    assert await company.directory.found("/Users", 'userName eq "NEW@example.com"') == ["new@example.com"]
    refused = company.browser()
    await refused.answer(company.forge.signed_assertion("newer@example.com", answers=await refused.asked()))
    assert (await company.last()).check_name == "person"


async def test_requests_live_ten_minutes(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = company.browser()
    request = await browser.asked()
    later = datetime.now(UTC) + timedelta(minutes=10, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    company.forge.now = later
    assert (await browser.answer(company.forge.signed_assertion(answers=request))).status_code == 403
    assert (await company.last()).check_name == "request"


async def test_the_log_of_refusals_cannot_be_filled_from_outside(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin_log, "MOST_REFUSED", 5)
    browser = company.browser()
    for _ in range(8):
        assert (await browser.answer(b"<x/>")).status_code == 403
    assert len(await company.log()) == 5
    await company.signed_in()
    assert (await company.last()).accepted
