"""Filters bound to a resource type: names become attributes, constants take their comparison form.

A condition is what the store turns into SQL and what `holds` evaluates on a document; both read the same tree, so
they cannot differ in meaning. Refuses with `InvalidFilter` what RFC 7644 section 3.4.2.2 refuses: unknown
attributes, operators that do not suit the type, constants of another type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from doorlist.errors import InvalidFilter
from doorlist.scim import quirks
from doorlist.scim.filter import (
    And,
    Comparison,
    Constant,
    Filter,
    Not,
    Operator,
    Or,
    Path,
    Present,
    ValueFilter,
)
from doorlist.scim.lookup import find
from doorlist.scim.schema import Attribute, ResourceType, Returned, Target, Type
from doorlist.scim.values import comparable, instant

_TEXTUAL: Final = frozenset({Type.STRING, Type.REFERENCE, Type.BINARY})
_NUMERIC: Final = frozenset({Type.INTEGER, Type.DECIMAL})
_PARTIAL: Final = frozenset({Operator.CO, Operator.SW, Operator.EW})
_ORDERED: Final = frozenset({Operator.GT, Operator.GE, Operator.LT, Operator.LE})


@dataclass(frozen=True, slots=True)
class Compares:
    """Some value of the target compares so; `ne` holds as well where there is no value."""

    target: Target
    operator: Operator
    value: str | bool | int | Decimal


@dataclass(frozen=True, slots=True)
class Has:
    """The target has a value."""

    target: Target


@dataclass(frozen=True, slots=True)
class Some:
    """One value of a multi-valued attribute meets all of `inner`, whose targets are its sub-attributes."""

    target: Target
    inner: Condition


@dataclass(frozen=True, slots=True)
class Negated:
    inner: Condition


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Certain:
    """Holds always or never, whatever the resource: it is about an attribute that only other types have."""

    value: bool


Condition = Compares | Has | Some | Negated | Both | Either | Certain
_Lookup = Callable[[Path], Target | None]


def bind(tree: Filter, resource_type: ResourceType, *, others: Iterable[ResourceType] = ()) -> Condition:
    """The condition that a filter states about resources of a type. Raises `InvalidFilter`.

    An attribute that only one of the `others` has counts as unassigned (RFC 7644 section 3.4.2.1).
    """

    def lookup(path: Path) -> Target | None:
        target = find(resource_type, path)
        if target is None and any(find(other, path) for other in others):
            return None
        if target is None:
            raise InvalidFilter(f"{resource_type.name} has no such attribute.", place=str(path))
        if target.leaf.returned is Returned.NEVER:
            raise InvalidFilter("This attribute is never told, so it cannot be searched.", place=str(path))
        return target

    return _bind(tree, lookup)


def bind_value(tree: Filter, target: Target) -> Condition:
    """The condition that a value filter states about single values of a complex attribute. Raises `InvalidFilter`."""
    attribute = target.attribute

    def lookup(path: Path) -> Target:
        sub = attribute.sub(path.name) if path.urn is None and path.sub is None else None
        if sub is None:
            raise InvalidFilter(f"{attribute.name} has no such sub-attribute.", place=str(path))
        return Target(attribute, sub, target.urn)

    return _bind(tree, lookup, nested=True)


def _bind(tree: Filter, lookup: _Lookup, *, nested: bool = False) -> Condition:
    match tree:
        case Comparison(path, operator, value):
            target = lookup(path)
            if target is None:
                return Certain((operator is Operator.EQ) == (value is None) and operator in (Operator.EQ, Operator.NE))
            return _test(target, operator, value, str(path))
        case Present(path):
            target = lookup(path)
            return Certain(False) if target is None else Has(target)
        case Not(inner):
            return Negated(_bind(inner, lookup, nested=nested))
        case And(parts):
            return Both(tuple(_bind(part, lookup, nested=nested) for part in parts))
        case Or(parts):
            return Either(tuple(_bind(part, lookup, nested=nested) for part in parts))
        case ValueFilter(path, inner):
            target = lookup(path)
            return Certain(False) if target is None else _some(target, inner, path, nested=nested)


def _some(target: Target, inner: Filter, path: Path, *, nested: bool) -> Condition:
    """Brackets on a single-valued attribute say of its only value what they would say of one of several."""
    if nested or target.sub is not None or not target.attribute.is_complex:
        raise InvalidFilter("Only a complex attribute takes a filter in brackets, and only one level.", place=str(path))
    bound = bind_value(inner, target)
    return Some(target, bound) if target.attribute.multi_valued else Both((Has(target), bound))


def _test(target: Target, operator: Operator, value: Constant, place: str) -> Condition:
    target = _comparable_target(target, place)
    if value is None:
        return _null(target, operator, place)
    _check_operator(target.leaf, operator, place)
    return Compares(target, operator, _constant(target.leaf, value, place))


def _comparable_target(target: Target, place: str) -> Target:
    """A complex attribute compares through its sub-attribute `value` (RFC 7643 section 2.4)."""
    if not target.leaf.is_complex:
        return target
    value = target.attribute.sub("value")
    if value is None:
        raise InvalidFilter("A complex attribute is compared through a sub-attribute.", place=place)
    return Target(target.attribute, value, target.urn)


def _null(target: Target, operator: Operator, place: str) -> Condition:
    """null is the absence of a value (RFC 7643 section 2.5)."""
    if operator is Operator.EQ:
        return Negated(Has(target))
    if operator is Operator.NE:
        return Has(target)
    raise InvalidFilter(f"null can be compared with eq and ne, not {operator.value}.", place=place)


def _check_operator(leaf: Attribute, operator: Operator, place: str) -> None:
    unordered = operator in _ORDERED and leaf.type in (Type.BOOLEAN, Type.BINARY)
    if unordered or (operator in _PARTIAL and leaf.type not in _TEXTUAL):
        raise InvalidFilter(f"{operator.value} does not apply to a {leaf.type.value}.", place=place)


def _constant(leaf: Attribute, value: str | bool | int | Decimal, place: str) -> str | bool | int | Decimal:
    value = quirks.truth_as_text(leaf, value)
    if leaf.type is Type.DATETIME and isinstance(value, str) and (at := instant(value)) is not None:
        return at
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    fits = (
        (leaf.type in _TEXTUAL and isinstance(value, str) and "\x00" not in value)
        or (leaf.type is Type.BOOLEAN and isinstance(value, bool))
        or (leaf.type in _NUMERIC and number)
    )
    if not fits:
        raise InvalidFilter(f"The attribute is a {leaf.type.value}; the value compared with it is not.", place=place)
    return comparable(leaf, value)  # type: ignore[no-any-return] # a constant in, its comparison form out


def terms(condition: Condition) -> int:
    """The number of comparisons in a condition."""
    match condition:
        case Both(parts) | Either(parts):
            return sum(map(terms, parts))
        case Negated(inner) | Some(_, inner):
            return terms(inner)
        case _:
            return 1


def holds(condition: Condition, form: Mapping[str, Any]) -> bool:
    """Whether a document in comparison form meets a condition."""
    return _holds(condition, lambda target: _values(target, form))


def holds_for(condition: Condition, element: Mapping[str, Any]) -> bool:
    """Whether one value of a complex attribute, in comparison form, meets a condition of `bind_value`."""

    def values(target: Target) -> list[Any]:
        found = element.get(target.leaf.name)
        return [] if found is None else [found]

    return _holds(condition, values)


def _holds(condition: Condition, values: Callable[[Target], list[Any]]) -> bool:
    match condition:
        case Compares(target, operator, value):
            found = values(target)
            return any(_compare(operator, item, value) for item in found) or (operator is Operator.NE and not found)
        case Certain(value):
            return bool(value)
        case Has(target):
            return bool(values(target))
        case Some(target, inner):
            return any(holds_for(inner, element) for element in values(target))
        case Negated(inner):
            return not _holds(inner, values)
        case Both(parts):
            return all(_holds(part, values) for part in parts)
        case Either(parts):
            return any(_holds(part, values) for part in parts)


def _values(target: Target, form: Mapping[str, Any]) -> list[Any]:
    container = form if target.urn is None else form.get(target.urn, {})
    found = container.get(target.attribute.name)
    elements = [] if found is None else found if isinstance(found, list) else [found]
    if target.sub is None:
        return list(elements)
    return [element[target.sub.name] for element in elements if target.sub.name in element]


def _compare(operator: Operator, left: Any, right: Any) -> bool:
    if isinstance(left, float):
        left = Decimal(repr(left))  # the number as it is written, as in the database
    return bool(_COMPARE[operator](left, right))


_COMPARE: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    Operator.EQ: lambda left, right: left == right,
    Operator.NE: lambda left, right: left != right,
    Operator.CO: lambda left, right: right in left,
    Operator.SW: lambda left, right: left.startswith(right),
    Operator.EW: lambda left, right: left.endswith(right),
    Operator.GT: lambda left, right: left > right,
    Operator.GE: lambda left, right: left >= right,
    Operator.LT: lambda left, right: left < right,
    Operator.LE: lambda left, right: left <= right,
}
