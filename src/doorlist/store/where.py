"""Conditions as SQL: the same tree that `scim.condition.holds` evaluates, over columns, rows and `search` documents.

Attribute names and constants travel as bound values, so no text of a client becomes SQL. Equalities are written as
containment (`@>`), which the GIN index on `search` answers; what has a column or rows of its own uses those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from doorlist.domain.ids import parse_id
from doorlist.scim.condition import Both, Compares, Condition, Either, Has, Negated, Some
from doorlist.scim.filter import Operator
from doorlist.scim.schema import Attribute, ResourceType, Target, Type

_SYMBOLS: Final = {Operator.GT: ">", Operator.GE: ">=", Operator.LT: "<", Operator.LE: "<="}
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
    """How a resource type is stored under one alias: what is not listed is in the `search` document."""

    resource_type: ResourceType
    alias: str
    columns: Mapping[str, Column]
    rows: Mapping[str, Rows]

    @property
    def search(self) -> str:
        return f"{self.alias}.search"


def where(condition: Condition, table: Table, arguments: Arguments) -> str:
    """A boolean SQL expression that is true for exactly the rows that meet the condition."""
    return _Compiler(table, arguments).condition(condition)


def order_by(target: Target, table: Table, arguments: Arguments, *, descending: bool) -> str:
    """The sort expression of an attribute: its primary or first value, missing values last when ascending."""
    direction = "desc" if descending else "asc"
    column = table.columns.get(target.text)
    if column is not None:
        collation = ' collate "C"' if column.kind == "text" else ""
        return f"{column.expression}{collation} {direction}"
    path = _path(target)
    if not target.attribute.multi_valued:
        text = f"{table.search} #>> {arguments.add(path, 'text[]')}"
    else:
        text = _first_value(target, table, arguments)
    if target.leaf.type in _NUMERIC:
        return f"({text})::numeric {direction}"
    return f'({text}) collate "C" {direction}'


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


class _Compiler:
    def __init__(self, table: Table, arguments: Arguments) -> None:
        self._table = table
        self._arguments = arguments

    def condition(self, condition: Condition) -> str:
        match condition:
            case Negated(inner):
                return f"not ({self.condition(inner)})"
            case Both(parts):
                return "(" + " and ".join(self.condition(part) for part in parts) + ")"
            case Either(parts):
                return "(" + " or ".join(self.condition(part) for part in parts) + ")"
            case Some(target, inner):
                return self._some(target, inner)
            case Has(target):
                return self._has(target)
            case Compares(target, operator, value):
                return self._compares(target, operator, value)

    def _has(self, target: Target) -> str:
        column = self._table.columns.get(target.text)
        if column is not None:
            return f"({column.expression} is not null)"
        rows = self._rows(target)
        if rows is not None:
            return f"exists (select {rows.join})"
        if target.sub is None or not target.attribute.multi_valued:
            if target.attribute.name == "meta":
                return "true"
            return f"({self._table.search} #> {self._arguments.add(_path(target), 'text[]')} is not null)"
        return self._exists(target, f"e ? {self._arguments.add(target.sub.name, 'text')}")

    def _compares(self, target: Target, operator: Operator, value: Any) -> str:
        column = self._table.columns.get(target.text)
        if column is not None:
            return self._column(column, operator, value)
        rows = self._rows(target)
        if rows is not None:
            return self._row_compares(rows, target, operator, value)
        if operator is Operator.EQ:
            return f"{self._table.search} @> {self._arguments.add(_document(target, value), 'jsonb')}"
        if not target.attribute.multi_valued:
            text = f"{self._table.search} #>> {self._arguments.add(_path(target), 'text[]')}"
            return self._leaf(f"({text})", target.leaf, operator, value)
        found = self._exists(target, self._leaf(self._element(target), target.leaf, operator, value))
        if operator is not Operator.NE:
            return found
        present = self._exists(target, f"{self._element(target)} is not null")
        return f"({found} or not {present})"

    def _row_compares(self, rows: Rows, target: Target, operator: Operator, value: Any) -> str:
        compared = self._column(rows.columns[target.leaf.name], operator, value)
        found = f"exists (select {rows.join} and {compared})"
        return f"({found} or not exists (select {rows.join}))" if operator is Operator.NE else found

    def _some(self, target: Target, inner: Condition) -> str:
        rows = self._rows(target)
        if rows is not None:
            return f"exists (select {rows.join} and {self._inner(inner, rows.columns)})"
        contained = _equalities(inner)
        probe = ""
        if contained:
            document = _nest(target, "[" + _object(contained) + "]")
            probe = f"{self._table.search} @> {self._arguments.add(document, 'jsonb')} and "
        return f"({probe}{self._exists(target, self._inner(inner, None))})"

    def _inner(self, condition: Condition, columns: Mapping[str, Column] | None) -> str:
        """A condition on one value: of rows where `columns` are given, else of the JSON element `e`."""

        def within(part: Condition) -> str:
            return self._inner(part, columns)

        match condition:
            case Negated(inner):
                return f"not ({within(inner)})"
            case Both(parts):
                return "(" + " and ".join(map(within, parts)) + ")"
            case Either(parts):
                return "(" + " or ".join(map(within, parts)) + ")"
            case Has(target):
                text = columns[target.leaf.name].expression if columns else self._element(target)
                return f"({text} is not null)"
            case Compares(target, operator, value):
                if columns:
                    return self._column(columns[target.leaf.name], operator, value)
                return self._leaf(self._element(target), target.leaf, operator, value)
            case Some():
                raise AssertionError("a value filter inside a value filter is refused when it is bound")

    def _exists(self, target: Target, test: str) -> str:
        path = self._arguments.add(_container(target), "text[]")
        return f"exists (select from jsonb_array_elements({self._table.search} #> {path}) as e where {test})"

    def _element(self, target: Target) -> str:
        if target.sub is None:
            return "(e #>> '{}')"
        return f"(e ->> {self._arguments.add(target.sub.name, 'text')})"

    def _rows(self, target: Target) -> Rows | None:
        return self._table.rows.get(target.attribute.name) if target.urn is None else None

    def _column(self, column: Column, operator: Operator, value: Any) -> str:
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

    def _leaf(self, text: str, leaf: Attribute, operator: Operator, value: Any) -> str:
        if leaf.type in _NUMERIC:
            symbol = {Operator.EQ: "=", Operator.NE: "is distinct from", **_SYMBOLS}[operator]
            return f"({text})::numeric {symbol} {self._arguments.add(str(value), 'text')}::numeric"
        if leaf.type is Type.BOOLEAN:
            return self.boolean(f"({text})::boolean", operator, value)
        return self.text(text, operator, value)


_COLUMN_KINDS: Final[Mapping[str, Callable[[_Compiler, str, Operator, Any], str]]] = {
    "text": _Compiler.text,
    "uuid": _Compiler.uuid,
    "boolean": _Compiler.boolean,
    "instant": _Compiler.instant,
}


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
