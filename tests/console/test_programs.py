"""Keys and webhooks in the console: a secret is shown once, and every verb of them has its button."""

from __future__ import annotations

import re

from doorlist.domain.behaviour import EmptyMembers, NoMatch
from doorlist.service import connections, excluding, hooking, keys, workspaces
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from tests.console.conftest import OPERATOR, Browser
from tests.console.test_access_pages import owner_of

PAGE = "/o/example/programs"


def secret_in(page: str) -> str:
    found = re.search(r'id="secret" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


async def test_a_key_is_shown_once_and_revoked(
    operator: Browser, database: Database, organization: Organization
) -> None:
    shown = await operator.send("/o/example/keys", PAGE, label="Reports", days="30", scope="people:read")
    secret = secret_in(shown.text)
    assert (await keys.admit(database, secret)).scopes == {"people:read"}
    assert secret not in await operator.page(PAGE)
    (line,) = await keys.list_keys(database, OPERATOR, organization.org_id)
    done = await operator.send(f"/o/example/keys/{line.id}/revoke", PAGE)
    assert "is revoked" in done.text
    (line,) = await keys.list_keys(database, OPERATOR, organization.org_id)
    assert line.revoked_at is not None


async def test_a_webhook_is_made_paused_rotated_and_deleted(
    operator: Browser, database: Database, organization: Organization
) -> None:
    shown = await operator.send("/o/example/webhooks", PAGE, url="https://hooks.example/a", event="group.changed")
    secret = secret_in(shown.text)
    (endpoint,) = await hooking.list_endpoints(database, OPERATOR, organization.org_id)
    assert (endpoint.secret, endpoint.events) == (secret, ("group.changed",))
    page = f"/o/example/webhooks/{endpoint.id}"
    assert secret not in await operator.page(page)
    assert "is paused" in (await operator.send(page, page, do="pause")).text
    assert "goes on" in (await operator.send(page, page, do="resume")).text
    assert "on its way" in (await operator.send(page, page, do="ping")).text
    assert "sent again" in (await operator.send(page, page, do="replay", hours="24")).text
    assert secret_in((await operator.send(page, page, do="rotate")).text) != secret
    assert "is deleted" in (await operator.send(page, page, do="delete")).text
    assert await hooking.list_endpoints(database, OPERATOR, organization.org_id) == []


async def test_messages_are_repeated_of_a_bounded_time(
    operator: Browser, database: Database, organization: Organization
) -> None:
    made = await hooking.create_endpoint(database, OPERATOR, organization.org_id, url="https://hooks.example/a")
    page = f"/o/example/webhooks/{made.id}"
    for hours in ("0", "721", "99999999", "-1", "x", ""):
        refused = await operator.send(page, page, do="replay", hours=hours)
        assert "from 1 to 720" in refused.text, hours


async def test_the_directory_is_answered_as_chosen(
    operator: Browser, database: Database, organization: Organization
) -> None:
    chosen = {"patch_answer": "usual", "no_match": "strict", "create_of_inactive": "refuse", "empty_members": "listed"}
    await operator.send("/o/example/directory/behaviour", "/o/example/directory", **chosen)
    found = await connections.behaviour(database, OPERATOR, organization.org_id)
    assert (found.no_match, found.empty_members) == (NoMatch.STRICT, EmptyMembers.LISTED)
    page = await operator.page("/o/example/directory")
    assert '<option value="strict" selected>' in page
    refused = await operator.send(
        "/o/example/directory/behaviour", "/o/example/directory", **{**chosen, "no_match": "?"}
    )
    assert "Choose one of each list" in refused.text


async def test_a_person_is_excluded_from_a_place_and_let_in_again(
    operator: Browser, database: Database, organization: Organization
) -> None:
    place = await workspaces.create_workspace(database, OPERATOR, organization.org_id, name="Studio")
    page, send = f"/o/example/workspaces/{place}?tab=access", f"/o/example/places/{place}/exclusions"
    done = await operator.send(send, page, user="owner@example.com", do="exclude", back=page)
    assert "Groups give nothing to owner@example.com here" in done.text
    assert [line.user_name async for line in excluding.list_exclusions(database, organization.org_id)] == [
        "owner@example.com"
    ]
    assert "Lift the exclusion of owner@example.com" in await operator.page(page)
    await operator.send(send, page, user="owner@example.com", do="lift", back=page)
    assert "Lift the exclusion" not in await operator.page(page)


async def test_a_blocked_person_is_told_apart_and_has_one_button(
    operator: Browser, database: Database, organization: Organization
) -> None:
    owner = await owner_of(database, organization.org_id)
    page = f"/o/example/members/{owner}"
    assert "Lift the block" not in await operator.page(page)
    async with database.transaction() as connection:
        await connection.execute("update users set blocked_at = now(), blocked_by = 'tests' where id = $1", owner)
    shown = await operator.page(page)
    assert "Blocked</span>" in shown
    assert "Lift the block" in shown
    assert ">Block</button>" not in shown
