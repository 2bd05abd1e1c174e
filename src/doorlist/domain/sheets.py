"""CSV sheets: bytes of an import in, rows and every problem out; cells of an export that no program runs. Pure.

A sheet is UTF-8 (a byte order mark is accepted) with a header; columns may stand in any order, further columns are
passed over, blank lines too. Nothing is guessed: a row of another length is a problem, not a shorter row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(slots=True)
class Sheet:
    """The rows of a file, each with its line (the header is line 1) and the asked columns in the asked order."""

    name: str
    rows: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def report(self, line: int, message: str) -> None:
        """Add a problem of a line."""
        self.faults.append((line, message))

    @property
    def problems(self) -> list[str]:
        """Every problem in the order of the lines, spelled file:line: message."""
        return [f"{self.name}:{line}: {message}" for line, message in sorted(self.faults, key=itemgetter(0))]


def inert(cell: object) -> object:
    """A cell of an export as spreadsheets show it and never run it (OWASP, CSV injection).

    Names come from directories, so anybody who can choose one could put a formula into an administrator's spreadsheet.
    A text that would start one, also in the wide forms that some programs read as the narrow ones, gets an apostrophe
    in front; numbers and other values are what they are.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_STARTS_A_FORMULA) else cell


def read_sheet(name: str, content: bytes, columns: Sequence[str]) -> Sheet:
    """The rows of a CSV file. Problems are reported in the sheet; no content raises."""
    sheet = Sheet(name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sheet.report(content.count(b"\n", 0, error.start) + 1, "not UTF-8")
        return sheet
    records = _records(sheet, text)
    _, header = next(records, (1, []))
    places = _places(sheet, [title.strip().lower() for title in header], columns)
    if places is None:
        return sheet
    for line, record in records:
        if len(record) == len(header):
            sheet.rows.append((line, tuple(record[place].strip() for place in places)))
        else:
            sheet.report(line, f"{len(record)} columns where the header has {len(header)}")
    return sheet


def _records(sheet: Sheet, text: str) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line that it starts on; malformed CSV is reported and ends the sheet."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            sheet.report(line, f"malformed CSV: {error}")
            return
        if record:
            yield line, record
        line = reader.line_num + 1


def _places(sheet: Sheet, header: list[str], columns: Sequence[str]) -> list[int] | None:
    """Where the asked columns stand; missing and repeated ones are reported."""
    before = len(sheet.faults)
    for column in columns:
        if header.count(column) != 1:
            sheet.report(1, f"the column {column!r} {'is missing' if column not in header else 'occurs twice'}")
    return [header.index(column) for column in columns] if len(sheet.faults) == before else None
