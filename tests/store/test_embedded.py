"""The embedded PostgreSQL: who starts it, who stops it, and what happens when somebody is killed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from doorlist.errors import BadInput
from doorlist.store import account, binaries, embedded
from doorlist.store.cluster import Cluster, State
from doorlist.store.embedded import restart_if_down, running

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")

USER = """
import sys
from pathlib import Path
from doorlist.store.embedded import running
with running(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""

HOLDER = """
import asyncio, sys
import asyncpg

async def hold():
    connection = await asyncpg.connect(sys.argv[1])
    print(await connection.fetchval("select pg_backend_pid()"), flush=True)
    await asyncio.sleep(60)

asyncio.run(hold())
"""


def ask(url: str, statement: str) -> object:
    async def answer() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(answer())


def postmaster(data: Path) -> psutil.Process:
    return psutil.Process(int((data / "postgres/postmaster.pid").read_text().splitlines()[0]))


def stopped(data: Path) -> bool:
    return not (data / "postgres/postmaster.pid").exists() and Cluster(data / "postgres").state() is State.ABSENT


def as_nobody() -> dict[str, object]:
    """How to start Python as an ordinary account, which may not reach an interpreter in root's home."""
    how: dict[str, object] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    for python in (sys.executable, "/usr/bin/python3"):
        command = [python, "-c", f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"]
        with suppress(PermissionError):
            if subprocess.run(command, check=False, cwd="/", **how).returncode == 0:  # type: ignore[call-overload]
                return {**how, "executable": python, "env": {**os.environ, "PYTHONPATH": ":".join(sys.path)}}
    pytest.skip("no Python here that an ordinary account may run")


@contextmanager
def another_user(data: Path, **how: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that uses the server of a folder until its standard input ends, and the URL that it was given."""
    command = [sys.executable, "-c", USER, str(data)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        **how,  # type: ignore[call-overload]
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


def test_a_new_folder_becomes_a_server_with_our_settings(tmp_path: Path) -> None:
    with running(tmp_path) as url:
        found = {
            name: ask(url, f"show {name}")
            for name in ("synchronous_commit", "jit", "timezone", "listen_addresses", "data_checksums", "fsync")
        }
        assert found == {
            "synchronous_commit": "on",
            "jit": "off",
            "timezone": "UTC",
            "listen_addresses": "",
            "data_checksums": "on",
            "fsync": "on",
        }
        assert ask(url, "select pg_encoding_to_char(encoding) from pg_database where datname = 'doorlist'") == "UTF8"
        assert ask(url, "select lower('É')") == "é"
    assert stopped(tmp_path)


def test_what_was_written_is_there_after_a_stop(tmp_path: Path) -> None:
    with running(tmp_path) as url:
        ask(url, "create table kept as select 42 as answer")
    with running(tmp_path) as url:
        assert ask(url, "select answer from kept") == 42


def test_processes_share_one_server_and_the_last_to_leave_stops_it(tmp_path: Path) -> None:
    with another_user(tmp_path) as (process, url):
        server = postmaster(tmp_path)
        with running(tmp_path) as same:
            assert same == url
            assert postmaster(tmp_path) == server
        assert ask(url, "select 1") == 1
        process.communicate()
    assert stopped(tmp_path)
    assert not psutil.pid_exists(server.pid) or server.status() == psutil.STATUS_ZOMBIE


def test_processes_that_start_together_make_one_cluster(tmp_path: Path) -> None:
    with another_user(tmp_path) as (first, url), another_user(tmp_path) as (second, same):
        assert url == same
        assert url.startswith("postgresql://")
        first.communicate()
        second.communicate()
    assert stopped(tmp_path)


def test_a_killed_user_does_not_keep_the_server_up(tmp_path: Path) -> None:
    with another_user(tmp_path) as (process, _), running(tmp_path):
        process.kill()
        process.wait()
    assert stopped(tmp_path)


def test_a_server_left_behind_by_a_killed_user_is_found_again(tmp_path: Path) -> None:
    with another_user(tmp_path) as (process, _):
        server = postmaster(tmp_path)
        process.kill()
    with running(tmp_path) as url:
        assert postmaster(tmp_path) == server
        assert ask(url, "select 1") == 1
    assert stopped(tmp_path)


def test_a_killed_server_comes_back_with_everything_committed(tmp_path: Path) -> None:
    with running(tmp_path) as url:
        ask(url, "create table kept as select 42 as answer")
        assert not restart_if_down(tmp_path)
        postmaster(tmp_path).kill()
        deadline = time.monotonic() + 10
        while not restart_if_down(tmp_path):
            assert time.monotonic() < deadline
        assert ask(url, "select answer from kept") == 42
    assert stopped(tmp_path)


def test_a_server_that_recovers_is_stopped_without_a_long_wait(tmp_path: Path) -> None:
    """One session of it was killed, so it ended all others and replays its log just when it is asked to end."""
    with running(tmp_path / "data") as url:
        ask(url, "create table t as select n from generate_series(1, 200000) n")
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as session:
            assert session.stdout is not None
            psutil.Process(int(session.stdout.readline())).kill()
            session.kill()
        soon_busy = time.monotonic() + 2
        while Cluster(tmp_path / "data/postgres").state() is State.READY and time.monotonic() < soon_busy:
            time.sleep(0.001)
        before = time.monotonic()
    assert time.monotonic() - before < 25
    assert stopped(tmp_path / "data")
    with running(tmp_path / "data") as url:
        assert ask(url, "select count(*) from t") == 200_000


def test_a_busy_session_of_a_killed_server_delays_the_new_one_only(tmp_path: Path) -> None:
    async def kill_under_load(url: str) -> None:
        connection = await asyncpg.connect(url)
        busy = asyncio.create_task(connection.fetchval("select count(*) from generate_series(1, 10000000)"))
        await asyncio.sleep(0.2)
        postmaster(tmp_path).kill()
        await asyncio.to_thread(restart_if_down, tmp_path)
        assert busy.done(), "the new server starts when the last session of the old one has ended"
        await asyncio.gather(busy, return_exceptions=True)
        connection.terminate()

    with running(tmp_path) as url:
        asyncio.run(kill_under_load(url))
        assert ask(url, "select 1") == 1
    assert stopped(tmp_path)


def test_a_process_id_that_went_to_somebody_else_does_not_block_the_start(tmp_path: Path) -> None:
    with running(tmp_path):
        record = (tmp_path / "postgres/postmaster.pid").read_text()
    owner = (tmp_path / "postgres").stat()
    stranger = subprocess.Popen(["sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None)
    try:
        stale = tmp_path / "postgres/postmaster.pid"
        stale.write_text(str(stranger.pid) + "\n" + record.partition("\n")[2])
        os.chown(stale, owner.st_uid, owner.st_gid)
        stale.chmod(0o600)
        with running(tmp_path) as url:
            assert ask(url, "select 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_whose_socket_was_deleted_is_replaced(tmp_path: Path) -> None:
    with running(tmp_path) as url:
        before = postmaster(tmp_path)
        (tmp_path / "postgres/.s.PGSQL.5432").unlink()
        assert restart_if_down(tmp_path)
        assert postmaster(tmp_path) != before
        assert ask(url, "select 1") == 1


def test_a_creation_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    with running(tmp_path, durable=False) as url:
        assert ask(url, "select 1") == 1


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(tmp_path: Path) -> None:
    data = tmp_path / ("a" * 60) / ("b" * 60)
    with running(data, durable=False) as url:
        folder = Path((data / "postgres/socket-folder").read_text())
        assert len(str(folder)) < 80
        assert folder.stat().st_mode & 0o777 == 0o700
        assert ask(url, "select 1") == 1
        postmaster(data).kill()
        folder.joinpath(".s.PGSQL.5432").unlink()
        assert restart_if_down(data, durable=False)
        assert ask(url, "select 1") == 1
    assert not folder.exists()


@as_root
def test_root_works_below_folders_that_only_root_may_enter(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with running(private / "data", durable=False) as url:
        assert ask(url, "select 1") == 1
        assert postmaster(private / "data").uids().real != 0
    assert private.stat().st_mode & 0o777 == 0o701, "others may pass, and not list"
    assert (private / "data/postgres").stat().st_mode & 0o777 == 0o700


@pytest.fixture
def commons(tmp_path: Path) -> Path:
    """A folder in which every account can create, reachable by every account."""
    account.open_way(tmp_path / "commons")
    folder = tmp_path / "commons"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@as_root
def test_an_ordinary_account_works_and_root_joins_it(commons: Path) -> None:
    data = commons / "data"
    with another_user(data, **as_nobody()) as (process, url):
        assert postmaster(data).username() == "nobody"
        with running(data) as same:
            assert same == url
            assert ask(url, "select 1") == 1
        process.communicate()
    assert stopped(data)
    with running(data):
        assert postmaster(data).username() == "nobody", "root runs a cluster as the account that owns it"


@as_root
def test_an_ordinary_account_is_told_whose_folder_it_is(commons: Path) -> None:
    data = commons / "data"
    with running(data, durable=False):
        pass
    data.chmod(0o777)
    command = [sys.executable, "-c", USER, str(data)]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **as_nobody())
    assert "The data folder cannot be used: Permission denied" in done.stderr


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres/letter.txt").touch()
    with pytest.raises(BadInput, match="holds no PostgreSQL cluster"), running(tmp_path):
        pass


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(BadInput, match="cannot be made"), running(tmp_path / "data"):
        pass


def test_a_server_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with running(tmp_path, durable=False):
        pass
    with (tmp_path / "postgres/postgresql.conf").open("a") as file:
        file.write("max_connections = many\n")
    with pytest.raises(BadInput) as refusal, running(tmp_path, durable=False):
        pass
    assert any("max_connections" in line for line in refusal.value.problems)


def test_a_cluster_of_a_version_that_is_not_here_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres/PG_VERSION").write_text("9\n")
    with pytest.raises(BadInput, match="no PostgreSQL of version 9, which made the data folder"), running(tmp_path):
        pass


def test_without_the_package_the_programs_on_the_path_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = binaries.locate()
    monkeypatch.setattr(binaries.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(packaged.folder))
    assert binaries.locate() == packaged


def test_old_logs_of_the_server_are_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "postgres/log"
    folder.mkdir(parents=True)
    for day in range(10, 20):
        (folder / f"postgres-202601{day}-000000.log").touch()
    embedded.trim_logs(tmp_path)
    assert sorted(path.name[9:17] for path in folder.iterdir()) == [f"202601{day}" for day in range(15, 20)]
