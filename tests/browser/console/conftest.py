"""A served Doorlist with an organization that has something of everything, and the operator in a browser."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page

from doorlist.domain.levels import Level, Policy
from doorlist.domain.signin import Method
from doorlist.domain.tenancy import Administrator, Plan
from doorlist.service import (
    clock,
    grouping,
    hooking,
    insight,
    lifecycle,
    operating,
    projects,
    session_control,
    sharing,
    tasks,
    tenants,
    tokens,
    workspaces,
)
from doorlist.service.session_control import Origin
from doorlist.store.db import Database
from tests.live.processes import serving

OPERATOR = Administrator("tests", "cli")
GALLERY = Path(__file__).parents[3] / "docs" / "images"
LONG = "Research and Development of Very Long-Lived Instruments, Northern and Eastern Europe (including the Baltics)"
USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"


@dataclass
class Company:
    """A running Doorlist with one organization, called Example, and what addresses are filled with."""

    url: str
    database: Database
    org_id: UUID
    ids: dict[str, str]
    token: str

    async def link(self) -> str:
        """An address that signs the operator in once."""
        return f"{self.url}/operator/{await operating.make_link(self.database, OPERATOR)}"

    async def sign_in(self, context: BrowserContext, user_id: UUID) -> None:
        """Give a browser the session of a person."""
        async with self.database.transaction() as connection:
            opened = await session_control.open_session(
                connection,
                self.org_id,
                user_id=user_id,
                method=Method.LINK,
                origin=Origin("127.0.0.1", "tests"),
                now=clock.now(),
            )
        await context.add_cookies([{"name": "doorlist", "value": opened.token, "url": self.url}])

    async def scim(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the directory of the organization asks."""
        async with httpx.AsyncClient(base_url=f"{self.url}/scim/v2") as client:
            headers = {"authorization": f"Bearer {self.token}", "user-agent": "tests"}
            answer = await client.request(method, path, json=body, headers=headers)
            assert answer.status_code < 500, answer.text
            return dict(answer.json()) if answer.content else {}


@pytest.fixture
async def company(database_url: str, database: Database) -> AsyncIterator[Company]:
    with serving("--database-url", database_url, "--port", "0", "--workers", "1") as served:
        yield await _founded(served.url, database)


async def _founded(url: str, database: Database) -> Company:
    organization = await tenants.create_organization(
        database, OPERATOR, name="Example", plan=Plan.ENTERPRISE, owner_email="owner@example.com"
    )
    org_id = organization.org_id
    minted = await tokens.create_token(database, OPERATOR, org_id, label="Entra ID", expires_days=20, scopes=())
    made = Company(url, database, org_id, {}, minted.text)
    await made.scim("GET", '/Users?filter=userName eq "0e9c4f1c-6b8a-4f7e-9a53-1f2c6f1d2b3a"')
    people = [await _person(made, name) for name in ("ana", "ben", "w" * 60)]
    group = await made.scim(
        "POST",
        "/Groups",
        {"schemas": [GROUP_URN], "displayName": LONG, "members": [{"value": person} for person in people]},
    )
    await made.scim("POST", "/Users", {"schemas": [USER_URN], "userName": "ANA@example.com"})
    studio = await workspaces.create_workspace(database, OPERATOR, org_id, name="Studio")
    folder = await workspaces.create_folder(database, OPERATOR, org_id, workspace_id=studio, name=LONG)
    old = await workspaces.create_folder(database, OPERATOR, org_id, workspace_id=studio, name="Old")
    await lifecycle.delete(database, OPERATOR, org_id, resource_id=old)
    for place, level in ((studio, Level.VIEWER), (folder, Level.EDITOR)):
        await sharing.grant_group(
            database,
            OPERATOR,
            org_id,
            resource_id=place,
            group_id=UUID(group["id"]),
            level=level,
            policy=Policy.KEEP,
        )
    await made.scim("PATCH", f"/Groups/{group['id']}", _without(people[1]))
    await _projects(database, org_id, folder)
    local = await grouping.create_group(database, OPERATOR, org_id, name="Local helpers")
    owner = next(line.id for line in [line async for line in insight.people(database, org_id)] if line.role == "owner")
    made.ids.update(members=people[0], groups=group["id"], workspaces=str(studio), folders=str(folder))
    hook = await hooking.create_endpoint(database, OPERATOR, org_id, url="https://hooks.example/doorlist")
    made.ids.update(webhooks=str(hook.id))
    made.ids.update(local=str(local), owner=str(owner), work=str(folder))
    return made


async def _person(company: Company, name: str) -> str:
    made = await company.scim(
        "POST", "/Users", {"schemas": [USER_URN], "userName": f"{name}@example.com", "displayName": name.title()}
    )
    return str(made["id"])


def _without(person: str) -> dict[str, Any]:
    operation = {"op": "remove", "path": f'members[value eq "{person}"]'}
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}


async def _projects(database: Database, org_id: UUID, folder: UUID) -> None:
    project = await projects.create_project(database, OPERATOR, org_id, folder_id=folder, name="Launch")
    for title in ("Write the text", "Choose the pictures", "Send to print"):
        task = await tasks.create_task(database, OPERATOR, org_id, project_id=project.id, title=title)
    await tasks.tick_task(database, OPERATOR, org_id, task_id=task.id, done=True)


@asynccontextmanager
async def as_operator(browser: Browser, company: Company, **keywords: Any) -> AsyncIterator[Page]:
    """A page in which the operator is signed in, the way people do it; complaints of its console are collected."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, **keywords)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints  # type: ignore[attr-defined]
    await page.goto(await company.link())
    await page.get_by_role("button", name="Open the console").click()
    await page.wait_for_url("**/platform")
    yield page
    await context.close()


async def picture(page: Page, name: str) -> None:
    """Keep a picture for the documents, where the environment asks for it."""
    if os.environ.get("PICTURES"):
        await page.screenshot(path=GALLERY / f"console-{name}.png", scale="css")
