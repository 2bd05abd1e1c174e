"""The page of suites is true in this much: every replay is on it, every test on it exists, and none is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "reference" / "conformance-suites.md").read_text()
ROWS = re.findall(
    r"^\| (\w+) \| (.+?) \| (passes|partial|refused)\b.* \| `([\w/]+\.py)::(\w+)` \|$", PAGE, re.MULTILINE
)
MODULES = sorted((TESTS / "replays").glob("test_*.py"))


def replays(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("section", "numbers"),
    [
        ("Microsoft's gallery validation", [str(number) for number in range(1, 26)]),
        ("Microsoft's SCIM Validator", [str(number) for number in range(1, 25)]),
        ("Okta's SPEC suite", [f"R{number}" for number in range(1, 13)]),
    ],
)
def test_a_suite_is_there_as_a_whole(section: str, numbers: list[str]) -> None:
    part = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    found = [row[0] for row in ROWS if f"{row[3]}::{row[4]}`" in part]
    assert [number for number in found if number in numbers] == numbers


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_replay_is_on_the_page_once_and_exists(path: Path) -> None:
    named = [row[4] for row in ROWS if row[3] == f"replays/{path.name}"]
    assert sorted(named) == sorted(replays(path))


def test_every_row_was_read() -> None:
    assert len(ROWS) == len(re.findall(r"^\| [PRMC]?\d+ \|", PAGE, re.MULTILINE))
    assert {row[3] for row in ROWS} == {f"replays/{path.name}" for path in MODULES}


def test_the_suites_that_run_as_they_are_exist() -> None:
    for name in re.findall(r"`(live/\w+\.py)`", PAGE):
        assert (TESTS / name).exists(), name
