"""`doorlist key`, run as a script runs it."""

from __future__ import annotations

import pytest

from tests.cli.test_access_commands import Commands


@pytest.fixture
def doorlist(database_url: str) -> Commands:
    return Commands(database_url)


async def test_a_key_from_its_making_to_its_end(doorlist: Commands) -> None:
    await doorlist("org", "create", "Acme", "--plan", "enterprise", "--owner", "boss@acme.example")
    scopes = ("--scope", "decisions", "--scope", "access:read")
    made = await doorlist.json("key", "create", "--org", "acme", "--label", "shop", "--expires", "30", *scopes)
    assert made["key"].startswith("dl_key_")
    assert made["api_url"].endswith("/api/v1")
    personal = ("--label", "boss", "--user", "boss@acme.example")
    assert "dl_key_" in await doorlist("key", "create", "--org", "acme", *personal)
    shop, boss = await doorlist.json("key", "list", "--org", "acme")
    assert (shop["scopes"], shop["state"], shop["user_name"]) == (["access:read", "decisions"], "valid", None)
    assert boss["user_name"] == "boss@acme.example"
    assert made["key"] not in str(shop)
    assert "shop" in await doorlist("key", "revoke", "shop", "--org", "acme")
    assert [one["state"] for one in await doorlist.json("key", "list", "--org", "acme")] == ["revoked", "valid"]
    assert "no scope" in await doorlist("key", "create", "--org", "acme", "--label", "x", "--scope", "all", code=1)
