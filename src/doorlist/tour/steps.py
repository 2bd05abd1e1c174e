"""Steps of a tour and the loop that plays them: each does something, checks it, and says what it checked.

A step that does not hold ends the tour, because the steps after it build on it. Prints nothing itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

S = TypeVar("S")


class StepFailed(Exception):  # noqa: N818 - an observation, named as the report words it
    """Something was not as it should be.

    Args:
        what: what was looked at, as the start of a sentence.
        expected: what should have been found.
        found: what was found.
    """

    def __init__(self, what: str, *, expected: str, found: str) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}")
        self.what = what
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """One line of the tour.

    Attributes:
        row: the row of the acceptance list, or None for what goes beyond it.
        did: what is done, as a sentence.
        play: does it and returns what was checked; raises `StepFailed`. None: the step cannot be played yet.
        note: said in place of a check where `play` is None.
    """

    row: int | None
    did: str
    play: Callable[[S], str] | None
    note: str = ""


class Board(Protocol[S]):
    """Where the course of a tour is shown."""

    def begin(self, step: Step[S]) -> None:
        """A step is being played."""

    def held(self, step: Step[S], checked: str, *, seconds: float) -> None:
        """It held."""

    def failed(self, step: Step[S], failure: StepFailed, *, seconds: float) -> None:
        """It did not hold."""

    def deferred(self, step: Step[S]) -> None:
        """It cannot be played yet."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a tour went: the numbers of steps that held, were deferred, and were not reached after the failure."""

    held: int
    deferred: int
    missed: int
    failure: StepFailed | None

    @property
    def ok(self) -> bool:
        """Whether every step that can be played held."""
        return self.failure is None


def play(steps: Sequence[Step[S]], stage: S, board: Board[S]) -> Course:
    """Play the steps in their order up to the first that does not hold. What is no `StepFailed` goes through."""
    held = deferred = 0
    for number, step in enumerate(steps, start=1):
        board.begin(step)
        started = time.monotonic()
        if step.play is None:
            board.deferred(step)
            deferred += 1
            continue
        try:
            checked = step.play(stage)
        except StepFailed as failure:
            board.failed(step, failure, seconds=time.monotonic() - started)
            return Course(held, deferred, len(steps) - number, failure)
        board.held(step, checked, seconds=time.monotonic() - started)
        held += 1
    return Course(held, deferred, 0, None)


def expect(what: str, found: object, *, equals: object) -> None:
    """Raise `StepFailed` unless two values are equal."""
    if found != equals:
        raise StepFailed(what, expected=_spelled(equals), found=_spelled(found))


def expect_part(what: str, found: Collection[object] | str, *, holds: object) -> None:
    """Raise `StepFailed` unless a collection has an element, or a text a part."""
    if isinstance(found, str):
        if str(holds).casefold() not in found.casefold():
            raise StepFailed(what, expected=f"something with {holds!r}", found=found.strip() or "nothing")
    elif holds not in found:
        raise StepFailed(what, expected=f"{_spelled(holds)} among them", found=_spelled(found))


def _spelled(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 600 else f"{text[:600]}… ({len(text)} characters)"
