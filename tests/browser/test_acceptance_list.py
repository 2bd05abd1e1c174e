"""The acceptance list of the seed page, row by row, in one browser: Doorlist's console on one side, the portal of the
stand-in on the other, from nothing at all to a folder that a member works in, and to what stays when one leaves."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from doorlist.tour import cast
from tests.browser.console.conftest import picture
from tests.browser.portal.conftest import served_portal
from tests.live.processes import Commands, serving

SLUG = "marigold-instruments"


class Story:
    """Both programs, and the pages that two people have open."""

    def __init__(self, doorlist: str, portal: str, commands: Commands, context: BrowserContext) -> None:
        self.doorlist, self.portal, self.commands, self.context = doorlist, portal, commands, context
        self.console = f"{doorlist}/o/{SLUG}"

    async def open(self) -> Page:
        return await self.context.new_page()


@pytest.fixture
async def story(browser: Browser, tmp_path: Path) -> AsyncIterator[Story]:
    data = tmp_path / "data"
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    with serving("--data", data, "--port", "0", "--workers", "1") as served:
        commands = Commands(data, tmp_path / "state.db")
        with served_portal(commands.state) as portal:
            yield Story(served.url, portal, commands, context)
    await context.close()


async def test_the_page_is_followed_from_nothing_to_a_folder_in_use(story: Story, browser: Browser) -> None:
    admin, azure = await story.open(), await story.open()
    await found_the_organization(story, admin)  # rows 1 and 3
    await fill_the_directory(story, azure)
    await set_up_saml(story, admin, azure)  # row 2
    tenant_url, token = await copy_the_token(story, admin)  # row 4
    await connect(azure, story, tenant_url, token)  # rows 5 and 6
    await assign_and_provision(azure, story)  # rows 7 and 8
    await give_the_group_a_folder(story, admin)  # rows 9, 10 and 12
    member = await sign_in_as_a_member(story, browser)  # row 11
    await work(story, member)
    await somebody_leaves(story, azure, admin)  # row 11
    await switch_creation_off(story, admin, member)  # row 13
    await member.context.close()


async def found_the_organization(story: Story, page: Page) -> None:
    """Create the organization on a lower plan, make a workspace, and upgrade both."""
    await page.goto(story.commands.doorlist_json("console")["url"])
    await page.get_by_role("button", name="Open the console").click()
    await page.get_by_role("link", name="New organization").click()
    await page.get_by_label("Name").fill(cast.NAME)
    await page.get_by_label("E-mail address of its owner").fill(cast.OWNER)
    await page.get_by_label("Plan").select_option("business")
    await page.get_by_role("button", name="Create organization").click()
    await expect(page.get_by_text("is ready to be set up")).to_be_visible()
    await page.goto(f"{story.console}/workspaces/new")
    await page.get_by_label("Name").fill(cast.STUDIO)
    await page.get_by_role("button", name="Create workspace").click()
    await page.get_by_label("Name of a new private folder").fill(cast.BRAND_BOOK)
    await page.get_by_role("button", name="Create folder").click()
    await expect(page.get_by_text("Nobody reaches it yet")).to_be_visible()
    await page.goto(f"{story.console}/settings")
    await page.get_by_label("Plan of the organization").select_option("enterprise")
    await page.get_by_role("button", name="Change plan").click()
    await page.goto(f"{story.console}/workspaces")
    await page.get_by_role("checkbox", name=cast.STUDIO).check()
    await page.get_by_role("button", name="Upgrade what is chosen").click()
    await expect(page.get_by_text("are on the plan Enterprise now")).to_be_visible()


async def fill_the_directory(story: Story, page: Page) -> None:
    await page.goto(f"{story.portal}/import")
    for name in ("users", "groups", "members"):
        await page.get_by_label(f"{name}.csv").set_input_files(cast.COMPANY / f"{name}.csv")
    await page.get_by_role("button", name="Import").click()
    await expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    await page.goto(f"{story.portal}/applications/new")
    await page.locator("form", has=page.get_by_role("heading", name="Doorlist")).get_by_role("button").click()
    await expect(page.get_by_role("heading", name="Doorlist", level=1)).to_be_visible()


async def set_up_saml(story: Story, admin: Page, azure: Page) -> None:
    """Each side is told of the other by its metadata; a test sign-in shows every check."""
    metadata = await story.context.request.get(f"{story.doorlist}/saml/{SLUG}/metadata")
    await azure.goto(f"{story.portal}/application/single-sign-on")
    file = {"name": "metadata.xml", "mimeType": "text/xml", "buffer": await metadata.body()}
    await azure.get_by_label("From the application's metadata file").set_input_files(file)  # type: ignore[arg-type]
    await azure.get_by_role("button", name="Upload").click()
    await expect(azure.get_by_label("Identifier (entity ID)")).to_have_value(f"{story.doorlist}/saml/{SLUG}/metadata")
    address = await azure.get_by_role("link", name="Download metadata").get_attribute("href")
    theirs = await story.context.request.get(f"{address}")
    await admin.goto(f"{story.console}/security")
    file = {"name": "idp.xml", "mimeType": "text/xml", "buffer": await theirs.body()}
    await admin.get_by_label("or metadata file").set_input_files(file)  # type: ignore[arg-type]
    await admin.get_by_role("button", name="Set up SAML").click()
    await expect(admin.get_by_text("signs people in now")).to_be_visible()
    await picture(admin, "story-saml")


async def copy_the_token(story: Story, page: Page) -> tuple[str, str]:
    await page.goto(f"{story.console}/setup")
    await page.get_by_role("button", name="Create token").click()
    values = (
        await page.get_by_role("textbox", name="Tenant URL").input_value(),
        await page.get_by_role("textbox", name="Secret token").input_value(),
    )
    await page.get_by_role("link", name="I have copied it").click()
    assert values[1] not in await page.content()
    return values


async def connect(page: Page, story: Story, tenant_url: str, token: str) -> None:
    await page.goto(f"{story.portal}/application/provisioning")
    automatic = page.get_by_role("link", name=re.compile("^Automatic"))
    if await automatic.count():
        await automatic.click()
    await page.get_by_label("Tenant URL").fill(tenant_url)
    await page.get_by_label("Secret token").fill(token)
    await page.get_by_role("button", name="Test Connection").click()
    await expect(page.get_by_text("Testing the connection succeeded")).to_be_visible()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("The credentials were saved")).to_be_visible()


async def assign_and_provision(page: Page, story: Story) -> None:
    """Assign the groups, provision one on demand with five members, then let a cycle bring the rest.

    Everybody is assigned, so that who leaves the one group stays in scope.
    """
    for group in (cast.DESIGN, "Everyone"):
        await page.goto(f"{story.portal}/application/users-and-groups/add")
        await page.get_by_label("Find groups and people").fill(group)
        await page.get_by_label("Find groups and people").press("Enter")
        await page.get_by_label(group, exact=True).or_(page.get_by_label(group)).first.check()
        await page.get_by_role("button", name="Assign").click()
        await expect(page.get_by_role("row", name=re.compile(group))).to_be_visible()
    await page.goto(f"{story.portal}/application/on-demand")
    await page.get_by_role("link", name=re.compile(f"^{cast.DESIGN}")).click()
    for number in range(5):
        await page.get_by_role("checkbox").nth(number).check()
    await page.get_by_role("button", name="Provision", exact=True).click()
    await expect(page.get_by_text("membership: added")).to_have_count(5)
    await page.goto(f"{story.portal}/application/provisioning")
    await page.get_by_role("button", name="Start provisioning", exact=True).click()
    await expect(page.get_by_text("Initial, number 1")).to_be_visible(timeout=30_000)
    await expect(page.locator("#job-status").get_by_text(re.compile("after [0-9.]+ s"))).to_be_visible(timeout=60_000)


async def give_the_group_a_folder(story: Story, page: Page) -> None:
    await page.goto(f"{story.console}/setup")
    await expect(page.locator("#steps li", has_text="Test Connection was seen")).to_contain_text("Done", timeout=15_000)
    await expect(page.locator("#steps li", has_text="The first group arrived")).to_contain_text("Done", timeout=15_000)
    await picture(page, "story-setup")
    await page.get_by_role("link", name="Groups", exact=True).click()
    await expect(page.get_by_role("link", name=cast.DESIGN)).to_be_visible()
    await page.get_by_role("link", name="Workspaces", exact=True).click()
    await page.get_by_role("link", name=cast.STUDIO).click()
    await page.get_by_role("link", name=cast.BRAND_BOOK).click()
    await (
        page.get_by_role("combobox", name="Group").or_(page.get_by_label("Group", exact=False)).first.fill(cast.DESIGN)
    )
    await page.locator("#level").select_option("editor")
    await page.get_by_role("button", name="Preview").first.click()
    await expect(page.get_by_text("gets the level editor")).to_be_visible()
    await expect(page.get_by_role("row", name=re.compile("wanjiru.kamau"))).to_be_visible()
    await picture(page, "story-preview")
    await page.get_by_role("button", name="Do exactly this").click()
    await expect(page.get_by_text("Done: Product Design gets the level editor")).to_be_visible()


async def sign_in_as_a_member(story: Story, browser: Browser) -> Page:
    """A browser of the member's own: the address decides where to sign in, the stand-in says who it is."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    await page.goto(f"{story.doorlist}/saml/{SLUG}/login")
    await page.get_by_role("button", name=re.compile("Bruno Castellani")).click()
    await page.wait_for_url(re.compile(re.escape(story.doorlist)))
    await expect(page.get_by_role("heading", name="My work")).to_be_visible()
    return page


