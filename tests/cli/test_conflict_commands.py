"""`doorlist conflicts`, and what `doorlist connection set` says, run as a script runs them."""

from __future__ import annotations

import csv
import io
from uuid import uuid4

import pytest

from doorlist.service import clock
from doorlist.service.requestlog import RequestLog
from doorlist.store.conflicts import Collision
from doorlist.store.db import Database
from doorlist.store.journal import Line
from tests.cli.test_access_commands import Commands
from tests.service.company import Company

ORG = ("--org", "acme")


@pytest.fixture
def doorlist(database_url: str) -> Commands:
    return Commands(database_url)


async def collide(database: Database, value: str) -> None:
    """A refused request in the log, as a server writes it."""
    company = await Company.create(database)
    async with database.reading() as connection:
        directory = await connection.fetchval("select id from connections where org_id = $1", company.org_id)
    log = RequestLog(database, days=30)
    for _ in range(2):
        line = Line(
            at=clock.now(),
            request_id=uuid4(),
            method="POST",
            path="/scim/v2/Users",
            query="",
            status=409,
            duration_us=900,
            client="::1",
            agent="azuread",
            org_id=company.org_id,
            connection_id=directory,
            code="taken",
            collisions=(Collision("User", "userName", value, value.lower(), "POST", None),),
        )
        log.add(line)
    await log.flush()


async def test_conflicts_are_listed_exported_and_closed(doorlist: Commands, database: Database) -> None:
    await collide(database, "=ana")
    assert "conflicts" in await doorlist("attention", "list", *ORG)
    text = await doorlist("conflicts", "list", *ORG)
    assert "User userName '=ana': a new one; nobody has it now" in text
    assert "2 times" in text
    (row,) = csv.DictReader(io.StringIO(await doorlist("conflicts", "list", *ORG, "--csv")))
    assert (row["value"], row["times"], row["existing"]) == ("'=ana", "2", "")
    (found,) = await doorlist.json("conflicts", "list", *ORG)
    assert (found["value"], found["what_to_do"][:6]) == ("=ana", "Nobody")
    assert (await doorlist.json("conflicts", "close", found["id"], *ORG))["closed"] == found["id"]
    assert "No conflict is open." in await doorlist("conflicts", "list", *ORG)
    assert "Nothing waits." in await doorlist("attention", "list", *ORG)
    assert "closed" in await doorlist("conflicts", "list", *ORG, "--all")
    assert "no open conflict" in await doorlist("conflicts", "close", found["id"], *ORG, code=1)


async def test_a_connection_is_set_and_shown(doorlist: Commands, database: Database) -> None:
    await Company.create(database)
    assert (await doorlist.json("connection", "show", *ORG))["patch_answer"] == "usual"
    made = await doorlist.json("connection", "set", *ORG, "--patch-answer", "body", "--no-match", "strict")
    assert made == {
        "patch_answer": "body",
        "no_match": "strict",
        "create_of_inactive": "refuse",
        "empty_members": "omitted",
    }
    assert "create of inactive: restore" in await doorlist("connection", "set", *ORG, "--create-of-inactive", "restore")
    shown = await doorlist.json("connection", "show", *ORG)
    assert [shown[name] for name in made] == ["body", "strict", "restore", "omitted"]
    assert "patch answer" in await doorlist("connection", "show", *ORG)
    await doorlist("connection", "set", *ORG, "--patch-answer", "sometimes", code=2)
