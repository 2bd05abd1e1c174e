"""Conditions as SQL: the same tree that `scim.condition.holds` evaluates, over columns, rows and `search` documents.

Attribute names and constants travel as bound values, so no text of a client becomes SQL. Equalities are written as
containment (`@>`), which the GIN index on `search` answers; what has a column or rows of its own uses those.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from doorlist.domain.ids import parse_id
from doorlist.scim.condition import Both, Certain, Compares, Condition, Either, Has, Negated, Some
from doorlist.scim.filter import Operator
from doorlist.scim.schema import META, SCHEMAS, Attribute, ResourceType, Target, Type

_SYMBOLS: Final = {Operator.GT: ">", Operator.GE: ">=", Operator.LT: "<", Operator.LE: "<="}
_COLUMN_CASTS: Final = {"text": "text", "uuid": "uuid", "boolean": "boolean", "instant": "timestamptz"}
_NUMERIC: Final = frozenset({Type.INTEGER, Type.DECIMAL})


class Arguments:
    """The bound values of a statement, numbered in the order in which they are added."""

    def __init__(self, *values: Any) -> None:
        self.values: list[Any] = list(values)

    def add(self, value: Any, cast: str) -> str:
        """The placeholder of a value, with its type."""
        self.values.append(value)
        return f"${len(self.values)}::{cast}"


@dataclass(frozen=True, slots=True)
class Column:
    """An attribute with an expression of its own. `kind` is text, uuid, boolean or instant."""

    expression: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Rows:
    """A multi-valued attribute whose values are rows: the join, and each sub-attribute's expression in it."""

    join: str
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Table:
    """How a resource type is stored under one alias: what is not listed is in the `search` document.

    `related` and `related_named` are the expressions, as JSON text, of the list that lives in rows of its own:
    as it is told by default, and with the names that are told on request. Both end after so many rows; `overflow`
    says whether there are more, which are then read as a stream. `marked`: all of them are counted by `store.marks`.
    """

    resource_type: ResourceType
    name: str
    alias: str
    columns: Mapping[str, Column]
    rows: Mapping[str, Rows]
    related: str
    related_named: str
    overflow: str
    marked: bool = False

    @property
    def search(self) -> str:
        return f"{self.alias}.search"


def where(condition: Condition, table: Table, arguments: Arguments) -> str:
    """A boolean SQL expression that is true for exactly the rows that meet the condition."""
    return _TableCompiler(table, arguments).condition(condition)


def where_row(condition: Condition, rows: Rows, arguments: Arguments) -> str:
    """The same for a condition on single values that are rows, over the aliases of their join."""
    return _RowCompiler(rows, arguments).condition(condition)


def is_selective(condition: Condition) -> bool:
    """Whether an equality of texts limits the rows to few, so that finding them comes before ordering them."""
    if isinstance(condition, Both):
        return any(is_selective(part) for part in condition.parts)
    if isinstance(condition, Some):
        return is_selective(condition.inner)
    return (
        isinstance(condition, Compares)
        and condition.operator is Operator.EQ
        and isinstance(condition.value, str)
        and condition.target.attribute not in (META, SCHEMAS)
        and condition.target.leaf.name != "type"
    )


@dataclass(frozen=True, slots=True)
class SortKey:
    """What resources are sorted by: an SQL expression, and the type to which the text of a value is cast back."""

    expression: str
    cast: str


def sort_key(target: Target, table: Table, arguments: Arguments) -> SortKey:
    """The sort expression of an attribute: its primary or first value."""
    column = table.columns.get(target.text)
    if column is not None:
        cast = _COLUMN_CASTS[column.kind]
        return SortKey(f'{column.expression} collate "C"' if cast == "text" else column.expression, cast)
    if target.attribute.multi_valued:
        text = f"({_first_value(target, table, arguments)})"
    else:
        text = f"({table.search} #>> {arguments.add(_path(target), 'text[]')})"
    if target.leaf.type in _NUMERIC:
        return SortKey(f"{text}::numeric", "numeric")
    return SortKey(f'{text} collate "C"', "text")


def _first_value(target: Target, table: Table, arguments: Arguments) -> str:
    elements = f"{table.search} #> {arguments.add(_container(target), 'text[]')}"
    name = target.sub.name if target.sub else "value"
    value = f"e.item ->> {arguments.add(name, 'text')}" if target.attribute.is_complex else "e.item #>> '{}'"
    return (
        f"select {value} from jsonb_array_elements({elements}) with ordinality as e(item, place) "
        "order by (e.item -> 'primary') = 'true'::jsonb desc nulls last, e.place limit 1"
    )


