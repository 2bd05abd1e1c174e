"""Signing in to a real Doorlist through the stand-in, and out of both, in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.portal.conftest import Portal, base_of, picture
from tests.live.processes import Organization


@pytest.fixture
def organization(portal: Portal, tmp_path: Path) -> Organization:
    """Both sides know each other's metadata, and ana was provisioned."""
    run = portal.commands
    made = run.organization("Sign-in")
    theirs, own = tmp_path / "directory.xml", tmp_path / "own.xml"
    theirs.write_text(run.entrasim("saml", "metadata", "--base", portal.url), encoding="utf-8")
    shown = run.entrasim_json("saml", "show", "--base", portal.url)
    run.doorlist("saml", "set", "--org", made.slug, "--metadata", theirs)
    logout_issuer = shown["issuer"].replace("/sts/", "/")
    run.doorlist("saml", "choose", "--org", made.slug, "--logout-issuer", logout_issuer, "--idp-initiated")
    own.write_text(run.doorlist("saml", "metadata", "--org", made.slug), encoding="utf-8")
    run.entrasim("saml", "connect", "--metadata", own)
    run.entrasim("user", "add", "ana@contoso.example", "display_name=Ana Ruiz")
    run.entrasim("connect", made.scim_url, made.token)
    run.entrasim("assign", "--user", "ana")
    run.entrasim("cycle")
    return made


async def test_a_member_signs_in_at_doorlist_and_out_again(
    page: Page, portal: Portal, organization: Organization
) -> None:
    base = base_of(organization)
    await page.goto(f"{base}/saml/{organization.slug}/login")
    await expect(page.get_by_role("heading", name="Pick a person")).to_be_visible()
    await picture(page, "12-sign-in")
    await page.get_by_role("button", name=re.compile("Ana Ruiz")).click()
    await page.wait_for_url(re.compile(f"^{re.escape(base)}"))
    await expect(page.get_by_text("ana@contoso.example").first).to_be_visible()
    await page.goto(f"{portal.url}/signout")  # begins at the directory, is told to Doorlist, and comes back
    await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    await expect(page.get_by_text("Here, and at the application, which confirmed it.")).to_be_visible()
    await page.goto(base)
    await expect(page).to_have_url(re.compile("/signin"))


async def test_a_sign_in_begins_at_the_directory_as_well(
    page: Page, portal: Portal, organization: Organization
) -> None:
    await portal.go(page, "/")
    await page.get_by_role("link", name="Sign in to the application").click()
    await page.get_by_role("button", name=re.compile("Ana Ruiz")).click()
    await page.wait_for_url(re.compile(f"^{re.escape(base_of(organization))}"))
    await expect(page.get_by_text("ana@contoso.example").first).to_be_visible()


async def test_it_works_without_scripts_with_one_more_click(
    browser: Browser, portal: Portal, organization: Organization
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    base = base_of(organization)
    await page.goto(f"{base}/saml/{organization.slug}/login")
    await page.get_by_label("Search people").fill("ana@")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("button", name=re.compile("Ana Ruiz")).click()
    await page.get_by_role("button", name="Continue").click()
    await page.wait_for_url(re.compile(f"^{re.escape(base)}"))
    await expect(page.get_by_text("ana@contoso.example").first).to_be_visible()
    await context.close()


async def test_a_mistake_is_shown_before_it_is_sent_and_refused_by_doorlist(
    page: Page, portal: Portal, organization: Organization
) -> None:
    await page.goto(f"{base_of(organization)}/saml/{organization.slug}/login")
    await page.get_by_text("Make a mistake on purpose").click()
    await page.get_by_label("What the response gets wrong").select_option(label="The name was changed after signing")
    await page.get_by_role("button", name=re.compile("Ana Ruiz")).click()
    await expect(page.get_by_text("A mistake is in this response")).to_be_visible()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_text("You could not be signed in")).to_be_visible()
    page.complaints.clear()  # type: ignore[attr-defined]  # the refusal is a 403, which the console tells


async def test_a_sign_out_at_doorlist_ends_the_sign_in_at_the_directory(
    page: Page, portal: Portal, organization: Organization
) -> None:
    base = base_of(organization)
    await page.goto(f"{base}/saml/{organization.slug}/login")
    await page.get_by_role("button", name=re.compile("Ana Ruiz")).click()
    await page.wait_for_url(re.compile(f"^{re.escape(base)}"))
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(re.compile(f"^{re.escape(base)}/saml/.*/slo"))
    await page.goto(f"{base}/saml/{organization.slug}/login")
    await expect(page.get_by_role("heading", name="Pick a person")).to_be_visible()  # the directory asks again
