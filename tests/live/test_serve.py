"""`doorlist serve` as a process: it starts, is found, survives what is killed, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest

from tests.http.conftest import USER_URN
from tests.live.processes import DOORLIST, Commands, gone, postmaster, serving, soon

pytestmark = pytest.mark.live


def refusal(*options: str | Path, **environment: str) -> str:
    command = [*DOORLIST, "serve", *map(str, options)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=20, env={**os.environ, **environment}
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for all: what a test leaves running would fail the next one."""
    return tmp_path_factory.mktemp("served")


def test_it_starts_on_nothing_serves_and_leaves_no_process(data: Path) -> None:
    with serving("--data", data, "--port", "0", "--workers", "2") as served:
        assert re.fullmatch(r"Doorlist listens on http://127\.0\.0\.1:\d+", served.lines[-2])
        assert served.lines[-1] == f"Directories provision at {served.url}/scim/v2"
        assert served.ready()
        answer = httpx.get(f"{served.url}/healthz")
        assert "server" not in answer.headers
        started = [*served.workers(), postmaster(data)]
        assert len(started) == 3
        assert served.stop() == 0
    assert all(gone(process) for process in started)
    assert not (data / "postgres/postmaster.pid").exists()


def test_an_end_while_it_still_starts_leaves_no_process(data: Path) -> None:
    with subprocess.Popen([*DOORLIST, "serve", "--data", str(data), "--port", "0"]) as process:
        soon((data / "postgres/postmaster.pid").exists)
        process.terminate()
        assert process.wait(15) in (0, 128 + signal.SIGTERM)
    assert not (data / "postgres/postmaster.pid").exists()


def test_commands_work_beside_it_and_know_its_address(data: Path) -> None:
    with serving("--data", data, "--port", "0") as served:
        status = subprocess.run(
            [*DOORLIST, "db", "status", "--json", "--data", str(data)], capture_output=True, text=True, check=True
        )
        assert '"up_to_date": true' in status.stdout
        assert (data / "address").read_text() == served.url
        assert served.ready()


SLOW = """
import asyncio, sys
from pathlib import Path
from doorlist.config import load
from doorlist.web.serving import serve

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await asyncio.sleep(1)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"finished"})

def create_app():
    return app

if __name__ == "__main__":
    serve(load(data=Path(sys.argv[2]), port=0), app="slow:create_app", announce=lambda line: print(line, flush=True))
"""


@pytest.mark.parametrize("ask", [signal.SIGINT, signal.SIGTERM])
def test_an_end_lets_a_running_request_finish(data: Path, tmp_path: Path, ask: signal.Signals) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    with serving(data, program=[sys.executable, str(tmp_path / "slow.py")]) as served:
        with ThreadPoolExecutor() as pool:
            answer = pool.submit(httpx.get, served.url, timeout=5)
            time.sleep(0.4)
            os.killpg(served.process.pid, ask)
            assert answer.result().text == "finished"
        assert served.process.wait(5) == 0


def test_a_server_whose_application_does_not_start_ends_with_the_reason(data: Path, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW.replace("return app", "raise RuntimeError('no luck')"))
    command = [sys.executable, str(tmp_path / "slow.py"), "serve", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert "no luck" in done.stderr
    assert "A serving process did not start" in done.stderr
    assert not (data / "postgres/postmaster.pid").exists()


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the kernel does not tell shared memory")
def test_two_workers_and_their_parent_are_small(data: Path) -> None:
    with serving("--data", data, "--port", "0", "--workers", "2") as served:
        assert served.ready()
        processes = [psutil.Process(served.process.pid), *served.workers()]
        assert sum(process.memory_full_info().pss for process in processes) < 160 * 2**20


def test_a_killed_worker_is_replaced(data: Path) -> None:
    with serving("--data", data, "--port", "0", "--workers", "2") as served:
        victim = served.workers()[0]
        victim.kill()
        soon(lambda: len(served.workers()) == 2 and victim not in served.workers())
        assert served.ready()
        assert served.stop() == 0


def test_a_killed_postgresql_comes_back(data: Path) -> None:
    with serving("--data", data, "--port", "0") as served:
        victim = postmaster(data)
        victim.kill()
        soon(lambda: gone(victim) and (data / "postgres/postmaster.pid").exists() and postmaster(data) != victim)
        soon(served.ready)
        assert served.stop() == 0


def test_the_death_of_its_postgresql_is_told_in_words_not_in_tracebacks(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Requests meanwhile are done or put off (503), and the end is quick although the server just recovered."""
    with serving("--data", data, "--port", "0", "--workers", "2") as served:
        organization = Commands(data, tmp_path / "none").organization("Death")
        statuses: Counter[int] = Counter()
        over = threading.Event()

        def write(lane: int) -> None:
            number = 0
            with organization.client() as client:
                while not over.is_set():
                    number += 1
                    body = {"schemas": [USER_URN], "userName": f"p{lane}-{number}"}
                    statuses[client.post("/Users", json=body).status_code] += 1

        with ThreadPoolExecutor() as pool:
            lanes = [pool.submit(write, lane) for lane in range(4)]
            for _ in range(3):
                time.sleep(0.5)
                postmaster(data).kill()
                soon(lambda: statuses[503] > 0)
                soon(served.ready, 20)
            time.sleep(0.5)
            over.set()
            for lane in lanes:
                lane.result()
        before = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - before < 15
    assert statuses[201] > 0
    assert set(statuses) <= {201, 409, 503}, statuses
    said = capfd.readouterr().err
    assert "PostgreSQL had died" in said
    assert "Traceback" not in said, said


def test_a_killed_server_frees_its_address_for_the_next(data: Path) -> None:
    with serving("--data", data, "--port", "0", "--workers", "2") as served:
        orphans = served.workers()
        server = postmaster(data)
        served.process.kill()
        served.process.wait()
        before = time.monotonic()
        with serving("--data", data, "--port", str(served.port)) as again:
            assert again.ready()
            assert time.monotonic() - before < 5
            assert postmaster(data) == server
            soon(lambda: all(gone(orphan) for orphan in orphans))
            assert again.stop() == 0
    assert not (data / "postgres/postmaster.pid").exists()


def test_two_servers_share_one_database_and_each_may_leave_first(data: Path) -> None:
    with serving("--data", data, "--port", "0") as first, serving("--data", data, "--port", "0") as second:
        assert first.stop() == 0
        assert second.ready()
        assert second.stop() == 0
    assert not (data / "postgres/postmaster.pid").exists()


def test_a_database_url_takes_the_place_of_the_folder(database_url: str, tmp_path: Path) -> None:
    with serving("--database-url", database_url, "--port", "0", DOORLIST_DATA=str(tmp_path / "none")) as served:
        assert served.ready()
        assert served.stop() == 0
    assert not (tmp_path / "none").exists()


def test_a_port_in_use_is_said_so(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} on 127.0.0.1 is in use" in refusal("--data", data, "--port", str(port))


def test_an_unknown_setting_is_named(data: Path) -> None:
    assert "DOORLIST_PROT: unknown" in refusal("--data", data, DOORLIST_PROT="8080")


def test_a_database_that_is_not_there_is_said_so() -> None:
    answer = refusal("--database-url", "postgresql://doorlist:secret@127.0.0.1:1/doorlist", "--port", "0")
    assert "cannot be reached" in answer
    assert "secret" not in answer
