"""The safety net: a directory that takes away too much is told to try again, and somebody decides."""

from __future__ import annotations

import httpx2 as httpx

from doorlist.service import resolving, safeguard
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
