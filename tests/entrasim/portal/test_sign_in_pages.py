"""Signing in and out through the pages, with a service provider that nobody here wrote on the other side."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

from entrasim.entries import Person
from entrasim.people import set_enabled
from entrasim.saml_idp.configuration import SamlApplication, save_application, tenant_id
from entrasim.saml_idp.provider import plan_mistake
from entrasim.scope import assign_user
from tests.entrasim.portal.conftest import BASE, Visitor, fields_of, text_of
from tests.entrasim.saml.conftest import SP, message_of, sp_key


@pytest.fixture
def ana(visitor: Visitor) -> Person:
    """Ana is assigned; bob is not."""
    ana = visitor.person("ana")
    visitor.person("bob")
    assign_user(visitor.state, ana.key)
    application = SamlApplication(
        entity_id=f"{SP}/metadata",
        acs_urls=(f"{SP}/acs",),
        logout_url=f"{SP}/slo",
        relay_state="/home",
        request_certificates=(sp_key().certificate,),
    )
    save_application(visitor.state, application)
    return ana


async def service_provider(visitor: Visitor, *, strict: bool = True, **request: Any) -> OneLogin_Saml2_Auth:
    tenant = tenant_id(visitor.state, new_id="t1")
    answer = await visitor.client.get(f"/{tenant}/federationmetadata/2007-06/federationmetadata.xml")
    settings = {
        "strict": strict,
        "sp": {
            "entityId": f"{SP}/metadata",
            "assertionConsumerService": {"url": f"{SP}/acs"},
            "singleLogoutService": {"url": f"{SP}/slo"},
            "x509cert": sp_key().certificate,
            "privateKey": sp_key().private_key,
        },
        "security": {"requestedAuthnContext": False, "logoutRequestSigned": True},
        "idp": OneLogin_Saml2_IdPMetadataParser.parse(answer.content)["idp"],
    }
    place = {"https": "on", "http_host": "app.example", "script_name": "/acs"}
    return OneLogin_Saml2_Auth({**place, **request}, settings)


def here(url: str) -> str:
    """An address of the identity provider as a path of the server under test."""
    assert url.startswith(BASE)
    return url.removeprefix(BASE)


def posted(html: str) -> tuple[str, dict[str, str]]:
    """Where the page's form leads, and what it carries."""
    target = re.search(r'<form method="post" action="(https?://[^"]+)"', html)
    assert target is not None
    return unescape(target[1]), fields_of(html)


async def test_a_person_is_picked_and_taken_to_the_application(visitor: Visitor, ana: Person) -> None:
    sp = await service_provider(visitor)
    html = await visitor.get(here(sp.login(return_to="/deep")))
    assert "Pick a person" in html
    html = await visitor.post("/signin", **without_token(html), person=ana.id)
    url, fields = posted(html)
    assert (url, fields["RelayState"]) == (f"{SP}/acs", "/deep")
    judge = await service_provider(visitor, post_data=fields)
    judge.process_response(request_id=sp.get_last_request_id())
    assert (judge.get_errors(), judge.get_nameid()) == ([], "ana@contoso.example")


async def test_a_second_application_request_asks_nobody_again_unless_it_insists(visitor: Visitor, ana: Person) -> None:
    await visitor.post("/signin", person=ana.id)
    sp = await service_provider(visitor)
    assert "Taking you to the application" in await visitor.get(here(sp.login()))
    assert "Pick a person" in await visitor.get(here(sp.login(force_authn=True)))


async def test_a_passive_request_without_a_sign_in_is_told_so(visitor: Visitor, ana: Person) -> None:
    sp = await service_provider(visitor)
    _, fields = posted(await visitor.get(here(sp.login(is_passive=True))))
    judge = await service_provider(visitor, post_data=fields)
    judge.process_response(request_id=sp.get_last_request_id())
    assert "Responder -> Nobody is signed in." in str(judge.get_last_error_reason())


async def test_people_are_found_by_name(visitor: Visitor, ana: Person) -> None:
    html = await visitor.post("/signin", q="BOB@")
    assert "Bob" in text_of(html)
    assert "Ana" not in text_of(html)
    assert "Nobody in the directory" in await visitor.post("/signin", q="zz%_")


async def test_somebody_not_assigned_is_refused_on_the_page(visitor: Visitor, ana: Person) -> None:
    html = await visitor.post("/signin", person="bob", status=403)
    assert "not assigned" in text_of(html)
    assert "SAMLResponse" not in html


async def test_a_disabled_person_loses_the_sign_in_at_once(visitor: Visitor, ana: Person) -> None:
    await visitor.post("/signin", person=ana.id)
    set_enabled(visitor.state, "ana", enabled=False)
    sp = await service_provider(visitor)
    assert "Pick a person" in await visitor.get(here(sp.login()))


