"""Chromium, in both themes, with everything that its console complains about, and the checker of accessibility."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

AXE = Path(__file__).parents[2] / "assets" / "node_modules" / "axe-core" / "axe.min.js"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
AUDIT = """async () => {
  const found = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]});
  return found.violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.target.join(" ")).join(" | ")}`);
}"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser that drives the tests; see scripts/browser.sh."""
    found = os.environ.get("TEST_BROWSER") or next((shutil.which(name) for name in _NAMES if shutil.which(name)), None)
    if found is None:
        pytest.skip("no Chromium on the PATH; `make browser` installs one")
    return found


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        # Containers give no user namespaces to root; the pages are our own.
        started = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        await started.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page in the light theme; anything in its console is a failure."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    opened = await watched(context)
    yield opened
    await context.close()
    assert not opened.complaints  # type: ignore[attr-defined]


async def watched(context: BrowserContext) -> Page:
    """A new page that collects what its console complains about."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints  # type: ignore[attr-defined]
    return page


@pytest.fixture(params=["light", "dark"])
async def themed(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=request.param)
    yield await watched(context)
    await context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker, as a script to evaluate."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed; `make install` brings it")
    return Path(AXE).read_text(encoding="utf-8")
