"""Runs PostgreSQL's own pg_dump and pg_restore, and counts what tables hold, to compare.

The programs are those that the embedded server is run with; a server newer than they are is refused by them.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from doorlist.errors import BadInput
from doorlist.store.archive import Table
from doorlist.store.binaries import locate
from doorlist.store.db import Connection

_TABLES = """
select c.relname from pg_class c
 where c.relkind = 'r' and c.relnamespace = (select oid from pg_namespace where nspname = 'public')
 order by c.relname
"""

_ANYTHING = """
select exists (select from pg_class
                where relnamespace = (select oid from pg_namespace where nspname = 'public'))
"""

_PATIENCE: Final = 86_400.0  # seconds: a whole table is read, however long it is
_SUM: Final = 'select count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text from "{}" t'


async def export(connection: Connection) -> str:
    """The name under which others see the snapshot of this transaction, as long as it lasts."""
    return str(await connection.fetchval("select pg_export_snapshot()"))


async def server(connection: Connection) -> int:
    """The major version of the server."""
    return int(connection.get_server_version().major)


async def tables(connection: Connection) -> dict[str, Table]:
    """What every table holds, as this transaction sees it."""
    await connection.execute("set local enable_seqscan = on; set local datestyle = 'ISO, YMD'")
    found = {}
    for (name,) in await connection.fetch(_TABLES):
        rows, digest = await connection.fetchrow(_SUM.format(name.replace('"', '""')), timeout=_PATIENCE)
        found[name] = Table(rows, digest)
    return found


async def is_empty(connection: Connection) -> bool:
    """Whether there is nothing at all in the schema of the tables."""
    return not await connection.fetchval(_ANYTHING)


async def analyze(connection: Connection) -> None:
    """Take the statistics that a restored database lacks."""
    await connection.execute("analyze", timeout=_PATIENCE)


def save(url: str, into: BinaryIO, *, snapshot: str) -> None:
    """Write a compressed dump of that snapshot. Raises `BadInput` with what pg_dump says."""
    target, environment = _target(url)
    command = [locate().program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges"]
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(  # noqa: S603 - a program found in PostgreSQL's own folder
            [*command, f"--snapshot={snapshot}", f"--dbname={target}"],
            stdout=into,
            stderr=said,
            env=environment,
            check=False,
        )
        if done.returncode:
            raise BadInput("PostgreSQL could not be saved.", problems=_lines(said))


def load(url: str, pieces: Iterator[bytes]) -> None:
    """Restore a dump in one transaction: all of it or nothing. Raises `BadInput` with what pg_restore says."""
    target, environment = _target(url)
    command = [locate().program("pg_restore"), "--single-transaction", "--exit-on-error", "--no-owner"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - a program found in PostgreSQL's own folder
            [*command, "--no-privileges", f"--dbname={target}"], stdin=subprocess.PIPE, stderr=said, env=environment
        ) as process,
    ):
        assert process.stdin is not None
        try:
            for piece in pieces:
                process.stdin.write(piece)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it ended early, and tells why
        if process.wait():
            raise BadInput("PostgreSQL could not be restored; nothing was changed.", problems=_lines(said))


def _target(url: str) -> tuple[str, dict[str, str]]:
    """The URL without its password, and an environment with it: process lists are public."""
    parts = urlsplit(url)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if parts.password is None:
        return url, environment
    account, _, place = parts.netloc.rpartition("@")
    bare = urlunsplit(parts._replace(netloc=f"{account.partition(':')[0]}@{place}"))
    return bare, {**environment, "PGPASSWORD": unquote(parts.password)}


def _lines(said: BinaryIO) -> tuple[str, ...]:
    said.seek(0)
    return tuple(said.read(20_000).decode(errors="replace").splitlines())
