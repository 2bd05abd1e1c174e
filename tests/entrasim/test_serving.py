"""`entrasim serve` shows the state as JSON and runs the job as time goes by."""

from __future__ import annotations

import time

from starlette.testclient import TestClient

from entrasim import scope
from entrasim.clock import load_clock
from entrasim.job.control import start_job
from entrasim.serving import build_app
from tests.entrasim.conftest import Company


def test_the_status_shows_clock_job_and_figures(company: Company) -> None:
    company.person("ana")
    with TestClient(build_app(company.state.path, run_job=False), base_url="http://127.0.0.1") as client:
        seen = client.get("/api/status").json()
    assert (seen["job"]["status"], seen["clock"]["held"], seen["users"]["total"]) == ("new", False, 1)
    assert company.sent() == []


def test_a_started_job_runs_while_it_serves(company: Company) -> None:
    company.person("ana")
    scope.assign_all(company.state)
    start_job(company.state, now=load_clock(company.state)())
    with TestClient(build_app(company.state.path), base_url="http://127.0.0.1") as client:
        deadline = time.monotonic() + 20
        while client.get("/api/status").json()["users"]["linked"] == 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert [user["userName"] for user in company.endpoint.users.values()] == ["ana@contoso.example"]
