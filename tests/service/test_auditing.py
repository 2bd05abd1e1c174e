"""The audit log refuses changes, and shows those that were made behind its back."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from doorlist.domain.levels import Level
from doorlist.domain.wishlist import Source, read_wishlist
from doorlist.errors import NotFound
from doorlist.service import auditing, importing
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


@pytest.mark.parametrize(
    "statement",
    [
        "update grants set level = 1",
        "delete from grants",
        """insert into group_members (org_id, group_id, user_id, added_at)
           select org_id, id, id, now() from groups""",
        """insert into retained (org_id, resource_id, user_id, group_id, group_name, level, since)
           select g.org_id, g.resource_id, g.principal_id, g.principal_id, 'x', 2, now() from grants g""",
    ],
)
async def test_what_was_changed_behind_the_log_shows_when_it_is_added_up(sealed: Company, statement: str) -> None:
    assert not (await auditing.reconcile(sealed.database, OPERATOR, sealed.org_id)).unexplained
    async with sealed.database.transaction() as connection:
        await connection.execute(statement)
    found = await auditing.reconcile(sealed.database, OPERATOR, sealed.org_id)
    assert len(found.unexplained) + len(found.missing) > 0


async def test_the_rows_of_an_import_are_beside_its_event_and_under_its_seal(company: Company) -> None:
    await company.group("Designers")
    texts = ("workspace\nDesign\n", "workspace,folder\nDesign,Logos\n", "group,workspace,folder,level\n")
    grants = "Designers,Design,,editor\nDesigners,Design,Logos,viewer\n"
    sheets = [Source("x", text.encode()) for text in (*texts[:2], texts[2] + grants)]
    wishlist = read_wishlist(workspaces=sheets[0], folders=sheets[1], grants=sheets[2])
    act = (company.database, OPERATOR, company.org_id)
    await importing.import_grants(*act, wishlist)
    event = (await auditing.list_events(*act, action="grants.imported"))[0]
    assert event.change["details"]["rows"] == 4
    rows = [row async for row in auditing.list_details(*act, request_id=event.request_id)]
    assert [row.get("name") or row["level"] for row in rows] == ["Design", "Logos", 3, 1]
    assert (await auditing.reconcile(*act)).rows == 2
    with pytest.raises(NotFound):
        assert [row async for row in auditing.list_details(*act, request_id=company.org_id)]
    await auditing.seal(company.database, company.org_id)
    assert await faults(company) == 0
    with pytest.raises(asyncpg.PostgresError, match="never changed"):
        async with company.database.transaction() as connection:
            await connection.execute("delete from audit_details")
    async with company.database.transaction() as connection:
        await connection.execute("alter table audit_details disable trigger all")
        await connection.execute("update audit_details set rows = replace(rows, '3', '1')")
    assert await faults(company) == 1


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
