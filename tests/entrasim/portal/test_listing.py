"""Pages of long lists: together they are the whole list in order, from whichever end they are cut."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from entrasim.people import add_person, delete_person, set_enabled
from entrasim.portal.listing import Slice, list_members, list_people
from entrasim.security_groups import add_group, add_member
from entrasim.statefile import StateFile


@pytest.fixture
def state(tmp_path: Path) -> StateFile:
    """53 people whose names come in no order, some of them alike, some without case, in one group."""
    file = StateFile.open(tmp_path / "state.db")
    group = add_group(file, "Everyone", new_id="g")
    names = [f"{'abc'[number % 3].upper() if number % 2 else 'abc'[number % 3]}{number % 7}" for number in range(53)]
    random.Random(7).shuffle(names)
    for number, name in enumerate(names):
        fields = {"user_principal_name": f"p{number}@x.example", "display_name": name}
        add_member(file, group.key, person=add_person(file, fields, new_id=f"id{number}").key)
    return file


def names(page: Slice[object]) -> list[str]:
    return [row.display_name for row in page.rows]  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [1, 4, 10, 53, 60])
def test_the_pages_of_people_are_the_whole_list_in_order(state: StateFile, size: int) -> None:
    first = list_people(state, "", status="all", number=1, size=size)
    found = [list_people(state, "", status="all", number=number, size=size) for number in range(1, first.pages + 1)]
    together = [name for page in found for name in names(page)]
    assert len({row.key for page in found for row in page.rows}) == first.total == 53
    assert [name.casefold() for name in together] == sorted(name.casefold() for name in together)


@pytest.mark.parametrize("number", [1, 3, 6])
def test_members_of_everybody_are_the_same_pages(state: StateFile, number: int) -> None:
    people = list_people(state, "", status="all", number=number, size=10)
    assert list_members(state, 1, query="", number=number, size=10).rows == people.rows


def test_a_status_is_a_part_of_the_list(state: StateFile) -> None:
    set_enabled(state, "p1", enabled=False)
    delete_person(state, "p2", now=datetime.now(UTC))
    statuses = ("all", "enabled", "disabled", "deleted")
    totals = {name: list_people(state, "", status=name, number=1).total for name in statuses}
    assert totals == {"all": 52, "enabled": 51, "disabled": 1, "deleted": 1}


def test_a_page_of_people_is_cut_along_an_index(state: StateFile) -> None:
    seen: list[str] = []
    state._connection.set_trace_callback(seen.append)
    list_people(state, "", status="all", number=3)
    state._connection.set_trace_callback(None)
    plans = [" ".join(str(row[3]) for row in state.rows(f"explain query plan {text}")) for text in seen]
    assert any("people_name" in plan for plan in plans)
