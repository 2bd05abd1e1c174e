"""An organization with an identity provider of our making, and browsers that sign in through it."""

from __future__ import annotations

import zlib
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from doorlist.saml.parties import ServiceProvider
from doorlist.service import clock, finding, saml_setup, signin_log
from doorlist.store import saml_rows
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from doorlist.store.saml_rows import KeyRow
from doorlist.store.signin_rows import SignInLine
from doorlist.web.app import App
from tests.http.conftest import OPERATOR, Directory
from tests.http.conftest import app as app  # noqa: PLC0414 - a fixture
from tests.http.conftest import enrol as enrol  # noqa: PLC0414 - a fixture
from tests.saml.forge import Element, Forge, certify, field_of, rsa_key

BASE = "https://doorlist.example"
SESSION = "__Host-doorlist"


class Browser:
    """A browser at the application, with its cookies."""

    def __init__(self, app: App, slug: str) -> None:
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE)  # type: ignore[arg-type]
        self.slug = slug

    async def asked(self, request: str | None = None, **query: str) -> str:
        """Go to the sign-on address; the ID of the request that comes out of it, or which it is to have."""
        if request is not None:
            with mock.patch("doorlist.service.saml_signin.new_message_id", return_value=request):
                return await self.asked(**query)
        sent = await self.http.get(f"/saml/{self.slug}/login", params=query)
        assert sent.status_code == 303, sent.text
        return str(message_of(sent.headers["location"]).get("ID"))

    async def answer(self, message: Element | bytes, **fields: str) -> httpx.Response:
        """Post an answer to the assertion consumer service."""
        return await self.http.post(f"/saml/{self.slug}/acs", data={"SAMLResponse": field_of(message), **fields})

    @property
    def signed_in(self) -> bool:
        return bool(self.http.cookies.get(SESSION))

    async def lets_in(self) -> bool:
        """Whether the console lets this browser in."""
        return not (await self.http.get("/")).headers.get("location", "").startswith("/signin")


@dataclass
class Company:
    """An organization whose people sign in by SAML."""

    database: Database
    organization: Organization
    directory: Directory
    forge: Forge
    app: App

    def browser(self) -> Browser:
        return Browser(self.app, self.organization.slug)

    async def signed_in(self, name: str = "ana@example.com", **over: Any) -> Browser:
        """A browser in which somebody has signed in."""
        browser = self.browser()
        message = self.forge.signed_assertion(name, answers=await browser.asked(), **over)
        answer = await browser.answer(message)
        assert answer.status_code == 303, await self.last()
        return browser

    async def log(self) -> list[SignInLine]:
        return await signin_log.list_attempts(self.database, OPERATOR, self.organization.org_id)

    async def last(self) -> SignInLine:
        return (await self.log())[0]

    async def choose(self, **changes: Any) -> None:
        await saml_setup.choose(self.database, OPERATOR, self.organization, changes)


Found = Callable[..., Any]


@pytest.fixture
async def company(app: App, enrol: Any, database: Database) -> Company:
    """An Enterprise organization with SAML set up from metadata, and a person ana@example.com."""
    return await found(app, enrol, database)


async def found(app: App, enrol: Any, database: Database, name: str = "Example") -> Company:
    directory = await enrol(name)
    organization = await finding.organization(database, name.lower())
    provider = ServiceProvider.of(BASE, organization.slug)
    forge = Forge(entity_id=f"https://idp.example/{organization.slug}", provider=provider, now=datetime.now(UTC))
    async with database.transaction() as connection:  # making one takes a second
        await saml_rows.add_key(connection, organization.org_id, own_key())
    await saml_setup.set_from_metadata(database, OPERATOR, organization, forge.metadata())
    await directory.user("ana@example.com", displayName="Ana")
    return Company(database, organization, directory, forge, app)


def own_key() -> KeyRow:
    """A key pair of an organization."""
    key = rsa_key(50)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    at = datetime.now(UTC)
    certificate = certify(key, name="Doorlist", begins=at - timedelta(days=1), ends=at + timedelta(days=900))
    return KeyRow(clock.new_id(at), "active", private, certificate.pem, at)


def message_of(address: str) -> Element:
    """The message that a redirect carries."""
    query = parse_qs(urlsplit(address).query)
    text = (query.get("SAMLRequest") or query["SAMLResponse"])[0]
    return etree.fromstring(zlib.decompress(b64decode(text), -15))
