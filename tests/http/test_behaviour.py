"""How a connection is answered where two clients need opposite answers, and that every server hears of a change."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from doorlist.errors import Forbidden
from doorlist.service import connections
from doorlist.store.db import Database
from tests.http.conftest import OPERATOR, USER_URN, Directory, Enrol
from tests.service.company import Company

WORK_MAIL = 'emails[type eq "work"].value'


async def answer_so(database: Database, directory: Directory, **wanted: Any) -> None:
    """Set it, and wait until the server has heard."""
    await connections.set_behaviour(database, OPERATOR, directory.org_id, **wanted)
    await asyncio.sleep(0.3)


async def test_a_patch_is_answered_as_the_client_needs_it(database: Database, directory: Directory) -> None:
    person, group = await directory.user("ana"), await directory.group("Design")
    rename = {"op": "replace", "path": "displayName"}

    async def answers(name: str) -> list[tuple[int, bool]]:
        asked = [f"/Users/{person['id']}", f"/Groups/{group['id']}"]
        found = [await directory.patch(path, {**rename, "value": name}) for path in asked]
        assert all(answer.headers["etag"] for answer in found)
        return [(answer.status_code, bool(answer.content)) for answer in found]

    assert await answers("One") == [(200, True), (204, False)]
    await answer_so(database, directory, patch_answer=connections.PatchAnswer.BODY)
    assert await answers("Two") == [(200, True), (200, True)]
    await answer_so(database, directory, patch_answer=connections.PatchAnswer.EMPTY)
    assert await answers("Three") == [(204, False), (204, False)]
    asked = await directory.patch(f"/Users/{person['id']}?attributes=displayName", {**rename, "value": "Four"})
    assert (asked.status_code, asked.json()["displayName"]) == (200, "Four")


async def test_a_strict_connection_is_told_of_a_filter_that_selects_nothing(
    database: Database, directory: Directory
) -> None:
    person, group = await directory.user("ana"), await directory.group("Design")
    operations = [
        (f"/Users/{person['id']}", {"op": "replace", "path": WORK_MAIL, "value": "a@x.example"}, 200),
        (f"/Users/{person['id']}", {"op": "remove", "path": 'emails[type eq "home"]'}, 200),
        (f"/Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{person["id"]}"]'}, 204),
        (f"/Groups/{group['id']}", {"op": "remove", "path": 'members[type eq "User"]'}, 204),
    ]
    for path, operation, status in operations:
        assert (await directory.patch(path, operation)).status_code == status
    await directory.patch(f"/Users/{person['id']}", {"op": "remove", "path": "emails"})
    await answer_so(database, directory, no_match=connections.NoMatch.STRICT)
    for path, operation, _ in operations:
        refused = await directory.patch(path, operation)
        assert (refused.status_code, refused.json()["scimType"]) == (400, "noTarget"), operation
        assert "Operations[0]" in refused.json()["detail"]


async def test_a_strict_connection_changes_what_its_filters_select(database: Database, directory: Directory) -> None:
    ana, max_ = (
        await directory.user("ana", emails=[{"value": "a@x.example", "type": "work"}]),
        await directory.user("max"),
    )
    group = await directory.group("Design", ana["id"], max_["id"])
    await answer_so(database, directory, no_match=connections.NoMatch.STRICT)
    changed = await directory.patch(f"/Users/{ana['id']}", {"op": "replace", "path": WORK_MAIL, "value": "b@x.example"})
    assert changed.json()["emails"][0]["value"] == "b@x.example"
    left = {"op": "remove", "path": f'members[value eq "{ana["id"]}"]'}
    assert (await directory.patch(f"/Groups/{group['id']}", left)).status_code == 204
    assert await directory.members(group["id"]) == {max_["id"]}
    assert (await directory.patch(f"/Groups/{group['id']}", left)).status_code == 400
    nobody = {"op": "remove", "path": "members", "value": [{"value": ana["id"]}]}
    assert (await directory.patch(f"/Groups/{group['id']}", nobody)).status_code == 204


async def create(directory: Directory, name: str, **attributes: Any) -> tuple[int, dict[str, Any]]:
    answer = await directory.call("POST", "/Users", json={"schemas": [USER_URN], "userName": name, **attributes})
    return answer.status_code, answer.json()


async def test_a_deactivated_person_that_is_created_again_comes_back_where_the_client_needs_it(
    database: Database, directory: Directory
) -> None:
    person = await directory.user("ana", externalId="7", title="Lead")
    await directory.patch(f"/Users/{person['id']}", {"op": "replace", "path": "active", "value": False})
    status, refused = await create(directory, "Ana", externalId="7")
    assert (status, refused["scimType"]) == (409, "uniqueness")
    await answer_so(database, directory, create_of_inactive=connections.CreateOfInactive.RESTORE)
    status, restored = await create(directory, "Ana", externalId="7", nickName="A")
    assert (status, restored["id"], restored["active"]) == (201, person["id"], True)
    assert (restored["userName"], restored["nickName"], "title" in restored) == ("Ana", "A", False)
    status, refused = await create(directory, "ana", externalId="7")
    assert (status, refused["scimType"]) == (409, "uniqueness")


async def test_a_name_that_is_used_again_for_somebody_else_restores_nobody(
    database: Database, directory: Directory
) -> None:
    person = await directory.user("ana", externalId="7")
    await directory.patch(f"/Users/{person['id']}", {"op": "replace", "path": "active", "value": False})
    await answer_so(database, directory, create_of_inactive=connections.CreateOfInactive.RESTORE)
    assert (await create(directory, "ana", externalId="8"))[0] == 409
    assert (await directory.call("GET", f"/Users/{person['id']}")).json()["active"] is False


async def test_one_connection_restores_nobody_of_another_organization(
    database: Database, enrol: Enrol, directory: Directory
) -> None:
    person = await directory.user("ana")
    await directory.patch(f"/Users/{person['id']}", {"op": "replace", "path": "active", "value": False})
    other = await enrol("Other")
    await answer_so(database, other, create_of_inactive=connections.CreateOfInactive.RESTORE)
    status, made = await create(other, "ana")
    assert (status, made["id"] == person["id"]) == (201, False)
    assert (await directory.call("GET", f"/Users/{person['id']}")).json()["active"] is False


async def test_the_setting_reaches_a_server_that_remembers_the_caller(database: Database, directory: Directory) -> None:
    group = await directory.group("Design")
    operation = {"op": "replace", "path": "displayName", "value": "Design"}
    assert (await directory.patch(f"/Groups/{group['id']}", operation)).status_code == 204
    await connections.set_behaviour(database, OPERATOR, directory.org_id, patch_answer=connections.PatchAnswer.BODY)
    until = time.monotonic() + 4  # callers are kept for five seconds where nothing is announced
    while (await directory.patch(f"/Groups/{group['id']}", operation)).status_code != 200:
        assert time.monotonic() < until
        await asyncio.sleep(0.02)


async def test_a_group_without_members_says_so_where_the_client_compares(
    database: Database, directory: Directory
) -> None:
    person = await directory.user("ana")
    made = await directory.group("Design")
    assert "members" not in made
    await answer_so(database, directory, empty_members=connections.EmptyMembers.LISTED)
    path = f"/Groups/{made['id']}"
    read = await directory.call("GET", path)
    assert (read.json()["members"], read.headers["etag"]) == ([], made["meta"]["version"])
    assert (await directory.group("Sales"))["members"] == []
    listed = (await directory.call("GET", "/Groups")).json()["Resources"]
    assert [one["members"] for one in listed] == [[], []]
    for query in ("excludedAttributes=members", "attributes=displayName"):
        assert "members" not in (await directory.call("GET", f"{path}?{query}")).json()
    assert "members" not in (await directory.call("GET", f"/Users/{person['id']}")).json()
    await directory.patch(path, {"op": "add", "path": "members", "value": [{"value": person["id"]}]})
    assert [one["value"] for one in (await directory.call("GET", path)).json()["members"]] == [person["id"]]


async def test_a_change_is_audited_once_and_for_managers(database: Database) -> None:
    company = await Company.create(database)
    for _ in range(2):
        found = await connections.set_behaviour(database, OPERATOR, company.org_id, no_match=connections.NoMatch.STRICT)
        assert (found.no_match, found.patch_answer) == ("strict", "usual")
    assert (await company.events()).count("organization.changed") == 1
    assert await connections.behaviour(database, OPERATOR, company.org_id) == found
    await company.person("max")
    with pytest.raises(Forbidden):
        await connections.set_behaviour(
            database, await company.acting("max"), company.org_id, no_match=connections.NoMatch.STRICT
        )
