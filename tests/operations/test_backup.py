"""A backup is one moment, is restored elsewhere row by row, and a damaged file is refused whole."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from doorlist.errors import BadInput
from doorlist.service import saving
from doorlist.service.auditing import seal_everything
from doorlist.store import dump
from doorlist.store.db import Database
from tests.cli.test_access_commands import Commands
from tests.http.conftest import Directory
from tests.service.company import OPERATOR, Company


async def names(database: Database) -> set[str]:
    async with database.reading() as connection:
        return {row[0] for row in await connection.fetch("select user_name from users")}


async def test_what_is_saved_under_load_is_restored_elsewhere(
    database: Database, directory: Directory, empty_database_url: str, tmp_path: Path
) -> None:
    people = [(await directory.user(f"before-{number}"))["id"] for number in range(20)]
    await directory.group("Team", *people)
    await seal_everything(database)
    begun, over, written = asyncio.Event(), asyncio.Event(), 0

    async def write() -> None:
        nonlocal written
        while not over.is_set():
            await directory.user(f"during-{written}")
            written += 1
            begun.set()

    writer = asyncio.create_task(write())
    await begun.wait()
    acknowledged = written
    manifest = await saving.back_up(database, tmp_path / "all.backup")
    over.set()
    await writer
    assert written > acknowledged, "the backup stood in the way of writers"

    other = await Database.connect(empty_database_url)
    restored = await saving.restore(other, tmp_path / "all.backup", OPERATOR)
    assert restored == manifest
    assert manifest.tables["group_members"].rows == 20
    found = await names(other)
    expected = {f"before-{number}" for number in range(20)} | {f"during-{number}" for number in range(acknowledged)}
    assert expected <= found <= await names(database)
    assert len(found) == manifest.tables["users"].rows
    async with other.transaction() as connection:  # identities go on where they were
        await connection.execute("insert into recent_removals (org_id, at, count) select org_id, now(), 1 from tokens")
    await other.close()


async def test_a_damaged_file_is_refused_whole(database: Database, empty_database_url: str, tmp_path: Path) -> None:
    await Company.create(database)
    whole = tmp_path / "all.backup"
    await saving.back_up(database, whole)
    content = whole.read_bytes()
    other = await Database.connect(empty_database_url)
    size = len(content)
    damaged = [content[:end] for end in (0, 10, 60, size // 2, size - 1)]
    damaged += [content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in range(0, size, size // 40)]
    damaged += [content + b"\0", content[1:]]
    for number, wrong in enumerate(damaged):
        file = tmp_path / f"{number}.backup"
        file.write_bytes(wrong)
        with pytest.raises(BadInput, match=r"damaged|no backup"):
            await saving.restore(other, file, OPERATOR)
    async with other.reading() as connection:
        assert await dump.is_empty(connection)
    await other.close()


async def test_a_database_that_holds_something_is_left_as_it_is(database: Database, tmp_path: Path) -> None:
    company = await Company.create(database)
    await company.person("ann")
    await saving.back_up(database, tmp_path / "all.backup")
    with pytest.raises(BadInput, match="not empty"):
        await saving.restore(database, tmp_path / "all.backup", OPERATOR)
    assert "ann" in await names(database)


async def test_a_backup_overwrites_nothing_and_is_its_owners_alone(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    await saving.back_up(database, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(BadInput, match="already"):
        await saving.back_up(database, file)
    assert not file.with_name("all.backup.part").exists()


async def test_rows_that_differ_are_told(database: Database) -> None:
    company = await Company.create(database)
    await company.person("ann")
    async with database.snapshot() as connection:
        before = await dump.tables(connection)
    async with database.transaction() as connection:
        await connection.execute("update users set display_name = 'x' where user_name = 'ann'")
    async with database.snapshot() as connection:
        after = await dump.tables(connection)
    assert [line.partition(":")[0] for line in saving._differing(before, after)] == ["users"]


async def test_the_commands_back_up_and_restore(
    database: Database, database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    await Company.create(database)
    await seal_everything(database)
    file = str(tmp_path / "all.backup")
    assert "Saved" in await Commands(database_url)("backup", file)
    restored = await Commands(empty_database_url).json("restore", file)
    assert restored["manifest"]["tables"]["organizations"]["rows"] == 1
    assert "not empty" in await Commands(empty_database_url)("restore", file, code=1)
    assert "acme" in await Commands(empty_database_url)("org", "list")


async def test_a_password_is_in_no_process_list() -> None:
    target, environment = dump._target("postgresql://me:se%40cret@db.example:5433/all?sslmode=require")
    assert target == "postgresql://me@db.example:5433/all?sslmode=require"
    assert environment["PGPASSWORD"] == "se@cret"
