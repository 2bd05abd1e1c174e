"""Rows on standard output as they come: aligned text, CSV or JSON, in memory that does not grow with their number."""

from __future__ import annotations

import csv
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from enum import StrEnum
from typing import Final, TypeVar, cast

import msgspec

from doorlist.domain.sheets import inert

T = TypeVar("T")
Columns = Mapping[str, Callable[[T], object]]
"""Headings, each with the cell that a row has under it."""

_MEASURED: Final = 200


class Form(StrEnum):
    """How rows are written."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"

    @classmethod
    def of(cls, *, json: bool, csv: bool = False) -> Form:
        """The form that two flags ask for; JSON where both are given."""
        if json:
            return cls.JSON
        return cls.CSV if csv else cls.TEXT


async def print_rows(rows: AsyncIterator[T], columns: Columns[T], form: Form) -> int:
    """Write every row and close the iterator; returns the number of rows."""
    count = 0
    write = _WRITERS[form](list(columns))
    async with aclosing(cast("AsyncGenerator[T, None]", rows)) as open_rows:
        async for row in open_rows:
            write([cell(row) for cell in columns.values()])
            count += 1
    write(None)
    return count


def _as_text(headings: Sequence[str]) -> Callable[[Sequence[object] | None], None]:
    """Columns as wide as the widest of the first rows, two blanks apart."""
    waiting: list[list[str]] = [list(headings)]
    widths: list[int] = []

    def flush() -> None:
        if not widths:
            widths.extend(max(map(len, column)) for column in zip(*waiting, strict=True))
        for line in waiting:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        waiting.clear()

    def write(row: Sequence[object] | None) -> None:
        if row is not None:
            waiting.append(["" if cell is None else str(msgspec.to_builtins(cell)) for cell in row])
        if row is None or widths or len(waiting) > _MEASURED:
            flush()

    return write


def _as_csv(headings: Sequence[str]) -> Callable[[Sequence[object] | None], None]:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(headings)

    def write(row: Sequence[object] | None) -> None:
        if row is not None:
            writer.writerow([inert(msgspec.to_builtins(cell)) for cell in row])

    return write


def _as_json(headings: Sequence[str]) -> Callable[[Sequence[object] | None], None]:
    """One array with an object a line."""
    before = ["["]

    def write(row: Sequence[object] | None) -> None:
        if row is None:
            print("[]" if before == ["["] else "\n]")
            return
        document = msgspec.json.encode(dict(zip(headings, row, strict=True))).decode()
        sys.stdout.write(f"{before[0]}\n  {document}")
        before[0] = ","

    return write


_WRITERS: Final = {Form.TEXT: _as_text, Form.CSV: _as_csv, Form.JSON: _as_json}
