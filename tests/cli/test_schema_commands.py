"""`doorlist schema`, run as a script runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from doorlist.store.db import Database
from tests.cli.test_access_commands import Commands
from tests.service.company import Company

ORG = ("--org", "acme")
URN = "urn:example:params:scim:schemas:badge:2.0:User"


@pytest.fixture
async def doorlist(database: Database, database_url: str) -> Commands:
    await Company.create(database)
    return Commands(database_url)


def write(path: Path, *names: str) -> str:
    path.write_text(json.dumps({"id": URN, "attributes": [{"name": name} for name in names]}))
    return str(path)


async def test_a_schema_is_declared_changed_shown_and_removed(doorlist: Commands, tmp_path: Path) -> None:
    file = write(tmp_path / "badge.json", "number")
    made = await doorlist.json("schema", "declare", file, *ORG, "--for", "User", "--for", "Group")
    assert (made["urn"], made["types"], made["revision"]) == (URN, ["Group", "User"], 1)
    assert "revision 2" in await doorlist("schema", "declare", write(tmp_path / "badge.json", "number", "color"), *ORG)
    listed = await doorlist.json("schema", "list", *ORG)
    assert [(item["types"], item["revision"]) for item in listed] == [(["User"], 2)]
    assert URN in await doorlist("schema", "list", *ORG)
    shown = json.loads(await doorlist("schema", "show", URN.upper(), *ORG))
    assert [attribute["name"] for attribute in shown["attributes"]] == ["number", "color"]
    (tmp_path / "again.json").write_text(json.dumps(shown))
    await doorlist("schema", "declare", str(tmp_path / "again.json"), *ORG)
    await doorlist("schema", "remove", URN, *ORG)
    assert await doorlist.json("schema", "list", *ORG) == []
    await doorlist("schema", "show", URN, *ORG, code=1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "not JSON"),
        (b'{"id": "badge", "attributes": [{"name": "a"}]}', "(id)"),
        (b" " * (1 << 20) + b"{}", "bytes"),
    ],
)
async def test_a_file_that_cannot_be_used_is_refused(
    doorlist: Commands, tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / "badge.json"
    file.write_bytes(content)
    assert told in await doorlist("schema", "declare", str(file), *ORG, code=1)
    assert "cannot be read" in await doorlist("schema", "declare", str(tmp_path), *ORG, code=1)
