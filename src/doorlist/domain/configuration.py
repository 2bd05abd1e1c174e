"""An organization's workspaces, folders, grants and settings as one text (TOML): written in one order, read strictly.

Groups and people are named, because they come from the directory; where several bear a name they go by `id:` and their
id. Pure: whether what a text names is there is for the service to find out.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from doorlist.domain.directory import fold
from doorlist.domain.levels import GROUP_CEILING, Level, Policy
from doorlist.domain.naming import fault_of_name
from doorlist.domain.tenancy import Plan
from doorlist.domain.wishlist import HOME
from doorlist.errors import BadInput

LONGEST: Final = 8 << 20
"""Characters of the longest text that is read."""

_MOST_PLACES: Final = 100_000
_MOST_PROBLEMS: Final = 100
_SETTINGS: Final = ("plan", "removal_policy", "members_create_workspaces", "scim_enabled")


@dataclass(frozen=True, slots=True)
class Given:
    """A level that somebody has; a policy of None is the organization's."""

    level: Level
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class PlaceEntry:
    """A workspace or folder as the text has it; the grants go by the names of groups and people."""

    name: str
    archived: bool = False
    plan: Plan | None = None
    groups: Mapping[str, Given] = field(default_factory=dict)
    people: Mapping[str, Given] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole text. Places go by folded names, the folder "" being the workspace itself; a folder Home is the home."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[tuple[str, str], PlaceEntry] = field(default_factory=dict)


def write_configuration(configuration: Configuration) -> str:
    """The text of a configuration: the same for equal ones."""
    return "\n".join(_lines(configuration)) + "\n"


def read_configuration(text: str) -> Configuration:
    """The configuration that a text describes. Raises `BadInput` with every problem, each at its place."""
    if len(text) > LONGEST:
        raise BadInput(f"The file has more than {LONGEST} characters.", place="file")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"The file is no TOML: {error}.", place="file") from None
    reader = _Reader()
    configuration = reader.read(document)
    if reader.problems:
        raise BadInput("The file cannot be used; nothing was changed.", problems=tuple(reader.problems))
    return configuration


def _lines(configuration: Configuration) -> Iterator[str]:
    yield "# Access of an organization: doorlist plan FILE shows what it would change, doorlist apply FILE does that."
    yield "# What is not named here is left alone; of the workspaces and folders named, the grants are exactly these."
    if configuration.settings:
        yield "\n[organization]"
        for name in _SETTINGS:
            if name in configuration.settings:
                yield f"{name} = {_value(configuration.settings[name])}"
    for (_, folder), place in sorted(configuration.places.items(), key=lambda item: item[0]):
        yield from _place_lines(place, "workspace.folder" if folder else "workspace")


def _place_lines(place: PlaceEntry, table: str) -> Iterator[str]:
    yield f"\n[[{table}]]"
    yield f"name = {_value(place.name)}"
    if place.plan is not None:
        yield f"plan = {_value(place.plan)}"
    if place.archived:
        yield "archived = true"
    for name, grants in (("groups", place.groups), ("people", place.people)):
        if grants:
            yield f"[{table}.{name}]"
            for who, given in sorted(grants.items(), key=lambda item: (fold(item[0]), item[0])):
                yield f"{_value(who)} = {_given(given)}"


def _given(given: Given) -> str:
    level = _value(given.level.label)
    return level if given.policy is None else f"{{ level = {level}, policy = {_value(given.policy)} }}"


