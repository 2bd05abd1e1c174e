"""The acceptance scenarios of the access model, by their numbers, over HTTP as a directory calls.

Scenario 1 from end to end with the stand-in is the walkthrough; here is its part that is about access.
"""

from __future__ import annotations

import itertools
from uuid import UUID

import pytest

from doorlist.domain.changes import UngrantGroup
from doorlist.domain.levels import Level, Policy
from doorlist.errors import Forbidden, StalePlan
from doorlist.service import finding, planning, resolving, sharing, tenants, workspaces
from tests.http.conftest import GROUP_URN, Directory
from tests.scenarios.conftest import Office

OFF = {"op": "Replace", "path": "active", "value": False}
ON = {"op": "Replace", "path": "active", "value": True}


async def leave(directory: Directory, group: str, *people: str) -> None:
    members = [{"value": person} for person in people]
    answer = await directory.patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": members})
    assert answer.status_code in (200, 204)


async def people(directory: Directory, count: int) -> list[str]:
    return [(await directory.user(f"person{number}"))["id"] for number in range(count)]


async def test_01_a_leaver_stays_is_listed_as_retained_and_is_removed_by_hand(
    office: Office, directory: Directory
) -> None:
    twelve = await people(directory, 12)
    group = (await directory.group("Design", *twelve[:5]))["id"]
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], group, Level.EDITOR)
    rest = [{"value": person} for person in twelve[5:]]
    await directory.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": rest})
    assert len(await office.who(place["Plans"])) == 12
    await leave(directory, group, twelve[0])
    assert len(await office.who(place["Plans"])) == 12
    assert await office.kept() == [("person0", "live")]
    removed = await sharing.remove_person(*office.act, resource_id=place["Plans"], user_id=UUID(twelve[0]))
    assert (removed.retained, removed.remaining) == (1, ())
    assert "person0" not in await office.who(place["Plans"])


async def test_02_under_remove_a_leaver_is_gone_in_the_same_transaction(office: Office, directory: Directory) -> None:
    ana, ben = await people(directory, 2)
    group = (await directory.group("Design", ana, ben))["id"]
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], group, Level.EDITOR, Policy.REMOVE)
    await leave(directory, group, ana)
    assert await office.who(place["Plans"]) == {"person1"}
    assert await office.kept() == []


async def test_03_a_workspace_grant_reaches_home_and_no_private_folder(office: Office, directory: Directory) -> None:
    (ana,) = await people(directory, 1)
    group = (await directory.group("Design", ana))["id"]
    names = [f"private {number}" for number in range(99)]
    place = await office.workspace("Office", *names)
    await office.grant(place[""], group, Level.EDITOR)
    await office.grant(place["private 7"], group, Level.VIEWER)
    assert await office.what(ana) == {"Office": 3, "Home": 3, "private 7": 1}


async def test_04_deactivation_ends_everything_and_reactivation_brings_the_same_list(
    office: Office, directory: Directory
) -> None:
    (ana,) = await people(directory, 1)
    group = (await directory.group("Design", ana))["id"]
    place = await office.workspace("Office", "Plans")
    await office.grant(place[""], group, Level.CHECKER)
    await office.own(place["Plans"], ana, Level.ADMIN)
    before = await office.what(ana)
    await directory.patch(f"/Users/{ana}", OFF)
    assert await office.what(ana) == {}
    await directory.patch(f"/Users/{ana}", ON)
    assert await office.what(ana) == before


async def test_05_a_deleted_person_gets_the_old_access_back_within_thirty_days(
    office: Office, directory: Directory
) -> None:
    old = (await directory.user("ana", externalId="a"))["id"]
    place = await office.workspace("Office", "Plans")
    await office.own(place["Plans"], old, Level.EDITOR)
    before = await office.what(old)
    await directory.call("DELETE", f"/Users/{old}")
    new = (await directory.user("ana", externalId="a"))["id"]
    assert new != old
    assert await office.what(new) == {}
    (item,) = await resolving.list_items(*office.act)
    await resolving.resolve(*office.act, item_id=item.id, decision="restore")
    assert await office.what(new) == before


async def test_06_the_same_address_under_another_external_id_has_no_old_access(
    office: Office, directory: Directory
) -> None:
    mail = [{"value": "ana@example.com", "primary": True}]
    old = (await directory.user("ana", externalId="a", emails=mail))["id"]
    place = await office.workspace("Office", "Plans")
    await office.own(place["Plans"], old, Level.EDITOR)
    await directory.call("DELETE", f"/Users/{old}")
    new = (await directory.user("ana", externalId="b", emails=mail))["id"]
    assert await office.what(new) == {}
    assert await office.waiting() == [], "nothing is even offered"


@pytest.mark.parametrize("policy", list(Policy))
async def test_07_a_group_of_20000_is_renamed_deleted_and_returns(
    office: Office, directory: Directory, policy: Policy
) -> None:
    crowd = await office.crowd(20_000)
    group = (await directory.group("Everybody", externalId="g"))["id"]
    body = {"schemas": [GROUP_URN], "displayName": "Everybody", "externalId": "g"}
    members = [{"value": person} for person in crowd]
    assert (await directory.call("PUT", f"/Groups/{group}", json={**body, "members": members})).status_code == 200
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], group, Level.VIEWER, policy)
    renamed = {"op": "replace", "path": "displayName", "value": "All"}
    await directory.patch(f"/Groups/{group}", renamed)
    count = "select count(*) from effective_access where org_id = $1 and resource_id = $2"
    assert await office.one(count, place["Plans"]) == 20_000
    assert (await directory.call("DELETE", f"/Groups/{group}")).status_code == 204
    assert await office.one(count, place["Plans"]) == (20_000 if policy is Policy.KEEP else 0)
    named = "select count(*) from retained where org_id = $1 and group_name = 'All'"
    assert await office.one(named) == (20_000 if policy is Policy.KEEP else 0), "under the name of that moment"
    again = (await directory.group("All", crowd[0], externalId="g"))["id"]
    (item,) = await resolving.list_items(*office.act)
    assert (item.kind, str(item.target_id)) == ("parked-grants", again)
    await resolving.resolve(*office.act, item_id=item.id, decision="attach")
    assert await office.one(count, place["Plans"]) == (20_000 if policy is Policy.KEEP else 1)


