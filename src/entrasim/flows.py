"""What mappings make of an object of the directory: its source attributes, and the target values that flow. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from entrasim.entries import FIELD_OF_ENTRA, Group, Person
from entrasim.expressions import Expression, Source, Value, compile_expression
from entrasim.mappings import Mapping, matching_targets

USER_SOURCES = frozenset({*FIELD_OF_ENTRA, "objectId", "accountEnabled", "IsSoftDeleted"})
GROUP_SOURCES = frozenset({"displayName", "objectId", "description"})
_DIRECT = tuple(FIELD_OF_ENTRA.items())


def user_source(person: Person, *, soft_deleted: bool) -> dict[str, Value]:
    """Return a person's attributes under their Entra names.

    `soft_deleted` is Entra's IsSoftDeleted: unassigned, out of scope, in the recycle bin or disabled.
    """
    source: dict[str, Value] = {entra: getattr(person, field) for entra, field in _DIRECT}
    source["objectId"] = person.id
    source["accountEnabled"] = str(bool(person.account_enabled))
    source["IsSoftDeleted"] = str(soft_deleted)
    return source


def group_source(group: Group) -> dict[str, Value]:
    """Return a group's attributes under their Entra names."""
    return {"displayName": group.name, "objectId": group.id, "description": group.description}


class Flow:
    """Compiled mappings of one kind of object. Raises `ExpressionError` for a mapping that cannot be compiled."""

    def __init__(self, mappings: Sequence[Mapping]) -> None:
        self._rows = [(mapping, _evaluator(mapping)) for mapping in mappings if not mapping.reference]
        self.references = frozenset(mapping.source for mapping in mappings if mapping.reference)
        self._matching = matching_targets(mappings)

    def values(self, source: Source, *, creating: bool = False) -> dict[str, str]:
        """Return target → value for everything that flows. Raises `ExpressionError`.

        `creating` brings in defaults and what flows on creation only.
        """
        flowing: dict[str, str] = {}
        for mapping, evaluate in self._rows:
            if mapping.apply == "creation" and not creating:
                continue
            value = evaluate(source)
            if not value and creating:
                value = mapping.default
            if isinstance(value, list):
                value = value[0] if value else None
            if value:
                flowing[mapping.target] = value
        return flowing

    def matches(self, source: Source) -> list[tuple[str, str]]:
        """Return the matching attributes that have a value, in order of precedence. Raises `ExpressionError`."""
        values = self.values(source, creating=True)
        return [(target, values[target]) for target in self._matching if target in values]


def _evaluator(mapping: Mapping) -> Callable[[Source], Value]:
    if mapping.kind == "constant":
        return lambda source: mapping.source
    if mapping.kind == "direct":
        return lambda source: source.get(mapping.source)
    compiled: Expression = compile_expression(mapping.source)
    return compiled.evaluate
