"""Decisions for other programs: which action needs which level, and how a decision is told. Values only.

The vocabulary is that of the OpenID AuthZEN Authorization API 1.0: a subject, an action, a resource. An action stands
for everything that a level adds, on every type of resource; projects and tasks have the level of their folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from doorlist.domain.levels import Level

ACTIONS: Final[Mapping[str, Level]] = {
    "read": Level.VIEWER,
    "tick": Level.CHECKER,
    "edit": Level.EDITOR,
    "manage": Level.ADMIN,
    "own": Level.OWNER,
}
"""Every action with the lowest level that it takes."""

SUBJECT_TYPE: Final = "user"
RESOURCE_TYPES: Final = ("workspace", "folder", "project", "task")


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a subject may do something with a resource; the ids are the program's words."""

    subject_type: str
    subject_id: str
    action: str
    resource_type: str
    resource_id: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, with the level that it rests on (0 for none) and a stable code of the reason."""

    allowed: bool
    level: int
    code: str
    text: str


def decide(question: Question, *, subject: str | None, level: int | None) -> Decision:
    """The decision about a question.

    Args:
        subject: the name of the person, None where there is none of that id.
        level: the effective level on the resource, 0 for none, None where there is no such resource.
    """
    least = ACTIONS.get(question.action)
    if question.subject_type != SUBJECT_TYPE or subject is None:
        return Decision(False, 0, "unknown-subject", "There is no such person.")
    if question.resource_type not in RESOURCE_TYPES or level is None:
        return Decision(False, 0, "unknown-resource", "There is no such workspace, folder, project or task.")
    if least is None:
        known = ", ".join(ACTIONS)
        return Decision(False, level, "unknown-action", f"There is no such action; there are {known}.")
    if level == 0:
        return Decision(False, 0, "no-access", f"{subject} has no access there.")
    has = f"{subject} has the level {Level(level).label} there"
    if level < least:
        return Decision(False, level, "level-too-low", f"{has}; {question.action} needs {least.label}.")
    return Decision(True, level, "level-suffices", f"{has}; {question.action} needs {least.label}.")


def allowed_actions(level: int) -> list[str]:
    """The actions that a level allows, the lowest first."""
    return [action for action, least in ACTIONS.items() if level >= least]
