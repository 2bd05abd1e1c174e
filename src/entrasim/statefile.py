"""The state file: SQLite in WAL mode, opened, versioned, and written in visible transactions.

WAL with synchronous=NORMAL keeps every committed transaction when the process is killed; only a power cut may
lose the newest ones, and then the next cycle matches again. The token lies in this file, so it is readable by its
owner only. Knows no table but `settings`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from entrasim.refusals import CycleRunning, StateUnusable

Row = tuple[Any, ...]
Values = Sequence[Any] | Mapping[str, Any]


class StateFile:
    """An open state file. One per process and thread; other processes may use the same file meanwhile."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    def open(cls, path: Path) -> StateFile:
        """Open the file, and create it where there is none. Raises `StateUnusable`."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(path, timeout=30, isolation_level=None, cached_statements=512)
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            state = cls(connection, path)
            state._migrate()
        except (sqlite3.DatabaseError, OSError) as error:
            raise StateUnusable(f"The state file {path} cannot be used: {error}.") from error
        return state

    def _migrate(self) -> None:
        with self.transaction():
            (found,) = self.row("pragma user_version")
            steps = _schema_steps()
            if found > len(steps):
                raise StateUnusable(f"The state file {self.path} was written by a newer entrasim.")
            for script in steps[found:]:
                for statement in _statements(script):
                    self.run(statement)
            if found == 0:
                self.run("insert into settings values ('change', '0')")
            if found < len(steps):
                self.run(f"pragma user_version = {len(steps)}")

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing of it. Never await inside."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def run(self, statement: str, values: Values = ()) -> int:
        """Run one statement and return how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def insert(self, statement: str, values: Values = ()) -> int:
        """Run one insert and return the key of the new row."""
        key = self._connection.execute(statement, values).lastrowid
        return int(key or 0)

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> int:
        """Run one statement once per row and return how many rows changed in all."""
        return self._connection.executemany(statement, rows).rowcount

    def rows(self, statement: str, values: Values = ()) -> list[Row]:
        """Return every row of a query."""
        return self._connection.execute(statement, values).fetchall()

    def find(self, statement: str, values: Values = ()) -> Row | None:
        """Return the first row of a query, or None."""
        found: Row | None = self._connection.execute(statement, values).fetchone()
        return found

    def row(self, statement: str, values: Values = ()) -> Row:
        """Return the row of a query that always has one."""
        found = self.find(statement, values)
        assert found is not None
        return found

    def next_change(self) -> int:
        """Return a new change number; call it inside a transaction."""
        statement = "update settings set value = cast(value as integer) + 1 where key = 'change' returning value"
        return int(self.row(statement)[0])

    def last_change(self) -> int:
        """Return the newest change number given out."""
        return int(self.row("select value from settings where key = 'change'")[0])

    def setting(self, key: str) -> str | None:
        """Return a setting, or None."""
        found = self.find("select value from settings where key = ?", (key,))
        return None if found is None else str(found[0])

    def set_setting(self, key: str, value: str | None) -> None:
        """Keep a setting; None forgets it."""
        if value is None:
            self.run("delete from settings where key = ?", (key,))
        else:
            self.run("insert or replace into settings values (?, ?)", (key, value))

    @contextmanager
    def only_cycle(self) -> Iterator[None]:
        """Hold the right to run a cycle on this state. Raises `CycleRunning`."""
        with self._right("cycle", "Another cycle is running on this state file."):
            yield

    @contextmanager
    def only_mover(self) -> Iterator[None]:
        """Hold the right to move the clock through what is due. Raises `CycleRunning`."""
        with self._right("clock", "The clock of this state file is being moved already."):
            yield

    def cycle_running(self) -> bool:
        """Tell whether somebody runs a cycle now."""
        return self._taken("cycle")

    def clock_moving(self) -> bool:
        """Tell whether somebody moves the clock through what is due now."""
        return self._taken("clock")

    @contextmanager
    def _right(self, name: str, taken: str) -> Iterator[None]:
        """Hold an exclusive lock on a file beside the state; it ends with the process, however that ends."""
        lock = sqlite3.connect(f"{self.path}.{name}", timeout=0.2, isolation_level=None)  # somebody may just look
        try:
            lock.execute("begin exclusive")
        except sqlite3.OperationalError as error:
            lock.close()
            raise CycleRunning(taken) from error
        try:
            yield
        finally:
            lock.close()

    def _taken(self, name: str) -> bool:
        lock = sqlite3.connect(f"{self.path}.{name}", timeout=0, isolation_level=None)
        try:
            lock.execute("select 1 from sqlite_schema").fetchall()
        except sqlite3.OperationalError:
            return True
        finally:
            lock.close()
        return False


def _schema_steps() -> list[str]:
    """Return the scripts of `schema/` in their order; a state file's version is how many of them it has run."""
    folder = resources.files("entrasim").joinpath("schema")
    return [file.read_text(encoding="utf-8") for file in sorted(folder.iterdir(), key=lambda file: file.name)]


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
