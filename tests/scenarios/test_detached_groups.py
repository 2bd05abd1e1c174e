"""Groups that no directory manages: local ones, and those of a directory that was switched off."""

from __future__ import annotations

from uuid import UUID

import pytest

from doorlist.domain.levels import Level, Policy
from doorlist.errors import Conflict, NotFound, Taken
from doorlist.service import detaching, grouping, insight, resolving, tenants, tokens
from tests.http.conftest import Directory
from tests.scenarios.conftest import Office


async def test_what_a_directory_manages_is_changed_there(office: Office, directory: Directory) -> None:
    ana = (await directory.user("ana"))["id"]
    group = UUID((await directory.group("Design", ana))["id"])
    for change in (
        grouping.rename_group(*office.act, group_id=group, name="Other"),
        grouping.change_members(*office.act, group_id=group, remove=[UUID(ana)]),
        grouping.delete_group(*office.act, group_id=group),
    ):
        with pytest.raises(Conflict, match="comes from the directory directory"):
            await change


@pytest.mark.parametrize("way", ["switched off", "token revoked"])
async def test_a_detached_group_keeps_its_paths_and_is_edited_here(
    office: Office, directory: Directory, way: str
) -> None:
    ana, ben = (await directory.user("ana"))["id"], (await directory.user("ben"))["id"]
    group = UUID((await directory.group("Design", ana, externalId="g"))["id"])
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], str(group), Level.EDITOR, Policy.REMOVE)
    if way == "switched off":
        await tenants.change_settings(*office.act, tenants.Settings(scim_enabled=False))
    else:
        await tokens.revoke_token(*office.act, "directory")
    assert await office.who(place["Plans"]) == {"ana"}
    members = {"add": [UUID(ben)], "remove": [UUID(ana)]}
    assert await grouping.change_members(*office.act, group_id=group, **members) == (1, 1)
    assert await office.who(place["Plans"]) == {"ben"}
    await grouping.rename_group(*office.act, group_id=group, name="Designers")
    assert await office.one("select count(*) from groups where org_id = $1 and external_id = 'g'") == 1
    await grouping.delete_group(*office.act, group_id=group)
    assert await office.who(place["Plans"]) == set()


async def test_a_local_group_gives_access_and_no_directory_sees_it(office: Office, directory: Directory) -> None:
    ana = UUID((await directory.user("ana"))["id"])
    group = await grouping.create_group(*office.act, name="Guests of honour")
    with pytest.raises(Taken):
        await grouping.create_group(*office.act, name="guests of Honour")
    with pytest.raises(NotFound):
        await grouping.change_members(*office.act, group_id=group, add=[group])
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], str(group), Level.VIEWER)
    await grouping.change_members(*office.act, group_id=group, add=[ana])
    assert await office.who(place["Plans"]) == {"ana"}
    assert await directory.found("/Groups", 'displayName sw "Guests"') == []
    await grouping.change_members(*office.act, group_id=group, remove=[ana])
    assert await office.kept() == [("ana", "live")]


async def test_somebody_is_asked_once_about_detached_groups_until_the_directory_is_back(
    office: Office, directory: Directory
) -> None:
    ana = (await directory.user("ana"))["id"]
    group = (await directory.group("Design", ana))["id"]
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], group, Level.EDITOR)
    assert await office.waiting() == []
    await tokens.revoke_token(*office.act, "directory")
    assert await office.waiting() == ["detached-groups"]
    (item,) = await resolving.list_items(*office.act)
    assert item.detail == {"directory": "directory", "groups": 1, "reason": "no-token"}
    assert [line.detached async for line in insight.groups(office.database, office.org_id)] == [True]
    where = {"user_id": UUID(ana), "resource_id": place["Plans"]}
    answer = await insight.explain(office.database, office.org_id, **where)
    assert [lever.where for lever in answer.levers if lever.code == "leave-group"] == ["local"]
    assert "does not manage it now" in "".join(answer.sentences)
    await resolving.resolve(*office.act, item_id=item.id, decision="acknowledge")
    await detaching.note_everywhere(office.database)
    assert await office.waiting() == [], "who has answered is not asked again"
    await tenants.change_settings(*office.act, tenants.Settings(scim_enabled=False))
    assert await office.waiting() == ["detached-groups"]
    await tenants.change_settings(*office.act, tenants.Settings(scim_enabled=True))
    assert await office.waiting() == ["detached-groups"], "there is no token yet"
    await tokens.create_token(*office.act, label="new", expires_days=30, scopes=[])
    assert await office.waiting() == []
    assert [line.detached async for line in insight.groups(office.database, office.org_id)] == [False]


async def test_a_token_that_runs_out_detaches_as_well(office: Office, directory: Directory) -> None:
    await directory.group("Design")
    async with office.database.transaction() as connection:
        await connection.execute("update tokens set expires_at = now() - interval '1 minute'")
    await detaching.note_everywhere(office.database)
    await detaching.note_everywhere(office.database)
    assert await office.waiting() == ["detached-groups"]
