"""Passkeys: an authenticator in software adds one and signs in; whatever is not exactly that is refused."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
import httpx2 as httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from doorlist.domain.levels import Role
from doorlist.service import clock, finding, staffing
from tests.http.conftest import OPERATOR
from tests.saml.conftest import BASE, SESSION, Browser, Company

OWN = {"Origin": BASE}
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """A key of one person, as a phone would hold it (WebAuthn level 2, section 6)."""

    host: str = "doorlist.example"
    origin: str = BASE
    verified: bool = True
    count: int = 0
    credential_id: bytes = b"credential-of-ana"
    handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any]) -> str:
        """The answer to options for a new credential."""
        self.handle = unspell(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(public)
        data = self._data(ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._answer({"clientDataJSON": spell(client), "attestationObject": spell(attestation)})

    def get(self, options: dict[str, Any]) -> str:
        """The answer to options for a sign-in."""
        self.count += 1
        data, client = self._data(0), self._client("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": self.handle}
        return self._answer({name: spell(value) for name, value in parts.items()})

    def _data(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verified else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _answer(self, response: dict[str, str]) -> str:
        identifier = spell(self.credential_id)
        told = {"id": identifier, "rawId": identifier, "type": "public-key", "response": response}
        return json.dumps({**told, "clientExtensionResults": {}})


def spell(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def unspell(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def _form_key(browser: Browser) -> str:
    page = await browser.http.get("/passkeys")
    assert page.status_code == 200
    return str(etree.HTML(page.text).xpath("//input[@name='form_key']/@value")[0])


async def _add(company: Company, authenticator: Authenticator, **over: str) -> httpx.Response:
    browser = await company.signed_in()
    form = {"form_key": await _form_key(browser)}
    options = (await browser.http.post("/passkeys/options", data=form, headers=OWN)).json()
    form |= {"credential": authenticator.create(options), "label": "Phone", **over}
    return await browser.http.post("/passkeys", data=form, headers=OWN)


async def _sign_in(company: Company, authenticator: Authenticator, browser: Browser | None = None) -> httpx.Response:
    browser = browser or company.browser()
    options = (await browser.http.post("/signin/example/passkey/options", headers=OWN)).json()
    form = {"credential": authenticator.get(options), "next": "/o/example/home"}
    return await browser.http.post("/signin/example/passkey", data=form, headers=OWN)


async def test_a_passkey_is_added_and_signs_in(company: Company) -> None:
    phone = Authenticator()
    assert (await _add(company, phone)).status_code == 303
    browser = company.browser()
    entered = await _sign_in(company, phone, browser)
    assert entered.status_code == 303, await company.last()
    assert entered.headers["location"] == "/o/example/home"
    assert SESSION in entered.headers["set-cookie"]
    assert await browser.lets_in()
    line = await company.last()
    assert (line.method, line.subject, line.accepted) == ("passkey", "ana@example.com", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "evil.example"},
        {"origin": "https://evil.example"},
        {"verified": False},
        {"credential_id": b"another one"},
        {"key": ec.generate_private_key(ec.SECP256R1())},
        {"count": -1},
    ],
    ids=["host", "origin", "not verified", "unknown", "key", "count that fell"],
)
async def test_what_is_not_this_passkey_is_refused(wrong: dict[str, Any], company: Company) -> None:
    phone = Authenticator(count=7)
    await _add(company, phone)
    for name, value in wrong.items():
        setattr(phone, name, value)
    assert (await _sign_in(company, phone)).status_code == 403
    assert (await company.last()).check_name == "credentials"


async def test_a_challenge_is_answered_once_by_the_browser_that_got_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, browser = Authenticator(), company.browser()
    await _add(company, phone)
    options = (await browser.http.post("/signin/example/passkey/options", headers=OWN)).json()
    form = {"credential": phone.get(options)}
    address = "/signin/example/passkey"
    assert (await company.browser().http.post(address, data=form, headers=OWN)).status_code == 403
    assert (await browser.http.post(address, data=form, headers=OWN)).status_code == 303
    assert (await browser.http.post(address, data=form, headers=OWN)).status_code == 403
    options = (await browser.http.post("/signin/example/passkey/options", headers=OWN)).json()
    later = datetime.now(UTC) + timedelta(minutes=5, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    form = {"credential": phone.get(options)}
    assert (await browser.http.post(address, data=form, headers=OWN)).status_code == 403


async def test_nonsense_is_refused(company: Company) -> None:
    browser = company.browser()
    for text in ("", "{}", "[]", '{"id": 1}', "x" * 20_000):
        await browser.http.post("/signin/example/passkey/options", headers=OWN)
        answer = await browser.http.post("/signin/example/passkey", data={"credential": text}, headers=OWN)
        assert answer.status_code == 403
    assert (await _add(company, Authenticator(), credential="{}")).status_code == 400


async def test_a_passkey_added_from_another_site_or_without_a_session_is_refused(company: Company) -> None:
    browser = await company.signed_in()
    form = {"form_key": await _form_key(browser)}
    evil = {"Origin": "https://evil.example"}
    assert (await browser.http.post("/passkeys/options", data=form, headers=evil)).status_code == 403
    assert (await browser.http.post("/passkeys/options", data={"form_key": "x"}, headers=OWN)).status_code == 403
    assert (await company.browser().http.post("/passkeys/options", data=form, headers=OWN)).status_code == 401


async def test_one_passkey_is_one_persons(company: Company) -> None:
    phone = Authenticator()
    assert (await _add(company, phone)).status_code == 303
    assert (await _add(company, phone)).status_code == 409


async def test_a_removed_passkey_opens_nothing(company: Company) -> None:
    phone = Authenticator()
    await _add(company, phone)
    browser = await company.signed_in()
    page = etree.HTML((await browser.http.get("/passkeys")).text)
    form = {"form_key": await _form_key(browser), "id": str(page.xpath("//input[@name='id']/@value")[0])}
    assert (await browser.http.post("/passkeys/remove", data=form, headers=OWN)).status_code == 303
    assert (await browser.http.post("/passkeys/remove", data=form, headers=OWN)).status_code == 404
    assert (await _sign_in(company, phone)).status_code == 403


async def test_an_owner_with_a_passkey_is_enough_to_enforce_sso_and_gets_in(company: Company) -> None:
    org_id = company.organization.org_id
    ana = await finding.person(company.database, org_id, "ana@example.com")
    phone = Authenticator()
    await _add(company, phone)
    await staffing.set_role(company.database, OPERATOR, org_id, user_id=ana.id, role=Role.OWNER)
    await company.choose(enforced=True)
    assert (await _sign_in(company, phone)).status_code == 303
    await staffing.set_role(company.database, OPERATOR, org_id, user_id=ana.id, role=Role.MEMBER)
    assert (await _sign_in(company, phone)).status_code == 403
    assert (await company.last()).check_name == "person"


async def test_who_is_blocked_does_not_get_in_by_passkey(company: Company) -> None:
    phone = Authenticator()
    await _add(company, phone)
    ana = await finding.person(company.database, company.organization.org_id, "ana@example.com")
    await staffing.block(company.database, OPERATOR, company.organization.org_id, user_id=ana.id)
    assert (await _sign_in(company, phone)).status_code == 403
