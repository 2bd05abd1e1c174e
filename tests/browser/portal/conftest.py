"""Chromium over a served portal and a served Doorlist, both of them real processes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.live.processes import ENTRASIM, Commands, environment, serving

ROOT = Path(__file__).parents[3]
AXE = ROOT / "assets" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / "docs" / "images"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Portal:
    """A running portal with what its pages are judged by."""

    url: str
    commands: Commands

    async def go(self, page: Page, path: str) -> None:
        """Go to a page and wait until its scripts have run."""
        await page.goto(f"{self.url}{path}", wait_until="load")


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


@pytest.fixture(scope="session")
def doorlist_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a running Doorlist."""
    data = tmp_path_factory.mktemp("doorlist")
    with serving("--data", data, "--port", "0", "--workers", "1"):
        yield data


@pytest.fixture
def portal(doorlist_data: Path, tmp_path: Path) -> Iterator[Portal]:
    """A served portal over an empty directory, beside a running Doorlist."""
    commands = Commands(doorlist_data, tmp_path / "state.db")
    with served_portal(commands.state) as url:
        yield Portal(url, commands)


@contextmanager
def served_portal(state: Path) -> Iterator[str]:
    """Run `entrasim serve` on a free port; yield its address."""
    command = [*ENTRASIM, "serve", "--port", "0", "--state", str(state)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://\S+?(?=/? )", line)
            assert found, line
            yield found[0].rstrip("/")
        finally:
            process.terminate()
            process.wait(15)


async def picture(page: Page, name: str) -> None:
    """Keep a picture for the documents, where the environment asks for it."""
    if os.environ.get("PICTURES"):
        await page.screenshot(path=PICTURES / f"portal-{name}.png", scale="css")