async def work(story: Story, page: Page) -> None:
    await page.get_by_role("link", name=re.compile(cast.BRAND_BOOK)).click()
    await page.get_by_label("New project").fill("Catalogue")
    await page.get_by_role("button", name="Create project").click()
    await page.get_by_label("New task").fill("Write the text")
    await page.get_by_role("button", name="Add").click()
    await page.get_by_role("checkbox", name="Write the text").click()
    await expect(page.get_by_role("checkbox", name="Write the text")).to_have_attribute("aria-checked", "true")
    await picture(page, "story-work")


async def somebody_leaves(story: Story, azure: Page, admin: Page) -> None:
    """Who leaves the group keeps the folder until an administrator ends it by hand."""
    story.commands.entrasim("group", "remove-member", cast.DESIGN, cast.LEAVER)
    story.commands.entrasim("cycle")
    await admin.goto(f"{story.console}/retained")
    row = admin.get_by_role("row", name=re.compile(cast.LEAVER))
    await expect(row).to_be_visible()
    await picture(admin, "story-retained")
    await row.get_by_role("checkbox").check()
    await admin.get_by_role("button", name="End what is chosen").click()
    await expect(admin.get_by_text("1 kept levels ended")).to_be_visible()
    await expect(admin.get_by_text("Nobody kept anything")).to_be_visible()


async def switch_creation_off(story: Story, admin: Page, member: Page) -> None:
    await member.goto(f"{story.console}/home")
    await expect(member.get_by_role("button", name="Create workspace")).to_be_visible()
    await admin.goto(f"{story.console}/settings")
    await admin.get_by_label("Allow members to create workspaces").uncheck()
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.get_by_text("The settings are changed")).to_be_visible()
    await member.reload()
    await expect(member.get_by_role("heading", name="My work")).to_be_visible()
    await expect(member.get_by_role("button", name="Create workspace")).to_have_count(0)
