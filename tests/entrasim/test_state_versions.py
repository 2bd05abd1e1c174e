"""The state file across versions: an older one is brought up, a newer one refused."""

from __future__ import annotations

import sqlite3
from importlib import resources
from pathlib import Path

import pytest

from entrasim.refusals import StateUnusable
from entrasim.statefile import StateFile


def _first_version(path: Path) -> None:
    script = resources.files("entrasim").joinpath("schema", "0001_directory.sql").read_text(encoding="utf-8")
    connection = sqlite3.connect(path)
    connection.executescript(script + "insert into settings values ('change', '7'); pragma user_version = 1;")
    connection.close()


def test_a_state_file_of_the_first_version_is_brought_up_and_keeps_what_it_holds(tmp_path: Path) -> None:
    _first_version(tmp_path / "state.db")
    state = StateFile.open(tmp_path / "state.db")
    upgraded = {name for (name,) in state.rows("select name from sqlite_master where type = 'table'")}
    fresh = StateFile.open(tmp_path / "fresh.db")
    assert upgraded == {name for (name,) in fresh.rows("select name from sqlite_master where type = 'table'")}
    assert state.row("pragma user_version") == fresh.row("pragma user_version")
    assert state.last_change() == 7
    state.close()
    fresh.close()


def test_a_state_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    state = StateFile.open(tmp_path / "state.db")
    state.run("pragma user_version = 9999")
    state.close()
    with pytest.raises(StateUnusable, match="newer"):
        StateFile.open(tmp_path / "state.db")
