"""What a directory's changes do to access: keep and remove, hold and return, and grants that SCIM never touches."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any
from uuid import UUID

import pytest

from doorlist.domain.levels import Level, Policy
from doorlist.errors import BadInput
from doorlist.service import insight, resolving, sharing, tenants, workspaces
from doorlist.store.db import Database
from tests.http.conftest import GROUP_URN, OPERATOR, USER_URN, Directory

Access = set[tuple[str, str, str, int]]


class Sharing:
    """One organization seen by its administrator."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self.database = database
        self.directory = directory
        self.org_id = directory.org_id

    async def folder(self, name: str = "Plans") -> UUID:
        """A private folder in the workspace Office."""
        workspace = await workspaces.create_workspace(self.database, OPERATOR, self.org_id, name=f"Office {name}")
        return await workspaces.create_folder(self.database, OPERATOR, self.org_id, workspace_id=workspace, name=name)

    async def grant(self, resource: UUID, group: str, level: Level, policy: Policy | None = None) -> None:
        await sharing.grant_group(
            self.database, OPERATOR, self.org_id,
            resource_id=resource, group_id=UUID(group), level=level, policy=policy,
        )  # fmt: skip

    async def access(self) -> Access:
        return {
            (line.user_name, line.workspace, line.folder, line.level)
            async for line in insight.export_access(self.database, self.org_id)
        }

    async def kept(self) -> list[tuple[str, str, int, str]]:
        return [
            (line.user_name, line.group_name, line.level, line.state)
            async for line in insight.retained(self.database, self.org_id)
        ]

    async def grants(self) -> Any:
        async with self.database.reading() as connection:
            return await connection.fetch("select * from grants where org_id = $1 order by id", self.org_id)


@pytest.fixture
def office(database: Database, directory: Directory) -> Sharing:
    return Sharing(database, directory)


async def _leave(directory: Directory, group: str, person: str) -> None:
    await directory.patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": [{"value": person}]})


async def _join(directory: Directory, group: str, person: str) -> None:
    await directory.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": person}]})


async def test_under_keep_a_leaver_stays_and_is_listed(office: Sharing, directory: Directory) -> None:
    ana = (await directory.user("ana"))["id"]
    group = (await directory.group("Design", ana))["id"]
    await office.grant(await office.folder(), group, Level.EDITOR)
    before = await office.access()
    assert before == {("ana", "Office Plans", "Plans", 3)}
    await _leave(directory, group, ana)
    assert await office.access() == before
    assert await office.kept() == [("ana", "Design", 3, "live")]
    await _join(directory, group, ana)
    assert await office.access() == before
    assert await office.kept() == [], "a membership that is a path again supersedes what was kept"


async def test_under_remove_losing_the_path_is_losing_the_access(office: Sharing, directory: Directory) -> None:
    ana = (await directory.user("ana"))["id"]
    group = (await directory.group("Design", ana))["id"]
    await office.grant(await office.folder(), group, Level.EDITOR, Policy.REMOVE)
    await _leave(directory, group, ana)
    assert await office.access() == set()
    assert await office.kept() == []


async def test_the_organization_chooses_the_policy_where_the_grant_does_not(
    office: Sharing, directory: Directory
) -> None:
    settings = tenants.Settings(removal_policy=Policy.REMOVE)
    await tenants.change_settings(office.database, OPERATOR, office.org_id, settings)
    ana = (await directory.user("ana"))["id"]
    group = (await directory.group("Design", ana))["id"]
    await office.grant(await office.folder(), group, Level.EDITOR)
    await _leave(directory, group, ana)
    assert await office.access() == set()


async def test_removals_in_any_order_end_in_the_same_access(office: Sharing, directory: Directory) -> None:
    folder = await office.folder()
    levels = {"A": (Level.VIEWER, Policy.KEEP), "B": (Level.EDITOR, Policy.REMOVE), "C": (Level.CHECKER, Policy.KEEP)}
    groups = {name: (await directory.group(name))["id"] for name in levels}
    for name, (level, policy) in levels.items():
        await office.grant(folder, groups[name], level, policy)
    for number, order in enumerate(itertools.permutations(levels)):
        person = (await directory.user(f"person{number}"))["id"]
        for name in levels:
            await _join(directory, groups[name], person)
        for name in order:
            await _leave(directory, groups[name], person)
    assert {(name, level) for name, _, _, level in await office.access()} == {
        (f"person{number}", Level.CHECKER) for number in range(6)
    }


