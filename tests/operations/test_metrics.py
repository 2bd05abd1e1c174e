"""/metrics: one total of all processes, for whoever has the token; every family is documented."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2 as httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from doorlist.config import Settings
from doorlist.service import clock
from doorlist.store.db import Database
from doorlist.web.app import App
from doorlist.web.metering import Tally, operation, scim_operation
from doorlist.web.metrics import Board, Gauges, Sheet, add_up, outcome
from tests.http.conftest import USER_URN, Directory, Enrol

TOKEN = "a-token-for-scraping"
PAGE = Path(__file__).parents[2] / "docs/reference/metrics.md"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[App]:
    """The application, started, with a token for its metrics."""
    app = App(Settings(database_url=database_url, public_url="https://doorlist.example", metrics_token=TOKEN))
    async with app._lifespan(app._pages):
        yield app


async def scrape(app: App, token: str | None = TOKEN) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # App is an ASGI application
    async with httpx.AsyncClient(transport=transport, base_url="https://doorlist.example") as client:
        return await client.get("/metrics", headers=headers)


async def samples(app: App) -> Samples:
    answer = await scrape(app)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def requests(found: Samples, operation: str, outcome: str, *, area: str = "scim") -> float:
    labels = (("area", area), ("operation", operation), ("outcome", outcome))
    return found.get(("doorlist_request_duration_seconds_count", labels), 0)


async def test_requests_are_counted_by_operation_and_outcome(app: App, directory: Directory) -> None:
    ann = await directory.user("ann")
    await directory.call("POST", "/Users", json={"schemas": [USER_URN], "userName": "ann"})
    await directory.call("GET", f"/Users/{ann['id']}")
    await directory.call("GET", "/Groups")
    await directory.call("BREW", "/Groups")
    found = await samples(app)
    assert requests(found, "create User", "done") == 1
    assert requests(found, "create User", "refused") == 1
    assert requests(found, "get User", "done") == 1
    assert requests(found, "list Group", "done") == 1
    assert requests(found, "other", "refused") == 1
    assert requests(await samples(app), "metrics", "done", area="health") == 1


async def test_what_is_kept_and_what_ends_is_counted(app: App, enrol: Enrol, database: Database) -> None:
    await enrol("Soon", expires_days=5)
    late = await enrol("Late", expires_days=90)
    async with database.transaction() as connection:
        await connection.execute("insert into connection_pauses select org_id, id, now(), 'x' from connections limit 1")
        await connection.execute(
            "insert into retained (org_id, resource_id, user_id, group_id, group_name, level, since)"
            " values ($1, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'g', 1, now())",
            late.org_id,
        )
        await connection.execute(
            "insert into attention_items (org_id, id, kind, target_kind, target_id, detail, raised_at)"
            " values ($1, gen_random_uuid(), 'test', 'user', gen_random_uuid(), '{}', now())",
            late.org_id,
        )
    found = await samples(app)
    assert found["doorlist_tokens_ending", (("days", "1"),)] == 0
    assert found["doorlist_tokens_ending", (("days", "7"),)] == 1
    assert found["doorlist_connections_paused", ()] == 1
    assert found["doorlist_retained", (("state", "live"),)] == 1
    assert found["doorlist_attention_waiting", (("kind", "test"),)] == 1
    assert found["doorlist_audit_unsealed", ()] > 0
    assert found["doorlist_database_up", ()] == 1


@pytest.mark.parametrize("token", [None, "", "another-token-here", TOKEN + "x"])
async def test_without_the_token_nothing_is_told(app: App, token: str | None) -> None:
    answer = await scrape(app, token)
    assert answer.status_code == 401
    assert "doorlist_" not in answer.text


async def test_without_the_setting_there_is_no_page(database_url: str) -> None:
    app = App(Settings(database_url=database_url))
    async with app._lifespan(app._pages):
        assert (await scrape(app)).status_code == 404


async def test_every_metric_is_documented_and_no_other(app: App, directory: Directory) -> None:
    await directory.user("ann")
    page = PAGE.read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)` \| (\w+) \|", page, re.MULTILINE))
    text = (await scrape(app)).text
    assert set(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)) == told


def test_processes_that_ended_have_their_requests_in_the_total_but_no_connections() -> None:
    now = clock.now().timestamp()
    row = [1] + [0] * 11 + [400]
    live = Sheet(now, Gauges(pool_open=3, oldest=1, lost=1), [("scim get User", 200, row)])
    dead = Sheet(
        now - 60, Gauges(pool_open=5, oldest=9, lost=2), [("scim get User", 404, row), ("scim get User", 200, row)]
    )
    total = add_up([live, dead], now=now)
    assert total.processes == 1
    assert (total.gauges["pool_open"], total.gauges["oldest"], total.gauges["lost"]) == (3, 1, 3)
    assert total.requests["scim", "get User", "done"] == [2] + [0] * 11 + [800]
    assert total.requests["scim", "get User", "refused"] == row


def test_nothing_that_a_client_sends_becomes_a_label() -> None:
    assert scim_operation("X" * 20, ["Users"]) == scim_operation("GET", ["nonsense", "x"]) == "scim other"
    assert scim_operation("POST", ["Users", ".search"]) == "scim search User"
    assert scim_operation("GET", ["Groups", "id", "members"]) == "scim list members"
    assert operation("BREW", "/anything/at-all") == "console write"
    assert operation("GET", "/saml/acme/anything") == "sign-in other"
    assert {outcome(status) for status in range(100, 600)} == {
        "done",
        "refused",
        "limited",
        "unavailable",
        "failed",
        "gone",
    }


def test_counting_a_request_keeps_no_memory() -> None:
    tally = Tally()
    tally.note("scim get User", 200, 700)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    for number in range(10_000):
        tally.note("scim get User", 200, number % 200)
    grown = sum(each.size_diff for each in tracemalloc.take_snapshot().compare_to(before, "filename"))
    tracemalloc.stop()
    assert grown < 20_000
    assert sum(tally.counts["scim get User", 200][:-1]) == 10_001


def test_a_process_has_one_sheet_however_often_it_publishes(tmp_path: Path) -> None:
    board = Board(tmp_path, Tally(), Gauges)
    for _ in range(5):
        board.publish()
    assert len(list(tmp_path.iterdir())) == 1
