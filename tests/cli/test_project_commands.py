"""`doorlist project` and `doorlist task`, run as a script runs them."""

from __future__ import annotations

import pytest

from tests.cli.test_access_commands import Commands


@pytest.fixture
def doorlist(database_url: str) -> Commands:
    return Commands(database_url)


async def test_a_project_from_its_making_to_its_end(doorlist: Commands) -> None:
    await doorlist("org", "create", "Acme", "--plan", "enterprise", "--owner", "boss@acme.example")
    await doorlist("workspace", "create", "Studio", "--org", "acme", "--as", "boss@acme.example")
    where = ("--org", "acme", "--workspace", "Studio")
    made = await doorlist.json("project", "create", "Launch", *where)
    task = await doorlist.json("task", "create", "Draw", "--org", "acme", "--project", made["id"])
    done = await doorlist.json("task", "tick", task["id"], "--org", "acme", "--as", "boss@acme.example")
    assert done["done_by"] == "boss@acme.example"
    assert (await doorlist.json("task", "untick", task["id"], "--org", "acme"))["done_at"] is None
    await doorlist("project", "rename", "launch", "Start", *where)
    assert [(one["name"], one["tasks"]) for one in await doorlist.json("project", "list", *where)] == [("Start", 1)]
    assert "Draw" in await doorlist("task", "list", "--org", "acme", "--project", made["id"])
    await doorlist("task", "delete", task["id"], "--org", "acme")
    await doorlist("project", "delete", "Start", *where)
    assert "no project" in await doorlist("project", "delete", "Start", *where, code=1)
