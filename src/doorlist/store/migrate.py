"""Brings a database to the schema of this program: numbered SQL files, applied in order, each in a transaction.

The files are `migrations/NNNN_name.sql`; Alembic keeps the order and the record in its table `alembic_version`, and
is imported only when there is something to apply. Processes that start together take turns by an advisory lock.
Refuses a database that a newer program has migrated, and a server older than PostgreSQL 15.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, cast

from doorlist.errors import BadInput
from doorlist.store.binaries import OLDEST
from doorlist.store.db import alone, connect_alone

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import Script
    from sqlalchemy import Connection as SyncConnection

FOLDER: Final = Path(__file__).with_name("migrations")
_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_LOCK: Final = 0x646F6F726C697374  # "doorlist" in ASCII: one lock for every process that migrates


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered SQL file."""

    number: str
    name: str
    path: Path


@cache
def migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """Every migration in order.

    Raises:
        ValueError: a file is misnamed, or the numbers are not 0001, 0002 and so on without a gap.
    """
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None or int(match[1]) != len(found) + 1:
            raise ValueError(f"{path.name} is not the migration {len(found) + 1:04}_name.sql")
        found.append(Migration(match[1], match[2], path))
    return tuple(found)


def head(folder: Path = FOLDER) -> str:
    """The number that a migrated database carries."""
    return migrations(folder)[-1].number


async def current(url: str) -> str | None:
    """The number that the database carries, or None for an empty one.

    Raises:
        BadInput: the server is older than PostgreSQL 15, or does not let this account in.
        Unavailable: the server cannot be reached.
    """
    async with alone(url) as connection:
        major = connection.get_server_version().major
        if major < OLDEST:
            raise BadInput(f"The server is PostgreSQL {major}. Doorlist needs version {OLDEST} or newer.")
        if not await connection.fetchval("select to_regclass('alembic_version') is not null"):
            return None
        number = await connection.fetchval("select max(version_num) from alembic_version")
        return None if number is None else str(number)


async def ensure(url: str, *, folder: Path = FOLDER) -> tuple[str, ...]:
    """Check cheaply whether the database is behind, and upgrade it only then; returns what was applied.

    Raises:
        BadInput: like `current`, and when the database is newer than this program.
    """
    found = await current(url)
    _refuse_newer(found, folder)
    return () if found == head(folder) else await upgrade(url, folder=folder)


async def upgrade(url: str, *, folder: Path = FOLDER) -> tuple[str, ...]:
    """Apply what is missing and return the numbers applied, none if another process was first.

    Raises:
        BadInput: the database is newer than this program.
    """
    from sqlalchemy import NullPool, text  # noqa: PLC0415 - a quarter of a second, needed once in a version
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - likewise

    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: connect_alone(url), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
        await connection.commit()  # the lock is the session's and ends with the connection
        applied = await connection.run_sync(_apply, folder)
    await engine.dispose()
    return applied


def _apply(connection: SyncConnection, folder: Path) -> tuple[str, ...]:
    """Run Alembic over the migrations that the database lacks, a transaction for each."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - heavy, needed once in a version

    applied: list[str] = []

    def steps(heads: tuple[str, ...], _: MigrationContext) -> Iterable[RevisionStep]:
        number = heads[0] if heads else None
        _refuse_newer(number, folder)
        for step in _missing(connection, number, folder):
            yield step
            applied.append(step.revision.revision)

    context = MigrationContext.configure(connection, opts={"fn": steps, "transaction_per_migration": True})
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
    return tuple(applied)


def _missing(connection: SyncConnection, number: str | None, folder: Path) -> Iterator[RevisionStep]:
    from alembic.runtime.migration import MigrationStep  # noqa: PLC0415 - heavy, needed once in a version
    from alembic.script.revision import RevisionMap  # noqa: PLC0415 - likewise

    graph = RevisionMap(lambda: (_script(connection, migration) for migration in migrations(folder)))
    for script in reversed(list(graph.iterate_revisions("heads", number or "base"))):
        yield MigrationStep.upgrade_from_script(graph, cast("Script", script))


def _script(connection: SyncConnection, migration: Migration) -> Script:
    """The migration in Alembic's shape: a module with its number, its predecessor and what applies it."""
    from alembic.script import Script  # noqa: PLC0415 - heavy, needed once in a version

    before = int(migration.number) - 1
    module: Any = ModuleType(f"{migration.number}_{migration.name}", migration.name)
    module.revision = migration.number
    module.down_revision = f"{before:04}" if before else None
    module.upgrade = _runner(connection, migration.path)
    return Script(module, migration.number, str(migration.path))


def _runner(connection: SyncConnection, path: Path) -> Callable[[], None]:
    def run() -> None:
        connection.exec_driver_sql("select 1")  # the adapter opens its transaction with its first own statement
        sql = path.read_text(encoding="utf-8")
        connection.connection.dbapi_connection.run_async(lambda raw: raw.execute(sql))  # type: ignore[union-attr]

    return run


def _refuse_newer(number: str | None, folder: Path) -> None:
    if number is not None and number not in {migration.number for migration in migrations(folder)}:
        raise BadInput(
            f"The database carries migration {number}; this version of Doorlist knows those up to {head(folder)}. "
            "Install the Doorlist that migrated it, or a newer one."
        )