def _value(value: object) -> str:
    """A boolean or a text as TOML spells it, which is as JSON does but for one character."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


class _Reader:
    """Reads a document and notes what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._places: dict[tuple[str, str], PlaceEntry] = {}

    def read(self, document: dict[str, Any]) -> Configuration:
        self._unknown(document, {"organization", "workspace"}, "file")
        settings = self._settings(document.get("organization", {}))
        for number, table in enumerate(self._tables(document.get("workspace", []), "workspace"), 1):
            self._workspace(table, f"workspace {number}")
        return Configuration(settings, self._places)

    def _settings(self, table: Any) -> dict[str, Any]:
        if not isinstance(table, dict):
            self._note("organization", "is a table")
            return {}
        self._unknown(table, set(_SETTINGS), "organization")
        kinds: dict[str, type[Plan] | type[Policy]] = {"plan": Plan, "removal_policy": Policy}
        found: dict[str, Any] = {}
        for name in _SETTINGS:
            if name in table:
                value = self._one_of(table[name], kinds[name], name) if name in kinds else table[name]
                if name not in kinds and not isinstance(value, bool):
                    self._note(name, "is true or false")
                found[name] = value
        return found

    def _workspace(self, table: dict[str, Any], place: str) -> None:
        self._unknown(table, {"name", "plan", "archived", "groups", "people", "folder"}, place)
        entry = self._entry(table, place, plan=table.get("plan"))
        if entry is None:
            return
        self._put((fold(entry.name), ""), entry, place)
        for number, folder in enumerate(self._tables(table.get("folder", []), place), 1):
            where = f"{entry.name} / folder {number}"
            self._unknown(folder, {"name", "archived", "groups", "people"}, where)
            inner = self._entry(folder, where, plan=None)
            if inner is not None:
                self._put((fold(entry.name), fold(inner.name)), inner, where)

    def _entry(self, table: dict[str, Any], place: str, *, plan: Any) -> PlaceEntry | None:
        name, archived = table.get("name"), table.get("archived", False)
        fault = "is a text" if not isinstance(name, str) else fault_of_name(name)
        if fault is not None or not isinstance(name, str):
            self._note(place, f"the name {fault}")
            return None
        if not isinstance(archived, bool) or (archived and fold(name.strip()) == HOME):
            self._note(name, "archived is true or false, and a home folder is archived with its workspace")
        return PlaceEntry(
            name.strip(),
            archived is True,
            None if plan is None else self._one_of(plan, Plan, f"{name}: plan"),
            self._grants(table.get("groups", {}), f"{name}: groups", ceiling=GROUP_CEILING),
            self._grants(table.get("people", {}), f"{name}: people", ceiling=Level.OWNER),
        )

    def _grants(self, table: Any, place: str, *, ceiling: Level) -> dict[str, Given]:
        if not isinstance(table, dict):
            self._note(place, "is a table of names and levels")
            return {}
        found = {}
        for who, value in table.items():
            given = self._level(value, f"{place}: {who}", policies=ceiling is GROUP_CEILING)
            if given is not None and given.level > ceiling:
                self._note(f"{place}: {who}", f"carries at most {ceiling.label}")
            elif given is not None:
                found[who] = given
        return found

    def _level(self, value: Any, place: str, *, policies: bool) -> Given | None:
        policy = None
        if isinstance(value, dict) and policies:
            self._unknown(value, {"level", "policy"}, place)
            policy = None if "policy" not in value else self._one_of(value["policy"], Policy, place)
            value = value.get("level")
        level = Level.parse(value) if isinstance(value, str) else None
        if level is None:
            self._note(place, f"there is no level {value!r}")
            return None
        return Given(level, policy)

    def _put(self, key: tuple[str, str], entry: PlaceEntry, place: str) -> None:
        if key in self._places:
            self._note(place, f"{entry.name} is there twice")
        if len(self._places) >= _MOST_PLACES:
            raise BadInput(f"The file names more than {_MOST_PLACES} workspaces and folders.", place="file")
        self._places[key] = entry

    def _tables(self, value: Any, place: str) -> list[dict[str, Any]]:
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            return value
        self._note(place, "is a list of tables, as [[...]] begins one")
        return []

    def _one_of(self, value: Any, kind: type[Plan] | type[Policy], place: str) -> Any:
        try:
            return kind(value)
        except ValueError:
            self._note(place, f"is one of {', '.join(kind)}, not {value!r}")
            return None

    def _unknown(self, table: Mapping[str, Any], known: set[str], place: str) -> None:
        for name in sorted(table.keys() - known):
            self._note(place, f"there is nothing called {name!r} here")

    def _note(self, place: str, text: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(f"{place}: {text}")
