"""The commands of the access half, run as a script runs them: in a process, by their exit code and JSON."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from doorlist.domain.levels import Level
from doorlist.store.db import Database
from tests.service.company import Company


@dataclass
class Commands:
    """Runs `doorlist` against one database."""

    url: str

    async def __call__(self, *arguments: str, code: int = 0) -> str:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DOORLIST_")}
        environment["DOORLIST_DATABASE_URL"] = self.url
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "doorlist", *arguments, env=environment, stdout=-1, stderr=-1
        )
        output, errors = await process.communicate()
        assert process.returncode == code, errors.decode()
        return (errors if code else output).decode()

    async def json(self, *arguments: str) -> Any:
        return json.loads(await self(*arguments, "--json"))


@pytest.fixture
def doorlist(database_url: str) -> Commands:
    return Commands(database_url)


async def test_an_organization_and_its_tokens(doorlist: Commands) -> None:
    made = await doorlist.json("org", "create", "Acme", "--plan", "enterprise", "--owner", "boss@acme.example")
    assert made["slug"] == "acme"
    assert made["scim_url"].endswith("/scim/v2")
    assert (await doorlist.json("org", "set", "acme", "--no-scim", "--removal-policy", "remove"))[
        "scim_enabled"
    ] is False
    shown = await doorlist.json("org", "show", "acme")
    assert {**made, "scim_enabled": False, "removal_policy": "remove"} == shown
    token = await doorlist.json("token", "create", "--org", "acme", "--label", "entra", "--expires", "30")
    assert token["token"].startswith("dl_scim_")
    assert token["scim_url"] == made["scim_url"]
    assert [one["state"] for one in await doorlist.json("token", "list", "--org", "acme")] == ["valid"]
    assert [one["label"] for one in await doorlist.json("token", "revoke", "--org", "acme", "entra")] == ["entra"]
    assert "could be revoked" in await doorlist("token", "revoke", "--org", "acme", "entra", code=1)
    assert [one["slug"] for one in await doorlist.json("org", "list")] == ["acme"]


async def test_import_share_and_export(doorlist: Commands, database: Database, tmp_path: Path) -> None:
    company = await Company.create(database)
    await company.person("ana@acme.example")
    await company.group("Designers", "ana@acme.example")
    files = {
        "workspaces": "workspace\nDesign\n",
        "folders": "workspace,folder\nDesign,Logos\n",
        "grants": "group,workspace,folder,level\nDesigners,Design,,editor\n",
    }
    options = ["--org", "acme"]
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
        options += [f"--{name}", str(tmp_path / f"{name}.csv")]
    assert (await doorlist.json("import", "grants", *options))["grants_added"] == 1
    assert "Nothing to do" in await doorlist("import", "grants", *options)
    where = ("--org", "acme", "--workspace", "design", "--folder", "logos")
    assert (await doorlist.json("access", "grant", *where, "--group", "designers", "--level", "viewer"))["changed"]
    exported = list(csv.reader(io.StringIO(await doorlist("access", "export", "--org", "acme", "--csv"))))
    assert exported == [
        ["user_name", "workspace", "folder", "level"],
        ["ana@acme.example", "Design", "", "editor"],
        ["ana@acme.example", "Design", "Home", "editor"],
        ["ana@acme.example", "Design", "Logos", "viewer"],
    ]
    as_json = await doorlist.json("access", "what", "--org", "acme", "--user", "ANA@acme.example")
    assert [list(line.values()) for line in as_json] == exported[1:]
    home = ("--org", "acme", "--workspace", "design", "--folder", "home", "--user", "ana@acme.example")
    answer = await doorlist.json("access", "explain", *home)
    assert (answer["level"], answer["winning"]["group"]) == ("editor", "Designers")
    assert "Remove ana@acme.example from Designers" in await doorlist("access", "explain", *home)
    assert "no workspace" in await doorlist("access", "explain", *home, "--at", "2020-01-01", code=1)
    change = ("ungrant", *where, "--group", "designers", "--remove-members")
    planned = await doorlist.json("access", "plan", *change)
    assert (planned["lost"], planned["lines"][0]["before"], planned["lines"][0]["after"]) == (1, "viewer", "none")
    assert "stale" not in await doorlist("access", "plan", *change)
    assert "has changed" in await doorlist("access", "apply", *change, "--hash", "0", code=1)
    assert (await doorlist.json("access", "apply", *change, "--hash", planned["plan_hash"]))["lost"] == 1
    await doorlist("access", "grant", *where, "--group", "designers", "--level", "viewer")
    await doorlist("access", "exclude", *where, "--user", "ana@acme.example")
    assert await doorlist.json("access", "who", *where) == []
    await doorlist("access", "include", *where, "--user", "ana@acme.example")
    assert "--keep-members or --remove-members" in await doorlist(
        "access", "ungrant", *where, "--group", "designers", code=1
    )
    kept = await doorlist.json("access", "ungrant", *where, "--group", "designers", "--keep-members")
    assert kept == {"level": "viewer", "kept": 1}
    assert len(await doorlist.json("access", "retained", "--org", "acme")) == 1
    await doorlist("access", "retained", *where, "--remove", "ana@acme.example")
    assert await doorlist.json("access", "who", *where) == []
    (tmp_path / "grants.csv").write_text("group,workspace,folder,level\nNobody,Design,,editor\n")
    assert "grants.csv:2: there is no group 'Nobody'" in await doorlist("import", "grants", *options, code=1)


async def test_the_lists_of_people_groups_and_workspaces(doorlist: Commands, database: Database) -> None:
    company = await Company.create(database)
    await company.person("ana")
    await company.group("Designers", "ana")
    people = await doorlist.json("people", "list", "--org", "acme")
    assert [(one["user_name"], one["origin"], one["groups"]) for one in people] == [
        ("ana", "directory", 1),
        ("boss@acme.example", "local", 0),
    ]
    assert [one["members"] for one in await doorlist.json("group", "list", "--org", "acme")] == [1]
    shown = await doorlist.json("group", "show", "designers", "--org", "acme")
    assert [member["user_name"] for member in shown["members"]] == ["ana"]
    await doorlist("workspace", "create", "Mine", "--org", "acme", "--as", "ana", "--plan", "enterprise")
    await doorlist("folder", "create", "Plans", "--org", "acme", "--workspace", "mine")
    await doorlist("workspace", "upgrade", "mine", "--org", "acme", "--plan", "enterprise")
    assert [one["folders"] for one in await doorlist.json("workspace", "list", "--org", "acme")] == [2]


async def test_wrong_usage_is_exit_code_two(doorlist: Commands) -> None:
    options = ("--org", "acme", "--workspace", "x")
    assert "none of viewer" in await doorlist("access", "grant", *options, "--user", "a", "--level", "boss", code=2)
    await doorlist("access", "grant", *options, "--level", "viewer", code=2)
    await doorlist("org", "create", "A", "--owner", "a@b.example", "--plan", "gold", code=2)


async def test_the_audit_log_and_what_waits_for_a_decision(doorlist: Commands, database: Database) -> None:
    company = await Company.create(database)
    await company.workspace("Design")
    listed = await doorlist.json("audit", "list", "--org", "acme")
    assert [event["action"] for event in listed] == ["workspace.created", "organization.created"]
    assert listed[0]["change"]["name"] == "Design"
    assert await doorlist.json("audit", "seal", "--org", "acme") == {"sealed": 2}
    assert await doorlist.json("audit", "verify", "--org", "acme") == {"sealed": 2, "unsealed": 0, "faults": []}
    async with database.transaction() as connection:
        await connection.execute("alter table audit_events disable trigger all")
        await connection.execute("delete from audit_events where link = 1")
    process = await doorlist("audit", "verify", "--org", "acme", code=1)
    assert process == "", "what is wrong is on standard output"
    assert await doorlist.json("attention", "list", "--org", "acme") == []
    assert "Nothing waits" in await doorlist("attention", "list", "--org", "acme")
    unknown = "00000000-0000-7000-8000-000000000000"
    assert "no such item" in await doorlist("attention", "resolve", unknown, "confirm", "--org", "acme", code=1)


async def test_places_and_people_are_taken_away_and_given_back(doorlist: Commands, database: Database) -> None:
    company = await Company.create(database)
    await company.person("ana")
    await company.group("Designers", "ana")
    await company.workspace("Design")
    await company.grant("Designers", Level.EDITOR, "Design")
    where, ana = ("--org", "acme", "--workspace", "design"), ("access", "what", "--org", "acme", "--user", "ana")
    assert (await doorlist.json("place", "archive", *where))["changed"]
    assert {line["level"] for line in await doorlist.json(*ana)} == {"viewer"}
    assert (await doorlist.json("place", "unarchive", *where))["changed"]
    assert (await doorlist.json("place", "delete", *where))["changed"]
    assert await doorlist.json(*ana) == []
    (gone,) = await doorlist.json("place", "deleted", "--org", "acme")
    await doorlist("place", "restore", gone["id"], "--org", "acme")
    assert len(await doorlist.json(*ana)) == 2
    assert (await doorlist.json("people", "block", "ana", "--org", "acme"))["changed"]
    assert await doorlist.json(*ana) == []
    assert (await doorlist.json("people", "unblock", "ana", "--org", "acme"))["changed"]
    assert (await doorlist.json("people", "role", "ana", "owner", "--org", "acme"))["changed"]
    assert (await doorlist.json("place", "join", *where, "--as", "ana"))["changed"]
    assert {line["level"] for line in await doorlist.json(*ana)} == {"owner"}
    await doorlist("group", "create", "Guests", "--org", "acme")
    await doorlist("group", "rename", "guests", "Visitors", "--org", "acme")
    changed = await doorlist.json("group", "members", "visitors", "--org", "acme", "--add", "ana")
    assert changed == {"added": 1, "removed": 0}
    changed = await doorlist.json("group", "members", "visitors", "--org", "acme", "--remove", "ana")
    assert changed == {"added": 0, "removed": 1}
    changes = await doorlist.json("access", "compare", "--org", "acme", "--from", "2020-01-01")
    assert {(line["change"], line["before"], line["after"]) for line in changes} == {("gained", "none", "owner")}
    reviewed = await doorlist.json("access", "review", "--org", "acme")
    assert {(line["user_name"], line["way"], line["by"]) for line in reviewed} == {("ana", "direct", "ana")}
