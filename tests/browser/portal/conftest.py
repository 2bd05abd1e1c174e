"""A served portal and a served Doorlist, both of them real processes."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.live.processes import ENTRASIM, Commands, Organization, environment, serving

PICTURES = Path(__file__).parents[3] / "docs" / "images"


@dataclass
class Portal:
    """A running portal with what its pages are judged by."""

    url: str
    commands: Commands

    async def go(self, page: Page, path: str) -> None:
        """Go to a page and wait until its scripts have run."""
        await page.goto(f"{self.url}{path}", wait_until="load")


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


def base_of(organization: Organization) -> str:
    """The address of Doorlist itself."""
    return organization.scim_url.removesuffix("/scim/v2")


async def picture(page: Page, name: str) -> None:
    """Keep a picture for the documents, where the environment asks for it."""
    if os.environ.get("PICTURES"):
        await page.screenshot(path=PICTURES / f"portal-{name}.png", scale="css")