def _container(target: Target) -> list[str]:
    return [target.attribute.name] if target.urn is None else [target.urn, target.attribute.name]


def _path(target: Target) -> list[str]:
    return _container(target) if target.sub is None else [*_container(target), target.sub.name]


class _Compiler(ABC):
    """Joins conditions; what a single comparison means is the matter of each subclass."""

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments

    def condition(self, condition: Condition) -> str:
        match condition:
            case Negated(inner):
                return f"(({self.condition(inner)}) is not true)"
            case Both(parts):
                return "(" + " and ".join(self.condition(part) for part in parts) + ")"
            case Either(parts):
                return "(" + " or ".join(self.condition(part) for part in parts) + ")"
            case Certain(value):
                return "true" if value else "false"
            case Some(target, inner):
                return self.some(target, inner)
            case Has(target):
                return self.has(target)
            case Compares(target, operator, value):
                return self.compares(target, operator, value)

    def some(self, target: Target, inner: Condition) -> str:
        raise AssertionError("a value filter inside a value filter is refused when it is bound")

    @abstractmethod
    def has(self, target: Target) -> str:
        """That the target has a value."""

    @abstractmethod
    def compares(self, target: Target, operator: Operator, value: Any) -> str:
        """That some value of the target compares so."""

    def column(self, column: Column, operator: Operator, value: Any) -> str:
        return _COLUMN_KINDS[column.kind](self, column.expression, operator, value)

    def uuid(self, expression: str, operator: Operator, value: Any) -> str:
        if operator not in (Operator.EQ, Operator.NE):
            return self.text(f"{expression}::text", operator, value)
        identifier = parse_id(str(value))
        if identifier is None:
            return "false" if operator is Operator.EQ else "true"
        symbol = "=" if operator is Operator.EQ else "<>"
        return f"{expression} {symbol} {self._arguments.add(identifier, 'uuid')}"

    def instant(self, expression: str, operator: Operator, value: Any) -> str:
        symbol = {Operator.EQ: "=", Operator.NE: "<>", **_SYMBOLS}[operator]
        return f"{expression} {symbol} {self._arguments.add(value, 'text')}::timestamptz"

    def boolean(self, expression: str, operator: Operator, value: Any) -> str:
        constant = "true" if value else "false"
        return f"{expression} is {constant}" if operator is Operator.EQ else f"{expression} is distinct from {constant}"

    def numeric(self, expression: str, operator: Operator, value: Any) -> str:
        symbol = {Operator.EQ: "=", Operator.NE: "is distinct from", **_SYMBOLS}[operator]
        return f"{expression} {symbol} {self._arguments.add(str(value), 'text')}::numeric"

    def text(self, expression: str, operator: Operator, value: Any) -> str:
        constant = self._arguments.add(value, "text")
        match operator:
            case Operator.EQ:
                return f"{expression} = {constant}"
            case Operator.NE:
                return f"{expression} is distinct from {constant}"
            case Operator.CO:
                return f"strpos({expression}, {constant}) > 0"
            case Operator.SW:
                return f"starts_with({expression}, {constant})"
            case Operator.EW:
                return f"right({expression}, length({constant})) = {constant}"
            case _:
                return f'{expression} collate "C" {_SYMBOLS[operator]} {constant}'

    def leaf(self, text: str, leaf: Attribute, operator: Operator, value: Any) -> str:
        """A comparison of a value that a JSON document has as text."""
        if leaf.type in _NUMERIC:
            return self.numeric(f"({text})::numeric", operator, value)
        if leaf.type is Type.BOOLEAN:
            return self.boolean(f"({text})::boolean", operator, value)
        return self.text(text, operator, value)


