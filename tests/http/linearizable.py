"""Whether a concurrent history of one resource can be put in an order that explains every answer (Wing and Gong, 1993).

Each call takes effect at one moment between its start and its end. The search takes any call that started before all
others that are left had ended, applies it to a model, and goes on if the model answers what was answered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

Apply = Callable[[Any, Any], tuple[Hashable, Any]]
"""A state and what is asked give the state afterwards and the answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked and answered; `start` and `end` are places in one order of all events."""

    start: int
    end: int
    asked: Any
    answered: Any


def linearizable(history: Sequence[Call], initial: Hashable, apply: Apply) -> bool:
    """Whether some order of the calls, which keeps those in order that did not overlap, gives these answers."""
    seen: set[tuple[frozenset[int], Hashable]] = set()
    waiting: list[tuple[frozenset[int], Hashable]] = [(frozenset(range(len(history))), initial)]
    while waiting:
        left, state = waiting.pop()
        if not left:
            return True
        if (left, state) in seen:
            continue
        seen.add((left, state))
        first_end = min(history[number].end for number in left)
        for number in left:
            call = history[number]
            if call.start < first_end:
                after, answer = apply(state, call.asked)
                if answer == call.answered:
                    waiting.append((left - {number}, after))
    return False
