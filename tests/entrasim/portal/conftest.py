"""The portal over a small company, asked as a browser without JavaScript would."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx2
import pytest

from entrasim.entries import Group, Person
from entrasim.people import add_person
from entrasim.security_groups import add_group, add_member
from entrasim.serving import build_app
from entrasim.statefile import StateFile

BASE = "http://127.0.0.1:8123"


@dataclass
class Visitor:
    """One browser: its cookies, the page it is on, and the state behind it."""

    client: httpx2.AsyncClient
    state: StateFile
    count: int = 0

    async def get(self, path: str, *, status: int = 200) -> str:
        """Go to a page, through redirects."""
        answer = await self.client.get(path, follow_redirects=True)
        assert answer.status_code == status, answer.text
        return answer.text

    async def post(
        self,
        path: str,
        /,
        *,
        status: int = 200,
        files: dict[str, tuple[str, bytes]] | None = None,
        **fields: str | list[str],
    ) -> str:
        """Send a form of a page, with the visitor's token, and follow where it leads."""
        if "entrasim_visitor" not in self.client.cookies:
            await self.client.get("/")
        data = {"token": self.client.cookies["entrasim_visitor"], **fields}
        answer = await self.client.post(path, data=data, files=files, follow_redirects=True)
        assert answer.status_code == status, text_of(answer.text)
        return answer.text

    def mint(self) -> str:
        self.count += 1
        return f"00000000-0000-4000-8000-{self.count:012d}"

    def person(self, name: str, **fields: str) -> Person:
        fields = {"user_principal_name": f"{name}@contoso.example", "display_name": name.title(), **fields}
        return add_person(self.state, fields, new_id=self.mint())

    def group(self, name: str, *members: Person) -> Group:
        group = add_group(self.state, name, new_id=self.mint())
        for member in members:
            add_member(self.state, group.key, person=member.key)
        return group


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    app = build_app(tmp_path / "state.db", run_job=False)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx2.ASGITransport(app=app)
        client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=BASE))
        yield Visitor(client, app.state.file)


def text_of(html: str) -> str:
    """What a page says, without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|svg).*?</\1>", " ", html))).split())


def fields_of(html: str) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    return {
        unescape(name): unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', html)
    }
