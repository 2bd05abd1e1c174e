"""Two servers on one database are restarted in turn under load: every request is answered, and once."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest

from doorlist.store.embedded import running
from tests.http.conftest import USER_URN
from tests.live.processes import Commands, Organization, Served, serving, soon

pytestmark = pytest.mark.live


class Balancer:
    """Sends a request to the first server that takes the connection; one that was sent is never sent again."""

    def __init__(self, organization: Organization, ports: list[int]) -> None:
        self.ports = ports
        self._token = organization.token

    def create(self, name: str) -> int:
        for port in [*self.ports, *self.ports]:
            try:
                answer = httpx.post(
                    f"http://127.0.0.1:{port}/scim/v2/Users",
                    json={"schemas": [USER_URN], "userName": name},
                    headers={"Authorization": f"Bearer {self._token}"},
                    timeout=30,
                )
            except httpx.ConnectError:
                continue
            return answer.status_code
        return 0


def test_servers_restarted_in_turn_lose_no_answer(tmp_path: Path) -> None:
    over, answers, created = threading.Event(), Counter[int](), Counter[int]()

    def write(balancer: Balancer, lane: int) -> None:
        while not over.is_set():
            answers[balancer.create(f"p{lane}-{created[lane]}")] += 1
            created[lane] += 1

    def more(count: int) -> None:
        before = sum(created.values())
        soon(lambda: sum(created.values()) >= before + count, 30)

    with running(tmp_path), serving("--data", tmp_path, "--port", "0", "--workers", "2") as first:
        organization = Commands(tmp_path, tmp_path / "none").organization("Rolling")
        second_options = ("--data", tmp_path, "--port", "0", "--workers", "2")
        with serving(*second_options) as second, ThreadPoolExecutor() as pool:
            balancer = Balancer(organization, [first.port, second.port])
            lanes = [pool.submit(write, balancer, lane) for lane in range(4)]
            try:
                more(20)
                stopped(first)
                more(20)
                with serving("--data", tmp_path, "--port", str(first.port), "--workers", "2"):
                    more(20)
                    stopped(second)
                    more(20)
                    over.set()
                    for lane in lanes:
                        lane.result()
            finally:
                over.set()
    assert set(answers) == {201}, answers
    assert sum(answers.values()) == sum(created.values()) >= 80


def stopped(served: Served) -> None:
    assert served.stop() == 0
