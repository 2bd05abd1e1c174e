"""The set-up guide: its steps follow what really happens, and a link lets an IT contact do these steps and no more."""

from __future__ import annotations

import re
from typing import Any

import httpx2 as httpx
import pytest

from doorlist.domain.levels import Level
from doorlist.service import guiding, sharing, workspaces
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from doorlist.web.app import App
from doorlist.web.console.routes import GET
from tests.console.conftest import OPERATOR, Browser

GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"


async def stages(database: Database, organization: Organization) -> dict[str, str]:
    return {step.name: step.stage for step in await guiding.steps(database, OPERATOR, organization.org_id)}


def token_on(page: str) -> str:
    return page.split('id="secret-token" value="')[1].split('"', maxsplit=1)[0]


async def scim(app: App, token: str, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # App is an ASGI application
    async with httpx.AsyncClient(transport=transport, base_url="https://doorlist.example/scim/v2") as client:
        return await client.request(method, path, json=body, headers={"authorization": f"Bearer {token}"})


async def test_the_steps_follow_what_happens(
    app: App, operator: Browser, database: Database, organization: Organization
) -> None:
    before = await stages(database, organization)
    assert before["owner"] == "done"
    assert {before[name] for name in ("workspaces", "saml", "token", "request", "test", "group", "grant")} == {
        "not started"
    }

    studio = await workspaces.create_workspace(database, OPERATOR, organization.org_id, name="Studio")
    shown = await operator.send("/o/example/setup/token", "/o/example/setup", label="Entra ID")
    token = token_on(shown.text)
    waiting = await stages(database, organization)
    assert (waiting["workspaces"], waiting["token"]) == ("done", "done")
    assert (waiting["request"], waiting["test"]) == ("waiting for the directory",) * 2

    probe = 'userName eq "0e9c4f1c-6b8a-4f7e-9a53-1f2c6f1d2b3a"'
    assert (await scim(app, token, "GET", f"/Users?filter={probe}")).status_code == 200
    made = await scim(app, token, "POST", "/Groups", {"schemas": [GROUP_URN], "displayName": "Design"})
    assert made.status_code == 201
    await _written(app)
    arrived = await stages(database, organization)
    assert (arrived["request"], arrived["test"], arrived["group"]) == ("done",) * 3
    assert arrived["grant"] == "not started"

    await sharing.grant_group(
        database,
        OPERATOR,
        organization.org_id,
        resource_id=studio,
        group_id=made.json()["id"],
        level=Level.VIEWER,
    )
    last = await stages(database, organization)
    assert {name for name, stage in last.items() if stage != "done"} == {"saml"}
    assert "7 of 8 steps" in await operator.page("/o/example/setup")


async def _written(app: App) -> None:
    """Have the request log written down now."""
    assert app._scim is not None
    await app._scim._log.flush()


async def linked(operator: Browser, stranger: httpx.AsyncClient) -> str:
    made = await operator.send("/o/example/setup/links", "/o/example/setup", contact="it@example.com")
    found = re.search(r"https://doorlist\.example(/set-up/[\w-]+)", made.text)
    assert found is not None
    return found[1]


@pytest.fixture
async def contact(app: App) -> Any:
    """Another browser, of nobody yet."""
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # App is an ASGI application
    async with httpx.AsyncClient(
        transport=transport,
        base_url="https://doorlist.example",
        follow_redirects=True,
        headers={"origin": "https://doorlist.example"},
    ) as client:
        yield client


async def test_a_link_opens_the_set_up_and_nothing_else(
    operator: Browser, organization: Organization, contact: httpx.AsyncClient
) -> None:
    link = await linked(operator, contact)
    assert "Begin" in (await contact.get(link)).text
    assert "Tenant URL" in (await contact.post(link)).text
    shown = await Browser(contact).send("/o/example/setup/token", "/o/example/setup", label="Okta")
    assert token_on(shown.text).startswith("dl_scim_")
    for path in set(GET) - {"/o/{org}/setup", "/o/{org}/setup/steps"}:
        address = path.format(org="example", id="00000000-0000-7000-8000-000000000000")
        answer = await contact.get(address, follow_redirects=False)
        assert answer.headers.get("location", "").startswith("/signin"), address
    refused = await Browser(contact).send("/o/example/setup/links", "/o/example/setup", contact="friend@example.com")
    assert refused.status_code == 404


async def test_a_withdrawn_link_ends_at_once(
    operator: Browser, database: Database, organization: Organization, contact: httpx.AsyncClient
) -> None:
    link = await linked(operator, contact)
    await contact.post(link)
    (known,) = await guiding.list_links(database, OPERATOR, organization.org_id)
    await operator.send(f"/o/example/setup/links/{known.id}/revoke", "/o/example/setup")
    assert (await contact.get("/o/example/setup", follow_redirects=False)).status_code == 303
    assert (await contact.get(link)).status_code == 403