async def test_deactivation_ends_access_and_return_restores_the_same(office: Sharing, directory: Directory) -> None:
    ana = (await directory.user("ana"))["id"]
    stays, left = (await directory.group("Stays", ana))["id"], (await directory.group("Left", ana))["id"]
    await office.grant(await office.folder("Stays"), stays, Level.EDITOR)
    await office.grant(await office.folder("Left"), left, Level.VIEWER)
    await _leave(directory, left, ana)
    assert len(await office.access()) == 2
    await directory.patch(f"/Users/{ana}", {"op": "Replace", "path": "active", "value": "False"})
    assert await office.access() == set()
    assert await office.kept() == [("ana", "Left", 1, "held")]
    await directory.patch(f"/Users/{ana}", {"op": "Replace", "path": "active", "value": "True"})
    assert await office.access() == {("ana", "Office Stays", "Stays", 3)}
    async with office.database.reading() as connection:
        raised = await connection.fetch("select kind, target_id from attention_items where org_id = $1", office.org_id)
    assert [(row["kind"], str(row["target_id"])) for row in raised] == [("held-access", ana)]


async def test_a_path_lost_while_inactive_is_not_kept(office: Sharing, directory: Directory) -> None:
    ana = (await directory.user("ana"))["id"]
    group = (await directory.group("Design", ana))["id"]
    await office.grant(await office.folder(), group, Level.EDITOR)
    await directory.patch(f"/Users/{ana}", {"op": "Replace", "path": "active", "value": "False"})
    await _leave(directory, group, ana)
    await directory.patch(f"/Users/{ana}", {"op": "Replace", "path": "active", "value": "True"})
    assert await office.access() == set()


@pytest.mark.parametrize("policy", list(Policy))
async def test_a_group_deleted_by_the_directory_is_a_removal_of_everybody(
    office: Sharing, directory: Directory, policy: Policy
) -> None:
    people = [(await directory.user(f"person{number}"))["id"] for number in range(5)]
    group = (await directory.group("Design", *people))["id"]
    await office.grant(await office.folder(), group, Level.EDITOR, policy)
    before, grants = await office.access(), await office.grants()
    await directory.call("DELETE", f"/Groups/{group}")
    assert await office.access() == (before if policy is Policy.KEEP else set())
    assert await office.grants() == grants, "the grants are parked with the group"


async def test_scim_never_touches_grants(office: Sharing, directory: Directory) -> None:
    ana, ben = (await directory.user("ana"))["id"], (await directory.user("ben"))["id"]
    group = (await directory.group("Design", ana, ben))["id"]
    await office.grant(await office.folder(), group, Level.EDITOR)
    grants = await office.grants()
    await directory.patch(f"/Groups/{group}", {"op": "replace", "path": "displayName", "value": "Renamed"})
    await _leave(directory, group, ana)
    await directory.patch(f"/Users/{ben}", {"op": "Replace", "path": "active", "value": False})
    await directory.call("DELETE", f"/Users/{ben}")
    await directory.call("PUT", f"/Groups/{group}", json={"schemas": [GROUP_URN], "displayName": "X", "members": []})
    await directory.call("PUT", f"/Users/{ana}", json={"schemas": [USER_URN], "userName": "ana2"})
    await directory.call("DELETE", f"/Groups/{group}")
    assert await office.grants() == grants


async def test_the_same_list_put_twice_changes_nothing_and_is_no_event(office: Sharing, directory: Directory) -> None:
    people = [(await directory.user(f"person{number}"))["id"] for number in range(30)]
    group = (await directory.group("Design"))["id"]
    body = {"schemas": [GROUP_URN], "displayName": "Design", "members": [{"value": one} for one in people]}

    async def events() -> int:
        async with office.database.reading() as connection:
            counted: int = await connection.fetchval("select count(*) from audit_events")
            return counted

    first = await directory.call("PUT", f"/Groups/{group}", json=body)
    after_first = await events()
    second = await directory.call("PUT", f"/Groups/{group}", json=body)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert await events() == after_first


async def test_a_person_who_returns_under_the_same_name_has_no_old_access(
    office: Sharing, directory: Directory
) -> None:
    ana = (await directory.user("ana", externalId="a"))["id"]
    group = (await directory.group("Design", ana))["id"]
    await office.grant(await office.folder(), group, Level.EDITOR)
    await directory.call("DELETE", f"/Users/{ana}")
    assert await office.access() == set()
    await directory.user("ana", externalId="b")
    assert await office.access() == set()


async def _promotions(office: Sharing) -> list[tuple[str, str]]:
    """The kind and present direct owners of every place that attention was raised for."""
    async with office.database.reading() as connection:
        rows = await connection.fetch(
            """select i.kind, string_agg(u.user_name, ' ' order by u.user_name) as owners from attention_items i
                 left join grants g on g.resource_id = i.target_id and g.level = 5
                 left join users u on u.id = g.principal_id and u.active
                where i.org_id = $1 group by i.id, i.kind order by i.id""",
            office.org_id,
        )
    return [(row["kind"], row["owners"]) for row in rows]


