"""Databases for tests: one embedded cluster per run, shared by the xdist workers; a fresh database per test.

The shared cluster gives up crash safety for speed. Tests that kill a server start one of their own.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from doorlist.store import migrate
from doorlist.store.db import Database
from doorlist.store.embedded import running

TEMPLATE = "doorlist_template"
_numbers = itertools.count(1)
_own_folder = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give the run a temporary folder of its own.

    pytest's default is shared by all runs of an account, and each run shuts it for others when it starts: a server
    that root runs under another account would lose its data in the middle of the run before.
    """
    if config.option.basetemp is None:
        config.stash[_own_folder] = Path(tempfile.mkdtemp(prefix="doorlist-tests-"))
        config.option.basetemp = config.stash[_own_folder]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder, when every fixture has ended."""
    if (folder := config.stash.get(_own_folder, None)) is not None:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what tests measured: whatever they recorded under the name of `measured`."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "measured":
                terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The maintenance database of the run's cluster, in which the template has been migrated."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-cluster"
    with running(folder, durable=False) as url:
        with _locked(folder / "template.lock"):
            asyncio.run(_prepare_template(url))
        yield url


@pytest.fixture
async def empty_database_url(cluster_url: str) -> AsyncIterator[str]:
    """A database without any table, dropped afterwards."""
    async with _fresh(cluster_url, template="template0") as url:
        yield url


@pytest.fixture
async def database_url(cluster_url: str) -> AsyncIterator[str]:
    """A migrated database of the test's own, dropped afterwards."""
    async with _fresh(cluster_url, template=TEMPLATE) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The test's own database, opened."""
    opened = await Database.connect(database_url, maximum=10)
    yield opened
    await opened.close()


class _fresh:  # noqa: N801 - reads as a verb where it is used
    """Creates a database from a template and drops it with whoever is still connected."""

    def __init__(self, cluster_url: str, *, template: str) -> None:
        self.cluster_url = cluster_url
        self.template = template
        self.name = f"t{os.getpid()}_{next(_numbers)}"

    async def __aenter__(self) -> str:
        # file_copy is the faster way for a small template where nothing is synced to disk
        await _tell(self.cluster_url, f"create database {self.name} template {self.template} strategy = file_copy")
        return _other_database(self.cluster_url, self.name)

    async def __aexit__(self, *_: object) -> None:
        await _tell(self.cluster_url, f"drop database {self.name} with (force)")


async def _prepare_template(cluster_url: str) -> None:
    """Migrate the template once; it gets its name when nobody needs to connect to it any more."""
    connection = await asyncpg.connect(cluster_url)
    try:
        if await connection.fetchval("select true from pg_database where datname = $1", TEMPLATE):
            return
        await connection.execute("create database being_migrated")
        await migrate.upgrade(_other_database(cluster_url, "being_migrated"))
        await connection.execute(f"alter database being_migrated rename to {TEMPLATE}")
    finally:
        await connection.close()


async def _tell(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _other_database(url: str, name: str) -> str:
    return url.replace("/doorlist?", f"/{name}?", 1)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
