"""The safety net: a directory that takes away too much is told to try again, and somebody decides."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import httpx2 as httpx
import pytest

from doorlist.domain.changes import RestoreMembers
from doorlist.domain.levels import Level, Policy
from doorlist.errors import BadInput
from doorlist.service import clock, planning, resolving, safeguard
from tests.http.conftest import Directory
from tests.scenarios.conftest import Office

OFF = {"op": "Replace", "path": "active", "value": False}


async def deactivate(directory: Directory, person: str) -> httpx.Response:
    return await directory.patch(f"/Users/{person}", OFF)


async def decide(office: Office, decision: str) -> list[str]:
    """Decide about the one item that waits; the people whom it named."""
    (item,) = await resolving.list_items(*office.act)
    assert item.kind == "mass-removal"
    await resolving.resolve(*office.act, item_id=item.id, decision=decision)
    return list(item.detail["people"])


async def test_above_the_limit_the_directory_repeats_and_an_administrator_decides(
    office: Office, directory: Directory
) -> None:
    people = [(await directory.user(f"person{number}"))["id"] for number in range(6)]
    await safeguard.set_limit(*office.act, 2)
    assert {(await deactivate(directory, person)).status_code for person in people[:2]} <= {200, 204}
    for person in people[2:4]:
        refused = await deactivate(directory, person)
        assert refused.status_code == 503
        assert "retry-after" in refused.headers
    assert (await directory.call("DELETE", f"/Users/{people[4]}")).status_code == 503
    assert (await directory.call("GET", f"/Users/{people[2]}")).json()["active"] is True
    assert await decide(office, "allow") == ["person2", "person3", "person4"]
    assert {(await deactivate(directory, person)).status_code for person in people[2:4]} <= {200, 204}
    assert (await directory.call("DELETE", f"/Users/{people[4]}")).status_code == 204


async def test_what_is_held_stays_refused_until_it_is_let_through(office: Office, directory: Directory) -> None:
    people = [(await directory.user(f"person{number}"))["id"] for number in range(3)]
    await safeguard.set_limit(*office.act, 1)
    await deactivate(directory, people[0])
    assert (await deactivate(directory, people[1])).status_code == 503
    await decide(office, "hold")
    assert (await deactivate(directory, people[1])).status_code == 503
    await decide(office, "allow")
    assert (await deactivate(directory, people[1])).status_code in (200, 204)
    assert await resolving.list_items(*office.act) == []


async def test_memberships_count_and_additions_do_not(office: Office, directory: Directory) -> None:
    people = [(await directory.user(f"person{number}"))["id"] for number in range(4)]
    group = (await directory.group("Design", *people))["id"]
    await safeguard.set_limit(*office.act, 2)
    empty = {"op": "Remove", "path": "members", "value": [{"value": person} for person in people]}
    assert (await directory.patch(f"/Groups/{group}", empty)).status_code == 503
    assert await directory.members(group) == set(people)
    assert (await directory.call("DELETE", f"/Groups/{group}")).status_code == 503
    few = {**empty, "value": empty["value"][:2]}
    assert (await directory.patch(f"/Groups/{group}", few)).status_code in (200, 204)
    assert (await directory.patch(f"/Groups/{group}", {**few, "op": "Add"})).status_code in (200, 204)
    assert await decide(office, "allow") == ["person0", "person1", "person2", "person3"]
    assert (await directory.call("DELETE", f"/Groups/{group}")).status_code == 204


async def test_without_a_limit_nothing_is_counted(office: Office, directory: Directory) -> None:
    await deactivate(directory, (await directory.user("ana"))["id"])
    assert await office.one("select count(*) from recent_removals where org_id = $1") == 0


async def test_what_a_directory_took_away_is_put_back_as_planned(office: Office, directory: Directory) -> None:
    people = [(await directory.user(f"person{number}"))["id"] for number in range(4)]
    group = (await directory.group("Design", *people))["id"]
    place = await office.workspace("Office", "Plans")
    await office.grant(place["Plans"], group, Level.EDITOR, Policy.REMOVE)
    started = clock.now()
    members = [{"value": person} for person in people[1:]]
    await directory.patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": members})
    await directory.call("DELETE", f"/Users/{people[3]}")
    assert await office.who(place["Plans"]) == {"person0"}
    change = RestoreMembers(UUID(group), started)
    plan = await planning.plan(*office.act, change)
    assert (plan.gained, plan.unchanged) == (2, 1), "who is deleted stays away"
    await planning.apply(*office.act, change, plan.plan_hash)
    assert await office.who(place["Plans"]) == {"person0", "person1", "person2"}
    with pytest.raises(BadInput):
        await planning.plan(*office.act, RestoreMembers(UUID(group), started - timedelta(days=31)))
