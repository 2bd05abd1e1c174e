"""Restoring what a directory took away: narrowed to a person, a request or a token; never over somebody's name."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from doorlist.domain.changes import RestoreRemoved
from doorlist.domain.levels import Level, Policy
from doorlist.errors import BadInput, StalePlan
from doorlist.service import clock, planning, tokens
from tests.http.conftest import Directory
from tests.scenarios.conftest import Office


async def restore(office: Office, change: RestoreRemoved) -> planning.Plan:
    planned = await planning.plan(*office.act, change)
    return await planning.apply(*office.act, change, planned.plan_hash)


async def leave(directory: Directory, group: str, person: str) -> UUID:
    """Remove somebody from a group; the id of the request."""
    operation = {"op": "remove", "path": "members", "value": [{"value": person}]}
    answer = await directory.patch(f"/Groups/{group}", operation)
    return UUID(answer.headers["x-request-id"])


async def test_what_is_restored_is_narrowed_to_a_person_a_request_or_a_token(
    office: Office, directory: Directory
) -> None:
    ana, ben, cy = [(await directory.user(name))["id"] for name in ("ana", "ben", "cy")]
    group = (await directory.group("Design", ana, ben, cy))["id"]
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], group, Level.EDITOR, Policy.REMOVE)
    since = clock.now()
    requests = [await leave(directory, group, person) for person in (ana, ben, cy)]
    assert await office.who(place["Plans"]) == set()
    assert (await restore(office, RestoreRemoved(since, user_id=UUID(cy)))).gained == 1
    assert await office.who(place["Plans"]) == {"cy"}
    assert (await restore(office, RestoreRemoved(since, request_id=requests[0]))).gained == 1
    assert await office.who(place["Plans"]) == {"ana", "cy"}
    token = await tokens.find_token(*office.act, "directory")
    assert (await restore(office, RestoreRemoved(since, token_id=place[""]))).gained == 0
    logged = "select count(*) from request_log where org_id = $1 and request_id = $2"
    for _ in range(100):
        if await office.one(logged, requests[1]):
            break
        await asyncio.sleep(0.1)
    assert (await restore(office, RestoreRemoved(since, token_id=token.id))).gained == 1
    assert await office.who(place["Plans"]) == {"ana", "ben", "cy"}


async def test_a_deleted_person_comes_back_but_not_over_a_new_one_of_the_same_name(
    office: Office, directory: Directory
) -> None:
    ana, ben = (await directory.user("ana"))["id"], (await directory.user("ben"))["id"]
    place = await office.workspace("Office", "Plans")
    for person in (ana, ben):
        await office.own(place["Plans"], person, Level.ADMIN)
    since = clock.now()
    for person in (ana, ben):
        await directory.call("DELETE", f"/Users/{person}")
    await directory.user("ana")
    done = await restore(office, RestoreRemoved(since))
    assert (done.gained, await office.who(place["Plans"])) == (1, {"ben"})
    assert any("1 deleted people or groups stay away" in warning for warning in done.warnings)
    assert (await directory.call("GET", f"/Users/{ben}")).json()["active"]
    assert (await directory.call("GET", f"/Users/{ana}")).status_code == 404


async def test_a_restoration_that_would_do_something_else_by_now_is_refused(
    office: Office, directory: Directory
) -> None:
    ana, ben = (await directory.user("ana"))["id"], (await directory.user("ben"))["id"]
    group = (await directory.group("Design", ana, ben))["id"]
    change = RestoreRemoved(clock.now())
    await leave(directory, group, ana)
    planned = await planning.plan(*office.act, change)
    await leave(directory, group, ben)
    with pytest.raises(StalePlan):
        await planning.apply(*office.act, change, planned.plan_hash)
    with pytest.raises(BadInput, match="within 30 days"):
        await planning.plan(*office.act, RestoreRemoved(clock.now() - timedelta(days=31)))


async def test_of_several_deleted_ones_of_a_name_the_last_comes_back(office: Office, directory: Directory) -> None:
    since = clock.now()
    people, groups = [], []
    for _ in range(3):
        people.append((await directory.user("ana"))["id"])
        groups.append((await directory.group("Design", people[-1]))["id"])
        await directory.call("DELETE", f"/Groups/{groups[-1]}")
        await directory.call("DELETE", f"/Users/{people[-1]}")
    done = await restore(office, RestoreRemoved(since))
    assert any("4 deleted people or groups stay away" in warning for warning in done.warnings)
    assert [(await directory.call("GET", f"/Users/{one}")).status_code for one in people] == [404, 404, 200]
    assert [(await directory.call("GET", f"/Groups/{one}")).status_code for one in groups] == [404, 404, 200]
    assert await directory.members(groups[-1]) == {people[-1]}
