"""Two processes of one server are one total, also after one of them was killed."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.live.processes import Commands, Served, serving, soon

pytestmark = pytest.mark.live

TOKEN = "a-token-for-scraping"


def listed(served: Served) -> int:
    """How many lists of people the total has."""
    answer = httpx.get(f"{served.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    found = re.search(r'duration_seconds_count\{area="scim",operation="list User",outcome="done"\} (\S+)', answer.text)
    return 0 if found is None else int(float(found[1]))


def test_two_processes_are_one_total_that_never_falls(tmp_path: Path) -> None:
    with serving("--data", tmp_path, "--port", "0", "--workers", "2", DOORLIST_METRICS_TOKEN=TOKEN) as served:
        organization = Commands(tmp_path, tmp_path / "none").organization("Counted")
        for _ in range(20):
            with organization.client() as client:  # a connection each, so that both processes get some
                assert client.get("/Users").status_code == 200
        soon(lambda: listed(served) == 20)
        served.workers()[0].kill()
        soon(lambda: len(served.workers()) == 2 and served.ready())
        assert listed(served) == 20
        assert served.stop() == 0
