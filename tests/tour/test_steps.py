"""The loop of a tour: what holds goes on, what does not ends it, what is deferred is neither."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from doorlist.tour.board import ConsoleBoard
from doorlist.tour.performance import STEPS
from doorlist.tour.steps import Course, Step, StepFailed, expect, expect_part, play


def holds(_: None) -> str:
    return "it is so"


def fails(_: None) -> str:
    expect("The number of members", 11, equals=12)
    return "never said"


def played(*steps: Step[None], terminal: bool = False) -> tuple[Course, str]:
    screen = io.StringIO()
    board = ConsoleBoard(Console(file=screen, width=120, force_terminal=terminal))
    course = play(steps, None, board)
    board.sum_up(course, seconds=1)
    return course, screen.getvalue()


def test_steps_that_hold_are_told_in_order_with_their_row() -> None:
    course, screen = played(Step(1, "Done", holds), Step(None, "More", holds))
    assert course.ok
    assert screen.splitlines()[:2] == [" 1 ✔ Done: it is so", " + ✔ More: it is so"]
    assert "2 steps held" in screen


def test_a_step_that_does_not_hold_ends_the_tour_and_tells_both_sides() -> None:
    course, screen = played(Step(8, "Cycle", holds), Step(9, "Look", fails), Step(10, "Grant", holds))
    assert not course.ok
    assert (course.held, course.missed) == (1, 1)
    assert " 9 ✘ Look: The number of members" in screen
    assert "expected 12" in screen
    assert "found    11" in screen
    assert "Grant" not in screen
    assert "1 did not hold, 1 not reached" in screen


def test_a_deferred_step_is_no_success() -> None:
    course, screen = played(Step(2, "Sign in", None, note="not exercised yet"))
    assert course.ok
    assert (course.held, course.deferred) == (0, 1)
    assert " 2 ○ Sign in: not exercised yet" in screen
    assert "✔ Sign in" not in screen


def test_other_errors_go_through() -> None:
    def breaks(_: None) -> str:
        raise KeyError("members")

    with pytest.raises(KeyError):
        played(Step(1, "Break", breaks))


def test_a_terminal_gets_two_columns() -> None:
    _, screen = played(Step(1, "Done", holds), terminal=True)
    assert "Done" in screen
    assert "it is so" in screen


def test_parts_are_found_in_texts_and_collections() -> None:
    expect_part("The text", "Needs the Enterprise plan", holds="enterprise PLAN")
    expect_part("The list", [1, 2], holds=2)
    with pytest.raises(StepFailed, match="expected something with 'x', found nothing"):
        expect_part("The text", "", holds="x")
    with pytest.raises(StepFailed, match="3 among them"):
        expect_part("The list", [1, 2], holds=3)


def test_the_tour_has_every_row_of_the_acceptance_list_in_order() -> None:
    rows = [step.row for step in STEPS if step.row is not None]
    assert rows == sorted(rows)
    assert set(rows) == set(range(1, 14))
    assert [step.did for step in STEPS if step.play is None] == []
