"""Groups of any size: told whole as a stream, in pages of their own, and not at all where nobody asks."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from doorlist.service import auditing
from doorlist.store.db import Database
from doorlist.store.groups import PORTION
from doorlist.web.app import App
from tests.http.conftest import GROUP_URN, OPERATOR, PATCH_URN, Directory
from tests.http.test_refusals import refused

SIZE = 3456
HUGE = 2 * PORTION + 500


async def filled(directory: Directory, database: Database, name: str, size: int) -> dict[str, Any]:
    """A group of so many people, written set-based; and one of two."""
    made = await directory.user("first")
    group = (await directory.group(name))["id"]
    async with database.transaction() as connection:
        await connection.execute(
            """insert into users (org_id, id, connection_id, user_name, user_name_key, display_name, active, doc,
                                  search, created_at, modified_at)
               select u.org_id, gen_random_uuid(), u.connection_id, 'p' || n, 'p' || n, 'Person ' || n, true,
                      replace(u.doc, 'first', 'p' || n), u.search, u.created_at, u.modified_at
                 from users u, generate_series(2, $2) n where u.org_id = $1 and u.user_name = 'first'""",
            directory.org_id,
            size,
        )
        await connection.execute(MEMBERS, directory.org_id, group, datetime.now(UTC))
    small = await directory.group("Small", made["id"])
    return {"large": group, "small": small["id"], "first": made["id"]}


MEMBERS = """
insert into group_members select org_id, $2, id, $3 from users where org_id = $1 and connection_id is not null
"""


@pytest.fixture
async def large(directory: Directory, database: Database) -> dict[str, Any]:
    """A group of 3,456 people, and one of two."""
    return await filled(directory, database, "Large", SIZE)


@pytest.fixture
async def huge(directory: Directory, database: Database) -> str:
    """A group of more people than leave at a time."""
    return str((await filled(directory, database, "Huge", HUGE))["large"])


async def test_a_large_group_is_told_whole(directory: Directory, large: dict[str, Any]) -> None:
    answer = await directory.call("GET", f"/Groups/{large['large']}")
    assert answer.status_code == 200
    assert "content-length" not in answer.headers
    members = answer.json()["members"]
    assert len({member["value"] for member in members}) == len(members) == SIZE
    assert answer.json()["meta"]["version"] == answer.headers["etag"]
    named = await directory.call("GET", f"/Groups/{large['large']}", params={"attributes": "members.display"})
    assert len({member["display"] for member in named.json()["members"]}) == SIZE
    assert (await directory.call("HEAD", f"/Groups/{large['large']}")).content == b""


async def test_lists_tell_large_groups_whole_too(directory: Directory, large: dict[str, Any]) -> None:
    for path in ("/Groups", "/"):
        listed = (await directory.call("GET", path, params={"filter": "members pr"})).json()
        assert {item["displayName"]: len(item["members"]) for item in listed["Resources"]} == {
            "Large": SIZE,
            "Small": 1,
        }
    slim = await directory.call("GET", "/Groups", params={"excludedAttributes": "members"})
    assert len(slim.content) < 2000


async def test_the_answer_to_a_put_of_a_large_group_is_whole(directory: Directory, large: dict[str, Any]) -> None:
    members = (await directory.call("GET", f"/Groups/{large['large']}")).json()["members"]
    body = {"schemas": [GROUP_URN], "displayName": "Larger", "members": members[:2000]}
    answer = await directory.call("PUT", f"/Groups/{large['large']}", json=body)
    assert answer.status_code == 200
    assert len(answer.json()["members"]) == 2000


async def test_members_are_read_in_pages_of_their_own(directory: Directory, large: dict[str, Any]) -> None:
    seen: list[str] = []
    parameters: dict[str, Any] = {"count": 1000}
    while True:
        page = (await directory.call("GET", f"/Groups/{large['large']}/members", params=parameters)).json()
        assert page["totalResults"] == SIZE
        assert page["itemsPerPage"] == len(page["Resources"])
        seen.extend(member["value"] for member in page["Resources"])
        if "nextCursor" not in page:
            break
        parameters["cursor"] = page["nextCursor"]
    assert len(set(seen)) == len(seen) == SIZE
    assert set(page["Resources"][0]) == {"value", "$ref", "type", "display"}
    refused(await directory.call("GET", f"/Groups/{large['small']}/members", params=parameters), 400, "invalidCursor")
    refused(await directory.call("GET", f"/Groups/{large['first']}/members"), 404, None)
    refused(await directory.call("GET", f"/Users/{large['first']}/members"), 404, None)
    refused(await directory.call("POST", f"/Groups/{large['large']}/members", json={}), 405, None)
    refused(
        await directory.call("GET", f"/Groups/{large['large']}/members", params={"count": 5000}), 400, "invalidCount"
    )


async def touched(app: App) -> int:
    """How many rows of members and entries of their indexes were read so far, as the database counts them.

    A session adds what it counted to the sum when it is told to, so every session of the application is.
    """
    database = app._database
    assert database is not None
    async with AsyncExitStack() as held:
        sessions = [await held.enter_async_context(database.reading()) for _ in range(app._settings.pool_size)]
        for session in sessions:
            await session.execute("select pg_stat_force_next_flush()")
        counted = await sessions[0].fetchval(
            """select seq_tup_read + coalesce(idx_tup_fetch, 0)
                    + (select sum(idx_tup_read) from pg_stat_user_indexes where relname = 'group_members')
                 from pg_stat_user_tables where relname = 'group_members'"""
        )
    return int(counted)


async def test_a_change_of_a_large_group_reads_no_member_row(
    directory: Directory, app: App, large: dict[str, Any]
) -> None:
    """Counted by the database itself: the cost is that of the change, not of the group."""

    async def cost(group: str) -> int:
        change = {"op": "Remove", "path": "members", "value": [{"value": large["first"]}]}
        before = await touched(app)
        await directory.call("GET", f"/Groups/{group}", params={"excludedAttributes": "members"})
        await directory.patch(f"/Groups/{group}", change)
        await directory.patch(f"/Groups/{group}", {**change, "op": "Add"})
        await directory.call("PATCH", f"/Groups/{group}", json={"schemas": [PATCH_URN], "Operations": []})
        return await touched(app) - before

    of_large, of_small = await cost(large["large"]), await cost(large["small"])
    assert 0 < of_small < 60
    assert of_large <= of_small + 10


async def test_the_last_page_of_members_costs_what_the_second_does(directory: Directory, app: App, huge: str) -> None:
    """The total is counted once: the first page alone reads every row of the index."""
    costs: list[int] = []
    parameters: dict[str, Any] = {"count": 1000}
    while True:
        before = await touched(app)
        page = (await directory.call("GET", f"/Groups/{huge}/members", params=parameters)).json()
        costs.append(await touched(app) - before)
        assert page["totalResults"] == HUGE
        if "nextCursor" not in page:
            break
        parameters["cursor"] = page["nextCursor"]
    assert len(costs) == 21
    assert max(costs[1:]) < 2500 < HUGE < costs[0]


async def removed_at_a_time(database: Database, action: str) -> list[int]:
    """How many people each event of a kind tells as removed."""
    async with database.reading() as connection:
        rows = await connection.fetch(
            """select jsonb_array_length(coalesce(change -> 'removed', '[]')) as removed
                 from audit_events where action = $1 order by seq""",
            action,
        )
    return [row["removed"] for row in rows]


EMPTYING: dict[str, dict[str, Any]] = {
    "no value": {"op": "remove", "path": "members"},
    "a condition": {"op": "remove", "path": 'members[display sw "P"]'},
    "an empty list": {"op": "replace", "path": "members", "value": []},
}


@pytest.mark.parametrize("name", EMPTYING)
async def test_everybody_leaves_in_portions_within_one_request(
    directory: Directory, database: Database, huge: str, name: str
) -> None:
    await directory.user("kept")
    assert (await directory.patch(f"/Groups/{huge}", EMPTYING[name])).status_code == 204
    left = 1 if name == "a condition" else 0
    assert len(await directory.members(huge)) == left
    assert await removed_at_a_time(database, "group.members-changed") == [PORTION, PORTION, HUGE - 2 * PORTION - left]
    assert len((await auditing.reconcile(database, OPERATOR, directory.org_id)).unexplained) == left


async def test_a_put_takes_the_others_away_in_portions(directory: Directory, database: Database, huge: str) -> None:
    kept = (await directory.call("GET", f"/Groups/{huge}/members", params={"count": 3})).json()["Resources"]
    body = {"schemas": [GROUP_URN], "displayName": "Huge", "members": kept}
    assert (await directory.call("PUT", f"/Groups/{huge}", json=body)).status_code == 200
    assert await directory.members(huge) == {member["value"] for member in kept}
    assert sum(await removed_at_a_time(database, "group.members-changed")) == HUGE - 3


async def test_a_group_ends_in_portions_or_not_at_all(directory: Directory, database: Database, huge: str) -> None:
    async with database.transaction() as connection:
        await connection.execute("update organizations set removal_limit = 100 where org_id = $1", directory.org_id)
    assert (await directory.call("DELETE", f"/Groups/{huge}")).status_code == 503
    assert len(await directory.members(huge)) == HUGE
    async with database.transaction() as connection:
        await connection.execute("update organizations set removal_limit = null where org_id = $1", directory.org_id)
    assert (await directory.call("DELETE", f"/Groups/{huge}")).status_code == 204
    assert await removed_at_a_time(database, "group.members-changed") == [PORTION, PORTION]
    assert await removed_at_a_time(database, "group.deleted") == [HUGE - 2 * PORTION]
    assert not (await auditing.reconcile(database, OPERATOR, directory.org_id)).unexplained
