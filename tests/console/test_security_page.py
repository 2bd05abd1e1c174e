"""The page of sign-in: an identity provider is set, its choices made, sessions ended, a person invited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from doorlist.service import session_control
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from doorlist.web.app import App
from tests.console.conftest import OPERATOR, Browser, signed_in
from tests.console.test_access_pages import owner_of


@pytest.fixture(scope="module")
def certificate() -> str:
    """A certificate of an identity provider, as an administrator pastes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


async def set_up(operator: Browser, certificate: str) -> None:
    done = await operator.send(
        "/o/example/security/saml",
        "/o/example/security",
        entity_id="https://idp.example/entity",
        sso_url="https://idp.example/sso",
        certificate=certificate,
    )
    assert "signs people in now" in done.text, done.text


async def test_saml_is_set_up_by_single_fields(operator: Browser, organization: Organization, certificate: str) -> None:
    assert "https://doorlist.example/saml/example/acs" in await operator.page("/o/example/security")
    await set_up(operator, certificate)
    page = await operator.page("/o/example/security")
    assert "https://idp.example/sso" in page
    assert "CN=idp.example" in page


async def test_a_test_sign_in_leads_to_the_identity_provider(
    operator: Browser, organization: Organization, certificate: str
) -> None:
    await set_up(operator, certificate)
    answer = await operator.http.get("/o/example/security/test", follow_redirects=False)
    assert answer.headers["location"].startswith("https://idp.example/sso?")


async def test_saml_for_everybody_needs_an_owner_who_can_come_in_locally(
    operator: Browser, organization: Organization, certificate: str
) -> None:
    await set_up(operator, certificate)
    refused = await operator.send("/o/example/security/choices", "/o/example/security", enforced="on")
    assert refused.status_code == 409
    allowed = await operator.send("/o/example/security/choices", "/o/example/security", idp_initiated="on")
    assert 'name="idp_initiated" checked' in allowed.text


@pytest.mark.parametrize("url", ["http://idp.example/metadata", "file:///etc/passwd", "https://user@idp.example/"])
async def test_metadata_are_read_from_safe_addresses_only(
    operator: Browser, organization: Organization, url: str
) -> None:
    refused = await operator.send("/o/example/security/saml", "/o/example/security", metadata_url=url)
    assert refused.status_code == 400


async def test_a_session_is_ended_from_the_page(
    app: App, operator: Browser, database: Database, organization: Organization
) -> None:
    owner = await owner_of(database, organization.org_id)
    browser = await signed_in(app, database, organization.org_id, owner)
    assert (await browser.get("/o/example")).status_code == 200
    (live,) = await session_control.list_sessions(database, OPERATOR, organization.org_id)
    await operator.send(f"/o/example/security/sessions/{live.id}/end", "/o/example/security")
    assert (await browser.http.get("/o/example", follow_redirects=False)).status_code == 303
    await browser.http.aclose()


async def test_a_person_is_invited_by_a_link_that_is_shown_once(
    operator: Browser, database: Database, organization: Organization
) -> None:
    owner = await owner_of(database, organization.org_id)
    page = f"/o/example/members/{owner}"
    shown = await operator.send(f"{page}/invite", page, purpose="invite")
    link = shown.text.split('id="signin-link" value="')[1].partition('"')[0]
    assert link.startswith("https://doorlist.example/signin/link/")
    assert (await operator.get(link)).status_code == 200
