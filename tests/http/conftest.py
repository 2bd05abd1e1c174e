"""A whole application in this process, on the test's own database, with organizations and tokens to call it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from doorlist.config import Settings
from doorlist.domain.tenancy import Administrator, Plan
from doorlist.service.tenants import create_organization
from doorlist.service.tokens import create_token
from doorlist.store.db import Database
from doorlist.web.app import App

PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OPERATOR = Administrator("tests", "cli")


@dataclass
class Directory:
    """A directory of one organization: the calls that a SCIM client makes."""

    http: httpx.AsyncClient
    org_id: UUID

    async def call(self, method: str, path: str, **keywords: Any) -> httpx.Response:
        return await self.http.request(method, path, **keywords)

    async def user(self, name: str, **attributes: Any) -> dict[str, Any]:
        """A new person; the whole answer."""
        made = await self.call("POST", "/Users", json={"schemas": [USER_URN], "userName": name, **attributes})
        assert made.status_code == 201, made.text
        return made.json()

    async def group(self, name: str, *members: str, **attributes: Any) -> dict[str, Any]:
        """A new group with these people."""
        body = {"schemas": [GROUP_URN], "displayName": name, **attributes}
        if members:
            body["members"] = [{"value": member} for member in members]
        made = await self.call("POST", "/Groups", json=body)
        assert made.status_code == 201, made.text
        return made.json()

    async def patch(self, path: str, *operations: dict[str, Any], **keywords: Any) -> httpx.Response:
        return await self.call("PATCH", path, json={"schemas": [PATCH_URN], "Operations": list(operations)}, **keywords)

    async def members(self, group: str) -> set[str]:
        found = (await self.call("GET", f"/Groups/{group}")).json()
        return {member["value"] for member in found.get("members", [])}

    async def found(self, path: str, text: str) -> list[str]:
        """The userName or displayName of each resource that a filter finds."""
        answer = await self.call("GET", path, params={"filter": text})
        assert answer.status_code == 200, answer.text
        return [item.get("userName") or item["displayName"] for item in answer.json()["Resources"]]


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[App]:
    """The application, started."""
    app = App(Settings(database_url=database_url, public_url="https://doorlist.example", max_body_bytes=1 << 20))
    async with app._lifespan(app._pages):
        yield app


Enrol = Callable[..., Any]


@pytest.fixture
async def enrol(app: App, database: Database) -> AsyncIterator[Enrol]:
    """A function that makes an organization with a token and gives its directory."""
    opened: list[httpx.AsyncClient] = []

    async def make(name: str = "Example", *, plan: Plan = Plan.ENTERPRISE, **token: Any) -> Directory:
        organization = await create_organization(
            database, OPERATOR, name=name, plan=plan, owner_email="owner@example.com"
        )
        minted = await create_token(
            database,
            OPERATOR,
            organization.org_id,
            label=token.get("label", "directory"),
            expires_days=token.get("expires_days"),
            scopes=token.get("scopes", ()),
        )
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),  # type: ignore[arg-type] # App is an ASGI application
            base_url="https://doorlist.example/scim/v2",
            headers={"Authorization": f"Bearer {minted.text}"},
        )
        opened.append(client)
        return Directory(client, organization.org_id)

    yield make
    for client in opened:
        await client.aclose()


@pytest.fixture
async def directory(enrol: Enrol) -> Directory:
    """The directory of an Enterprise organization."""
    made: Directory = await enrol()
    return made
