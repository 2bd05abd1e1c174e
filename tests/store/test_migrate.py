"""Migrations: applied once, in order, whole or not at all, by whoever comes first."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path

import asyncpg
import pytest

from doorlist.errors import BadInput, Unavailable
from doorlist.store import migrate

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three small migrations."""
    (tmp_path / "0001_first.sql").write_text("create table one (n int); insert into one values (1), (2);")
    (tmp_path / "0002_second.sql").write_text("create table two (n int);\ninsert into two select n from one;")
    (tmp_path / "0003_third.sql").write_text("alter table two add column at timestamptz; -- no end of line")
    return tmp_path


async def ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_an_empty_database_gets_every_migration(empty_database_url: str, folder: Path) -> None:
    assert await migrate.current(empty_database_url) is None
    assert await migrate.upgrade(empty_database_url, folder=folder) == ("0001", "0002", "0003")
    assert await migrate.current(empty_database_url) == "0003"
    assert await ask(empty_database_url, "select count(*) from two") == 2


async def test_a_second_upgrade_finds_nothing_to_do(empty_database_url: str, folder: Path) -> None:
    await migrate.upgrade(empty_database_url, folder=folder)
    assert await migrate.upgrade(empty_database_url, folder=folder) == ()
    assert await migrate.ensure(empty_database_url, folder=folder) == ()


async def test_only_what_is_missing_is_applied(empty_database_url: str, folder: Path) -> None:
    await migrate.upgrade(empty_database_url, folder=folder)
    (folder / "0004_fourth.sql").write_text("drop table one")
    migrate.migrations.cache_clear()
    assert await migrate.ensure(empty_database_url, folder=folder) == ("0004",)


async def test_of_processes_that_start_together_one_migrates(empty_database_url: str, folder: Path) -> None:
    (folder / "0001_first.sql").write_text("select pg_sleep(0.2); create table one (n int);")
    upgrades = [migrate.upgrade(empty_database_url, folder=folder) for _ in range(4)]
    assert sorted(await asyncio.gather(*upgrades)) == [(), (), (), ("0001", "0002", "0003")]


async def test_a_migration_that_fails_leaves_nothing_and_keeps_those_before(
    empty_database_url: str, folder: Path
) -> None:
    (folder / "0002_second.sql").write_text("create table two (n int); select 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate.upgrade(empty_database_url, folder=folder)
    assert await migrate.current(empty_database_url) == "0001"
    assert await ask(empty_database_url, "select to_regclass('two') is null")


async def test_a_database_of_a_newer_program_is_refused(empty_database_url: str, folder: Path) -> None:
    await migrate.upgrade(empty_database_url, folder=folder)
    (folder / "0003_third.sql").unlink()
    migrate.migrations.cache_clear()
    for refused in (migrate.ensure, migrate.upgrade):
        with pytest.raises(BadInput, match="carries migration 0003; this version of Doorlist knows those up to 0002"):
            await refused(empty_database_url, folder=folder)


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await migrate.ensure("postgresql://doorlist@127.0.0.1:1/doorlist")


async def test_a_database_that_is_not_there_is_refused(cluster_url: str) -> None:
    with pytest.raises(BadInput, match='database "missing" does not exist'):
        await migrate.ensure(cluster_url.replace("/doorlist?", "/missing?"))


def test_a_gap_or_a_wrong_name_is_noticed(folder: Path) -> None:
    (folder / "0005_fifth.sql").touch()
    with pytest.raises(ValueError, match=r"0005_fifth\.sql is not the migration 0004_name\.sql"):
        migrate.migrations(folder)


def test_the_migrations_are_in_the_wheel(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"doorlist/store/migrations/{item.path.name}" for item in migrate.migrations()} <= names
