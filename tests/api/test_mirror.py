"""Who applies what webhooks tell of access has what the export says, whatever happened: nothing moves in silence."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from doorlist.domain.levels import Level, Policy
from doorlist.errors import Refusal
from doorlist.service import auditing, excluding, feeding, hooking, lifecycle, sharing, staffing
from doorlist.store.db import Database
from tests.api.test_decisions import scattered
from tests.service.company import OPERATOR, Company

Levels = dict[tuple[str, str], str]


async def exported(company: Company) -> Levels:
    """Every effective level by the ids of person and place."""
    async with company.database.reading() as connection:
        rows = await connection.fetch(
            "select user_id, resource_id, level from effective_access where org_id = $1", company.org_id
        )
    return {(str(row["user_id"]), str(row["resource_id"])): Level(row["level"]).label for row in rows}


async def told(company: Company, place: int) -> tuple[list[dict[str, Any]], int]:
    """The messages behind a place, and the last place."""
    async with company.database.reading() as connection:
        rows = await connection.fetch(
            "select place, body from webhook_messages where org_id = $1 and place > $2 order by place",
            company.org_id,
            place,
        )
    return [json.loads(row["body"]) for row in rows], rows[-1]["place"] if rows else place


def random_change(company: Company, places: list[UUID], chance: random.Random) -> Callable[[], Awaitable[object]]:
    """One of the changes that move access."""
    act = (company.database, OPERATOR, company.org_id)
    person, place = chance.choice(list(company.people)), chance.choice(places)
    group, level = chance.choice(list(company.groups)), Level(chance.randint(1, 5))
    who, grouped = {"resource_id": place, "user_id": company.people[person]}, min(level, Level.EDITOR)
    team = {"resource_id": place, "group_id": company.groups[group]}
    return chance.choice(
        [
            lambda: sharing.grant_person(*act, **who, level=level),
            lambda: sharing.ungrant_person(*act, **who),
            lambda: sharing.remove_person(*act, **who),
            lambda: sharing.remove_retained(*act, **who),
            lambda: sharing.grant_group(*act, **team, level=grouped),
            lambda: sharing.ungrant_group(*act, **team, members=chance.choice(list(Policy))),
            lambda: excluding.exclude_person(*act, **who),
            lambda: excluding.lift_exclusion(*act, **who),
            lambda: staffing.block(*act, user_id=company.people[person]),
            lambda: staffing.unblock(*act, user_id=company.people[person]),
            lambda: lifecycle.archive(*act, resource_id=place),
            lambda: lifecycle.unarchive(*act, resource_id=place),
            lambda: lifecycle.delete(*act, resource_id=place),
            lambda: lifecycle.restore(*act, resource_id=place),
        ]
    )


@pytest.mark.parametrize("seed", range(5))
async def test_the_sum_of_what_is_told_is_what_there_is(
    database: Database, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "coalesce", lambda happenings, budget: (list(happenings), budget))
    company, chance = await scattered(database, seed), random.Random(seed)
    await auditing.seal(database, company.org_id)
    await hooking.create_endpoint(database, OPERATOR, company.org_id, url="https://mirror.example/")
    async with database.reading() as connection:
        rows = await connection.fetch("select id from resources where org_id = $1 order by id", company.org_id)
    places, mirror, last, moved = [row["id"] for row in rows], await exported(company), 0, 0
    for _ in range(60):
        change = random_change(company, places, chance)
        try:
            await change()
        except Refusal:
            continue
        await auditing.seal(database, company.org_id)
        await feeding.feed(database, company.org_id)
        messages, last = await told(company, last)
        for message in messages:
            data = message["data"]
            if message["type"].startswith("access."):
                moved += 1
                key = (data["user_id"], data["resource_id"])
                assert mirror.get(key, "none") == data["before"]
                mirror[key] = data["after"]
        assert {key: level for key, level in mirror.items() if level != "none"} == await exported(company)
    assert moved >= 10
