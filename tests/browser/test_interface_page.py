"""The page that shows the management API: it works in a browser, from this server alone."""

from __future__ import annotations

from playwright.async_api import Browser

from tests.api.conftest import Furnish, Programs, Studio, app, furnish, program, studio
from tests.api.serving import served

__all__ = ["Furnish", "app", "furnish", "program", "studio"]


async def test_the_page_shows_every_operation_and_lets_one_try_it(
    browser: Browser, program: Programs, studio: Studio
) -> None:
    key = (await program(studio.company, "people:read")).headers["authorization"].removeprefix("Bearer ")
    async with served(program.app) as address:
        page = await browser.new_page()
        complaints: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(f"{address}/api/v1/docs")
        operation = page.locator("#operations-people_and_groups-list_people")
        await operation.wait_for()
        assert await page.locator(".opblock").count() > 80
        await page.get_by_role("button", name="Authorize").first.click()
        await page.locator(".modal-ux input").fill(key)
        await page.locator(".modal-ux button[type=submit]").click()
        await page.locator(".modal-ux .btn-done").click()
        await operation.click()
        await operation.get_by_role("button", name="Try it out").click()
        await operation.get_by_role("button", name="Execute").click()
        await operation.locator(".live-responses-table").get_by_text('"user_name": "viewer"').wait_for()
        await page.close()
    assert complaints == []
    assert all(url.startswith((address, "data:", "blob:")) for url in asked), asked
