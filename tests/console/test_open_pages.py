"""Acceptance scenarios 2 and 4 of the access model, seen by somebody whose page is open when the directory acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from doorlist.domain.levels import Level, Policy
from doorlist.service import insight, sharing, tokens, workspaces
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from doorlist.web.app import App
from tests.console.conftest import OPERATOR, signed_in

PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"

Scim = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def scim(app: App, database: Database, organization: Organization) -> Scim:
    """What the organization's directory asks; the body of the answer."""
    minted = await tokens.create_token(
        database, OPERATOR, organization.org_id, label="Entra", expires_days=None, scopes=()
    )

    async def ask(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # App is an ASGI application
        async with httpx.AsyncClient(transport=transport, base_url="https://doorlist.example/scim/v2") as client:
            answer = await client.request(method, path, json=body, headers={"authorization": f"Bearer {minted.text}"})
            assert answer.status_code < 300, answer.text
            return dict(answer.json()) if answer.content else {}

    return ask


def changed(**operation: Any) -> dict[str, Any]:
    return {"schemas": [PATCH_URN], "Operations": [operation]}


async def granted(scim: Scim, database: Database, organization: Organization, policy: Policy) -> tuple[str, str, UUID]:
    """A person, a group with that person, and a folder that the group may edit."""
    org_id = organization.org_id
    ana = (await scim("POST", "/Users", {"schemas": [USER_URN], "userName": "ana@example.com"}))["id"]
    body = {"schemas": [GROUP_URN], "displayName": "Design", "members": [{"value": ana}]}
    group = (await scim("POST", "/Groups", body))["id"]
    studio = await workspaces.create_workspace(database, OPERATOR, org_id, name="Studio")
    folder = await workspaces.create_folder(database, OPERATOR, org_id, workspace_id=studio, name="Brand Book")
    await sharing.grant_group(
        database,
        OPERATOR,
        org_id,
        resource_id=folder,
        group_id=UUID(group),
        level=Level.EDITOR,
        policy=policy,
    )
    return ana, group, folder


async def test_scenario_2_who_leaves_under_remove_is_refused_on_the_open_page(
    app: App, scim: Scim, database: Database, organization: Organization
) -> None:
    ana, group, folder = await granted(scim, database, organization, Policy.REMOVE)
    browser = await signed_in(app, database, organization.org_id, UUID(ana))
    page = f"/o/example/board/{folder}"
    assert (await browser.get(page)).status_code == 200
    await scim("PATCH", f"/Groups/{group}", changed(op="remove", path=f'members[value eq "{ana}"]'))
    assert (await browser.get(page)).status_code == 404
    refused = await browser.send(f"{page}/projects", "/o/example/home", name="Late")
    assert refused.status_code == 404
    assert [line async for line in insight.retained(database, organization.org_id)] == []
    await browser.http.aclose()


async def test_scenario_4_deactivation_ends_the_session_and_reactivation_brings_the_same_access(
    app: App, scim: Scim, database: Database, organization: Organization
) -> None:
    ana, _, _ = await granted(scim, database, organization, Policy.KEEP)
    org_id, user_id = organization.org_id, UUID(ana)
    before = [line async for line in insight.what(database, org_id, user_id)]
    assert before
    browser = await signed_in(app, database, org_id, user_id)
    assert (await browser.get("/o/example/home")).status_code == 200
    await scim("PATCH", f"/Users/{ana}", changed(op="replace", path="active", value=False))
    assert (await browser.http.get("/o/example/home", follow_redirects=False)).status_code == 303
    assert [line async for line in insight.what(database, org_id, user_id)] == []
    await scim("PATCH", f"/Users/{ana}", changed(op="replace", path="active", value=True))
    assert (await browser.http.get("/o/example/home", follow_redirects=False)).status_code == 303
    assert [line async for line in insight.what(database, org_id, user_id)] == before
    again = await signed_in(app, database, org_id, user_id)
    assert "Brand Book" in await again.page("/o/example/home")
    await browser.http.aclose()
    await again.http.aclose()
