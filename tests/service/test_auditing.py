"""The audit log refuses changes, and shows those that were made behind its back."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from doorlist.domain.levels import Level
from doorlist.service import auditing
from tests.service.company import OPERATOR, Company


@pytest.fixture
async def sealed(company: Company) -> Company:
    """A company with a dozen sealed events."""
    await company.group("Designers")
    await company.workspace("Design", *(f"folder {number}" for number in range(9)))
    await company.grant("Designers", Level.EDITOR, "Design")
    assert await auditing.seal(company.database, company.org_id) == 12
    return company


async def tamper(company: Company, statement: str) -> None:
    """What somebody with every right on the database can do."""
    async with company.database.transaction() as connection:
        await connection.execute("alter table audit_events disable trigger all")
        await connection.execute(statement)
        await connection.execute("alter table audit_events enable trigger all")


async def faults(company: Company) -> int:
    return len((await auditing.verify(company.database, OPERATOR, company.org_id)).faults)


async def test_an_untouched_log_verifies(sealed: Company) -> None:
    assert await auditing.verify(sealed.database, OPERATOR, sealed.org_id) == auditing.Verdict(12, 0, ())
    await sealed.workspace("Sales")
    assert (await auditing.verify(sealed.database, OPERATOR, sealed.org_id)).unsealed == 1
    assert await auditing.seal_everything(sealed.database) == 1
    assert await faults(sealed) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_events set actor_id = 'somebody else' where link = 5",
        """update audit_events set change = '{"name": "x"}' where link = 5""",
        "delete from audit_events where link = 5",
        "delete from audit_events where link = 12",
        "update audit_events set at = at - interval '1 second' where link = 12",
        "update audit_events set link = case link when 5 then -6 else -5 end where link in (5, 6); "
        "update audit_events set link = -link where link < 0",
        "update audit_events set seal = decode(repeat('00', 32), 'hex') where link = 3",
    ],
)
async def test_tampering_shows(sealed: Company, statement: str) -> None:
    await tamper(sealed, statement)
    assert await faults(sealed) > 0


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_events set actor_id = 'somebody else'",
        "update audit_events set seal = null, link = null",
        "delete from audit_events",
        "truncate audit_events",
    ],
)
async def test_the_database_refuses_changes(sealed: Company, statement: str) -> None:
    with pytest.raises(asyncpg.PostgresError, match="never changed"):
        async with sealed.database.transaction() as connection:
            await connection.execute(statement)
    assert await faults(sealed) == 0


async def test_sealers_take_turns(company: Company) -> None:
    await company.workspace("Design", *(f"folder {number}" for number in range(20)))
    counts = await asyncio.gather(*(auditing.seal(company.database, company.org_id) for _ in range(5)))
    assert sum(counts) == 22
    assert await faults(company) == 0


async def test_the_log_is_listed_in_pages(sealed: Company) -> None:
    first = await auditing.list_events(sealed.database, OPERATOR, sealed.org_id, limit=2)
    assert first[0].action == "grant.added"
    rest = await auditing.list_events(sealed.database, OPERATOR, sealed.org_id, before=first[-1].seq)
    assert len(first) + len(rest) == 12
    named = await auditing.list_events(sealed.database, OPERATOR, sealed.org_id, action="workspace.created")
    assert [event.change["name"] for event in named] == ["Design"]
