"""Every page opens: in an organization that has everything, in an empty one, and with a number of statements that
does not grow with its rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from doorlist.domain.levels import Level, Policy
from doorlist.service import grouping, lifecycle, sharing, workspaces
from doorlist.store.db import Connection, Database
from doorlist.store.organizations import Organization
from doorlist.web.console.routes import GET
from tests.console.conftest import OPERATOR, Browser
from tests.console.test_access_pages import owner_of

PAGES = sorted(GET)
WITHOUT_ID = [
    path
    for path in PAGES
    if "{id}" not in path and path not in {"/", "/o/{org}/home", "/o/{org}/setup/steps", "/o/{org}/security/test"}
]


@pytest.fixture
async def company(database: Database, organization: Organization) -> dict[str, UUID]:
    """Something of everything: a granted group, kept access, a deleted folder, a token."""
    org_id = organization.org_id
    owner = await owner_of(database, org_id)
    group = await grouping.create_group(database, OPERATOR, org_id, name="Design")
    await grouping.change_members(database, OPERATOR, org_id, group_id=group, add=[owner], remove=[])
    workspace = await workspaces.create_workspace(database, OPERATOR, org_id, name="Studio")
    folder = await workspaces.create_folder(database, OPERATOR, org_id, workspace_id=workspace, name="Brand Book")
    gone = await workspaces.create_folder(database, OPERATOR, org_id, workspace_id=workspace, name="Old")
    await lifecycle.delete(database, OPERATOR, org_id, resource_id=gone)
    for place in (workspace, folder):
        await sharing.grant_group(
            database, OPERATOR, org_id, resource_id=place, group_id=group, level=Level.EDITOR, policy=Policy.KEEP
        )
    await grouping.change_members(database, OPERATOR, org_id, group_id=group, add=[], remove=[owner])
    return {"org": org_id, "members": owner, "groups": group, "workspaces": workspace, "folders": folder}


@pytest.mark.parametrize("path", WITHOUT_ID)
async def test_a_page_opens_in_an_empty_organization(operator: Browser, organization: Organization, path: str) -> None:
    assert "<h1" in await operator.page(path.format(org=organization.slug)) or path.endswith("/names")


@pytest.mark.parametrize("path", WITHOUT_ID)
async def test_a_page_opens_in_a_full_organization(operator: Browser, company: dict[str, UUID], path: str) -> None:
    assert "<h1" in await operator.page(path.format(org="example")) or path.endswith("/names")


@pytest.mark.parametrize("kind", ["members", "groups", "workspaces", "folders"])
@pytest.mark.parametrize("tab", ["access", "members", "people", "folders"])
async def test_every_tab_of_a_thing_opens(operator: Browser, company: dict[str, UUID], kind: str, tab: str) -> None:
    assert "<h1" in await operator.page(f"/o/example/{kind}/{company[kind]}?tab={tab}")


async def test_what_was_kept_is_ended_by_hand(operator: Browser, company: dict[str, UUID]) -> None:
    page = await operator.page("/o/example/retained")
    assert page.count('name="chosen"') == 2
    choice = f"{company['members']} {company['folders']}"
    done = await operator.send("/o/example/retained/remove", "/o/example/retained", chosen=choice)
    assert "1 kept levels ended" in done.text
    assert done.text.count('name="chosen"') == 1


async def test_a_token_is_shown_once(operator: Browser, organization: Organization) -> None:
    shown = await operator.send("/o/example/tokens", "/o/example/directory", label="Entra", days="30")
    token = shown.text.split('id="secret-token" value="')[1].split('"')[0]
    assert token.startswith("dl_scim_")
    page = await operator.page("/o/example/directory")
    assert token not in page
    assert token[:12] in page


async def test_the_reason_of_a_level_is_told(operator: Browser, company: dict[str, UUID]) -> None:
    page = await operator.page(f"/o/example/why?user={company['members']}&resource={company['folders']}")
    assert "Editor" in page
    assert "Design" in page


async def test_the_audit_log_is_found_whole(operator: Browser, company: dict[str, UUID]) -> None:
    done = await operator.send("/o/example/audit/verify", "/o/example/audit")
    assert "The audit log is whole" in done.text


async def statements(operator: Browser, monkeypatch: pytest.MonkeyPatch, path: str) -> int:
    """How many statements a page runs."""
    count = 0
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        before = getattr(Connection, name)

        async def counted(self: Any, *arguments: Any, before: Any = before, **keywords: Any) -> Any:
            nonlocal count
            count += 1
            return await before(self, *arguments, **keywords)

        monkeypatch.setattr(Connection, name, counted)
    await operator.page(path)
    monkeypatch.undo()
    return count


@pytest.mark.parametrize(
    "path", ["/o/example/members", "/o/example/groups", "/o/example/workspaces", "/o/example/audit"]
)
async def test_the_statements_of_a_page_do_not_grow_with_its_rows(
    operator: Browser,
    database: Database,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    few = await statements(operator, monkeypatch, path)
    for number in range(30):
        await grouping.create_group(database, OPERATOR, organization.org_id, name=f"Team {number}")
        await workspaces.create_workspace(database, OPERATOR, organization.org_id, name=f"Place {number}")
    assert 0 < await statements(operator, monkeypatch, path) <= few
