"""Flows by keyboard alone, without scripts, and what scripts add: live search, copied values, the order of tasks."""

from __future__ import annotations

from uuid import UUID

from playwright.async_api import Browser, expect

from doorlist.domain.levels import Level
from doorlist.service import sharing
from tests.browser.console.conftest import LONG, OPERATOR, Company, as_operator


async def test_a_group_is_granted_by_keyboard_alone(browser: Browser, company: Company) -> None:
    async with as_operator(browser, company) as page:
        await page.goto(f"{company.url}/o/example/workspaces/{company.ids['workspaces']}?tab=access")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await page.keyboard.press("Enter")
        for _ in range(12):
            if await page.evaluate("document.activeElement.id") == "group":
                break
            await page.keyboard.press("Tab")
        await page.keyboard.type("Local helpers")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="What this would do")).to_be_visible()
        await page.get_by_role("button", name="Do exactly this").press("Enter")
        await expect(page.get_by_text("Done: Local helpers gets the level editor on Studio.")).to_be_visible()


async def test_a_list_is_searched_while_typing_without_loading_the_page(browser: Browser, company: Company) -> None:
    async with as_operator(browser, company) as page:
        await page.goto(f"{company.url}/o/example/members")
        await page.evaluate("window.stayed = true")
        await page.get_by_role("searchbox").press_sequentially("ANA")
        await expect(page.get_by_role("link", name="ben@example.com")).to_have_count(0)
        await expect(page.get_by_role("link", name="ana@example.com")).to_be_visible()
        assert await page.evaluate("window.stayed")
        assert "q=ANA" in page.url


async def test_everything_works_without_scripts(browser: Browser, company: Company) -> None:
    async with as_operator(browser, company, java_script_enabled=False) as page:
        await page.goto(f"{company.url}/o/example/members")
        await page.get_by_role("searchbox").fill("ana")
        await page.get_by_role("button", name="Search").click()
        await expect(page.get_by_role("link", name="ben@example.com")).to_have_count(0)
        await page.goto(f"{company.url}/o/example/folders/{company.ids['folders']}?tab=access")
        await page.locator("#group").fill("Local helpers")
        await page.get_by_role("button", name="Preview").first.click()
        await page.get_by_role("button", name="Do exactly this").click()
        await expect(page.get_by_text("Done: Local helpers")).to_be_visible()
        await page.get_by_role("button", name="Light or dark").click()
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


async def test_a_value_is_copied_with_one_click(browser: Browser, company: Company) -> None:
    async with as_operator(browser, company, permissions=["clipboard-read", "clipboard-write"]) as page:
        await page.goto(f"{company.url}/o/example/directory")
        await page.get_by_role("button", name="Copy Tenant URL").click()
        assert await page.evaluate("navigator.clipboard.readText()") == f"{company.url}/scim/v2"


async def test_times_are_told_in_the_viewers_words_and_exactly(browser: Browser, company: Company) -> None:
    async with as_operator(browser, company, timezone_id="Asia/Tokyo") as page:
        await page.goto(f"{company.url}/o/example/groups")
        told = page.locator("time").first
        await expect(told).to_contain_text("ago")
        stamp = await told.get_attribute("datetime")
        exact = await page.evaluate(
            "s => new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'medium'}).format(new Date(s))",
            stamp,
        )
        assert await told.get_attribute("title") == exact


async def test_tasks_are_ordered_by_dragging(browser: Browser, company: Company) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    await company.sign_in(context, UUID(company.ids["members"]))
    page = await context.new_page()
    address = f"{company.url}/o/example/board/{company.ids['work']}"
    await page.goto(address)
    await expect(page.get_by_role("heading", name=LONG)).to_be_visible()
    start, end = (
        await page.locator(".handle").nth(0).bounding_box(),
        await page.locator(".handle").nth(2).bounding_box(),
    )
    assert start is not None
    assert end is not None
    async with page.expect_response(lambda answer: "/tasks/" in answer.url):
        await page.mouse.move(start["x"] + 8, start["y"] + 8)
        await page.mouse.down()
        for step in range(1, 25):  # as slowly as a hand, so that the list makes room on the way
            await page.mouse.move(end["x"] + 8, start["y"] + (end["y"] + 28 - start["y"]) * step / 24)
            await page.wait_for_timeout(25)
        await page.mouse.up()
    await page.goto(address)
    titles = [await box.get_attribute("aria-label") for box in await page.get_by_role("checkbox").all()]
    assert titles[-1] == "Write the text"
    await context.close()


async def test_a_lost_access_ends_at_the_next_action_with_a_page_that_says_so(
    browser: Browser, company: Company
) -> None:
    context = await browser.new_context()
    user_id = UUID(company.ids["owner"])
    folder = UUID(company.ids["folders"])
    await sharing.grant_person(
        company.database, OPERATOR, company.org_id, resource_id=folder, user_id=user_id, level=Level.EDITOR
    )
    await company.sign_in(context, user_id)
    page = await context.new_page()
    await page.goto(f"{company.url}/o/example/board/{folder}")
    await sharing.remove_person(company.database, OPERATOR, company.org_id, resource_id=folder, user_id=user_id)
    await page.get_by_role("checkbox", name="Write the text").click()
    await expect(page.get_by_text("There is no such folder")).to_be_visible()
    await context.close()
