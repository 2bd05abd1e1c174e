"""Metadata in and out, certificates, rollover, bindings: what is taken over and what is refused with its place."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from doorlist.errors import BadInput, Conflict, NotFound
from doorlist.saml.bindings import decode_redirect
from doorlist.saml.certificates import read_certificate
from doorlist.saml.checks import Checklist, Wrong
from doorlist.saml.documents import parse
from doorlist.saml.incoming import read_response
from doorlist.saml.metadata import read_metadata
from doorlist.saml.names import ds, md
from doorlist.saml.parties import check_address
from doorlist.service import clock, saml_keys, saml_setup, saml_upkeep
from doorlist.service.saml_setup import Fields
from tests.http.conftest import OPERATOR
from tests.saml.conftest import Company
from tests.saml.forge import NOW, Forge, certify, evil_twin, field_of, rsa_key


def test_metadata_become_an_identity_provider() -> None:
    forge = Forge()
    identity = read_metadata(forge.metadata(), now=NOW)
    assert identity.entity_id == forge.entity_id
    assert (identity.sso.url, identity.sso.binding) == ("https://idp.example/sso", "redirect")
    assert identity.slo is not None
    assert identity.certificates == (forge.certificate,)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"https://idp.example/sso", b"http://idp.example/sso"),
        (b"https://idp.example/sso", b"javascript:alert(1)"),
        (b"IDPSSODescriptor", b"SPSSODescriptor"),
        (b":EntityDescriptor ", b':EntityDescriptor validUntil="2020-01-01T00:00:00Z" '),
        (b'use="signing"', b'use="encryption"'),
        (b"<", b"<!DOCTYPE x><"),
        (b"SAML:2.0:protocol", b"SAML:1.1:protocol"),
    ],
)
def test_metadata_that_are_not_usable_are_refused(before: bytes, after: bytes) -> None:
    data = Forge().metadata()
    assert before in data
    with pytest.raises(Wrong):
        read_metadata(data.replace(before, after, 1) if before == b"<" else data.replace(before, after), now=NOW)


@pytest.mark.parametrize(
    "address", ["", "http://idp.example", "https://", "https://u:p@idp.example/", "https://idp.example:x/", "ftp://x"]
)
def test_addresses_that_no_browser_should_be_sent_to_are_refused(address: str) -> None:
    with pytest.raises(Wrong):
        check_address(address, place="sso_url")


def test_what_is_read_is_what_was_signed() -> None:
    """With only the assertion signed, the message around it may say anything: nothing of it is read."""
    forge = Forge()
    response = forge.signed_assertion()
    response.set("InResponseTo", "_other")
    accepted = read_response(field_of(response), forge.expectation(), [], Checklist(), now=NOW)
    assert accepted.response_id == ""
    assert accepted.name_id.value == "ana@example.com"
    twin = evil_twin(response[-1])
    assert accepted.name_id.value not in (twin.findtext(".//{*}NameID") or "")


def test_a_message_that_grows_is_stopped() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(packer.compress(b"x" * (64 << 20)) + packer.flush()).decode()
    from urllib.parse import quote

    with pytest.raises(Wrong, match="grows beyond"):
        decode_redirect(f"SAMLRequest={quote(packed)}")


def test_a_parameter_that_comes_twice_is_refused() -> None:
    with pytest.raises(Wrong, match="twice"):
        decode_redirect("SAMLRequest=AA&SAMLRequest=BB")


async def test_a_long_relay_state_is_refused(company: Company) -> None:
    answer = await company.browser().http.get("/saml/example/slo", params={"RelayState": "x" * 81})
    assert answer.status_code == 400


def test_a_weak_key_is_refused() -> None:
    with pytest.raises(Wrong, match="1024 bits"):
        certify(rsa_key(60, 1024))


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        read_certificate(text)


async def test_single_fields_do_as_well_as_metadata(company: Company) -> None:
    forge = company.forge
    typed = Fields(forge.entity_id, "https://idp.example/sso", certificates=(forge.certificate.pem,))
    await saml_setup.set_fields(company.database, OPERATOR, company.organization, typed)
    await company.signed_in()
    with pytest.raises(BadInput):
        await saml_setup.set_fields(company.database, OPERATOR, company.organization, Fields("x", "http://idp.example"))


async def test_the_last_certificate_stays_and_an_expired_one_is_not_added(company: Company) -> None:
    org_id = company.organization.org_id
    with pytest.raises(Conflict):
        await saml_setup.remove_certificate(
            company.database, OPERATOR, org_id, company.forge.certificate.fingerprint[:16]
        )
    with pytest.raises(NotFound):
        await saml_setup.remove_certificate(company.database, OPERATOR, org_id, "0" * 16)
    old = certify(rsa_key(61), begins=NOW - timedelta(days=9), ends=NOW - timedelta(days=8))
    with pytest.raises(BadInput, match="expired"):
        await saml_setup.add_certificate(company.database, OPERATOR, org_id, old.pem)


async def test_the_provider_rolls_its_certificate_over_without_a_gap(company: Company) -> None:
    new = Forge(
        entity_id=company.forge.entity_id, key=rsa_key(62), provider=company.forge.provider, now=company.forge.now
    )
    added = new.certificate.pem
    await saml_setup.add_certificate(company.database, OPERATOR, company.organization.org_id, added)
    await company.signed_in()
    company.forge = new
    await company.signed_in()


async def test_the_own_key_rolls_over_without_a_gap(company: Company) -> None:
    database, org_id = company.database, company.organization.org_id

    async def published() -> list[str]:
        document = parse((await company.browser().http.get("/saml/example/metadata")).content)
        keys = [key for key in document.iter(md("KeyDescriptor")) if key.get("use") == "signing"]
        return [next(key.iter(ds("X509Certificate"))).text or "" for key in keys]

    before = await published()
    await saml_keys.begin_rollover(database, OPERATOR, org_id, name="next")
    both = await published()
    assert both[:1] == before
    assert len(both) == 2
    with pytest.raises(Conflict):
        await saml_keys.begin_rollover(database, OPERATOR, org_id, name="next")
    await saml_keys.finish_rollover(database, OPERATOR, org_id)
    assert await published() == both[1:]
    browser = company.browser()
    assertion = company.forge.sign(company.forge.assertion(answers=await browser.asked()))
    for_old_key = company.forge.encrypt(assertion, read_certificate(before[0]))
    assert (await browser.answer(company.forge.response(for_old_key))).status_code == 303


async def test_metadata_of_a_url_are_read_again_and_new_certificates_taken_over(company: Company) -> None:
    new = Forge(
        entity_id=company.forge.entity_id, key=rsa_key(63), provider=company.forge.provider, now=company.forge.now
    )
    with _publishing(company.forge.metadata()) as (url, put):
        await saml_setup.set_from_metadata(
            company.database, OPERATOR, company.organization, company.forge.metadata(), url=url
        )
        put(new.metadata())
        assert await saml_upkeep.refresh_due(company.database, clock.now()) == 0
        assert await saml_upkeep.refresh_due(company.database, clock.now() + timedelta(hours=25)) == 1
    company.forge = new
    await company.signed_in()


async def test_metadata_of_another_provider_change_nothing(company: Company) -> None:
    with _publishing(company.forge.metadata()) as (url, put):
        await saml_setup.set_from_metadata(
            company.database, OPERATOR, company.organization, company.forge.metadata(), url=url
        )
        for other in (Forge(entity_id="https://evil.example", key=rsa_key(64)).metadata(), b"", b"<x/>"):
            put(other)
            assert await saml_upkeep.refresh(company.database, company.organization.org_id)
    setup = await saml_setup.show(company.database, OPERATOR, company.organization, "https://doorlist.example")
    assert setup.settings is not None
    assert setup.settings.refresh.problem
    assert [one.fingerprint for one in setup.certificates] == [company.forge.certificate.fingerprint]
    await company.signed_in()


async def test_a_certificate_that_ends_is_warned_of_once(company: Company) -> None:
    ends = company.forge.certificate.not_after
    assert await saml_upkeep.warn(company.database, ends - timedelta(days=61)) == []
    for days in (60, 30, 14, 7, 1):
        assert len(await saml_upkeep.warn(company.database, ends - timedelta(days=days))) == 1
        assert await saml_upkeep.warn(company.database, ends - timedelta(days=days)) == []


@contextmanager
def _publishing(data: bytes) -> Iterator[Any]:
    """A web server on this machine that gives one document."""
    held = [data]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(held[0])

        def log_message(self, *_: object) -> None:
            return None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/metadata", lambda new: held.__setitem__(0, new)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