class _TableCompiler(_Compiler):
    """Conditions on whole resources."""

    def __init__(self, table: Table, arguments: Arguments) -> None:
        super().__init__(arguments)
        self._table = table

    def has(self, target: Target) -> str:
        column = self._table.columns.get(target.text)
        if column is not None:
            return f"({column.expression} is not null)"
        rows = self._rows(target)
        if rows is not None:
            return f"exists (select {rows.join})"
        if target.attribute is META:
            return "true"
        if target.sub is not None and target.attribute.multi_valued:
            return self._any(target, f"{_element(target, self._arguments)} is not null")
        return f"({self._table.search} #> {self._arguments.add(_path(target), 'text[]')} is not null)"

    def compares(self, target: Target, operator: Operator, value: Any) -> str:
        column = self._table.columns.get(target.text)
        if column is not None:
            return self.column(column, operator, value)
        rows = self._rows(target)
        if rows is not None:
            found = f"exists (select {rows.join} and {self.column(rows.columns[target.leaf.name], operator, value)})"
            return f"({found} or not exists (select {rows.join}))" if operator is Operator.NE else found
        if operator is Operator.EQ:
            return f"{self._table.search} @> {self._arguments.add(_document(target, value), 'jsonb')}"
        if not target.attribute.multi_valued:
            text = f"({self._table.search} #>> {self._arguments.add(_path(target), 'text[]')})"
            return self.leaf(text, target.leaf, operator, value)
        found = self._any(target, self.leaf(_element(target, self._arguments), target.leaf, operator, value))
        return f"({found} or not {self.has(target)})" if operator is Operator.NE else found

    def some(self, target: Target, inner: Condition) -> str:
        rows = self._rows(target)
        if rows is not None:
            return f"exists (select {rows.join} and {where_row(inner, rows, self._arguments)})"
        found = self._any(target, _ElementCompiler(self._arguments).condition(inner))
        contained = _equalities(inner)
        if not contained:
            return found
        document = _nest(target, f"[{_object(contained)}]")
        return f"({self._table.search} @> {self._arguments.add(document, 'jsonb')} and {found})"

    def _any(self, target: Target, test: str) -> str:
        path = self._arguments.add(_container(target), "text[]")
        return f"exists (select from jsonb_array_elements({self._table.search} #> {path}) as e where {test})"

    def _rows(self, target: Target) -> Rows | None:
        return self._table.rows.get(target.attribute.name) if target.urn is None else None


class _RowCompiler(_Compiler):
    """Conditions on values that are rows."""

    def __init__(self, rows: Rows, arguments: Arguments) -> None:
        super().__init__(arguments)
        self._columns = rows.columns

    def has(self, target: Target) -> str:
        return f"({self._columns[target.leaf.name].expression} is not null)"

    def compares(self, target: Target, operator: Operator, value: Any) -> str:
        return self.column(self._columns[target.leaf.name], operator, value)


class _ElementCompiler(_Compiler):
    """Conditions on values that are the elements `e` of a JSON array."""

    def has(self, target: Target) -> str:
        return f"({_element(target, self._arguments)} is not null)"

    def compares(self, target: Target, operator: Operator, value: Any) -> str:
        return self.leaf(_element(target, self._arguments), target.leaf, operator, value)


_COLUMN_KINDS: Final[Mapping[str, Callable[[_Compiler, str, Operator, Any], str]]] = {
    "text": _Compiler.text,
    "uuid": _Compiler.uuid,
    "boolean": _Compiler.boolean,
    "instant": _Compiler.instant,
}


def _element(target: Target, arguments: Arguments) -> str:
    """The text of a value or sub-attribute within the array element `e`."""
    return "(e #>> '{}')" if target.sub is None else f"(e ->> {arguments.add(target.sub.name, 'text')})"


def _equalities(condition: Condition) -> dict[str, Any]:
    """The equalities that a condition on one value demands in any case: what containment can look up."""
    parts = condition.parts if isinstance(condition, Both) else (condition,)
    return {
        part.target.leaf.name: part.value
        for part in parts
        if isinstance(part, Compares) and part.operator is Operator.EQ
    }


def _document(target: Target, value: Any) -> str:
    """The smallest document in which the target has the value."""
    text = _json(value)
    if target.sub is not None:
        text = _object({target.sub.name: value})
    return _nest(target, f"[{text}]" if target.attribute.multi_valued else text)


def _nest(target: Target, text: str) -> str:
    for name in reversed(_container(target)):
        text = f"{{{_json(name)}:{text}}}"
    return text


def _object(members: Mapping[str, Any]) -> str:
    return "{" + ",".join(f"{_json(name)}:{_json(value)}" for name, value in members.items()) + "}"


def _json(value: Any) -> str:
    return str(value) if isinstance(value, Decimal) else msgspec.json.encode(value).decode()
