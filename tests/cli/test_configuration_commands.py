"""`doorlist export`, `doorlist plan` and `doorlist apply`, run as a script runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_access_commands import Commands


@pytest.fixture
def doorlist(database_url: str) -> Commands:
    return Commands(database_url)


async def test_an_organization_becomes_what_a_file_says(doorlist: Commands, tmp_path: Path) -> None:
    await doorlist("org", "create", "Acme", "--plan", "enterprise", "--owner", "boss@acme.example")
    await doorlist("group", "create", "Designers", "--org", "acme")
    file = tmp_path / "access.toml"
    await doorlist("export", "--org", "acme", "--output", str(file))
    text = file.read_text() + '\n[[workspace]]\nname = "Studio"\n[workspace.groups]\n"Designers" = "editor"\n'
    file.write_text(text)
    plan = await doorlist.json("plan", str(file), "--org", "acme")
    assert plan["steps"] == ["create the workspace Studio", "give editor on Studio to the group Designers"]
    refused = await doorlist("apply", str(file), "--org", "acme", "--hash", "0" * 32, code=1)
    assert "has changed since" in refused
    assert "create the workspace Studio" in await doorlist(
        "apply", str(file), "--org", "acme", "--hash", plan["plan_hash"]
    )
    assert await doorlist("export", "--org", "acme") == text
    assert "Nothing to do" in await doorlist("plan", str(file), "--org", "acme")
    file.write_text("x")
    assert "no TOML" in await doorlist("plan", str(file), "--org", "acme", code=1)
