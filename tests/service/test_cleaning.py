"""What was deleted is cleaned up in its time, in batches and by one process at a time; the past stays what it was."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from doorlist.domain.levels import Level
from doorlist.errors import Forgotten, NotFound
from doorlist.service import auditing, cleaning, clock, insight, lifecycle, sharing
from doorlist.service.cleaning import Terms
from tests.service.company import OPERATOR, Company

NOW, LONG = timedelta(0), timedelta(days=400)


@pytest.fixture
async def past(company: Company) -> Company:
    """A company in which a person, a group, a folder and a workspace with two folders were deleted."""
    for name in ("ana", "ben"):
        await company.person(name)
    await company.group("Designers", "ana", "ben")
    for workspace in ("Design", "Sales"):
        await company.workspace(workspace, "Plans", "Secret")
        await company.grant("Designers", Level.EDITOR, workspace, "Plans")
    act = (company.database, OPERATOR, company.org_id)
    secret = await company.place("Sales", "Secret")
    for place in (secret, await company.place("Design", "Secret")):
        await sharing.grant_person(*act, resource_id=place, user_id=company.people["ana"], level=Level.OWNER)
    return company


async def delete(company: Company) -> None:
    act = (company.database, OPERATOR, company.org_id)
    await lifecycle.delete(*act, resource_id=await company.place("Sales", "Secret"))
    await lifecycle.delete(*act, resource_id=await company.place("Design"))
    async with company.database.transaction() as connection:
        for table, name in (("users", "user_name = 'ana'"), ("groups", "display_name = 'Designers'")):
            await connection.execute(f"update {table} set deleted_at = $1 where {name}", clock.now())


async def rows(company: Company, table: str) -> int:
    async with company.database.reading() as connection:
        count: int = await connection.fetchval(f"select count(*) from {table} where org_id = $1", company.org_id)
    return count


async def levels(company: Company, moment: object) -> list[tuple[object, ...]]:
    async with company.database.reading() as connection:
        found = await connection.fetch(
            "select * from effective_access_at($2) where org_id = $1 order by 1, 2, 3", company.org_id, moment
        )
    return [tuple(row) for row in found]


async def test_what_was_deleted_ends_in_its_time_and_the_past_stays_what_it_was(past: Company) -> None:
    before, folder = clock.now(), await past.place("Sales", "Secret")
    known = await levels(past, before)
    assert len(known) == 6
    await delete(past)
    assert not await cleaning.clean_up(past.database, Terms(LONG, LONG))
    done = await cleaning.clean_up(past.database, Terms(NOW, LONG))
    assert (done["people"], done["groups"], done["resources"], done["grants"]) == (1, 1, 5, 4)
    assert await rows(past, "grants") == 0
    assert await levels(past, before) == known
    assert not await cleaning.clean_up(past.database, Terms(NOW, LONG)), "once is enough"
    with pytest.raises(NotFound):
        await lifecycle.restore(past.database, OPERATOR, past.org_id, resource_id=folder)
    assert await lifecycle.list_deleted(past.database, past.org_id) == []
    assert (await past.events())[-1] == "deleted.cleaned-up"


async def test_what_is_forgotten_is_not_answered_as_if_it_were_known(past: Company) -> None:
    before, place = clock.now(), await past.place("Sales", "Plans")
    await delete(past)
    await cleaning.clean_up(past.database, Terms(NOW, LONG))
    done = await cleaning.clean_up(past.database, Terms(NOW, NOW))
    assert done["history"] == 4 + 1 + 1 + 5, "past grants, the person, the group, the places"
    for question in (
        insight.who(past.database, past.org_id, place, at=before),
        insight.what(past.database, past.org_id, past.people["ben"], at=before),
        insight.compare(past.database, past.org_id, earlier=before),
    ):
        with pytest.raises(Forgotten):
            assert [line async for line in question]
    with pytest.raises(Forgotten):
        await insight.explain(past.database, past.org_id, user_id=past.people["ben"], resource_id=place, at=before)
    after = clock.now()
    assert [line async for line in insight.who(past.database, past.org_id, place, at=after)] == []
    assert (await past.events())[-2:] == ["deleted.cleaned-up", "history.forgotten"]
    await auditing.seal(past.database, past.org_id)
    assert (await auditing.verify(past.database, OPERATOR, past.org_id)).faults == ()


async def test_several_processes_take_turns_in_batches(past: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "_BATCH", 2)
    await delete(past)
    done = await asyncio.gather(*(cleaning.clean_up(past.database, Terms(NOW, LONG)) for _ in range(4)))
    rest = await cleaning.clean_up(past.database, Terms(NOW, LONG))
    assert sum(one["resources"] for one in (*done, rest)) == 5
    assert await rows(past, "grants") == 0
    assert (await past.events()).count("deleted.cleaned-up") >= 2
