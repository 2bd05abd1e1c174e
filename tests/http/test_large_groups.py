"""Groups of any size: told whole as a stream, in pages of their own, and not at all where nobody asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from doorlist.store.db import Database
from tests.http.conftest import GROUP_URN, PATCH_URN, Directory
from tests.http.test_refusals import refused

SIZE = 3456


@pytest.fixture
async def large(directory: Directory, database: Database) -> dict[str, Any]:
    """A group of 3,456 people, written set-based; and one of two."""
    made = await directory.user("first")
    group = (await directory.group("Large"))["id"]
    async with database.transaction() as connection:
        await connection.execute(
            """insert into users (org_id, id, connection_id, user_name, user_name_key, display_name, active, doc,
                                  search, created_at, modified_at)
               select u.org_id, gen_random_uuid(), u.connection_id, 'p' || n, 'p' || n, 'Person ' || n, true,
                      replace(u.doc, 'first', 'p' || n), u.search, u.created_at, u.modified_at
                 from users u, generate_series(2, $2) n where u.org_id = $1 and u.user_name = 'first'""",
            directory.org_id,
            SIZE,
        )
        await connection.execute(
            """insert into group_members
               select org_id, $2, id, $3 from users where org_id = $1 and connection_id is not null""",
            directory.org_id,
            group,
            datetime.now(UTC),
        )
    small = await directory.group("Small", made["id"])
    return {"large": group, "small": small["id"], "first": made["id"]}


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


async def test_a_change_of_a_large_group_reads_no_member_row(
    directory: Directory, database: Database, large: dict[str, Any]
) -> None:
    """Counted by the database itself: the cost is that of the change, not of the group."""

    async def touched() -> int:
        async with database.reading() as connection:
            await connection.execute("select pg_stat_force_next_flush()")
            counted: int = await connection.fetchval(
                """select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables
                    where relname = 'group_members'"""
            )
            return counted

    async def cost(group: str) -> int:
        change = {"op": "Remove", "path": "members", "value": [{"value": large["first"]}]}
        before = await touched()
        await directory.call("GET", f"/Groups/{group}", params={"excludedAttributes": "members"})
        await directory.patch(f"/Groups/{group}", change)
        await directory.patch(f"/Groups/{group}", {**change, "op": "Add"})
        await directory.call("PATCH", f"/Groups/{group}", json={"schemas": [PATCH_URN], "Operations": []})
        return await touched() - before

    assert await cost(large["large"]) <= await cost(large["small"]) + 5 < 50
