"""Lists: search, filters, order and pages, with the rows of a small organization as the oracle."""

from __future__ import annotations

import csv
import io
import itertools
import re

import pytest

from doorlist.service import grouping
from doorlist.store.db import Database
from doorlist.store.organizations import Organization
from tests.console.conftest import OPERATOR, Browser

COUNT = 120
NAME = re.compile(r'<a class="name" href="[^"]*">([^<]*)</a>')
NEXT = re.compile(r'href="([^"]*)" rel="next"')
BEFORE = re.compile(r'href="([^"]*)" rel="prev"')


@pytest.fixture
async def many(database: Database, organization: Organization) -> list[str]:
    """Groups whose names need folding and escaping, sorted as the list sorts them."""
    names = [f"Team {number:03}" for number in range(COUNT)] + ["100% 'wool'", "=1+1", "ÄRZTE"]
    for name in names:
        await grouping.create_group(database, OPERATOR, organization.org_id, name=name)
    async with database.reading() as connection:
        rows = await connection.fetch(
            "select display_name from groups where org_id = $1 order by display_key, id", organization.org_id
        )
    return [row["display_name"] for row in rows]


def address(found: re.Match[str]) -> str:
    return found[1].replace("&amp;", "&")


async def test_leafing_forward_and_back_shows_every_row_once(operator: Browser, many: list[str]) -> None:
    seen: list[list[str]] = []
    path: str | None = "/o/example/groups"
    while path is not None:
        page = await operator.page(path)
        seen.append([name.replace("&#39;", "'") for name in NAME.findall(page)])
        found = NEXT.search(page)
        path = address(found) if found else None
    assert [*itertools.chain(*seen)] == many
    assert [len(part) for part in seen] == [50, 50, 23]
    back = BEFORE.search(page)
    assert back is not None
    assert [name.replace("&#39;", "'") for name in NAME.findall(await operator.page(address(back)))] == seen[1]


async def test_a_search_takes_its_text_for_what_it_is(operator: Browser, many: list[str]) -> None:
    assert NAME.findall(await operator.page("/o/example/groups", params={"q": "0%"})) == ["100% &#39;wool&#39;"]
    assert NAME.findall(await operator.page("/o/example/groups", params={"q": "ärzte"})) == ["ÄRZTE"]
    assert "No group found" in await operator.page("/o/example/groups", params={"q": "_eam"})


async def test_the_order_can_be_turned_round(operator: Browser, many: list[str]) -> None:
    page = await operator.page("/o/example/groups", params={"sort": "-name"})
    assert NAME.findall(page)[:3] == many[::-1][:3]


async def test_csv_has_every_row_and_no_formula(operator: Browser, many: list[str]) -> None:
    answer = await operator.get("/o/example/groups", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["name"] for row in rows] == [name if not name.startswith("=") else "'" + name for name in many]
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    "query",
    [{"sort": "password"}, {"origin": "x' or 1=1"}, {"after": "####"}, {"after": "W10"}, {"q": "a" * 201}],
    ids=["order", "filter", "place", "empty place", "long search"],
)
async def test_what_a_list_does_not_have_is_refused(
    operator: Browser, organization: Organization, query: dict[str, str]
) -> None:
    assert (await operator.get("/o/example/groups", params=query)).status_code == 400
