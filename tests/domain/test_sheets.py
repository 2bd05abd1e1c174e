"""Cells of exports: what a directory's names could start in a spreadsheet starts nothing."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorlist.domain.sheets import inert


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff20x"]
)
def test_a_text_that_would_start_a_formula_is_shown_instead(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["Ana", "a=b", " =1", "", 5, -5, 1.5, None, True])
def test_other_cells_are_what_they_are(cell: object) -> None:
    assert inert(cell) is cell


@given(st.text())
def test_no_cell_of_an_export_starts_with_a_sign(text: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerow([inert(text), "next"])  # as every export writes
    ((cell, _),) = csv.reader(io.StringIO(written.getvalue(), newline=""))
    assert cell[:1] not in set("=+-@\t\r\n")
    assert cell.removeprefix("'") == text.removeprefix("'")
