"""Every page of the console, with long names: accessible in both themes, as narrow as 360 pixels, without complaint."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page

from doorlist.web.console.routes import GET
from tests.browser.conftest import AUDIT, WIDER
from tests.browser.console.conftest import Company, as_operator, picture

_NOT_PAGES = {"/", "/o/{org}/security/test", "/o/{org}/groups/names", "/o/{org}/setup/steps", "/o/{org}/log/{id}"}
_TABS = ("/o/{org}/workspaces/{id}", "/o/{org}/folders/{id}", "/o/{org}/groups/{id}")
_WIDEST = """() => [...document.querySelectorAll("body *")]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 3).map(e => `${e.tagName.toLowerCase()}.${e.className}`).join(" ")"""
_MEMBERS_OWN = ("/o/{org}/home", "/o/{org}/board/{id}")


def addresses(company: Company) -> list[str]:
    """Every page that the operator can open, each with its tabs."""
    found = []
    for path in sorted(set(GET) - _NOT_PAGES - set(_MEMBERS_OWN)):
        kind = re.match(r"/o/\{org\}/(\w+)/\{id\}", path)
        address = path.format(org="example", id=company.ids[kind[1]] if kind else "")
        tabs = ("access", "members", "people", "folders") if path in _TABS else ("",)
        found += [address + (f"?tab={tab}" if tab else "") for tab in tabs]
    return [*found, f"/o/example/why?user={company.ids['members']}&resource={company.ids['folders']}"]


async def faults_of(page: Page, address: str, axe: str) -> list[str]:
    """What is wrong with the page that is open, wide and narrow."""
    await page.evaluate(axe)
    faults = [f"{address}: {violation}" for violation in await page.evaluate(AUDIT)]
    for width in (768, 360):
        await page.set_viewport_size({"width": width, "height": 700})
        if await page.evaluate(WIDER) > 0:
            faults.append(f"{address} is wider than {width} pixels: {await page.evaluate(_WIDEST)}")
    await page.set_viewport_size({"width": 1280, "height": 800})
    return faults


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_page_is_accessible_and_fits_a_telephone(
    browser: Browser, company: Company, axe: str, theme: str
) -> None:
    faults: list[str] = []
    async with as_operator(browser, company, color_scheme=theme) as page:
        for address in addresses(company):
            answer = await page.goto(company.url + address)
            assert answer is not None
            assert answer.status == 200, address
            faults += await faults_of(page, address, axe)
            name = address.removeprefix("/o/example").partition("?")[0].strip("/").split("/")
            await picture(page, "-".join([theme, name[0] or "overview", *(["one"] if len(name) > 1 else [])]))
        await page.goto(f"{company.url}/o/example/log")
        await page.get_by_role("link", name="PATCH").first.click()
        faults += await faults_of(page, "a request", axe)
        await picture(page, f"{theme}-request")
        assert page.complaints == []  # type: ignore[attr-defined]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_pages_of_a_member_are_accessible(browser: Browser, company: Company, axe: str, theme: str) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=theme)
    await company.sign_in(context, UUID(company.ids["members"]))
    page = await context.new_page()
    faults: list[str] = []
    for path in _MEMBERS_OWN:
        address = path.format(org="example", id=company.ids["folders"])
        await page.goto(company.url + address)
        faults += await faults_of(page, address, axe)
        await picture(page, f"{theme}-{'home' if 'home' in path else 'work'}")
    await page.goto(f"{company.url}/signin")
    faults += await faults_of(page, "/signin", axe)
    await context.close()
    assert not faults, "\n".join(faults)
