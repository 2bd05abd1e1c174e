"""Archive, deletion, restoration and exclusions: what they do to access, and what comes back."""

from __future__ import annotations

import pytest

from doorlist.domain.levels import Level
from doorlist.errors import Conflict, Forbidden, NotFound, Taken
from doorlist.service import excluding, insight, lifecycle, sharing, workspaces
from doorlist.store.access import AccessLine
from tests.service.company import OPERATOR, Company


async def access(company: Company) -> set[AccessLine]:
    return {line async for line in insight.export_access(company.database, company.org_id)}


@pytest.fixture
async def design(company: Company) -> Company:
    await company.person("ana")
    await company.group("Designers", "ana")
    await company.workspace("Design", "Secret")
    await company.grant("Designers", Level.EDITOR, "Design")
    await company.grant("Designers", Level.CHECKER, "Design", "Secret")
    return company


@pytest.mark.parametrize("folder", ["", "Secret"])
async def test_what_is_deleted_is_gone_and_comes_back_as_it_was(design: Company, folder: str) -> None:
    before, where = await access(design), await design.place("Design", folder)
    act = (design.database, OPERATOR, design.org_id)
    assert await lifecycle.delete(*act, resource_id=where)
    assert await access(design) == ({line for line in before if line.folder != "Secret"} if folder else set())
    assert [line.folder for line in await lifecycle.list_deleted(design.database, design.org_id)] == [folder]
    await lifecycle.restore(*act, resource_id=where)
    assert await access(design) == before
    with pytest.raises(NotFound):
        await lifecycle.restore(*act, resource_id=where)


async def test_a_name_that_was_taken_meanwhile_refuses_the_restoration(design: Company) -> None:
    where, act = await design.place("Design"), (design.database, OPERATOR, design.org_id)
    await lifecycle.delete(*act, resource_id=where)
    await workspaces.create_workspace(*act, name="design")
    with pytest.raises(Taken):
        await lifecycle.restore(*act, resource_id=where)


async def test_what_is_archived_can_be_read_by_those_who_had_access(design: Company) -> None:
    before, where = await access(design), await design.place("Design", "Secret")
    act = (design.database, OPERATOR, design.org_id)
    assert await lifecycle.archive(*act, resource_id=where)
    assert not await lifecycle.archive(*act, resource_id=where)
    assert {line.level for line in await access(design) if line.folder == "Secret"} == {Level.VIEWER}
    assert await lifecycle.unarchive(*act, resource_id=where)
    assert await access(design) == before


async def test_a_home_folder_shares_the_fate_of_its_workspace(design: Company) -> None:
    home, act = await design.place("Design", "Home"), (design.database, OPERATOR, design.org_id)
    for verb in (lifecycle.archive, lifecycle.delete):
        with pytest.raises(Conflict):
            await verb(*act, resource_id=home)


async def test_deletion_and_restoration_are_for_owners_archiving_for_admins(design: Company) -> None:
    where = await design.place("Design")
    give = {"resource_id": where, "user_id": design.people["ana"]}
    act = (design.database, await design.acting("ana"), design.org_id)
    await sharing.grant_person(design.database, OPERATOR, design.org_id, level=Level.ADMIN, **give)
    assert await lifecycle.archive(*act, resource_id=where)
    assert await lifecycle.unarchive(*act, resource_id=where), "the archive does not lock its admins out"
    with pytest.raises(Forbidden):
        await lifecycle.delete(*act, resource_id=where)
    await sharing.grant_person(design.database, OPERATOR, design.org_id, level=Level.OWNER, **give)
    await lifecycle.delete(*act, resource_id=where)
    await lifecycle.restore(*act, resource_id=where)


async def test_an_exclusion_stops_what_groups_give_until_it_is_lifted(design: Company) -> None:
    where, ana = await design.place("Design", "Secret"), design.people["ana"]
    act = (design.database, OPERATOR, design.org_id)
    assert await excluding.exclude_person(*act, resource_id=where, user_id=ana)
    assert not await excluding.exclude_person(*act, resource_id=where, user_id=ana)
    assert await design.level("ana", "Design", "Secret") == "none"
    assert await design.leave("Designers", "ana") == 1, "the workspace is kept, the folder was excluded"
    await design.join("Designers", "ana")
    answer = await insight.explain(design.database, design.org_id, user_id=ana, resource_id=where)
    assert [blocker.code for blocker in answer.blockers] == ["excluded", "no-way"]
    await excluding.lift_exclusion(*act, resource_id=where, user_id=ana)
    assert await design.level("ana", "Design", "Secret") == "checker"
    await excluding.exclude_person(*act, resource_id=where, user_id=ana)
    await sharing.grant_person(*act, resource_id=where, user_id=ana, level=Level.VIEWER)
    assert await design.level("ana", "Design", "Secret") == "checker", "a direct grant lifts the exclusion"
    assert [line async for line in excluding.list_exclusions(design.database, design.org_id)] == []
