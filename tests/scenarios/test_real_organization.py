"""A real organization of 1,509 people and 766 groups: explanations against its files, previews against their effect."""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from doorlist.domain.changes import Change, GrantGroup, UngrantGroup
from doorlist.domain.directory import fold
from doorlist.domain.explanation import Bearing
from doorlist.domain.levels import Level, Policy
from doorlist.domain.wishlist import Source, read_wishlist
from doorlist.service import clock, importing, insight, planning
from doorlist.store import access, reviewing
from doorlist.store.db import Database
from tests.service.company import OPERATOR, Company

DATA = Path(__file__).parents[3] / "shared" / "data" / "kubernetes-org"
Place = tuple[str, str]


def rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


class Organization:
    """The organization in the database, and the same read from its files."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.members: defaultdict[str, set[str]] = defaultdict(set)
        self.grants: dict[tuple[Place, str], int] = {}
        self.places: dict[Place, UUID] = {}

    async def load(self) -> None:
        """Bring in the files as a directory's people and groups, with the import of grants."""
        company = self.company
        for line in rows("members"):
            self.members[line["group"]].add(line["handle"])
        for line in rows("grants"):
            level = Level.parse(line["level"])
            assert level is not None
            self.grants[(line["workspace"], line["folder"]), line["group"]] = level
        handles, names = [line["handle"] for line in rows("users")], [line["group"] for line in rows("groups")]
        company.people = dict(zip(handles, clock.new_ids(clock.now(), len(handles)), strict=True))
        company.groups = dict(zip(names, clock.new_ids(clock.now(), len(names)), strict=True))
        async with company.database.transaction() as connection:
            await connection.executemany(
                """insert into users (org_id, id, user_name, user_name_key, display_name, active, doc, search,
                                      created_at, modified_at)
                   values ($1, $2, $3, $4, $3, true, '{}', '{}', now(), now())""",
                [(company.org_id, identifier, name, fold(name)) for name, identifier in company.people.items()],
            )
            await connection.executemany(
                """insert into groups (org_id, id, display_name, display_key, doc, search, created_at, modified_at)
                   values ($1, $2, $3, $4, '{}', '{}', now(), now())""",
                [(company.org_id, identifier, name, fold(name)) for name, identifier in company.groups.items()],
            )
            await connection.executemany(
                "insert into group_members values ($1, $2, $3, now())",
                [
                    (company.org_id, company.groups[group], company.people[handle])
                    for group, handles in self.members.items()
                    for handle in handles
                ],
            )
        sources = {n: Source(n, (DATA / f"{n}.csv").read_bytes()) for n in ("workspaces", "folders", "grants")}
        await importing.import_grants(company.database, OPERATOR, company.org_id, read_wishlist(**sources))
        async with company.database.reading() as connection:
            found = await connection.fetch(
                """select w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, r.id
                     from resources r join resources w on w.id = r.workspace_id where r.org_id = $1""",
                company.org_id,
            )
        self.places = {(row["workspace"], row["folder"]): row["id"] for row in found}

    def ways(self, handle: str, place: Place) -> dict[str, int]:
        """Group and level of every way by the files alone: a home folder is reached through its workspace as well."""
        carriers = {place, (place[0], "")} if place[1] == "Home" else {place}
        found: dict[str, int] = {}
        for (carrier, group), level in self.grants.items():
            if carrier in carriers and handle in self.members[group]:
                found[group] = max(level, found.get(group, 0))
        return found

    async def levels(self) -> dict[tuple[UUID, UUID], int]:
        async with self.company.database.reporting() as connection:
            found = await connection.fetch(
                "select user_id, resource_id, level from effective_access where org_id = $1", self.company.org_id
            )
        return {(row["user_id"], row["resource_id"]): row["level"] for row in found}


@pytest.fixture
async def organization(database: Database) -> Organization:
    if not DATA.is_dir():
        pytest.skip("the kubernetes-org CSV data is not beside this checkout")
    organization = Organization(await Company.create(database))
    await organization.load()
    return organization


async def test_two_hundred_explanations_agree_with_the_files(organization: Organization) -> None:
    company, chance = organization.company, random.Random(4)
    people, places = sorted(company.people), sorted(organization.places)
    reachable = [(place, group) for place, group in organization.grants if organization.members[group]]
    pairs = [(chance.choice(people), chance.choice(places)) for _ in range(80)]
    for place, group in chance.sample(reachable, 120):
        pairs.append((chance.choice(sorted(organization.members[group])), place))
    for handle, place in pairs:
        answer = await insight.explain(
            company.database,
            company.org_id,
            user_id=company.people[handle],
            resource_id=organization.places[place],
        )
        ways = organization.ways(handle, place)
        assert answer.level == max(ways.values(), default=0), (handle, place)
        assert {way.group for way in answer.ways if way.bearing is Bearing.COUNTS} == ways.keys(), (handle, place)
        if ways:
            assert answer.winning is not None
            assert ways[answer.winning.group] == answer.level


async def test_granting_narrowing_and_removing_previews_exactly(organization: Organization) -> None:
    company, chance = organization.company, random.Random(7)
    act = (company.database, OPERATOR, company.org_id)
    for _ in range(12):
        (place, group), _level = chance.choice(sorted(organization.grants.items()))
        where, whom = organization.places[place], company.groups[group]
        changes: list[Change] = [
            GrantGroup(where, whom, chance.choice([Level.VIEWER, Level.CHECKER, Level.EDITOR])),
            GrantGroup(where, chance.choice(sorted(company.groups.values())), Level.VIEWER),
            UngrantGroup(where, whom, chance.choice(list(Policy))),
        ]
        for change in changes:
            before, plan = await organization.levels(), await planning.plan(*act, change, names=None)
            await planning.apply(*act, change, plan.plan_hash)
            after = await organization.levels()
            moved = sorted(
                (before.get(pair, 0), after.get(pair, 0))
                for pair in before.keys() | after.keys()
                if before.get(pair, 0) != after.get(pair, 0)
            )
            assert sorted((line.before, line.after) for line in plan.lines) == moved
        again = GrantGroup(where, whom, Level.EDITOR)
        await planning.apply(*act, again, (await planning.plan(*act, again)).plan_hash)


async def test_the_lists_of_a_whole_organization_read_little_for_each_line(organization: Organization) -> None:
    company = organization.company
    for statement in (access._EXPORT, reviewing._REVIEW):
        async with company.database.reporting() as connection:
            found = await connection.fetchval(
                f"explain (analyze, buffers, timing off, format json) {statement}", company.org_id
            )
        read = json.loads(found)[0]["Plan"]
        assert read["Actual Rows"] == 1858
        assert read["Shared Hit Blocks"] < 1000 * 1858, "a person's lines are found by the person"
