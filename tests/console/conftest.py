"""The console in this process: an operator who is signed in, and an organization with people, a group and places."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from doorlist.config import Settings
from doorlist.domain.signin import Method
from doorlist.domain.tenancy import Administrator, Plan
from doorlist.service import clock, operating, session_control
from doorlist.service.session_control import Origin
from doorlist.service.tenants import create_organization
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from doorlist.web.app import App

OPERATOR = Administrator("tests", "cli")
_PROOF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Browser:
    """A browser without scripts: it keeps cookies, follows redirects and sends forms with their proof."""

    http: httpx.AsyncClient

    async def get(self, path: str, **keywords: Any) -> httpx.Response:
        return await self.http.get(path, **keywords)

    async def page(self, path: str, **keywords: Any) -> str:
        """The text of a page that has to be there."""
        answer = await self.get(path, **keywords)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def send(self, path: str, on: str, **fields: str) -> httpx.Response:
        """Send a form with the proof that the page `on` carries; the answer after the redirects."""
        found = _PROOF.search(await self.page(on))
        assert found is not None, f"{on} has no form"
        return await self.http.post(path, data={"csrf": found[1], **fields})


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[App]:
    """The application, started."""
    app = App(Settings(database_url=database_url, public_url="https://doorlist.example"))
    async with app._lifespan(app._pages):
        yield app


@pytest.fixture
async def stranger(app: App) -> AsyncIterator[Browser]:
    """A browser that is not signed in."""
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # App is an ASGI application
    async with httpx.AsyncClient(
        transport=transport,
        base_url="https://doorlist.example",
        follow_redirects=True,
        headers={"origin": "https://doorlist.example"},
    ) as client:
        yield Browser(client)


@pytest.fixture
async def operator(stranger: Browser, database: Database) -> Browser:
    """A browser in which the operator is signed in."""
    link = await operating.make_link(database, OPERATOR)
    answer = await stranger.http.post(f"/operator/{link}")
    assert answer.status_code == 200, answer.text
    return stranger


@pytest.fixture
async def organization(database: Database) -> Organization:
    """An Enterprise organization called Example."""
    return await create_organization(
        database, OPERATOR, name="Example", plan=Plan.ENTERPRISE, owner_email="owner@example.com"
    )


async def signed_in(app: App, database: Database, org_id: UUID, user_id: UUID) -> Browser:
    """A browser in which a person of an organization is signed in; the caller closes it."""
    async with database.transaction() as connection:
        opened = await session_control.open_session(
            connection,
            org_id,
            user_id=user_id,
            method=Method.LINK,
            origin=Origin(address="127.0.0.1", agent="tests"),
            now=clock.now(),
        )
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # App is an ASGI application
    client = httpx.AsyncClient(
        transport=transport,
        base_url="https://doorlist.example",
        follow_redirects=True,
        headers={"origin": "https://doorlist.example"},
    )
    client.cookies.set("__Host-doorlist", opened.token, domain="doorlist.example")
    return Browser(client)
