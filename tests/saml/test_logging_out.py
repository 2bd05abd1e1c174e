"""Single logout both ways, by redirect and by POST, signed or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from doorlist.saml.names import saml, samlp
from doorlist.saml.outgoing import NameId, Signer, dispatch, logout_request, logout_response
from doorlist.saml.parties import Endpoint, ServiceProvider
from doorlist.service import session_control
from doorlist.web.sessions import form_key
from tests.http.conftest import OPERATOR
from tests.saml.conftest import BASE, SESSION, Browser, Company, message_of
from tests.saml.forge import Forge, rsa_key

FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


def demand(company: Company, *, binding: str = "redirect", forge: Forge | None = None, **over: Any) -> Any:
    """A LogoutRequest of the identity provider, on its way to us."""
    forge = forge or company.forge
    there = ServiceProvider(forge.entity_id, "", "", "")
    slo = company.forge.provider.slo_url
    told = {
        "identifier": "_logout-1",
        "now": forge.now,
        "name_id": NameId("ana@example.com", FORMAT),
        "session_index": "_s1",
        **over,
    }
    message = logout_request(there, slo, **told)
    signer = Signer(forge.key, forge.certificate)  # type: ignore[arg-type] # an RSA key in these tests
    return dispatch(message, Endpoint(slo, binding), name="SAMLRequest", relay_state="r", signer=signer)


async def sign_out(company: Company, browser: Browser) -> Any:
    """Press the button of the console."""
    token = browser.http.cookies.get(SESSION) or ""
    found, _ = await session_control.find_session(company.database, token, now=company.forge.now)
    assert found is not None
    headers = {"Origin": BASE}
    return await browser.http.post("/signout", data={"csrf": form_key(found)}, headers=headers)


async def _arrive(browser: Browser, sent: Any) -> Any:
    if sent.fields:
        return await browser.http.post(sent.url, data=dict(sent.fields))
    return await browser.http.get(sent.url)


@pytest.mark.parametrize("binding", ["redirect", "post"])
async def test_a_logout_at_the_provider_ends_the_session_and_is_answered(binding: str, company: Company) -> None:
    browser = await company.signed_in()
    answered = await _arrive(company.browser(), demand(company, binding=binding))
    assert answered.status_code == 303
    answer = message_of(answered.headers["location"])
    assert answer.tag == samlp("LogoutResponse")
    assert answer.get("InResponseTo") == "_logout-1"
    assert parse_qs(urlsplit(answered.headers["location"]).query)["RelayState"] == ["r"]
    assert not await browser.lets_in()


async def test_a_logout_without_an_index_ends_every_session_of_the_person(company: Company) -> None:
    browsers = [await company.signed_in() for _ in range(2)]
    await _arrive(company.browser(), demand(company, session_index=None))
    assert [await browser.lets_in() for browser in browsers] == [False, False]


async def test_a_logout_of_somebody_else_ends_nothing(company: Company) -> None:
    browser = await company.signed_in()
    other = NameId("bob@example.com", FORMAT)
    assert (await _arrive(company.browser(), demand(company, name_id=other))).status_code == 303
    assert await browser.lets_in()


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("what", ["unsigned", "other key", "changed", "old", "twice", "other issuer"])
async def test_a_dishonest_logout_is_refused(binding: str, what: str, company: Company) -> None:
    browser = await company.signed_in()
    forge, seen = company.forge, "signature"
    sent = demand(company, binding=binding)
    if what == "unsigned":
        seen = "signed" if binding == "post" else "signature"
        sent = _unsigned(company, binding)
    elif what == "other key":
        stranger = Forge(entity_id=forge.entity_id, key=rsa_key(3), provider=forge.provider, now=forge.now)
        sent = demand(company, binding=binding, forge=stranger)
    elif what == "changed":
        sent = _changed(sent)
        seen = "signature"
    elif what == "old":
        sent, seen = demand(company, binding=binding, now=forge.now - timedelta(minutes=12)), "conditions"
    elif what == "twice":
        assert (await _arrive(company.browser(), sent)).status_code == 303
        browser, seen = await company.signed_in(), "replay"
    else:
        sent, seen = demand(company, binding=binding, forge=replace(forge, entity_id="https://evil.example")), "issuer"
    assert (await _arrive(company.browser(), sent)).status_code == 403
    assert (await company.last()).check_name == seen
    assert await browser.lets_in()


async def test_signing_out_here_is_told_to_the_provider_and_its_answer_taken(company: Company) -> None:
    browser = await company.signed_in()
    page = await sign_out(company, browser)
    assert not await browser.lets_in()
    assert page.status_code == 200, page.headers
    address = etree.HTML(page.text).xpath("//a[@data-onward]/@href")[0]
    request = message_of(address)
    assert request.tag == samlp("LogoutRequest")
    assert request.findtext(saml("NameID")) == "ana@example.com"
    assert request.findtext(samlp("SessionIndex")) == "_s1"
    there = ServiceProvider(company.forge.entity_id, "", "", "")
    slo = company.forge.provider.slo_url
    identifier = str(request.get("ID"))
    message = logout_response(there, slo, identifier="_a1", now=company.forge.now, in_response_to=identifier)
    signer = Signer(company.forge.key, company.forge.certificate)  # type: ignore[arg-type]
    sent = dispatch(message, Endpoint(slo, "redirect"), name="SAMLResponse", relay_state="", signer=signer)
    stranger = company.browser()
    assert (await _arrive(stranger, sent)).status_code == 403
    assert (await _arrive(browser, sent)).status_code == 200


async def test_who_never_signed_in_by_saml_signs_out_here_alone(company: Company) -> None:
    from doorlist.domain.signin import Method
    from doorlist.service.session_control import Origin, open_session

    ana = (await company.directory.call("GET", "/Users")).json()["Resources"][0]
    async with company.database.transaction() as connection:
        opened = await open_session(
            connection,
            company.organization.org_id,
            user_id=ana["id"],
            method=Method.PASSWORD,
            origin=Origin(),
            now=company.forge.now,
        )
    browser = company.browser()
    browser.http.cookies.set(SESSION, opened.token, domain="doorlist.example")
    assert (await sign_out(company, browser)).headers["location"] == "/signin"
    listed = await session_control.list_sessions(company.database, OPERATOR, company.organization.org_id)
    assert listed == []


def _unsigned(company: Company, binding: str) -> Any:
    there = ServiceProvider(company.forge.entity_id, "", "", "")
    slo = company.forge.provider.slo_url
    name_id = NameId("ana@example.com", FORMAT)
    message = logout_request(there, slo, identifier="_x", now=company.forge.now, name_id=name_id, session_index=None)
    return dispatch(message, Endpoint(slo, binding), name="SAMLRequest", relay_state="", signer=None)


def _changed(sent: Any) -> Any:
    """The same message with another RelayState, or another person."""
    if not sent.fields:
        return replace(sent, url=sent.url.replace("RelayState=r", "RelayState=s"))
    from base64 import b64decode, b64encode

    text = b64decode(dict(sent.fields)["SAMLRequest"]).replace(b"_s1", b"_s2")
    return replace(sent, fields=(("SAMLRequest", b64encode(text).decode()),))