async def test_a_sign_in_that_begins_here_takes_the_configured_relay_state(visitor: Visitor, ana: Person) -> None:
    url, fields = posted(await visitor.post("/signin", person=ana.id))
    assert (url, fields["RelayState"]) == (f"{SP}/acs", "/home")


async def test_a_mistake_is_picked_on_the_page_or_planned_before(visitor: Visitor, ana: Person) -> None:
    assert "expired" not in (html := await visitor.post("/signin", person=ana.id, mistake="sha1")).casefold()
    assert "SHA-1" in text_of(html)
    plan_mistake(visitor.state, "expired", always=False)
    assert "ended a day ago" in text_of(await visitor.post("/signin", person=ana.id))
    assert "mistake" not in text_of(await visitor.post("/signin", person=ana.id))


async def test_the_application_signs_somebody_out_here(visitor: Visitor, ana: Person) -> None:
    _, fields = posted(await visitor.post("/signin", person=ana.id))
    sp = await service_provider(visitor, post_data=fields)
    sp.process_response()
    url = sp.logout(name_id=sp.get_nameid(), session_index=sp.get_session_index(), return_to="/bye")
    answer = await visitor.client.get(here(url))
    assert answer.status_code == 303
    back = urlsplit(answer.headers["location"])
    given = {name: values[0] for name, values in parse_qs(back.query).items()}
    judge = await service_provider(visitor, get_data=given, script_name="/slo", query_string=back.query)
    issuer = judge.get_settings().get_idp_data()["entityId"]
    assert issuer.encode() not in message_of(answer.headers["location"], "SAMLResponse")  # as with Entra, see docs
    assert given["RelayState"] == "/bye"
    assert "Pick a person" in await visitor.get("/signin")


async def test_a_sign_out_that_begins_here_is_told_to_the_application(visitor: Visitor, ana: Person) -> None:
    await visitor.post("/signin", person=ana.id)
    answer = await visitor.client.get("/signout")
    assert answer.headers["location"].startswith(f"{SP}/slo?SAMLRequest=")
    request = message_of(answer.headers["location"], "SAMLRequest")
    assert b"ana@contoso.example" in request
    assert b"SessionIndex" in request
    assert "You are signed out" in await visitor.get("/signout")


async def test_an_answer_to_a_sign_out_is_taken_from_the_browser_that_asked_and_once(
    visitor: Visitor, ana: Person
) -> None:
    await visitor.post("/signin", person=ana.id)
    asked = await visitor.client.get("/signout")
    given = {name: values[0] for name, values in parse_qs(urlsplit(asked.headers["location"]).query).items()}
    sp = await service_provider(visitor, strict=False, get_data=given)  # it takes logouts from the entity id only
    answer = here(sp.process_slo(keep_local_session=True))
    assert "which confirmed it" in text_of(await visitor.get(answer))
    assert "did not bring" in text_of(await visitor.get(answer, status=400))


@pytest.mark.parametrize("path", ["/somebody/saml2?SAMLRequest=x", "/nothing", "/somebody/federationmetadata"])
async def test_an_unknown_directory_or_page_is_a_page_that_says_so(visitor: Visitor, ana: Person, path: str) -> None:
    assert "unknown-page" in await visitor.get(path, status=404)


async def test_rubbish_from_an_application_is_refused_on_a_page(visitor: Visitor, ana: Person) -> None:
    tenant = tenant_id(visitor.state, new_id="t1")
    assert "bad-message" in await visitor.get(f"/{tenant}/saml2?SAMLRequest=x", status=400)
    answer = await visitor.client.post(f"/{tenant}/saml2", data={"SAMLRequest": "<>"})
    assert answer.status_code == 400


async def test_a_form_without_the_visitors_token_is_refused(visitor: Visitor, ana: Person) -> None:
    await visitor.get("/signin")
    answer = await visitor.client.post("/signin", data={"person": ana.id, "token": "guess"})
    assert answer.status_code == 403
    assert "foreign-form" in answer.text


async def test_a_foreign_host_name_is_not_served(visitor: Visitor) -> None:
    answer = await visitor.client.get("/signin", headers={"host": "evil.example"})
    assert answer.status_code == 400


async def test_pages_load_nothing_from_elsewhere_and_no_inline_code(visitor: Visitor, ana: Person) -> None:
    answer = await visitor.client.get("/signin")
    rules = answer.headers["content-security-policy"]
    assert "script-src 'self';" in rules
    assert "unsafe" not in rules
    assert f"form-action 'self' {SP}" in rules
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", answer.text)


def without_token(html: str) -> dict[str, str]:
    return {name: value for name, value in fields_of(html).items() if name != "token"}