async def test_08_a_local_group_of_the_same_name_stays_untouched(office: Office, directory: Directory) -> None:
    async with office.database.transaction() as connection:
        await connection.execute(
            """insert into groups (org_id, id, display_name, display_key, doc, search, created_at, modified_at)
               values ($1, gen_random_uuid(), 'Design', 'design', '{}', '{}', now(), now())""",
            office.org_id,
        )
    unchanged = "select version from groups where org_id = $1 and connection_id is null and deleted_at is null"
    assert await directory.found("/Groups", 'displayName eq "Design"') == []
    made = (await directory.group("Design"))["id"]
    await directory.call("DELETE", f"/Groups/{made}")
    assert await office.one(unchanged) == 1


async def test_09_the_last_owner_is_deactivated_and_somebody_is_next(office: Office, directory: Directory) -> None:
    olga, adam = await people(directory, 2)
    place = await office.workspace("Office", "Plans")
    await office.own(place["Plans"], olga, Level.OWNER)
    await office.own(place["Plans"], adam, Level.ADMIN)
    assert (await directory.patch(f"/Users/{olga}", OFF)).status_code in (200, 204)
    assert (await office.what(adam))["Plans"] == Level.OWNER
    assert await office.waiting() == ["owner-left"]


async def test_10_mixed_policies_end_the_same_whatever_the_order(office: Office, directory: Directory) -> None:
    place = await office.workspace("Office", "Plans")
    groups = {}
    for name, level, policy in (
        ("A", Level.EDITOR, Policy.REMOVE),
        ("B", Level.CHECKER, Policy.KEEP),
        ("C", Level.VIEWER, Policy.KEEP),
    ):
        groups[name] = (await directory.group(name))["id"]
        await office.grant(place["Plans"], groups[name], level, policy)
    for number, order in enumerate(itertools.permutations(groups)):
        person = (await directory.user(f"p{number}"))["id"]
        for group in groups.values():
            added = {"op": "Add", "path": "members", "value": [{"value": person}]}
            await directory.patch(f"/Groups/{group}", added)
        for name in order:
            await leave(directory, groups[name], person)
        assert await office.what(person) == {"Plans": Level.CHECKER}


async def test_11_a_stale_plan_is_refused_and_changes_nothing(office: Office, directory: Directory) -> None:
    ana, ben = await people(directory, 2)
    group = (await directory.group("Design", ana))["id"]
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], group, Level.EDITOR)
    change = UngrantGroup(place["Plans"], UUID(group), Policy.REMOVE)
    plan = await planning.plan(*office.act, change)
    assert (plan.lost, plan.lines[0].user_name) == (1, "person0")
    await directory.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": ben}]})
    with pytest.raises(StalePlan) as refused:
        await planning.apply(*office.act, change, plan.plan_hash)
    assert refused.value.status == 409
    assert len(await office.who(place["Plans"])) == 2
    again = await planning.plan(*office.act, change)
    assert (await planning.apply(*office.act, change, again.plan_hash)).lost == 2
    assert await office.who(place["Plans"]) == set()


async def test_12_taking_a_grant_away_without_keep_or_remove_is_refused(office: Office, directory: Directory) -> None:
    group = (await directory.group("Design"))["id"]
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], group, Level.EDITOR)
    with pytest.raises(TypeError):
        await sharing.ungrant_group(*office.act, resource_id=place["Plans"], group_id=UUID(group))  # type: ignore[call-arg]
    assert await office.one("select count(*) from grants where org_id = $1 and resource_id = $2", place["Plans"]) == 1


async def test_13_a_list_of_20000_put_twice_changes_nothing_and_is_no_event(
    office: Office, directory: Directory
) -> None:
    crowd = await office.crowd(20_000)
    group = (await directory.group("Everybody"))["id"]
    members = [{"value": person} for person in crowd]
    body = {"schemas": [GROUP_URN], "displayName": "Everybody", "members": members}
    assert (await directory.call("PUT", f"/Groups/{group}", json=body)).status_code == 200
    state = "select count(*) + sum(version) from groups g, audit_events e where g.org_id = $1 and e.org_id = g.org_id"
    before = await office.one(state)
    assert (await directory.call("PUT", f"/Groups/{group}", json=body)).status_code == 200
    assert await office.one(state) == before


async def test_14_with_creation_off_no_member_creates_a_workspace(office: Office, directory: Directory) -> None:
    await directory.user("ana")
    off = tenants.Settings(members_create_workspaces=False)
    await tenants.change_settings(*office.act, off)
    ana = await finding.acting_as(office.database, office.org_id, "ana", source="console")
    with pytest.raises(Forbidden):
        await workspaces.create_workspace(office.database, ana, office.org_id, name="Mine")
    await tenants.change_settings(*office.act, tenants.Settings(members_create_workspaces=True))
    await workspaces.create_workspace(office.database, ana, office.org_id, name="Mine")
