"""Whoever writes CSV takes the sting out of its cells."""

from __future__ import annotations

from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
WRITERS = [path for path in SOURCE.rglob("*.py") if "csv.writer" in (text := path.read_text()) or "DictWriter" in text]


def test_there_is_a_module_that_writes_csv() -> None:
    assert WRITERS


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_that_writes_csv_makes_its_cells_inert(path: Path) -> None:
    assert "inert(" in path.read_text()
