"""Every setting, refusal and command stands in its reference as it is in the code; links lead somewhere."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import doorlist.web.app  # noqa: F401 - defines the refusals that errors.py does not
import entrasim.commands
from doorlist import errors
from doorlist.cli import COMMANDS
from doorlist.config import PREFIX, Settings, default_data

NONE = "\N{EN DASH}"
ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def below(refusal: type[errors.Refusal]) -> Iterator[type[errors.Refusal]]:
    """Every class of refusal below one, in the whole program."""
    for found in refusal.__subclasses__():
        yield found
        yield from below(found)


REFUSALS = list(below(errors.Refusal))


def rows(page: str) -> Iterator[list[str]]:
    """The cells of every row of a page's tables, without backquotes."""
    for line in (REFERENCE / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            yield [cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def commands_of(app: typer.Typer, name: str) -> Iterator[str]:
    """The full name of every command below one."""
    for command in app.registered_commands:
        own = command.name or getattr(command.callback, "__name__", "").replace("_", "-")
        yield f"{name} {own}".strip()
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from commands_of(group.typer_instance, f"{name} {group.name}".strip())


def doorlist_commands() -> Iterator[str]:
    for name, (module, _) in COMMANDS.items():
        found = importlib.import_module(module)
        if hasattr(found, "app"):
            yield from commands_of(found.app, f"doorlist {name}")
        else:
            yield f"doorlist {name}"


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: str(refusal.code))
def test_every_refusal_is_documented_as_it_is(refusal: type[errors.Refusal]) -> None:
    listed = {cells[0]: cells[1:3] for cells in rows("errors.md")}
    assert listed[refusal.code] == [str(refusal.status), refusal.scim_type or NONE]


def test_no_refusal_is_documented_that_there_is_not() -> None:
    listed = [cells[0] for cells in rows("errors.md")]
    assert sorted(listed) == sorted({refusal.code for refusal in REFUSALS})


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    listed = {cells[0]: cells[2] for cells in rows("configuration.md")}
    default = Settings.model_fields[name].get_default(call_default_factory=True)
    told = listed[PREFIX + name.upper()]
    if default is None or default == default_data():
        assert told
    else:
        assert told == str(default)


def test_no_setting_is_documented_that_there_is_not() -> None:
    listed = [cells[0] for cells in rows("configuration.md")]
    assert sorted(listed) == sorted(PREFIX + name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize("command", [*doorlist_commands(), *commands_of(entrasim.commands.app, "entrasim")])
def test_every_command_is_documented(command: str) -> None:
    """In code, as `program name` or, for those that share a row, `program group one\\|two`."""
    *before, last = command.split()
    text = "\n".join(path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md"))
    alternatives = rf"(?:[\w-]+\\\|)*{last}(?:\\\|[\w-]+)*"
    assert re.search(rf"`{' '.join(before)} {alternatives}[ `]", text), f"{command} is in no table of docs/reference"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    lost = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not lost
