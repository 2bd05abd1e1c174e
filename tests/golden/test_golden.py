"""Every recorded exchange holds, and every quirk is recorded: without it some exchange fails."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doorlist.scim import quirks
from tests.golden.exchange import FOLDER, Mismatch, golden_files, name_of, recorded, replay
from tests.http.conftest import Directory, Enrol

FILES = golden_files()
CLIENTS_PAGE = FOLDER.parents[1] / "docs" / "reference" / "clients.md"
QUIRKS = {
    name: function
    for name, function in inspect.getmembers(quirks, inspect.isfunction)
    if not name.startswith("_") and function.__module__ == quirks.__name__
}


@pytest.mark.parametrize("path", [pytest.param(path, id=name_of(path)) for path in FILES])
async def test_an_exchange_goes_as_recorded(directory: Directory, path: Path) -> None:
    await replay(path, directory)


def _without(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a quirk would be if it did nothing: false, none, or its last argument as it came."""
    result = str(inspect.signature(function).return_annotation)
    if result == "bool":
        return lambda *_: False
    return (lambda *_: None) if result.endswith("None") else (lambda *arguments: arguments[-1])


@pytest.mark.parametrize("name", QUIRKS)
async def test_without_a_quirk_a_recorded_exchange_fails(
    enrol: Enrol, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    named = [path for path in FILES if name in recorded(path).get("quirks", [])]
    assert named, f"no exchange names {name}"
    monkeypatch.setattr(quirks, name, _without(QUIRKS[name]))
    for number, path in enumerate(named):
        with pytest.raises(Mismatch):
            await replay(path, await enrol(f"Example {number}"))


@pytest.mark.parametrize("name", QUIRKS)
def test_every_quirk_is_on_the_page_of_clients(name: str) -> None:
    assert f"`{name}`" in CLIENTS_PAGE.read_text()


def test_the_page_of_clients_names_only_files_and_quirks_that_exist() -> None:
    text = CLIENTS_PAGE.read_text()
    files = {name_of(path) for path in FILES}
    named = set(re.findall(r"`((?:entra|entra-flag|okta-oin|okta-aiw|quirks|others)/[\w-]+)`", text))
    assert named <= files, named - files
    assert {name for name in files if name.startswith("quirks/")} <= named
    for name in re.findall(r"\| Q\d+ \|[^|]*\|[^|]*\| `(\w+)`", text):
        assert name in QUIRKS, name


def test_quirks_named_by_exchanges_exist() -> None:
    for path in FILES:
        assert set(recorded(path).get("quirks", [])) <= QUIRKS.keys(), path.name
