"""Every recorded exchange holds, and every quirk is recorded: without it some exchange fails."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doorlist.scim import quirks
from doorlist.store.db import Database
from tests.golden.exchange import FOLDER, Mismatch, golden_files, name_of, recorded, replay
from tests.http.conftest import Directory, Enrol

FILES = golden_files()
FOLDERS = "|".join(sorted({path.parent.name for path in FILES}))
CLIENTS = ("onelogin", "jumpcloud", "google", "pingone", "keycloak", "authentik")
GROUPS = {"group push", "membership change"}
STAGES = {"connection test", "look-up", "create", "update", "deactivate", "delete", "re-create"} | GROUPS
WITHOUT_GROUPS = {"google"}  # groups narrow its scope and are not provisioned
CLIENTS_PAGE = FOLDER.parents[1] / "docs" / "reference" / "clients.md"
QUIRKS = {
    name: function
    for name, function in inspect.getmembers(quirks, inspect.isfunction)
    if not name.startswith("_") and function.__module__ == quirks.__name__
}


@pytest.mark.parametrize("path", [pytest.param(path, id=name_of(path)) for path in FILES])
async def test_an_exchange_goes_as_recorded(directory: Directory, database: Database, path: Path) -> None:
    await replay(path, directory, database)


def _without(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a quirk would be if it did nothing: false, none, or its last argument as it came."""
    result = str(inspect.signature(function).return_annotation)
    if result == "bool":
        return lambda *_: False
    return (lambda *_: None) if result.endswith("None") else (lambda *arguments: arguments[-1])


@pytest.mark.parametrize("name", QUIRKS)
async def test_without_a_quirk_a_recorded_exchange_fails(
    enrol: Enrol, database: Database, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    named = [path for path in FILES if name in recorded(path).get("quirks", [])]
    assert named, f"no exchange names {name}"
    monkeypatch.setattr(quirks, name, _without(QUIRKS[name]))
    for number, path in enumerate(named):
        with pytest.raises(Mismatch):
            await replay(path, await enrol(f"Example {number}"), database)


@pytest.mark.parametrize("name", QUIRKS)
def test_every_quirk_is_on_the_page_of_clients(name: str) -> None:
    assert f"`{name}`" in CLIENTS_PAGE.read_text()


@pytest.mark.parametrize("client", CLIENTS)
def test_the_whole_life_cycle_of_a_client_is_recorded(client: str) -> None:
    seen = {stage for path in FILES if path.parent.name == client for stage in recorded(path).get("stages", [])}
    assert seen == STAGES - (GROUPS if client in WITHOUT_GROUPS else set())


def test_every_row_of_quirks_has_an_exchange_that_exists() -> None:
    """From Q1 to the last without a gap, each row with a file of its own or of a client."""
    rows = re.findall(r"^\| (Q\d+) \|.*\| `([\w-]+/[\w-]+)` \|$", CLIENTS_PAGE.read_text(), re.MULTILINE)
    numbers = sorted({int(number[1:]) for number, _ in rows})
    assert numbers == list(range(1, max(numbers) + 1))
    assert max(numbers) >= 26
    assert len(rows) == len(re.findall(r"^\| Q\d+ \|", CLIENTS_PAGE.read_text(), re.MULTILINE))
    assert {file for _, file in rows} <= {name_of(path) for path in FILES}


def test_the_page_of_clients_names_every_folder() -> None:
    text = CLIENTS_PAGE.read_text()
    for folder in {path.parent.name for path in FILES}:
        assert f"`tests/golden/{folder}`" in text


def test_the_page_of_clients_names_only_files_and_quirks_that_exist() -> None:
    text = CLIENTS_PAGE.read_text()
    files = {name_of(path) for path in FILES}
    named = set(re.findall(rf"`((?:{FOLDERS})/[\w-]+)`", text))
    assert named <= files, named - files
    assert {name for name in files if name.startswith("quirks/")} <= named
    for name in re.findall(r"\| Q\d+ \|[^|]*\|[^|]*\| `(\w+)`", text):
        assert name in QUIRKS, name


def test_quirks_named_by_exchanges_exist() -> None:
    for path in FILES:
        assert set(recorded(path).get("quirks", [])) <= QUIRKS.keys(), path.name
