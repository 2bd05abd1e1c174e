"""Every page of the portal, full and with long names: accessible in both themes, and as narrow as 360 pixels."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.conftest import AUDIT, WIDER
from tests.browser.portal.conftest import Portal

LONG = (
    "Research and Development of Very Long-Lived Instruments, Northern and Eastern Europe (including the Baltic States)"
)
PAGES = (
    "/",
    "/people",
    "/people/new",
    "/people/deleted",
    "/people/{person}",
    "/people/{person}/edit",
    "/groups",
    "/groups/new",
    "/groups/{group}",
    "/groups/{group}?add=a",
    "/import",
    "/applications",
    "/applications/new",
    "/application",
    "/application/single-sign-on",
    "/application/users-and-groups",
    "/application/users-and-groups/add",
    "/application/provisioning",
    "/application/mappings/users",
    "/application/mappings/groups",
    "/application/mappings/users/edit?target=active",
    "/application/on-demand",
    "/application/on-demand?subject=group:{group}",
    "/application/logs",
    "/application/logs?entry={entry}&tab=steps",
    "/application/logs?entry={entry}&tab=requests",
    "/application/logs?entry={entry}&tab=modified",
    "/clock",
    "/faults",
    "/signin",
    "/nowhere",
)


@pytest.fixture
def known(portal: Portal) -> dict[str, str]:
    """A directory with long names, provisioned to Doorlist, with a fault in force; what addresses are filled with."""
    run = portal.commands
    organization = run.organization(LONG[:60])
    upn = f"wolfeschlegelsteinhausenbergerdorff.{'x' * 30}@a-very-long-domain-name.contoso.example"
    run.entrasim("user", "add", upn, "handle=long", f"display_name={LONG}", f"title={LONG}")
    for number in range(30):
        run.entrasim("user", "add", f"p{number}@contoso.example") if number < 3 else None
    run.entrasim("user", "disable", "p1")
    run.entrasim("user", "delete", "p2")
    run.entrasim("group", "add", LONG, "--description", LONG)
    run.entrasim("group", "add-member", LONG, "long", "p0", "p1")
    run.entrasim("connect", organization.scim_url, organization.token)
    run.entrasim("assign", "--group", LONG)
    run.entrasim("cycle")
    run.entrasim("fault", "add", "503", "--method", "DELETE", "--path", "/Users")
    run.entrasim("saml", "connect", "--entity-id", "https://app.example", "--acs", "https://app.example/acs")
    log = run.entrasim_json("log")
    person = next(entry["identity"]["id"] for entry in log if entry["identity"]["name"] == LONG and entry["modified"])
    group = next(entry["identity"]["id"] for entry in log if entry["identity"]["kind"] == "Group")
    created = next(entry["change_id"] for entry in log if entry["identity"]["kind"] == "User" and entry["modified"])
    user = next(entry["identity"]["id"] for entry in log if entry["identity"]["kind"] == "User")
    return {"person": user or person, "group": group, "entry": created}


async def test_every_page_is_accessible_and_fits_a_telephone(
    themed: Page, portal: Portal, known: dict[str, str], axe: str
) -> None:
    faults = []
    for path in PAGES:
        await themed.set_viewport_size({"width": 1280, "height": 800})
        await portal.go(themed, path.format(**known))
        await themed.evaluate(axe)
        faults += [f"{path}: {violation}" for violation in await themed.evaluate(AUDIT)]
        for width in (768, 360):
            await themed.set_viewport_size({"width": width, "height": 700})
            if await themed.evaluate(WIDER) > 0:
                faults.append(f"{path} is wider than {width} pixels")
    complaints = [said for said in themed.complaints if "404" not in said]  # type: ignore[attr-defined]
    assert faults + complaints == []


async def test_the_keyboard_leads_past_the_menu_and_through_a_choice(page: Page, portal: Portal) -> None:
    await portal.go(page, "/people")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to content"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "content"


async def test_a_theme_is_chosen_and_stays(page: Page, portal: Portal) -> None:
    await portal.go(page, "/groups")
    await page.get_by_role("button", name="Dark theme").click()
    assert await page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    await portal.go(page, "/people")
    assert await page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


async def test_a_question_is_asked_before_somebody_is_deleted(page: Page, portal: Portal) -> None:
    portal.commands.entrasim("user", "add", "ana@contoso.example")
    await portal.go(page, "/people")
    await page.get_by_role("link", name="ana", exact=True).click()
    page.once("dialog", lambda dialog: dialog.dismiss())
    await page.get_by_role("button", name="Delete").click()
    assert "deleted" not in await page.locator("main").inner_text()
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_text("moved to the recycle bin").wait_for()
