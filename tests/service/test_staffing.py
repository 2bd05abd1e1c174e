"""Roles, blocks and joining as owner: what administrators decide about people, and no directory."""

from __future__ import annotations

import pytest

from doorlist.domain.levels import Level, Role
from doorlist.errors import Conflict, Forbidden
from doorlist.service import finding, insight, staffing
from tests.service.company import OPERATOR, Company


@pytest.fixture
async def design(company: Company) -> Company:
    await company.person("ana")
    await company.group("Designers", "ana")
    await company.workspace("Design")
    await company.grant("Designers", Level.EDITOR, "Design")
    boss = await finding.person(company.database, company.org_id, "boss@acme.example")
    company.people["boss"] = boss.id
    return company


async def test_a_block_ends_access_and_no_directory_lifts_it(design: Company) -> None:
    act, ana = (design.database, OPERATOR, design.org_id), design.people["ana"]
    assert await staffing.block(*act, user_id=ana)
    assert not await staffing.block(*act, user_id=ana)
    assert await design.level("ana", "Design") == "none"
    await design.set_active("ana", active=False)
    await design.set_active("ana", active=True)
    assert await design.level("ana", "Design") == "none"
    where = {"user_id": ana, "resource_id": await design.place("Design")}
    answer = await insight.explain(design.database, design.org_id, **where)
    assert [blocker.code for blocker in answer.blockers] == ["blocked"]
    assert answer.levers[0].code == "unblock"
    assert await staffing.unblock(*act, user_id=ana)
    assert await design.level("ana", "Design") == "editor"


async def test_roles_are_given_by_owners_and_one_owner_stays(design: Company) -> None:
    act, people = (design.database, OPERATOR, design.org_id), design.people
    assert await staffing.set_role(*act, user_id=people["ana"], role=Role.ADMIN)
    as_ana = (design.database, await design.acting("ana"), design.org_id)
    with pytest.raises(Forbidden):
        await staffing.set_role(*as_ana, user_id=people["ana"], role=Role.OWNER)
    for verb in (staffing.block, staffing.unblock):
        with pytest.raises(Forbidden):
            await verb(*as_ana, user_id=people["boss"])
    with pytest.raises(Conflict):
        await staffing.set_role(*act, user_id=people["boss"], role=Role.MEMBER)
    with pytest.raises(Conflict):
        await staffing.block(*act, user_id=people["boss"])
    await staffing.set_role(*act, user_id=people["ana"], role=Role.OWNER)
    assert await staffing.set_role(*act, user_id=people["boss"], role=Role.MEMBER)
    assert await design.events() != []


async def test_an_owner_of_the_organization_joins_a_place_as_its_owner(design: Company) -> None:
    where = await design.place("Design")
    with pytest.raises(Forbidden):
        await staffing.join_as_owner(design.database, await design.acting("ana"), design.org_id, resource_id=where)
    with pytest.raises(Forbidden):
        await staffing.join_as_owner(design.database, OPERATOR, design.org_id, resource_id=where)
    boss = await design.acting("boss@acme.example")
    assert (await staffing.join_as_owner(design.database, boss, design.org_id, resource_id=where)).changed
    assert await design.level("boss", "Design") == "owner"
    assert not (await staffing.join_as_owner(design.database, boss, design.org_id, resource_id=where)).changed
    assert (await design.events()).count("resource.joined-as-owner") == 1
