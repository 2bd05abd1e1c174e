"""The page of sign-in is true: every item of the checklist names tests that exist, every check and choice is told."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from doorlist.domain.samlsettings import SamlChoices
from doorlist.saml.checks import Check

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/saml.md").read_text(encoding="utf-8")
ITEMS = re.findall(r"^\| (\d+) \| .*? \| (.*) \|$", PAGE, re.MULTILINE)
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


def test_the_checklist_has_its_twenty_items() -> None:
    assert [int(number) for number, _ in ITEMS] == list(range(1, 21))


@pytest.mark.parametrize(("number", "named"), ITEMS, ids=[number for number, _ in ITEMS])
def test_every_item_has_a_test(number: str, named: str) -> None:
    found = re.findall(r"`(test_\w+)`", named)
    assert found, number
    for name in found:
        assert re.search(rf"def {name}\(", TESTS), name


@pytest.mark.parametrize("check", Check)
def test_every_check_is_told(check: Check) -> None:
    assert f"`{check.value}`" in PAGE


@pytest.mark.parametrize("name", [field.name for field in fields(SamlChoices) if field.name != "metadata_url"])
def test_every_choice_is_told(name: str) -> None:
    assert f"| `{name.replace('_', '-')}` |" in PAGE
