"""Coming in through the pages of sign-in: an invitation, a password with a code, a passkey."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import pyotp
import pytest
from playwright.async_api import Page, expect

from doorlist.domain.tenancy import Administrator, Plan
from doorlist.service import clock, finding, local_signin, tenants
from doorlist.store.db import Database
from tests.browser.conftest import AUDIT, WIDER
from tests.live.processes import serving

pytestmark = pytest.mark.live

OPERATOR = Administrator("tests", "cli")
OWNER, PASSWORD = "owner@example.com", "correct horse battery"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


@pytest.fixture
async def invited(database_url: str, database: Database) -> AsyncIterator[tuple[str, str]]:
    """The address of a served Doorlist, by a name that browsers let passkeys be used at, and an owner's invitation."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url = f"http://localhost:{port}"
    options = ("--database-url", database_url, "--port", str(port), "--workers", "1")
    with serving(*options, DOORLIST_PUBLIC_URL=url):
        organization = await tenants.create_organization(
            database, OPERATOR, name="Example", plan=Plan.ENTERPRISE, owner_email=OWNER
        )
        owner = await finding.person(database, organization.org_id, OWNER)
        ids = {"user_id": owner.id, "purpose": "invite"}
        yield url, await local_signin.make_link(database, OPERATOR, organization.org_id, **ids)


async def test_an_owner_comes_in_by_invitation_password_and_passkey(
    page: Page, axe: str, invited: tuple[str, str]
) -> None:
    url, token = invited
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    await page.goto(f"{url}/signin/link/{token}")
    await _sound(page, axe)
    secret = await page.get_by_label("Key for the authenticator app").input_value()
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_label("The same again").fill(PASSWORD)
    await page.get_by_label("The code that the app shows").fill(_code(secret, steps=-1))
    await page.get_by_role("button", name="Save and sign in").click()
    await page.wait_for_url("**/o/example")

    await page.goto(f"{url}/passkeys")
    await page.get_by_label("Name of the new one").fill("This laptop")
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.get_by_role("button", name="Remove This laptop")).to_be_visible()
    await _sound(page, axe)

    await page.context.clear_cookies()
    await page.goto(f"{url}/signin")
    await _sound(page, axe)
    await page.get_by_label("Work e-mail").fill(OWNER)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Organization").fill("example")
    await _sound(page, axe)
    await page.get_by_role("button", name="Continue").click()
    await page.wait_for_url("**/signin/example?**")
    await _sound(page, axe)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("One-time code").fill(_code(secret))
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url("**/o/example")

    await page.context.clear_cookies()
    await page.goto(f"{url}/signin/example")
    await page.get_by_role("button", name="Use a passkey").click()
    await page.wait_for_url("**/o/example")


async def _sound(page: Page, axe: str) -> None:
    """Nothing on the page shuts anybody out, and nothing runs off its side."""
    await page.evaluate(axe)
    assert await page.evaluate(AUDIT) == []
    assert await page.evaluate(WIDER) <= 0


def _code(secret: str, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=30 * steps))
