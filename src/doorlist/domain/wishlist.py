"""What the three sheets of an import ask for, as far as they can be judged by themselves. Pure.

Names are compared folded; the first spelling is the one that is kept. A grant that is listed twice with one level is
one grant, with two levels it is a problem.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from doorlist.domain.directory import fold
from doorlist.domain.levels import GROUP_CEILING, Level
from doorlist.domain.naming import fault_of_name
from doorlist.domain.sheets import Sheet, read_sheet

HOME: Final = fold("Home")
"""The folded name of the folder that every workspace has."""

_WORKSPACES: Final = ("workspace",)
_FOLDERS: Final = ("workspace", "folder")
_GRANTS: Final = ("group", "workspace", "folder", "level")

_key = lru_cache(maxsize=1 << 18)(fold)


@dataclass(frozen=True, slots=True)
class Source:
    """A file: the name under which its problems are listed, and its content."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class WantedFolder:
    """A folder that a line lists, with both names as written."""

    line: int
    workspace: str
    name: str


@dataclass(frozen=True, slots=True)
class WantedGrant:
    """A level that a line gives to a group; `cells` are group, workspace, folder and level as written."""

    line: int
    level: Level
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wishlist:
    """Workspaces, folders and grants by their folded names; the folder "" stands for the workspace itself.

    The sheets stay at hand so that problems found later are listed with those found here.
    """

    folder_sheet: Sheet
    grant_sheet: Sheet
    workspace_sheet: Sheet
    workspaces: dict[str, str] = field(default_factory=dict)
    folders: dict[tuple[str, str], WantedFolder] = field(default_factory=dict)
    grants: dict[tuple[str, str, str], WantedGrant] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        """Every problem of the three files."""
        return (*self.workspace_sheet.problems, *self.folder_sheet.problems, *self.grant_sheet.problems)

    @property
    def workspace_keys(self) -> set[str]:
        """Every workspace that any line names."""
        return {key for key, _ in self.folders} | {key for _, key, _ in self.grants} | self.workspaces.keys()

    @property
    def group_keys(self) -> set[str]:
        """Every group that any line names."""
        return {key for key, _, _ in self.grants}


def read_wishlist(*, workspaces: Source, folders: Source, grants: Source) -> Wishlist:
    """The wishes of three files, with every problem that needs no knowledge of the organization."""
    wishlist = Wishlist(
        workspace_sheet=read_sheet(workspaces.name, workspaces.content, _WORKSPACES),
        folder_sheet=read_sheet(folders.name, folders.content, _FOLDERS),
        grant_sheet=read_sheet(grants.name, grants.content, _GRANTS),
    )
    _read_workspaces(wishlist)
    _read_folders(wishlist)
    _read_grants(wishlist)
    return wishlist


def _read_workspaces(wishlist: Wishlist) -> None:
    for line, (workspace,) in wishlist.workspace_sheet.rows:
        fault = fault_of_name(workspace)
        if fault is not None:
            wishlist.workspace_sheet.report(line, f"the workspace {fault}")
        wishlist.workspaces.setdefault(_key(workspace), workspace)


def _read_folders(wishlist: Wishlist) -> None:
    for line, (workspace, folder) in wishlist.folder_sheet.rows:
        fault = fault_of_name(folder)
        if fault is not None:
            wishlist.folder_sheet.report(line, f"the folder {fault}")
        wishlist.folders.setdefault((_key(workspace), _key(folder)), WantedFolder(line, workspace, folder))


def _read_grants(wishlist: Wishlist) -> None:
    sheet = wishlist.grant_sheet
    for line, cells in sheet.rows:
        group, workspace, folder, text = cells
        level = Level.parse(text)
        if level is None:
            sheet.report(line, f"there is no level {text!r}")
            continue
        if level > GROUP_CEILING:
            sheet.report(line, f"groups carry at most {GROUP_CEILING.label}, not {level.label}")
        wanted = WantedGrant(line, level, cells)
        first = wishlist.grants.setdefault((_key(group), _key(workspace), _key(folder)), wanted)
        if first.level is not level:
            sheet.report(line, f"{level.label} here, {first.level.label} in line {first.line} for the same grant")
