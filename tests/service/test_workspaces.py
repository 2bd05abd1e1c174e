from __future__ import annotations

import pytest

from doorlist.domain.tenancy import Plan
from doorlist.errors import BadInput, Forbidden, NotFound, Taken
from doorlist.service import insight, tenants, workspaces
from doorlist.service.tenants import Settings
from tests.service.company import OPERATOR, Company


async def test_a_workspace_comes_with_its_home_folder(company: Company) -> None:
    workspace_id = await company.workspace("Design")
    assert await company.place("design") == workspace_id
    assert await company.place("DESIGN", "home") != workspace_id
    (line,) = [line async for line in insight.workspaces(company.database, company.org_id)]
    assert (line.name, line.plan, line.folders, line.grants) == ("Design", "enterprise", 1, 0)


async def test_names_are_taken_whatever_their_case(company: Company) -> None:
    workspace_id = await company.workspace("Straße", "Logos")
    with pytest.raises(Taken):
        await company.workspace("STRASSE")
    for name in ("logos", "HOME"):
        with pytest.raises(Taken):
            await workspaces.create_folder(
                company.database, OPERATOR, company.org_id, workspace_id=workspace_id, name=name
            )


async def test_whoever_creates_a_workspace_or_folder_owns_it(company: Company) -> None:
    await company.person("max")
    acting = await company.acting("max")
    workspace_id = await workspaces.create_workspace(company.database, acting, company.org_id, name="Mine")
    await workspaces.create_folder(company.database, acting, company.org_id, workspace_id=workspace_id, name="Plans")
    assert [await company.level("max", "Mine", folder) for folder in ("", "Home", "Plans")] == ["owner"] * 3


async def test_members_create_no_workspace_when_the_organization_says_so(company: Company) -> None:
    for name, role in (("max", "member"), ("ada", "admin"), ("gus", "guest")):
        await company.person(name, role=role)
    await tenants.change_settings(company.database, OPERATOR, company.org_id, Settings(members_create_workspaces=False))
    with pytest.raises(Forbidden, match="Members"):
        await workspaces.create_workspace(company.database, await company.acting("max"), company.org_id, name="A")
    with pytest.raises(Forbidden, match="Guests"):
        await workspaces.create_workspace(company.database, await company.acting("gus"), company.org_id, name="A")
    await workspaces.create_workspace(company.database, await company.acting("ada"), company.org_id, name="A")


async def test_a_folder_needs_editor_on_the_workspace(company: Company) -> None:
    await company.person("max")
    workspace_id = await company.workspace("Design")
    with pytest.raises(Forbidden, match="editor"):
        await workspaces.create_folder(
            company.database, await company.acting("max"), company.org_id, workspace_id=workspace_id, name="x"
        )


async def test_upgrade_takes_several_or_for_a_wrong_name_none(database_company_on_team: Company) -> None:
    company = database_company_on_team
    await company.workspace("A")
    await company.workspace("B")
    upgrade = workspaces.upgrade_workspaces
    with pytest.raises(BadInput) as caught:
        await upgrade(company.database, OPERATOR, company.org_id, names=["a", "X", "Y"], plan=Plan.ENTERPRISE)
    assert len(caught.value.problems) == 2
    assert {line.plan async for line in insight.workspaces(company.database, company.org_id)} == {"team"}
    for expected in (["A", "B"], []):
        changed = await upgrade(company.database, OPERATOR, company.org_id, names=["a", "B"], plan=Plan.ENTERPRISE)
        assert sorted(changed) == expected
    assert (await company.events())[-1] == "workspaces.upgraded"
    with pytest.raises(BadInput, match="No workspace"):
        await upgrade(company.database, OPERATOR, company.org_id, names=["A"], plan=Plan.FREE)


async def test_a_place_of_another_organization_is_not_found(company: Company) -> None:
    other = await Company.create(company.database, name="Other")
    workspace_id = await other.workspace("Theirs")
    with pytest.raises(NotFound):
        await company.place("Theirs")
    with pytest.raises(NotFound):
        await workspaces.create_folder(company.database, OPERATOR, company.org_id, workspace_id=workspace_id, name="x")


@pytest.fixture
async def database_company_on_team(company: Company) -> Company:
    return await Company.create(company.database, name="Team", plan=Plan.TEAM)
