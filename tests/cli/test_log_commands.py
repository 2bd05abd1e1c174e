"""`doorlist log`, `token rotate` and `connection`, run as a script runs them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from doorlist.service import clock, tokens
from doorlist.service.requestlog import RequestLog
from doorlist.store import credentials
from doorlist.store.credentials import Use
from doorlist.store.db import Database
from doorlist.store.journal import Line
from tests.cli.test_access_commands import Commands
from tests.service.company import OPERATOR, Company

ORG = ("--org", "acme")


@pytest.fixture
def doorlist(database_url: str) -> Commands:
    return Commands(database_url)


@pytest.fixture
async def company(database: Database) -> Company:
    return await Company.create(database)


async def logged(company: Company, token_id: UUID | None = None, **values: object) -> Line:
    """One more request in the log, with bodies; the values stand in for the usual ones."""
    at = datetime.now(UTC)
    line = Line(
        **{  # type: ignore[arg-type] # a line from a table of its values
            "at": at,
            "request_id": uuid4(),
            "method": "GET",
            "path": "/scim/v2/Users",
            "query": "",
            "status": 200,
            "duration_us": 1500,
            "client": "::1",
            "agent": "azuread",
            "org_id": company.org_id,
            "token_id": token_id,
            **values,
        }
    )
    log = RequestLog(company.database, days=30, body_days=7)
    log.add(line, b'{"userName":"ana"}', b'{"id":"1"}')
    await log.flush()
    return line


async def test_the_log_is_listed_filtered_and_exported(doorlist: Commands, company: Company) -> None:
    minted = await tokens.create_token(
        company.database, OPERATOR, company.org_id, label="entra", expires_days=None, scopes=()
    )
    first = await logged(company, minted.id)
    failed = await logged(company, minted.id, method="POST", status=409, code="taken", detail="userName: taken")
    await logged(company, org_id=None, status=401, code="unauthenticated", token_hint="dl_scim_Ab3d")
    everything = await doorlist.json("log", "list", *ORG)
    assert [one["request_id"] for one in everything] == [str(failed.request_id), str(first.request_id)]
    assert everything[0]["token"] == "entra"
    for options in (
        ("--failures",),
        ("--status", "409"),
        ("--method", "post"),
        ("--text", "TAKEN"),
        ("--limit", "1"),
        ("--since", failed.at.isoformat()),
    ):
        (line,) = await doorlist.json("log", "list", *ORG, *options)
        assert line["request_id"] == str(failed.request_id), options
    (line,) = await doorlist.json("log", "list", *ORG, "--before", str(everything[0]["id"]), "--token", "entra")
    assert line["request_id"] == str(first.request_id)
    rows = list(csv.DictReader(io.StringIO(await doorlist("log", "list", *ORG, "--csv"))))
    assert [row["status"] for row in rows] == ["409", "200"]
    hint = tokens.bearer.hint(minted.text)
    assert {row["token_hint"] for row in rows} == {hint}
    assert f"entra ({hint}…)" in await doorlist("log", "list", *ORG)
    (stranger,) = await doorlist.json("log", "list")
    assert (stranger["status"], stranger["token"]) == (401, "dl_scim_Ab3d")
    assert "dl_scim_Ab3d" in await doorlist("log", "list")
    assert "no date or time" in await doorlist("log", "list", *ORG, "--since", "yesterday", code=2)
    older = await doorlist.json("log", *ORG, "--failures", "--limit", "5")
    assert [one["code"] for one in older] == ["taken"]
    assert "--org" in await doorlist("log", "--limit", "5", code=2)


async def test_an_export_cannot_start_a_formula_in_a_spreadsheet(doorlist: Commands, company: Company) -> None:
    await logged(company, agent='=HYPERLINK("http://example.com")', client="@SUM(A1)")
    (row,) = csv.DictReader(io.StringIO(await doorlist("log", "list", *ORG, "--csv")))
    assert (row["agent"][:2], row["client"][:2]) == ("'=", "'@")
    (line,) = await doorlist.json("log", "list", *ORG)
    assert (line["agent"][:1], line["client"][:1]) == ("=", "@")


async def test_one_request_is_shown_with_advice_members_and_a_replay(doorlist: Commands, company: Company) -> None:
    await company.person("ana")
    group = await company.group("Design")
    line = await logged(
        company,
        method="PATCH",
        path=f"/scim/v2/Groups/{group}",
        status=204,
        change='{"attributes":{"displayName":["Design","Art"]},"members added":1}',
    )
    change = json.dumps({"added": [str(company.people["ana"])]})
    async with company.database.reading() as connection:
        await connection.execute(
            """insert into audit_events (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id,
                                         request_id, change)
               values ($1, now(), 'group.members-changed', 'directory', 'x', 'scim', 'group', $2, $3, $4)""",
            company.org_id,
            group,
            line.request_id,
            change,
        )
    text = await doorlist("log", "show", str(line.request_id), *ORG)
    assert 'displayName: "Design" -> "Art"' in text
    assert "+ ana" in text
    assert "curl -X PATCH" in text
    assert "Bearer $TOKEN" in text
    shown = await doorlist.json("log", "show", str(line.request_id), *ORG)
    assert [one["name"] for one in shown["members"]] == ["ana"]
    assert shown["events"][0]["added"] == 1
    failed = await logged(company, status=403, code="plan-too-low", detail="Provisioning needs the enterprise plan.")
    text = await doorlist("log", "show", str(failed.request_id), *ORG)
    assert "Doorlist administrator" in text
    assert "doorlist org set" in text
    assert "has no request" in await doorlist("log", "show", str(uuid4()), *ORG, code=1)
    assert "has no request" in await doorlist("log", "show", str(failed.request_id), code=1)


async def test_the_health_follows_what_happens(doorlist: Commands, company: Company) -> None:
    async def state() -> str:
        return str((await doorlist.json("log", "health", *ORG))["state"])

    assert await state() == "not configured"
    minted = await tokens.create_token(
        company.database, OPERATOR, company.org_id, label="entra", expires_days=None, scopes=()
    )
    assert await state() == "waiting for the first request"
    test = await logged(company, minted.id, query=f"filter=userName+eq+%22{uuid4()}%22", at=ago(hours=4))
    assert await state() == "stale"
    await logged(company, minted.id)
    found = await doorlist.json("connection", "show", *ORG)
    assert (found["state"], found["token"], found["client"]) == ("healthy", "entra", "azuread")
    assert found["last_connection_test"].startswith(f"{test.at:%Y-%m-%dT%H:%M:%S}")
    for _ in range(3):
        await logged(company, minted.id, status=500, code="internal", duration_us=9000)
    assert await state() == "degraded"
    assert (await doorlist.json("connection", "pause", *ORG))["changed"]
    assert await state() == "paused"
    assert "Nothing to do" in await doorlist("connection", "pause", *ORG)
    assert (await doorlist.json("connection", "resume", *ORG))["changed"]
    await doorlist("org", "set", "acme", "--no-scim")
    assert "disabled" in await doorlist("log", "health", *ORG)


async def test_a_token_is_rotated_in_three_steps(doorlist: Commands, company: Company) -> None:
    await doorlist("token", "create", *ORG, "--label", "entra", "--expires", "20")
    new = await doorlist.json("token", "rotate", *ORG, "entra")
    assert new["token"].startswith("dl_scim_")
    assert "has not been used yet" in await doorlist("token", "rotate-complete", *ORG, "entra", code=1)
    async with company.database.reading() as connection:
        await credentials.touch(connection, [Use(company.org_id, UUID(new["id"]), clock.now(), "azuread")])
    listed = await doorlist.json("token", "list", *ORG)
    assert [(one["use"], one["expires_in_days"]) for one in listed] == [
        ("being replaced", 20),
        ("in use, replacement", 20),
    ]
    table = await doorlist("token", "list", *ORG)
    assert "expires in 20 days" in table
    assert "entra #2" in table
    assert [(one["label"], one["generation"]) for one in listed] == [("entra", 1), ("entra", 2)]
    assert (await doorlist.json("token", "rotate-complete", *ORG, "entra"))["valid"] == new["id"]
    await doorlist("token", "rotate", *ORG, "entra", "--expires", "5")
    assert (await doorlist.json("token", "rotate-cancel", *ORG, "entra"))["valid"] == new["id"]
    assert "No rotation" in await doorlist("token", "rotate-cancel", *ORG, "entra", code=1)


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)
