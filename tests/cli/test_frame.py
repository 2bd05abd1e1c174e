"""The frame of the command line: help is quick, options are shared, refusals are text and exit code 1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doorlist.cli import COMMANDS, app
from doorlist.cli.session import settings
from doorlist.config import remember_address

runner = CliRunner()


def test_help_names_every_command_and_imports_none() -> None:
    code = (
        "import sys\nfrom doorlist.cli import app\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('imported', *(set(sys.modules) & {'asyncpg', 'pydantic', 'starlette', 'sqlalchemy', 'doorlist.config'}))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(name in shown for name in COMMANDS)
    assert shown.splitlines()[-1] == "imported"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_its_help(name: str) -> None:
    shown = runner.invoke(app, [name, "--help"])
    assert shown.exit_code == 0, shown.output


def test_a_wrong_command_is_a_wrong_usage() -> None:
    shown = runner.invoke(app, ["orgs"])
    assert shown.exit_code == 2
    assert "'org'" in shown.output


def test_two_databases_at_once_are_a_wrong_usage(tmp_path: Path) -> None:
    shown = runner.invoke(app, ["db", "status", "--data", str(tmp_path), "--database-url", "postgresql://x/y"])
    assert shown.exit_code == 2
    assert "either --data or --database-url" in shown.output


def test_a_refusal_is_told_with_every_problem_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOORLIST_PORT", "99999")
    monkeypatch.setenv("DOORLIST_LOG_LEVEL", "loud")
    shown = runner.invoke(app, ["db", "status"])
    assert shown.exit_code == 1
    assert "Refused: The settings are not usable." in shown.stderr
    assert "- DOORLIST_PORT: " in shown.stderr
    assert "- DOORLIST_LOG_LEVEL: " in shown.stderr
    assert shown.stdout == ""
    assert isinstance(shown.exception, SystemExit)


def test_status_then_upgrade_then_status(empty_database_url: str) -> None:
    def told(*words: str) -> dict[str, object]:
        shown = runner.invoke(app, ["db", *words, "--json", "--database-url", empty_database_url])
        assert shown.exit_code == 0, shown.output
        answer: dict[str, object] = json.loads(shown.stdout)
        return answer

    before = told("status")
    assert before["current"] is None
    assert before["up_to_date"] is False
    applied = told("upgrade")
    assert applied["current"] == before["head"]
    assert told("upgrade") == {"applied": [], "current": before["head"]}
    assert told("status")["up_to_date"] is True


def test_a_folder_named_as_option_wins_over_a_url_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOORLIST_DATABASE_URL", "postgresql://elsewhere/doorlist")
    assert settings(None, None).database_url == "postgresql://elsewhere/doorlist"
    assert settings(tmp_path, None).database_url is None


def test_addresses_are_those_of_the_server_that_served_the_folder(tmp_path: Path) -> None:
    assert settings(tmp_path, None).base_url == "http://127.0.0.1:8080"
    remember_address(tmp_path, "http://127.0.0.1:9999")
    assert settings(tmp_path, None).base_url == "http://127.0.0.1:9999"
    assert settings(tmp_path, None, public_url="https://doorlist.example").base_url == "https://doorlist.example"


def test_the_module_runs_like_the_command() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "doorlist", "--version"], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert shown.stdout.startswith("doorlist ")
