"""Who is restored has the values of declared schemas again, stays countable, and takes no unique value from anybody."""

from __future__ import annotations

import asyncio

import pytest

from doorlist.domain.changes import RestoreRemoved
from doorlist.errors import Conflict
from doorlist.service import clock
from doorlist.service.declaring import declare_schema, remove_schema
from doorlist.store import marks
from tests.http.conftest import GROUP_URN, USER_URN, Directory
from tests.http.test_page_marks import differences, everybody
from tests.scenarios.conftest import Office
from tests.scenarios.test_restoring import restore

URN = "urn:example:params:scim:schemas:badge:2.0:User"


async def badge(office: Office, *types: str) -> None:
    body = {"id": URN, "attributes": [{"name": "number", "uniqueness": "server"}]}
    await declare_schema(*office.act, body=body, types=types)
    await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("path", "urn", "name"), [("/Users", USER_URN, "userName"), ("/Groups", GROUP_URN, "displayName")]
)
async def test_a_unique_value_comes_back_unless_somebody_has_it(
    office: Office, directory: Directory, path: str, urn: str, name: str
) -> None:
    await badge(office, "User", "Group")

    async def make(called: str, number: str) -> str:
        body = {"schemas": [urn], name: called, URN: {"number": number}}
        made = await directory.call("POST", path, json=body)
        assert made.status_code in (201, 409)
        return str(made.json().get("id", "taken"))

    first, second = await make("a", "1"), await make("b", "2")
    since = clock.now()
    for identifier in (first, second):
        await directory.call("DELETE", f"{path}/{identifier}")
    assert await make("c", "2") != "taken", "it was released"
    with pytest.raises(Conflict):
        await declare_schema(*office.act, body={"id": URN, "attributes": [{"name": "other"}]}, types=["User", "Group"])
    await restore(office, RestoreRemoved(since))
    assert sorted(await directory.found(path, f"{URN}:number pr")) == ["a", "c"]
    assert await make("d", "1") == "taken", "it belongs to who came back"


async def test_a_schema_stays_while_somebody_who_has_values_of_it_can_be_restored(
    office: Office, directory: Directory
) -> None:
    await badge(office, "User")
    ana = await directory.user("ana", **{URN: {"number": "1"}})
    since = clock.now()
    await directory.call("DELETE", f"/Users/{ana['id']}")
    with pytest.raises(Conflict):
        await remove_schema(*office.act, urn=URN)
    await restore(office, RestoreRemoved(since))
    operation = {"op": "replace", "path": "title", "value": "x"}
    assert (await directory.patch(f"/Users/{ana['id']}", operation)).json()[URN] == {"number": "1"}


async def test_who_is_restored_is_counted_again(
    office: Office, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "STEP", 5)
    monkeypatch.setattr(marks, "LONG", 10)
    people = [await directory.user(f"p{number:02}") for number in range(30)]
    assert len(await everybody(directory, 7)) == 30
    since = clock.now()
    for person in people[3:15]:
        await directory.call("DELETE", f"/Users/{person['id']}")
    assert len(await everybody(directory, 7)) == 18
    await restore(office, RestoreRemoved(since))
    assert await everybody(directory, 7) == [f"p{number:02}" for number in range(30)]
    async with office.database.reading() as connection:
        assert await differences(connection) == []
