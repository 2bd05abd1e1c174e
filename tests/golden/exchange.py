"""Golden exchanges: files of requests with the answers that a client counts on, and the state they leave behind.

A file is ``{"about": …, "quirks": [names in scim.quirks], "steps": […], "after": {path: body or status}}``. It may tell
the ``source`` of what it records, the ``stages`` of a life cycle that it goes through, and the ``behaviour`` that the
connection has to be set to (settings of `Behaviour`). A step is ``{"request": {"method", "path", "headers", "body"},
"expect": {"status", "headers", "body", "whole"}}``. An expected
object is part of the answer unless ``whole`` is true; an expected list is all of it, ``{"$set": […]}`` in any order.

Placeholders: ``$id:ana`` is bound where it is first expected and stands for that text from then on, also inside other
texts; ``$any`` is anything, ``$absent`` nothing at all.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from doorlist.domain.behaviour import USUAL
from doorlist.service import connections
from doorlist.store.db import Database
from tests.http.conftest import OPERATOR, Directory

FOLDER: Final = Path(__file__).parent
_PLACEHOLDER: Final = re.compile(r"\$id:(\w+)")


class Mismatch(AssertionError):  # noqa: N818 - an answer that differs is no error of the test
    """An answer is not the one that was recorded."""


def golden_files() -> list[Path]:
    """Every recorded exchange, in order."""
    return sorted(FOLDER.glob("*/*.json"))


def recorded(path: Path) -> dict[str, Any]:
    """The exchange of a file."""
    exchange: dict[str, Any] = json.loads(path.read_text())
    return exchange


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


async def replay(path: Path, directory: Directory, database: Database) -> None:
    """Have an exchange with a fresh directory. Raises `Mismatch` at the first answer that differs."""
    exchange = recorded(path)
    if "behaviour" in exchange:
        await connections.set_behaviour(database, OPERATOR, directory.org_id, **_settings(exchange["behaviour"]))
    ids: dict[str, str] = {}
    for number, step in enumerate(exchange["steps"], 1):
        await _step(directory, step["request"], step["expect"], ids, f"{name_of(path)} step {number}")
    for address, state in exchange.get("after", {}).items():
        expected = {"status": state} if isinstance(state, int) else {"status": 200, "body": state}
        await _step(directory, {"method": "GET", "path": address}, expected, ids, f"{name_of(path)} after {address}")


def _settings(named: dict[str, str]) -> dict[str, Any]:
    return {name: type(getattr(USUAL, name))(value) for name, value in named.items()}


async def _step(
    directory: Directory, request: dict[str, Any], expect: dict[str, Any], ids: dict[str, str], place: str
) -> None:
    content = json.dumps(_filled(request["body"], ids)).encode() if "body" in request else None
    headers = {"Content-Type": "application/scim+json", **request.get("headers", {})}
    address = _filled(request["path"], ids)
    answer = await directory.call(request["method"], address, content=content, headers=headers)
    if answer.status_code != expect["status"]:
        raise Mismatch(f"{place}: {answer.status_code}, not {expect['status']}: {answer.text}")
    for name, value in expect.get("headers", {}).items():
        _match(value, answer.headers.get(name, "$absent"), ids, f"{place} {name}", whole=True)
    if "body" in expect:
        _match(expect["body"], answer.json(), ids, place, whole=expect.get("whole", False))


def _filled(value: Any, ids: dict[str, str]) -> Any:
    """A value with the texts that placeholders are bound to."""
    if isinstance(value, dict):
        return {name: _filled(part, ids) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, ids) for part in value]
    return _PLACEHOLDER.sub(lambda found: ids[found[1]], value) if isinstance(value, str) else value


def _match(expected: Any, actual: Any, ids: dict[str, str], place: str, *, whole: bool) -> None:
    if expected == "$any":
        return
    if isinstance(expected, dict) and "$set" in expected:
        _match_set(expected["$set"], actual, ids, place, whole=whole)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        _match_object(expected, actual, ids, place, whole=whole)
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
            _match(left, right, ids, f"{place}[{index}]", whole=whole)
    elif isinstance(expected, str) and isinstance(actual, str):
        _match_text(expected, actual, ids, place)
    elif type(expected) is not type(actual) or expected != actual:
        raise Mismatch(f"{place}: {actual!r}, not {expected!r}")


def _match_object(
    expected: dict[str, Any], actual: dict[str, Any], ids: dict[str, str], place: str, *, whole: bool
) -> None:
    if whole and actual.keys() - expected.keys():
        raise Mismatch(f"{place}: unexpected {sorted(actual.keys() - expected.keys())}")
    for name, value in expected.items():
        if value == "$absent" and name not in actual:
            continue
        if name not in actual or value == "$absent":
            raise Mismatch(f"{place}.{name}: {'missing' if name not in actual else 'there'} in {actual}")
        _match(value, actual[name], ids, f"{place}.{name}", whole=whole)


def _match_set(expected: list[Any], actual: Any, ids: dict[str, str], place: str, *, whole: bool) -> None:
    left = list(actual) if isinstance(actual, list) else []
    for item in expected:
        for candidate in left:
            try:
                _match(item, candidate, ids, place, whole=whole)
            except Mismatch:
                continue
            left.remove(candidate)
            break
        else:
            raise Mismatch(f"{place}: {item} is not in {actual}")
    if left or not isinstance(actual, list):
        raise Mismatch(f"{place}: unexpected {left or actual}")


def _match_text(expected: str, actual: str, ids: dict[str, str], place: str) -> None:
    name = _PLACEHOLDER.fullmatch(expected)
    if name is not None and name[1] not in ids:
        ids[name[1]] = actual
    elif _filled(expected, ids) != actual:
        raise Mismatch(f"{place}: {actual!r}, not {_filled(expected, ids)!r}")
