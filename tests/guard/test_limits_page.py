"""docs/reference/limits.md: every bound is that of the program, and every bound of the program has its row."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import pytest

import doorlist.scim
from doorlist.config import PREFIX, Settings
from doorlist.scim import bulk, cursor, filter
from doorlist.web import requests
from tests.guard.test_documented import NONE, REFUSALS, ROOT, rows

ROWS = list(rows("limits.md"))
SCHEMA_COMMAND = "doorlist.scim.declaration"
"""What it bounds is an administrator's file; its limits are told with the command."""


def exists(test: str) -> bool:
    """Whether a test or a golden exchange with this name is there."""
    file, _, function = test.partition("::")
    if not function:
        return (ROOT / f"tests/{file}.json").exists()
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    return re.search(rf"^(async )?def {function}\(", text, re.MULTILINE) is not None


def value(bound: str) -> float:
    """The number behind the name of a setting or a constant."""
    if bound.startswith(PREFIX):
        return float(Settings.model_fields[bound.removeprefix(PREFIX).lower()].default)
    module, _, name = bound.rpartition(".")
    return float(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("cells", ROWS, ids=lambda cells: cells[0])
def test_a_bound_of_the_page_is_that_of_the_program(cells: list[str]) -> None:
    bound, _, told, status, scim_type, test = cells
    assert value(bound) == float(told)
    refusals = {(str(refusal.status), refusal.scim_type or NONE) for refusal in REFUSALS}
    assert (status, scim_type) in {*refusals, (NONE, NONE)}
    assert exists(test), test


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(doorlist.scim.__path__, "doorlist.scim.")
    return [*(importlib.import_module(each.name) for each in found), requests, bulk, cursor, filter]


def test_every_bound_of_the_protocol_has_its_row() -> None:
    listed = {cells[0] for cells in ROWS}
    for module in modules():
        defined = re.findall(r"^((?:MAX|LONGEST)\w*): Final", Path(str(module.__file__)).read_text(), re.MULTILINE)
        missing = {f"{module.__name__}.{name}" for name in defined} - listed
        assert not missing or module.__name__ == SCHEMA_COMMAND


def test_every_test_that_the_page_names_exists() -> None:
    text = (ROOT / "docs/reference/limits.md").read_text(encoding="utf-8")
    for test in re.findall(r"`(\w+/[\w.]+::\w+)`", text):
        assert exists(test), test
