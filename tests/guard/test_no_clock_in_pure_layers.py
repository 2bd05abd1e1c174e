"""The domain and the protocol read no clock: moments are parameters, or equal inputs would give unequal results.

import-linter keeps them from modules that do input and output; `datetime` they need, but not its present.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import doorlist

ROOT = Path(doorlist.__file__).parent
MODULES = sorted([*(ROOT / "domain").rglob("*.py"), *(ROOT / "scim").rglob("*.py"), *(ROOT / "saml").rglob("*.py")])
PRESENT = {"now", "utcnow", "today"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_present_moment_is_asked_for(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    asked = [
        f"{module.name}:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in PRESENT
        and ast.unparse(node.value).endswith(("datetime", "date"))
    ]
    assert not asked
