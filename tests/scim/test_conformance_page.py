"""The table of conformance is true in this much: each test that it names exists, and each promise names one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reference" / "conformance.md"
ROWS = [
    [cell.strip() for cell in line.strip("|\n ").split(" | ")]
    for line in PAGE.read_text().splitlines()
    if re.match(r"\| \d", line)
]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`([\w/.-]+(?:::\w+)?)`", row[3] if len(row) > 3 else "")})


def test_there_are_rows_for_each_rfc() -> None:
    assert len(ROWS) > 60


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1][:40]}")
def test_a_row_has_a_state_and_what_is_there_has_a_test(row: list[str]) -> None:
    state = row[2].partition(":")[0]
    assert state in ("supported", "partial", "refused", "later")
    if state in ("supported", "partial"):
        assert len(row) > 3
        assert "`" in row[3]


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_exists(name: str) -> None:
    if name.startswith("golden/"):
        assert (TESTS / f"{name}.json").exists()
        return
    file, _, function = name.partition("::")
    assert re.search(rf"^(async )?def {function}\(", (TESTS / file).read_text(), re.MULTILINE)