@pytest.mark.parametrize("deleted", [False, True])
async def test_the_last_owner_leaves_and_the_oldest_admin_is_next(
    office: Sharing, directory: Directory, deleted: bool
) -> None:
    folder = await office.folder()
    people = {name: UUID((await directory.user(name))["id"]) for name in ("olga", "adam", "ben")}
    for name, level in (("olga", Level.OWNER), ("adam", Level.ADMIN), ("ben", Level.ADMIN)):
        await sharing.grant_person(
            office.database, OPERATOR, office.org_id, resource_id=folder, user_id=people[name], level=level
        )
    if deleted:
        await directory.call("DELETE", f"/Users/{people['olga']}")
    else:
        await directory.patch(f"/Users/{people['olga']}", {"op": "Replace", "path": "active", "value": False})
    assert await _promotions(office) == [("owner-left", "adam")]
    await directory.patch(f"/Users/{people['adam']}", {"op": "Replace", "path": "active", "value": False})
    await directory.patch(f"/Users/{people['ben']}", {"op": "Replace", "path": "active", "value": False})
    owners = [owners for _, owners in await _promotions(office)]
    assert owners == ["owner@example.com"] * 3, "at last the organization's owner is next"


async def test_two_owners_who_leave_at_once_leave_no_place_without_one(office: Sharing, directory: Directory) -> None:
    folder = await office.folder()
    people = [UUID((await directory.user(f"owner{number}"))["id"]) for number in range(4)]
    for person in people:
        await sharing.grant_person(
            office.database, OPERATOR, office.org_id, resource_id=folder, user_id=person, level=Level.OWNER
        )
    off = {"op": "Replace", "path": "active", "value": False}
    answers = await asyncio.gather(*(directory.patch(f"/Users/{person}", off) for person in people))
    assert {answer.status_code for answer in answers} <= {200, 204}
    assert await _promotions(office) == [("owner-left", "owner@example.com")]


async def _decide(office: Sharing, kind: str, decision: str) -> int:
    """Decide about the one item that waits, of that kind."""
    items = await resolving.list_items(office.database, OPERATOR, office.org_id)
    assert [item.kind for item in items] == [kind]
    return await resolving.resolve(office.database, OPERATOR, office.org_id, item_id=items[0].id, decision=decision)


@pytest.mark.parametrize(("decision", "left"), [("confirm", 1), ("drop", 0)])
async def test_what_was_held_counts_again_when_somebody_says_so(
    office: Sharing, directory: Directory, decision: str, left: int
) -> None:
    ana = (await directory.user("ana"))["id"]
    group = (await directory.group("Design", ana))["id"]
    await office.grant(await office.folder(), group, Level.EDITOR)
    await _leave(directory, group, ana)
    for active in (False, True):
        await directory.patch(f"/Users/{ana}", {"op": "Replace", "path": "active", "value": active})
    assert await office.access() == set()
    with pytest.raises(BadInput):
        await _decide(office, "held-access", "attach")
    assert await _decide(office, "held-access", decision) == 1
    assert len(await office.access()) == left
    assert await resolving.list_items(office.database, OPERATOR, office.org_id) == []


async def test_a_group_that_returns_under_its_external_id_is_offered_its_grants(
    office: Sharing, directory: Directory
) -> None:
    ana, ben = (await directory.user("ana"))["id"], (await directory.user("ben"))["id"]
    group = (await directory.group("Design", ana, externalId="g-1"))["id"]
    await office.grant(await office.folder(), group, Level.EDITOR)
    await directory.call("DELETE", f"/Groups/{group}")
    await directory.group("Design", ben, externalId="g-2")
    assert await resolving.list_items(office.database, OPERATOR, office.org_id) == [], "never by name"
    await directory.group("Design again", ana, ben, externalId="g-1")
    assert {name for name, *_ in await office.access()} == {"ana"}
    assert await _decide(office, "parked-grants", "attach") == 1
    assert {name for name, *_ in await office.access()} == {"ana", "ben"}
    assert await office.kept() == [], "what ana had kept is a live path again"


async def test_a_person_who_returns_under_the_external_id_gets_the_old_access_back_when_an_administrator_says_so(
    office: Sharing, directory: Directory
) -> None:
    ana = (await directory.user("ana", externalId="a"))["id"]
    group = (await directory.group("Design", ana))["id"]
    folders = [await office.folder("Own"), await office.folder("Kept")]
    await sharing.grant_person(
        office.database, OPERATOR, office.org_id, resource_id=folders[0], user_id=UUID(ana), level=Level.EDITOR
    )
    await office.grant(folders[1], group, Level.VIEWER)
    await _leave(directory, group, ana)
    before = await office.access()
    await directory.call("DELETE", f"/Users/{ana}")
    await directory.user("ana", externalId="a")
    assert await office.access() == set()
    assert await _decide(office, "returning-person", "restore") == 2
    assert await office.access() == before
