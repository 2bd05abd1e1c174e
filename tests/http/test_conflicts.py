"""What a directory could not write because somebody else has the value: noted, counted, explained, closed by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from doorlist.errors import Forbidden, NotFound
from doorlist.service import clock, conflicts, resolving
from doorlist.store import conflicts as rows
from doorlist.store.conflicts import Conflict
from doorlist.store.db import Database
from doorlist.web.app import App
from tests.http.conftest import GROUP_URN, OPERATOR, USER_URN, Directory, Enrol
from tests.http.test_declared_schemas import BADGE, attribute, declare
from tests.service.company import Company


@dataclass
class Office:
    """An administrator's view of one directory's conflicts."""

    app: App
    database: Database
    directory: Directory

    async def conflicts(self, *, closed: bool = False) -> list[Conflict]:
        await self.flush()
        return await conflicts.list_conflicts(self.database, OPERATOR, self.directory.org_id, closed=closed)

    async def waiting(self) -> list[str]:
        await self.flush()
        return [item.kind for item in await resolving.list_items(self.database, OPERATOR, self.directory.org_id)]

    async def flush(self) -> None:
        assert self.app._scim is not None
        await self.app._scim._log.flush()


@pytest.fixture
def office(app: App, database: Database, directory: Directory) -> Office:
    return Office(app, database, directory)


async def create(directory: Directory, name: str, **attributes: Any) -> int:
    body = {"schemas": [USER_URN], "userName": name, **attributes}
    return (await directory.call("POST", "/Users", json=body)).status_code


async def rename(directory: Directory, path: str, attribute: str, value: object) -> int:
    return (await directory.patch(path, {"op": "replace", "path": attribute, "value": value})).status_code


async def test_a_person_that_cannot_be_created_is_one_conflict_however_often_it_is_tried(
    office: Office, directory: Directory
) -> None:
    person = await directory.user("ana")
    assert await office.conflicts() == []
    before = clock.now()
    assert [await create(directory, name) for name in ("ana", "ANA", "Ana")] == [409, 409, 409]
    assert await create(directory, "ana") == 409
    (found,) = await office.conflicts()
    assert (found.kind, found.attribute, found.value, found.method) == ("User", "userName", "ana", "POST")
    assert (found.existing, str(found.existing_id), found.existing_active) == ("ana", person["id"], True)
    assert (found.times, found.target_id, found.free) == (4, None, False)
    assert before - timedelta(seconds=1) <= found.first_at < found.last_at
    assert "match by userName" in conflicts.advice(found)
    assert await office.waiting() == ["conflicts"]


async def test_it_closes_when_the_same_write_succeeds(office: Office, directory: Directory) -> None:
    person = await directory.user("ana")
    await create(directory, "ana")
    await rename(directory, f"/Users/{person['id']}", "userName", "ana.old")
    (found,) = await office.conflicts()
    assert found.free
    assert "next attempt succeeds" in conflicts.advice(found)
    assert await create(directory, "ana") == 201
    assert await office.conflicts() == []
    assert await office.waiting() == []
    (over,) = await office.conflicts(closed=True)
    assert (over.outcome, over.times) == ("done", 1)
    assert over.closed_at is not None


async def test_it_closes_when_the_person_was_deleted_and_made_again(office: Office, directory: Directory) -> None:
    person = await directory.user("ana")
    await create(directory, "ana")
    assert len(await office.conflicts()) == 1
    assert (await directory.call("DELETE", f"/Users/{person['id']}")).status_code == 204
    assert await create(directory, "ana") == 201
    assert await office.conflicts() == []


async def test_it_closes_when_the_directory_finds_the_deactivated_person(office: Office, directory: Directory) -> None:
    person = await directory.user("ana")
    await rename(directory, f"/Users/{person['id']}", "active", False)
    await create(directory, "ana")
    (found,) = await office.conflicts()
    assert found.existing_active is False
    assert "set active" in conflicts.advice(found)
    await rename(directory, f"/Users/{person['id']}", "active", True)
    assert await office.conflicts() == []
    assert [one.outcome for one in await office.conflicts(closed=True)] == ["linked"]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_rename_onto_another_persons_name_names_both(office: Office, directory: Directory, method: str) -> None:
    ana, max_ = await directory.user("ana"), await directory.user("max")
    path = f"/Users/{max_['id']}"
    if method == "PATCH":
        assert await rename(directory, path, "userName", "ANA") == 409
    else:
        body = {"schemas": [USER_URN], "userName": "ANA"}
        assert (await directory.call("PUT", path, json=body)).status_code == 409
    (found,) = await office.conflicts()
    assert (found.method, found.target, found.existing) == (method, "max", "ana")
    assert "give one of the two" in conflicts.advice(found)
    await rename(directory, f"/Users/{ana['id']}", "userName", "ana2")
    assert await rename(directory, path, "userName", "ANA") == 200
    assert await office.conflicts() == []


async def test_the_conflict_of_a_rename_ends_with_the_person(office: Office, directory: Directory) -> None:
    await directory.user("ana")
    max_ = await directory.user("max")
    await rename(directory, f"/Users/{max_['id']}", "userName", "ana")
    assert len(await office.conflicts()) == 1
    await directory.call("DELETE", f"/Users/{max_['id']}")
    assert await office.conflicts() == []
    assert [one.outcome for one in await office.conflicts(closed=True)] == ["gone"]


async def test_groups_of_one_name_are_a_conflict_too(office: Office, directory: Directory) -> None:
    await directory.group("Design")
    other = await directory.group("Sales")
    body = {"schemas": [GROUP_URN], "displayName": "DESIGN"}
    assert (await directory.call("POST", "/Groups", json=body)).status_code == 409
    assert await rename(directory, f"/Groups/{other['id']}", "displayName", "design") == 409
    found = {one.method: one for one in await office.conflicts()}
    assert {(one.kind, one.attribute, one.existing) for one in found.values()} == {("Group", "displayName", "Design")}
    assert (found["POST"].target, found["PATCH"].target) == (None, "Sales")
    assert "rename one of two groups" in conflicts.advice(found["POST"])


async def test_a_bulk_request_notes_each_of_its_collisions(office: Office, directory: Directory) -> None:
    await directory.user("ana")
    max_ = await directory.user("max")
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "1", "data": {"schemas": [USER_URN], "userName": "ana"}},
        {"method": "PUT", "path": f"/Users/{max_['id']}", "data": {"schemas": [USER_URN], "userName": "ana"}},
        {"method": "POST", "path": "/Users", "bulkId": "2", "data": {"schemas": [USER_URN], "userName": "eva"}},
    ]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    assert (await directory.call("POST", "/Bulk", json=body)).status_code == 200
    assert {(one.method, one.target) for one in await office.conflicts()} == {("POST", None), ("PUT", "max")}


async def test_a_declared_unique_attribute_collides_like_a_name(office: Office, directory: Directory) -> None:
    await declare(office.database, directory.org_id, attribute("number", uniqueness="server"))
    ana = await directory.user("ana", **{BADGE: {"number": "B-17"}})
    assert await create(directory, "max", **{BADGE: {"number": "b-17"}}) == 409
    eva = await directory.user("eva")
    assert await rename(directory, f"/Users/{eva['id']}", f"{BADGE}:number", "B-17") == 409
    found = {one.method: one for one in await office.conflicts()}
    assert {(one.attribute, one.value, one.existing) for one in found.values()} == {(f"{BADGE}:number", "b-17", "ana")}
    assert (found["POST"].target, found["PATCH"].target) == (None, "eva")
    assert "its own" in conflicts.advice(found["POST"])
    await directory.patch(f"/Users/{ana['id']}", {"op": "remove", "path": f"{BADGE}:number"})
    assert all(one.free for one in await office.conflicts())
    assert await rename(directory, f"/Users/{eva['id']}", f"{BADGE}:number", "B-17") == 200
    assert await office.conflicts() == []


async def test_what_nobody_tries_for_a_week_is_closed(office: Office, directory: Directory) -> None:
    await directory.user("ana")
    await create(directory, "ana")
    await office.flush()
    for days, closed in ((6, 0), (8, 1)):
        async with office.database.reading() as connection:
            later = clock.now() + timedelta(days=days)
            assert await rows.settle(connection, directory.org_id, now=later) == closed
    assert [one.outcome for one in await office.conflicts(closed=True)] == ["not repeated"]


async def test_a_closed_conflict_opens_again_with_the_next_collision(office: Office, directory: Directory) -> None:
    await directory.user("ana")
    await create(directory, "ana")
    (found,) = await office.conflicts()
    await conflicts.close_conflict(office.database, OPERATOR, directory.org_id, found.id)
    assert await office.conflicts() == []
    assert await office.waiting() == []
    with pytest.raises(NotFound):
        await conflicts.close_conflict(office.database, OPERATOR, directory.org_id, found.id)
    await create(directory, "ana")
    (again,) = await office.conflicts()
    assert (again.times, again.id == found.id) == (1, False)


async def test_a_write_that_succeeds_runs_no_statement_about_conflicts(
    office: Office, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise AssertionError("a successful write must not touch conflicts")

    for name in ("note", "settle"):
        monkeypatch.setattr(rows, name, refused)
    person = await directory.user("ana")
    assert await rename(directory, f"/Users/{person['id']}", "userName", "eva") == 200
    await office.flush()


async def test_organizations_never_see_each_others_conflicts(office: Office, enrol: Enrol) -> None:
    await office.directory.user("ana")
    await create(office.directory, "ana")
    other = await enrol("Other")
    assert await create(other, "ana") == 201
    await office.flush()
    assert len(await office.conflicts()) == 1
    assert await conflicts.list_conflicts(office.database, OPERATOR, other.org_id, closed=True) == []


async def test_conflicts_are_for_managers(database: Database) -> None:
    company = await Company.create(database)
    await company.person("max")
    acting = await company.acting("max")
    with pytest.raises(Forbidden):
        await conflicts.list_conflicts(database, acting, company.org_id)
    with pytest.raises(Forbidden):
        await conflicts.close_conflict(database, acting, company.org_id, clock.new_id(clock.now()))
