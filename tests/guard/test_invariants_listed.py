"""The page on the access model names for every invariant the test that holds it, and each of them exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/access-model.md").read_text(encoding="utf-8")
SHARED = ROOT.parent / "shared/access-model.md"
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)


def test_there_are_invariants_with_tests() -> None:
    assert len(NAMED) >= 13


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_the_test_of_an_invariant_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_invariant_that_was_asked_for_is_listed() -> None:
    if not SHARED.is_file():
        pytest.skip("the shared facts are not beside this checkout")
    asked = SHARED.read_text(encoding="utf-8").split("## Invariants", 1)[1].split("\n", 1)[1].split("\n## ")[0]
    listed = PAGE.split("## Invariants", 1)[1].split("\n## ")[0]
    rows = [line for line in listed.splitlines() if "::test_" in line]
    assert len(rows) >= len(asked.split("·"))
