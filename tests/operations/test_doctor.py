"""`doorlist doctor` finds exactly what was broken, and nothing in what the program itself did."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from doorlist.service import doctor
from doorlist.service.auditing import seal_everything
from doorlist.service.doctor import CHECKS
from doorlist.service.workspaces import create_workspace
from doorlist.store.db import Database
from tests.http.conftest import Directory, Enrol
from tests.service.company import OPERATOR, Company

OPERATE = Path(__file__).parents[2] / "docs/how-to/operate.md"

_PAST_GRANT = """
insert into past_grants (org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
                         since, until)
select org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
       now() - interval '1 day', now() + interval '1 day' from grants limit 1
"""
_RETAINED = """
insert into retained (org_id, resource_id, user_id, group_id, group_name, level, since, state)
select org_id, gen_random_uuid(), {person}, gen_random_uuid(), 'g', 1, now(), 'live' from users limit 1
"""
_CERTIFICATE = """
insert into saml_certificates (org_id, fingerprint, pem, subject, not_before, not_after, source, added_at)
select org_id, 'f', 'p', 'CN=idp', now(), now() + interval '10 days', 'manual', now() from organizations limit 1
"""
_REQUEST = """
insert into request_log (at, request_id, method, path, query, status, duration_us, client, agent)
values (now() - interval '40 days', gen_random_uuid(), 'GET', '/', '', 200, 1, '', '')
"""
_EVENT = """
insert into audit_events (org_id, at, action, actor_kind, actor_id, source, target_kind, target_id, request_id, change)
select org_id, now() - interval '1 hour', 'x', 'x', 'x', 'x', 'user', gen_random_uuid(), gen_random_uuid(), '{}'
  from organizations limit 1
"""

BREAKS = {
    "orphan-members": "insert into group_members select org_id, gen_random_uuid(), id, now() from users limit 1",
    "workspace-without-home": "delete from resources where home",
    "workspace-without-owner": "delete from grants where level = 5",
    "retained-without-person": _RETAINED.format(person="gen_random_uuid()"),
    "retained-while-inactive": "update users set active = false;" + _RETAINED.format(person="id"),
    "history-overlaps": _PAST_GRANT,
    "token-ends": "update tokens set expires_at = now() + interval '3 days'",
    "certificate-ends": _CERTIFICATE,
    "directory-silent": "update tokens set last_used_at = now() - interval '3 days'",
    "connection-paused": "insert into connection_pauses select org_id, id, now(), 'boss' from connections limit 1",
    "audit-unsealed": _EVENT,
    "clean-up-behind": _REQUEST,
}


_OWNER = """
insert into grants (org_id, id, resource_id, principal_kind, principal_id, level, created_at, created_by)
select r.org_id, gen_random_uuid(), r.id, 'user', u.id, 5, now(), 'test'
  from resources r join users u on u.org_id = r.org_id and u.user_name = 'ann' where r.kind = 'workspace'
"""


@pytest.fixture
async def acme(enrol: Enrol, database: Database) -> Directory:
    """An organization with a token, and a person who owns a workspace."""
    made: Directory = await enrol("Acme")
    await made.user("ann")
    await create_workspace(database, OPERATOR, made.org_id, name="Yard")
    async with database.transaction() as connection:
        await connection.execute(_OWNER)
    return made


async def examined(url: str, *options: str, code: int) -> str:
    """What the command prints on standard output, when it ends with that code."""
    environment = {**os.environ, "DOORLIST_DATABASE_URL": url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "doorlist", "doctor", *options, env=environment, stdout=-1
    )
    output, _ = await process.communicate()
    assert process.returncode == code
    return output.decode()


async def codes(database: Database) -> set[str]:
    await seal_everything(database)
    return {finding.code for finding in await doctor.examine(database, log_days=30)}


async def test_nothing_is_found_in_what_the_program_did(database: Database, acme: Directory) -> None:
    ann, ben = await acme.user("anna"), await acme.user("ben")
    group = await acme.group("Team", ann["id"], ben["id"])
    await acme.call("DELETE", f"/Users/{ann['id']}")
    await acme.patch(f"/Users/{ben['id']}", {"op": "replace", "path": "active", "value": False})
    await acme.call("DELETE", f"/Groups/{group['id']}")
    assert await codes(database) == set()


@pytest.mark.parametrize(("code", "statement"), BREAKS.items(), ids=BREAKS)
async def test_what_was_broken_is_found_and_nothing_else(
    database: Database, acme: Directory, code: str, statement: str
) -> None:
    if code == "audit-unsealed":
        assert await codes(database) == set()
    async with database.transaction() as connection:
        await connection.execute(statement)
    found = await doctor.examine(database, log_days=30)
    assert [finding.code for finding in found] == [code]
    assert found[0].total == len(found[0].subjects) > 0
    assert found[0].subjects[0][0] in ("acme", None)


async def test_a_statement_that_runs_for_long_is_found(database: Database, acme: Directory) -> None:
    async with database.transaction() as busy, database.reading() as other:
        await busy.execute("select pg_advisory_xact_lock(1)")
        waiting = other.execute("select pg_advisory_xact_lock(1)")
        found = {each.code: each for each in await doctor.examine(database, log_days=30, slow_seconds=0)}
        waiting.close()
    assert any("pg_advisory_xact_lock" in subject for _, subject in found["slow-statements"].subjects)


async def test_a_changed_audit_event_is_found(database: Database, database_url: str) -> None:
    await Company.create(database)
    await seal_everything(database)
    assert await doctor.examine_audit(database, OPERATOR) is None
    intruder = await asyncpg.connect(database_url)
    await intruder.execute("alter table audit_events disable trigger all; update audit_events set actor_id = 'nobody'")
    await intruder.close()
    found = await doctor.examine_audit(database, OPERATOR)
    assert found is not None
    assert (found.code, found.severity) == ("audit-broken", "broken")


async def test_the_command_tells_by_its_exit_code(database: Database, database_url: str, acme: Directory) -> None:
    await seal_everything(database)
    assert "Nothing was found" in await examined(database_url, "--audit", code=0)
    async with database.transaction() as connection:
        await connection.execute(BREAKS["connection-paused"])
    told = await examined(database_url, code=3)
    assert "WARNING connection-paused (1)" in told
    assert "doorlist connection resume" in told
    async with database.transaction() as connection:
        await connection.execute(BREAKS["workspace-without-home"])
    found: dict[str, Any] = json.loads(await examined(database_url, "--json", code=4))
    assert {each["code"] for each in found["findings"]} == {"connection-paused", "workspace-without-home"}


async def test_a_database_that_is_behind_is_told_and_not_migrated(empty_database_url: str) -> None:
    told = await examined(empty_database_url, code=3)
    assert "migrations-behind" in told
    assert "no migration" in told
    assert (await doctor.behind(empty_database_url)) is not None


def test_every_finding_is_documented_and_broken_by_a_test() -> None:
    page = OPERATE.read_text(encoding="utf-8").split("## The doctor", 1)[1].split("\n## ")[0]
    listed = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", page))
    beside = {"migrations-behind", "audit-broken", "slow-statements", "clean-up-behind"}
    assert listed == {check.code for check in CHECKS} | beside
    assert set(BREAKS) == {check.code for check in CHECKS} | {"clean-up-behind"}
