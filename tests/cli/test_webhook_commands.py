"""`doorlist webhook`, run as a script runs it."""

from __future__ import annotations

import pytest

from tests.cli.test_access_commands import Commands


@pytest.fixture
def doorlist(database_url: str) -> Commands:
    return Commands(database_url)


async def test_a_webhook_from_its_making_to_its_end(doorlist: Commands) -> None:
    await doorlist("org", "create", "Acme", "--plan", "enterprise", "--owner", "boss@acme.example")
    events = ("--event", "access.gained", "--event", "access.lost")
    made = await doorlist.json("webhook", "create", "https://hooks.example/x", "--org", "acme", *events)
    assert made["secret"].startswith("whsec_")
    named = (made["id"], "--org", "acme")
    (listed,) = await doorlist.json("webhook", "list", "--org", "acme")
    assert (listed["url"], listed["events"]) == ("https://hooks.example/x", ["access.gained", "access.lost"])
    assert made["secret"] not in str(listed)
    assert (await doorlist.json("webhook", "rotate", *named))["secret"] != made["secret"]
    assert (await doorlist.json("webhook", "pause", *named)) == {"changed": True}
    assert "paused by" in await doorlist("webhook", "list", "--org", "acme")
    assert "Done" in await doorlist("webhook", "resume", *named)
    assert "On its way" in await doorlist("webhook", "ping", *named)
    assert (await doorlist.json("webhook", "replay", *named, "--since", "2026-01-01")) == {"messages": 0}
    assert (await doorlist.json("webhook", "deliveries", *named)) == []
    assert "Deleted" in await doorlist("webhook", "delete", *named)
    assert "no such webhook" in await doorlist("webhook", "delete", *named, code=1)
    assert "no event" in await doorlist(
        "webhook", "create", "https://x.example/", "--org", "acme", "--event", "x", code=1
    )
