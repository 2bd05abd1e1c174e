"""The seed page in a browser, line by line, from an empty directory to a folder that a member opens."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
from playwright.async_api import FilePayload, Page, expect

from doorlist.tour import cast
from tests.browser.portal.conftest import Portal, base_of, picture
from tests.live.processes import Organization


async def test_the_seed_page_is_followed_from_an_empty_directory_to_a_folder_that_a_member_opens(
    page: Page, portal: Portal, tmp_path: Path
) -> None:
    organization = portal.commands.organization("Marigold Instruments")
    await _fill_the_directory(page, portal)
    await _find_the_application(page, portal)
    await _connect(page, portal, organization)
    await _assign(page, portal)
    await _provision_on_demand(page)
    assert _members(organization, cast.DESIGN) == 5
    await _start(page, portal)
    with organization.client() as client:
        people = client.get("/Users?count=0").json()["totalResults"]
    assert _members(organization, cast.DESIGN) == people > 5
    await _read_the_log(page)
    _grant(portal, organization, folder="Brand Book")
    await _set_sign_in_up(page, portal, organization, tmp_path / "metadata.xml")
    await _open_the_folder(page, organization, folder="Brand Book")


async def _fill_the_directory(page: Page, portal: Portal) -> None:
    await portal.go(page, "/")
    await picture(page, "01-home")
    await page.get_by_role("link", name="Import", exact=True).click()
    for name in ("users", "groups", "members"):
        await page.get_by_label(f"{name}.csv").set_input_files(cast.COMPANY / f"{name}.csv")
    await page.get_by_role("button", name="Import").click()
    await expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    await picture(page, "02-imported")


async def _find_the_application(page: Page, portal: Portal) -> None:
    """Select Enterprise Applications and find the application among them."""
    await page.get_by_role("link", name="Enterprise applications").click()
    await page.get_by_role("link", name="New application").first.click()
    await picture(page, "03-gallery")
    await page.locator("form", has=page.get_by_role("heading", name="Doorlist")).get_by_role("button").click()
    await expect(page.get_by_role("heading", name="Doorlist", level=1)).to_be_visible()
    await portal.go(page, "/applications?q=door")
    await page.get_by_role("table").get_by_role("link", name="Doorlist").click()


async def _connect(page: Page, portal: Portal, organization: Organization) -> None:
    """Click Provisioning, choose Automatic, tenant URL and secret token, Test Connection, Save."""
    await page.get_by_role("navigation", name="Doorlist").get_by_role("link", name="Provisioning", exact=True).click()
    await page.get_by_role("link", name=re.compile("^Automatic")).click()
    await page.get_by_label("Tenant URL").fill(organization.scim_url)
    await page.get_by_label("Secret token").fill("not-the-token")
    await page.get_by_role("button", name="Test Connection").click()
    await expect(page.get_by_text("Testing the connection failed")).to_be_visible()
    await picture(page, "04-test-failed")
    await page.get_by_label("Secret token").fill(organization.token)
    await page.get_by_role("button", name="Test Connection").click()
    await expect(page.get_by_text("Testing the connection succeeded")).to_be_visible()
    await picture(page, "05-test-connection")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("The credentials were saved")).to_be_visible()
    assert organization.token not in await page.content()


async def _assign(page: Page, portal: Portal) -> None:
    """Users and groups, Add user/group, Assign."""
    await page.get_by_role("navigation", name="Doorlist").get_by_role("link", name="Users and groups").click()
    await page.get_by_role("link", name="Add user/group").first.click()
    await page.get_by_label("Find groups and people").fill(cast.DESIGN)
    await page.get_by_label("Find groups and people").press("Enter")
    await page.get_by_label(cast.DESIGN).check()
    await picture(page, "06-add-assignment")
    await page.get_by_role("button", name="Assign").click()
    await expect(page.get_by_role("cell", name="Default Access")).to_be_visible()
    await picture(page, "07-users-and-groups")


async def _provision_on_demand(page: Page) -> None:
    """Provision on demand: the group, its members, Provision."""
    await page.get_by_role("link", name="Provision on demand").click()
    await page.get_by_role("link", name=re.compile(f"^{cast.DESIGN}")).click()
    boxes = page.get_by_role("checkbox")
    for number in range(5):
        await boxes.nth(number).check()
    await expect(boxes.nth(5)).to_be_disabled()  # five are the most that one run takes
    await picture(page, "08-on-demand")
    await page.get_by_role("button", name="Provision", exact=True).click()
    for step in ("Import", "Determine if in scope", "Match between source and target", "Perform action"):
        await expect(page.get_by_role("heading", name=step).first).to_be_visible()
    await expect(page.get_by_text("membership: added")).to_have_count(5)
    await picture(page, "09-on-demand-result")


async def _start(page: Page, portal: Portal) -> None:
    """Start provisioning: the cycle brings the rest, and the page shows it without being loaded again."""
    await page.get_by_role("navigation", name="Doorlist").get_by_role("link", name="Provisioning", exact=True).click()
    await page.get_by_role("button", name="Start provisioning", exact=True).click()
    await expect(page.get_by_text("Initial, number 1")).to_be_visible(timeout=30_000)
    await expect(page.locator("#job-status").get_by_text(re.compile("after [0-9.]+ s"))).to_be_visible(timeout=60_000)
    await picture(page, "10-provisioning")


async def _read_the_log(page: Page) -> None:
    await page.get_by_role("link", name="Provisioning logs", exact=True).click()
    await page.get_by_role("table").get_by_role("link").first.click()
    drawer = page.get_by_role("dialog")
    await expect(drawer).to_be_visible()
    await expect(drawer).to_be_focused()
    await drawer.get_by_role("link", name="Requests").click()
    await expect(drawer.get_by_text("Sent").or_(drawer.get_by_text("Answered")).first).to_be_visible()
    await picture(page, "11-log")
    await page.keyboard.press("Escape")
    await expect(drawer).to_have_count(0)


def _grant(portal: Portal, organization: Organization, *, folder: str) -> None:
    """Give the group a level on a folder, over the management API."""
    key = portal.commands.doorlist_json("key", "create", "--org", organization.slug, "--label", "browser")["key"]
    base = f"{base_of(organization)}/api/v1"
    with httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=30) as api:
        workspace = api.post("/workspaces", json={"name": "Studio"}).json()
        place = api.post(f"/workspaces/{workspace['id']}/folders", json={"name": folder}).json()
        (group,) = api.get("/groups", params={"name": cast.DESIGN}).json()["items"]
        grant = {"resource_id": place["id"], "group_id": group["id"], "level": "editor"}
        assert api.put("/grants", json=grant).json()["changed"] is True


async def _set_sign_in_up(page: Page, portal: Portal, organization: Organization, file: Path) -> None:
    """Single sign-on: the application's metadata go in, the directory's come out."""
    own = portal.commands.doorlist("saml", "metadata", "--org", organization.slug).encode()
    await page.get_by_role("link", name="Single sign-on").click()
    chosen = FilePayload(name="own.xml", mimeType="text/xml", buffer=own)
    await page.get_by_label("From the application's metadata file").set_input_files(chosen)
    await page.get_by_role("button", name="Upload").click()
    await expect(page.get_by_label("Identifier (entity ID)")).to_have_value(re.compile(organization.slug))
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Download metadata").click()
    await (await started.value).save_as(file)
    portal.commands.doorlist("saml", "set", "--org", organization.slug, "--metadata", file)
    await picture(page, "13-single-sign-on")


async def _open_the_folder(page: Page, organization: Organization, *, folder: str) -> None:
    """A member of the group signs in and finds the folder."""
    await page.goto(f"{base_of(organization)}/saml/{organization.slug}/login")
    await page.get_by_label("Search people").fill(cast.DESIGNER)
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("button", name=re.compile(cast.DESIGNER)).click()
    await expect(page.get_by_role("link", name=folder).first).to_be_visible()
    await picture(page, "14-my-work")


def _members(organization: Organization, name: str) -> int:
    with organization.client() as client:
        found = client.get("/Groups", params={"filter": f'displayName eq "{name}"'}).json()["Resources"]
    return len(found[0].get("members", []))
