"""Backup and restore of a whole installation: one moment, all tables, compared row by row after it was restored.

A backup holds secrets (the private keys of sign-in, the secrets of webhooks) and hashes of tokens: it is to be kept
like the database. Restoring refuses a database that holds anything.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput
from doorlist.service import clock, doctor
from doorlist.store import archive, dump, migrate
from doorlist.store.archive import Manifest, Table
from doorlist.store.db import Database


async def back_up(database: Database, path: Path) -> Manifest:
    """Save everything as it is at one moment, while others read and write. Raises `BadInput`, `Unavailable`."""
    migration = await migrate.current(database.url)
    with archive.writing(path) as (file, finish):
        async with database.snapshot() as connection:
            snapshot = await dump.export(connection)
            await asyncio.to_thread(dump.save, database.url, file, snapshot=snapshot)
            tables = await dump.tables(connection)
            manifest = Manifest(migration or "", clock.now(), await dump.server(connection), tables)
        await asyncio.to_thread(finish, manifest)
    return manifest


async def restore(database: Database, path: Path, operator: Administrator) -> Manifest:
    """Restore a backup into an empty database, compare every table, migrate, verify every audit chain.

    Raises:
        BadInput: the file is damaged or newer than this program, the database is not empty, PostgreSQL refuses, or
            what was restored is not what was saved.
    """
    with archive.reading(path) as (manifest, pieces):
        await _check(database, manifest)
        await asyncio.to_thread(dump.load, database.url, pieces)
    async with database.snapshot() as connection:
        found = await dump.tables(connection)
    if differing := _differing(manifest.tables, found):
        raise BadInput("What was restored is not what was saved. Do not use this database.", problems=differing)
    async with database.reading() as connection:
        await dump.analyze(connection)
    await migrate.ensure(database.url)
    if fault := await doctor.examine_audit(database, operator):
        faults = tuple(f"{organization}: {subject}" for organization, subject in fault.subjects)
        raise BadInput("Everything was restored as it was saved, but an audit chain does not hold.", problems=faults)
    return manifest


async def _check(database: Database, manifest: Manifest) -> None:
    if manifest.migration > migrate.head():
        raise BadInput(
            f"The backup is at migration {manifest.migration}; this version of Doorlist knows those up to "
            f"{migrate.head()}. Install the Doorlist that made it, or a newer one."
        )
    async with database.reading() as connection:
        if not await dump.is_empty(connection):
            raise BadInput("The database is not empty. Restore into a new one.")


def _differing(saved: dict[str, Table], found: dict[str, Table]) -> tuple[str, ...]:
    """Every table that is not as it was saved."""
    return tuple(
        f"{name}: {saved.get(name)} was saved, {found.get(name)} is there"
        for name in sorted(saved.keys() | found.keys())
        if saved.get(name) != found.get(name)
    )
