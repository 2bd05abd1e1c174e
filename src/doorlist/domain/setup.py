"""The set-up of an organization as steps: what each waits for and how far it is. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far a step is."""

    NOT_STARTED = "not started"
    WAITING = "waiting for the directory"
    DONE = "done"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a stable name, how far it is, and the figure or moment that shows it."""

    name: str
    stage: Stage
    shown: str = ""
