"""The pages of people, groups and places, and a change of access from its preview to its end."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from doorlist.domain.levels import Level
from doorlist.domain.tenancy import Plan
from doorlist.service import grouping, insight, workspaces
from doorlist.service.tenants import create_organization
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from tests.console.conftest import OPERATOR, Browser


async def owner_of(database: Database, org_id: UUID) -> UUID:
    return (await anext(insight.people(database, org_id))).id


@pytest.fixture
async def granted(database: Database, organization: Organization) -> dict[str, Any]:
    """A group of the owner, a workspace and a private folder in it."""
    org_id = organization.org_id
    group = await grouping.create_group(database, OPERATOR, org_id, name="Design <b>team</b>")
    owner = await owner_of(database, org_id)
    await grouping.change_members(database, OPERATOR, org_id, group_id=group, add=[owner], remove=[])
    workspace = await workspaces.create_workspace(database, OPERATOR, org_id, name="Studio")
    folder = await workspaces.create_folder(database, OPERATOR, org_id, workspace_id=workspace, name="Brand Book")
    return {"org": org_id, "group": group, "owner": owner, "workspace": workspace, "folder": folder}


async def test_a_grant_is_previewed_then_made_exactly_so(
    operator: Browser, database: Database, granted: dict[str, Any]
) -> None:
    page = f"/o/example/folders/{granted['folder']}"
    plan = await operator.send(
        "/o/example/plan",
        page,
        change="grant-group",
        resource=str(granted["folder"]),
        group="design <B>TEAM</b>",
        level="editor",
        back=page,
    )
    assert "gets the level editor on Studio / Brand Book" in plan.text
    assert "owner@example.com" in plan.text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', plan.text))
    assert [line async for line in insight.who(database, granted["org"], granted["folder"])] == []

    done = await operator.http.post("/o/example/apply", data=fields)
    assert "Done:" in done.text
    reached = [line async for line in insight.who(database, granted["org"], granted["folder"])]
    assert [(line.user_name, line.level) for line in reached] == [("owner@example.com", Level.EDITOR)]
    assert "Editor" in await operator.page(f"/o/example/members/{granted['owner']}")
    assert "owner@example.com" in await operator.page(f"{page}?tab=people")
    assert "Brand Book" in await operator.page(f"/o/example/groups/{granted['group']}")


async def test_a_plan_that_grew_stale_is_refused_with_words(operator: Browser, granted: dict[str, Any]) -> None:
    page = f"/o/example/folders/{granted['folder']}"
    refused = await operator.send(
        "/o/example/apply",
        page,
        change="grant-group",
        resource=str(granted["folder"]),
        group=str(granted["group"]),
        level="viewer",
        plan_hash="0" * 32,
    )
    assert refused.status_code == 409
    assert "changed since this was planned" in refused.text


async def test_names_are_shown_as_text_never_as_markup(operator: Browser, granted: dict[str, Any]) -> None:
    page = await operator.page("/o/example/groups")
    assert "Design &lt;b&gt;team&lt;/b&gt;" in page
    assert "<b>team" not in page


async def test_ungranting_asks_what_members_keep(operator: Browser, granted: dict[str, Any]) -> None:
    page = f"/o/example/folders/{granted['folder']}"
    answer = await operator.send(
        "/o/example/plan", page, change="ungrant-group", resource=str(granted["folder"]), group=str(granted["group"])
    )
    assert answer.status_code == 400
    assert "keep their level or lose it" in answer.text


async def test_a_page_of_another_organization_is_not_there(
    operator: Browser, database: Database, granted: dict[str, Any]
) -> None:
    await create_organization(database, OPERATOR, name="Other", plan=Plan.ENTERPRISE, owner_email="o@other.example")
    for path in (f"groups/{granted['group']}", f"members/{granted['owner']}", f"folders/{granted['folder']}"):
        assert (await operator.get(f"/o/other/{path}")).status_code == 404


async def test_a_workspace_and_a_folder_are_made_by_forms(operator: Browser, organization: Organization) -> None:
    made = await operator.send("/o/example/workspaces/new", "/o/example/workspaces/new", name="Atelier")
    assert "Atelier is there" in made.text
    path = made.url.path
    folder = await operator.send(f"{path}/folders", path, name="Contracts")
    assert "Nobody reaches it yet" in folder.text
    twice = await operator.send("/o/example/workspaces/new", "/o/example/workspaces/new", name="atelier")
    assert twice.status_code == 409
