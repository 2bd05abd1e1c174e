"""Read users.csv, groups.csv and members.csv into values, and collect every problem with its file and line.

Nothing here knows what the directory already holds: a reference to a name outside the files is left to `intake`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from entrasim.entries import field_of_column, squash

TRUTHS = {"true": 1, "1": 1, "yes": 1, "false": 0, "0": 0, "no": 0}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row came from."""

    file: str
    line: int

    def says(self, problem: str) -> str:
        """Spell a problem at this place."""
        return f"{self.file}:{self.line}: {problem}"


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One row of users.csv: `Person` fields (None for an empty cell) and the manager's handle when given."""

    place: Place
    handle: str
    fields: dict[str, str | None]
    manager: str | None = None
    names_manager: bool = False
    enabled: int | None = None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One row of groups.csv."""

    place: Place
    name: str
    description: str | None
    parent: str | None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One row of members.csv."""

    place: Place
    group: str
    handle: str


@dataclass(slots=True)
class Files:
    """What the files say. A list is None where the file was not given. `problems` is empty when all rows are good."""

    people: list[PersonRow] | None = None
    groups: list[GroupRow] | None = None
    members: list[MemberRow] | None = None
    problems: list[str] = field(default_factory=list)


def read_files(users: Path | None, groups: Path | None, *, members: Path | None) -> Files:
    """Read the files that are given."""
    files = Files()
    if users is not None:
        files.people = _read_people(users, files.problems)
    if groups is not None:
        files.groups = _read_groups(groups, files.problems)
    if members is not None:
        files.members = _read_members(members, files.problems)
    return files


def _read_people(path: Path, problems: list[str]) -> list[PersonRow]:
    def known(column: str) -> str | None:
        extra = {"manager": "manager", "accountenabled": "account_enabled"}
        return field_of_column(column) or extra.get(squash(column))

    rows: list[PersonRow] = []
    seen: dict[tuple[str, str], int] = {}
    for place, cells in _records(path, problems, known=known, needed=("user_principal_name",)):
        upn = cells["user_principal_name"]
        if not upn:
            problems.append(place.says("user_name is empty"))
            continue
        handle = cells.get("handle") or upn.partition("@")[0] or upn
        if _is_repeated(place, problems, seen=seen, names={"handle": handle, "user_name": upn}):
            continue
        row = _person_row(place, handle, cells=cells)
        if row is None:
            problems.append(place.says(f"account_enabled is {cells['account_enabled']!r}, not true or false"))
        else:
            rows.append(row)
    return rows


def _person_row(place: Place, handle: str, *, cells: dict[str, str]) -> PersonRow | None:
    enabled = cells.pop("account_enabled", None)
    if enabled and enabled.casefold() not in TRUTHS:
        cells["account_enabled"] = enabled
        return None
    names_manager = "manager" in cells
    manager = cells.pop("manager", None) or None
    fields = {name: value or None for name, value in cells.items()}
    return PersonRow(
        place=place,
        handle=handle,
        fields={**fields, "handle": handle},
        manager=manager,
        names_manager=names_manager,
        enabled=TRUTHS[enabled.casefold()] if enabled else None,
    )


def _read_groups(path: Path, problems: list[str]) -> list[GroupRow]:
    names = {"group": "group", "description": "description", "parent": "parent"}
    rows: list[GroupRow] = []
    seen: dict[tuple[str, str], int] = {}
    for place, cells in _records(path, problems, known=lambda name: names.get(squash(name)), needed=("group",)):
        name = cells["group"]
        if not name:
            problems.append(place.says("group is empty"))
        elif not _is_repeated(place, problems, seen=seen, names={"group": name}):
            description, parent = cells.get("description") or None, cells.get("parent") or None
            rows.append(GroupRow(place, name, description, parent))
    return rows


def _read_members(path: Path, problems: list[str]) -> list[MemberRow]:
    names = {"group": "group", "handle": "handle"}
    rows: list[MemberRow] = []
    seen: dict[tuple[str, str], int] = {}
    wanted = ("group", "handle")
    for place, cells in _records(path, problems, known=lambda name: names.get(squash(name)), needed=wanted):
        missing = [name for name in wanted if not cells[name]]
        if missing:
            problems.append(place.says(f"{' and '.join(missing)} is empty"))
            continue
        pair = f"{cells['group']} / {cells['handle']}"
        if not _is_repeated(place, problems, seen=seen, names={"membership": pair}):
            rows.append(MemberRow(place, cells["group"], cells["handle"]))
    return rows


def _is_repeated(place: Place, problems: list[str], *, seen: dict[tuple[str, str], int], names: dict[str, str]) -> bool:
    repeated = False
    for what, name in names.items():
        first = seen.setdefault((what, name.casefold()), place.line)
        if first != place.line:
            problems.append(place.says(f"{what} {name!r} was already given in line {first}"))
            repeated = True
    return repeated


def _records(
    path: Path, problems: list[str], *, known: Callable[[str], str | None], needed: tuple[str, ...]
) -> Iterator[tuple[Place, dict[str, str]]]:
    """Yield each row with the line it starts on, its cells stripped and called by their field."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, strict=True)
            names = _header(path.name, next(reader, []), known=known, needed=needed, problems=problems)
            line = reader.line_num + 1
            for cells in reader if names else ():
                place, line = Place(path.name, line), reader.line_num + 1
                if len(cells) == len(names):
                    yield place, dict(zip(names, (cell.strip() for cell in cells), strict=True))
                elif cells:
                    problems.append(place.says(f"{len(cells)} cells where the header has {len(names)}"))
    except OSError as error:
        problems.append(f"{path}: {error.strerror or error}")
    except (csv.Error, UnicodeDecodeError) as error:
        problems.append(f"{path.name}: not a CSV file in UTF-8: {error}")


def _header(
    file: str,
    columns: list[str],
    *,
    known: Callable[[str], str | None],
    needed: tuple[str, ...],
    problems: list[str],
) -> list[str]:
    place = Place(file, 1)
    names = [known(column) for column in columns]
    before = len(problems)
    problems += [place.says(f"unknown column {c!r}") for c, name in zip(columns, names, strict=True) if name is None]
    found = [name for name in names if name is not None]
    problems += [place.says(f"column {name!r} is given twice") for name in set(found) if found.count(name) > 1]
    spelled = {"user_principal_name": "user_name"}
    problems += [place.says(f"column {spelled.get(name, name)!r} is missing") for name in needed if name not in found]
    return found if len(problems) == before else []
