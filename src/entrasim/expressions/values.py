"""What expressions work on: a text, a list of texts, or nothing; and how functions read their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Value = str | list[str] | None
Source = Mapping[str, Value]
Evaluator = Callable[[Source], Value]
Arguments = Sequence[Value]


class ExpressionError(ValueError):
    """The text is no expression, or a function was given what it cannot work on."""


def text(value: Value) -> str:
    """Return a value as text; nothing is the empty text, and of a list its first."""
    if isinstance(value, list):
        return value[0] if value else ""
    return value or ""


def listed(value: Value) -> list[str]:
    """Return a value as a list; nothing is the empty list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def number(value: Value) -> int:
    """Return a value as an integer. Raises `ExpressionError`."""
    try:
        return int(text(value))
    except ValueError as error:
        raise ExpressionError(f"{text(value)!r} is no integer") from error


def truth(condition: bool) -> str:
    """Spell a truth value as expressions do."""
    return "True" if condition else "False"


def is_true(value: Value) -> bool:
    """Read a truth value: `True` without case, or a number that is not zero."""
    spelled = text(value).casefold()
    return spelled == "true" or (spelled.lstrip("-").isdigit() and int(spelled) != 0)
