"""PATCH (RFC 7644 section 3.5.2): operations in normal form, and what they do to a document.

`parse_patch` turns a body into `Change`s: path resolved, value canonical, every dialect gone. `apply_changes` does
them to a canonical document, in order. A change that is not understood is refused with its scimType and the index
of the operation; none is ever skipped. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from doorlist.errors import InvalidFilter, InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget
from doorlist.scim import quirks
from doorlist.scim import schema as table
from doorlist.scim.condition import Condition, bind_value, holds_for
from doorlist.scim.filter import And, Comparison, Filter, Operator, parse_path
from doorlist.scim.lookup import find
from doorlist.scim.resource import MEMBERS, complete, member_ids, read_element, read_value
from doorlist.scim.schema import Attribute, ResourceType, Returned, Target
from doorlist.scim.values import element_form

PATCH_URN: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MAX_OPERATIONS: Final = 10_000
_LABELS: Final = frozenset({"type", "primary", "display", "$ref"})


class Op(StrEnum):
    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """One operation in normal form.

    `condition` selects values of a multi-valued attribute; `template` is the value to start from when it selects
    none, where a client counts on that. `value` is canonical, or None to unassign; for `members` it is a tuple of
    ids. `place` names the operation in messages.
    """

    op: Op
    target: Target
    value: Any = None
    condition: Condition | None = None
    template: Mapping[str, Any] | None = None
    place: str = ""


def parse_patch(body: Any, resource_type: ResourceType) -> tuple[Change, ...]:
    """The changes that a PATCH body asks for, in order. Raises a refusal that names the operation."""
    operations = _operations(body)
    changes: list[Change] = []
    for index, operation in enumerate(operations):
        place = f"Operations[{index}]"
        if not isinstance(operation, Mapping):
            raise InvalidSyntax("An operation is an object.", place=place)
        changes.extend(_parse_operation(_Operation.read(operation, place), resource_type))
    return tuple(changes)


def apply_changes(resource_type: ResourceType, document: dict[str, Any], changes: tuple[Change, ...]) -> dict[str, Any]:
    """Do the changes to a canonical document, in place and in order; it is also returned. Raises a refusal."""
    for change in changes:
        _apply(document, change)
    return complete(resource_type, document)


@dataclass(frozen=True, slots=True)
class _Operation:
    op: Op
    path: str | None
    value: Any
    has_value: bool
    place: str

    @classmethod
    def read(cls, raw: Mapping[str, Any], place: str) -> _Operation:
        members = {key.lower(): value for key, value in raw.items()}
        word = quirks.operation_in_any_case(members.get("op"))
        if word not in Op.__members__.values():
            raise InvalidSyntax("op has to be add, replace or remove.", place=f"{place}.op")
        path = members.get("path")
        if path is not None and not isinstance(path, str):
            raise InvalidPath("path has to be a string.", place=f"{place}.path")
        return cls(Op(word), path or None, members.get("value"), "value" in members, place)


def _operations(body: Any) -> list[Any]:
    if not isinstance(body, Mapping):
        raise InvalidSyntax("The body has to be a JSON object.")
    members = {key.lower(): value for key, value in body.items()}
    urns = members.get("schemas")
    if not isinstance(urns, list) or not any(isinstance(urn, str) and urn.lower() == PATCH_URN.lower() for urn in urns):
        raise InvalidSyntax(f"The list has to contain {PATCH_URN}.", place="schemas")
    operations = members.get("operations")
    if not isinstance(operations, list):
        raise InvalidSyntax("A list of operations is required.", place="Operations")
    if len(operations) > MAX_OPERATIONS:
        raise InvalidSyntax(f"{len(operations)} operations; {MAX_OPERATIONS} is the most.", place="Operations")
    return operations


def _parse_operation(operation: _Operation, resource_type: ResourceType) -> Iterator[Change]:
    if operation.op is not Op.REMOVE and not operation.has_value:
        raise InvalidValue(f"{operation.op.value} needs a value.", place=f"{operation.place}.value")
    if operation.path is None:
        return _parse_pathless(operation, resource_type)
    extension = resource_type.extension(operation.path)
    if extension is not None:
        return _parse_extension(operation, extension, resource_type)
    return _parse_path(operation, operation.path, resource_type, explicit=True)


def _parse_pathless(operation: _Operation, resource_type: ResourceType) -> Iterator[Change]:
    """Every name of the value is a path of its own (Q11): plain, dotted, or a URN joined with a colon."""
    if operation.op is Op.REMOVE:
        raise NoTarget("remove needs a path.", place=f"{operation.place}.path")
    if not isinstance(operation.value, Mapping):
        raise InvalidValue("Without a path the value is an object of attributes.", place=f"{operation.place}.value")
    for key, value in operation.value.items():
        inner = replace(operation, path=key, value=value, place=f"{operation.place}.value")
        extension = resource_type.extension(key)
        if extension is not None:
            yield from _parse_extension(inner, extension, resource_type)
        elif key.lower() != "schemas":
            yield from _parse_path(inner, key, resource_type, explicit=False)


def _parse_extension(operation: _Operation, extension: table.Schema, resource_type: ResourceType) -> Iterator[Change]:
    """A whole extension object: each of its attributes is a path of its own."""
    if operation.op is Op.REMOVE or operation.value is None:
        inner: Mapping[str, Any] = {attribute.name: None for attribute in extension.attributes}
        operation = replace(operation, op=Op.REMOVE)
    elif isinstance(operation.value, Mapping):
        inner = operation.value
    else:
        raise InvalidValue("An extension is an object.", place=f"{operation.place}.value")
    for key, value in inner.items():
        if key.lower() == "schemas":
            continue
        path = f"{extension.urn}:{key}"
        yield from _parse_path(replace(operation, path=path, value=value), path, resource_type, explicit=False)


def _parse_path(operation: _Operation, text: str, resource_type: ResourceType, *, explicit: bool) -> Iterator[Change]:
    """The change at one path; read-only attributes inside a value object are ignored as in PUT (Q18)."""
    place = f"{operation.place}.path {text}" if explicit else f"{operation.place}.{text}"
    change = _resolve(operation.op, text, resource_type, place)
    leaf = change.target.leaf
    if change.target.attribute.read_only or leaf.read_only:
        if explicit:
            raise Mutability("This attribute is read-only.", place=place)
        return
    if leaf.mutability is table.Mutability.IMMUTABLE and change.target.sub is not None:
        raise Mutability("This attribute cannot be changed; remove the value and add another.", place=place)
    if leaf.returned is Returned.NEVER:
        read_value(leaf, operation.value, place)
        return
    yield from _with_value(change, operation)


def _resolve(op: Op, text: str, resource_type: ResourceType, place: str) -> Change:
    try:
        parsed = parse_path(text)
    except InvalidPath as error:
        raise InvalidPath(error.detail, place=place) from error
    target = find(resource_type, parsed.path)
    if target is None:
        raise InvalidPath(f"{resource_type.name} has no such attribute.", place=place)
    if parsed.inner is None:
        return Change(op, target, place=place)
    if not target.attribute.multi_valued or not target.attribute.is_complex or target.sub is not None:
        raise InvalidPath("Only an attribute with several complex values takes a filter.", place=place)
    condition = _bind_at(place, parsed.inner, target)
    if parsed.sub is not None:
        target = _with_sub(target, parsed.sub, place)
    return Change(op, target, condition=condition, template=_template(target, parsed.inner), place=place)


def _with_sub(target: Target, name: str, place: str) -> Target:
    sub = target.attribute.sub(name)
    if sub is None:
        raise InvalidPath(f"{target.attribute.name} has no sub-attribute {name}.", place=place)
    return Target(target.attribute, sub, target.urn)


def _bind_at(place: str, inner: Filter, target: Target) -> Condition:
    try:
        return bind_value(inner, target)
    except InvalidFilter as error:
        raise InvalidFilter(error.detail, place=f"{place}: {error.place}") from error


def _template(target: Target, inner: Filter) -> Mapping[str, Any] | None:
    """The value to create when an equality on `type` or `primary` selects none (Q3, Q4, Q5).

    RFC 7644 section 3.5.2.3 says noTarget; Entra never creates the value first, it counts on this.
    """
    element: dict[str, Any] = {}
    for part in inner.parts if isinstance(inner, And) else (inner,):
        if not isinstance(part, Comparison) or part.operator is not Operator.EQ:
            return None
        sub = target.attribute.sub(part.path.name)
        if sub is None or sub.name not in ("type", "primary"):
            return None
        element[sub.name] = quirks.truth_as_text(sub, part.value)
    return element


def _with_value(change: Change, operation: _Operation) -> Iterator[Change]:
    attribute, place = change.target.attribute, change.place
    if attribute.name == MEMBERS:
        yield _member_change(change, operation)
        return
    if change.op is Op.REMOVE:
        if change.target.attribute.required and change.target.sub is None and change.condition is None:
            raise Mutability("This attribute is required and cannot be removed.", place=place)
        yield replace(change, value=_listed(change, operation))
        return
    value = _canonical(change, quirks.empty_value_unassigns(change.target.leaf, operation.value))
    if value is not None:
        yield replace(change, value=value)
    elif change.op is Op.REPLACE:
        if attribute.required and change.target.sub is None:
            raise InvalidValue("This attribute is required and must not be empty.", place=place)
        yield replace(change, op=Op.REMOVE)


def _listed(change: Change, operation: _Operation) -> Any:
    """The values that a remove without a filter lists (Q7); None removes all that the path names."""
    attribute = change.target.attribute
    if not attribute.multi_valued or change.condition is not None or change.target.sub is not None:
        return None
    if not operation.has_value:
        return None
    listed = quirks.one_value_for_many(attribute, operation.value)
    if not isinstance(listed, list):
        raise InvalidValue("The values to remove are a list.", place=f"{operation.place}.value")
    return [read_element(attribute, value, f"{operation.place}.value[{index}]") for index, value in enumerate(listed)]


def _canonical(change: Change, value: Any) -> Any:
    target, place = change.target, change.place
    if target.sub is not None:
        return read_element(target.sub, value, place)
    if change.condition is not None:
        return read_element(target.attribute, value, place)
    return read_value(target.attribute, quirks.one_value_for_many(target.attribute, value), place)


def _member_change(change: Change, operation: _Operation) -> Change:
    """Members travel as ids. A remove that lists nobody removes nobody; one without a list or filter all."""
    place = f"{operation.place}.value"
    if change.target.sub is not None and change.op is not Op.REMOVE:
        raise Mutability("Members are added and removed, not edited.", place=change.place)
    if change.condition is not None:
        if change.op is not Op.REMOVE:
            raise Mutability("Members are added and removed, not edited.", place=change.place)
        return change
    if change.op is Op.REMOVE and not operation.has_value:
        return change
    value = quirks.one_value_for_many(change.target.attribute, operation.value)
    if change.op is Op.REMOVE and not isinstance(value, list):
        raise InvalidValue("The members to remove are a list; leave value out to remove all.", place=place)
    return replace(change, value=tuple(member_ids(value, place)))


def _apply(document: dict[str, Any], change: Change) -> None:
    target = change.target
    container = document if target.urn is None else document.setdefault(target.urn, {})
    if change.condition is not None:
        _apply_to_selected(container, change)
    elif target.attribute.multi_valued:
        _apply_to_all(container, change)
    else:
        _apply_to_one(container, change)
    if target.urn is not None and not container:
        del document[target.urn]


def _apply_to_one(container: dict[str, Any], change: Change) -> None:
    attribute, sub = change.target.attribute, change.target.sub
    if sub is not None:
        element = container.setdefault(attribute.name, {})
        _set(element, sub, change.value)
        if not element:
            del container[attribute.name]
    elif attribute.is_complex and change.value is not None:
        container.setdefault(attribute.name, {}).update(change.value)
    else:
        _set(container, attribute, change.value)


def _apply_to_all(container: dict[str, Any], change: Change) -> None:
    attribute = change.target.attribute
    elements: list[Any] = container.get(attribute.name, [])
    if change.target.sub is not None:
        _apply_to_each(container, change, elements)
    elif change.op is Op.REMOVE:
        _store(container, attribute, [] if change.value is None else _without(attribute, elements, change.value), [])
    elif change.op is Op.REPLACE:
        _store(container, attribute, change.value, [])
    else:
        touched = [element for element in change.value if element not in elements]
        _store(container, attribute, [*elements, *touched], touched)


def _apply_to_each(container: dict[str, Any], change: Change, elements: list[dict[str, Any]]) -> None:
    """A sub-attribute of every value; setting one where there is no value makes the first."""
    attribute, sub = change.target.attribute, change.target.sub
    assert sub is not None
    if change.op is Op.REMOVE:
        for element in elements:
            element.pop(sub.name, None)
        _store(container, attribute, [element for element in elements if not _is_bare(element)], [])
        return
    elements = elements or [{}]
    for element in elements:
        element[sub.name] = change.value
    _store(container, attribute, elements, elements)


def _apply_to_selected(container: dict[str, Any], change: Change) -> None:
    attribute, sub = change.target.attribute, change.target.sub
    elements: list[dict[str, Any]] = list(container.get(attribute.name, []))
    assert change.condition is not None
    selected = [element for element in elements if holds_for(change.condition, element_form(attribute, element))]
    if change.op is Op.REMOVE:
        for element in selected:
            if sub is not None:
                element.pop(sub.name, None)
        gone = selected if sub is None else [element for element in selected if _is_bare(element)]
        _store(container, attribute, [element for element in elements if all(element is not g for g in gone)], [])
        return
    if not selected:
        selected = [_created(change)]
        elements.append(selected[0])
    for element in selected:
        element.update(change.value if sub is None else {sub.name: change.value})
    _store(container, attribute, elements, selected)


def _created(change: Change) -> dict[str, Any]:
    if change.template is None:
        raise NoTarget("No value matches the filter of the path.", place=change.place)
    return dict(change.template)


def _without(attribute: Attribute, elements: list[Any], listed: list[Any]) -> list[Any]:
    """The elements that none of the listed ones names, by its `value` where there is one."""

    def names(part: Any, element: Any) -> bool:
        if not isinstance(part, Mapping):
            return bool(part == element)
        wanted = {"value": part["value"]} if "value" in part else part
        left, right = element_form(attribute, element), element_form(attribute, wanted)
        return bool(left.items() >= right.items())

    return [element for element in elements if not any(names(part, element) for part in listed if part)]


def _is_bare(element: Mapping[str, Any]) -> bool:
    """Whether nothing but labels is left of a value; such a remainder is unassigned (Q6)."""
    return not element.keys() - _LABELS


def _store(container: dict[str, Any], attribute: Attribute, elements: list[Any], touched: list[Any]) -> None:
    """Keep at most one primary value, the one this operation named last (RFC 7644 section 3.5.2)."""
    if attribute.is_complex:
        named = [element for element in touched if element.get("primary") is True]
        for element in elements:
            if named and element is not named[-1] and element.get("primary") is True:
                element["primary"] = False
    _set(container, attribute, elements or None)


def _set(container: dict[str, Any], attribute: Attribute, value: Any) -> None:
    if value is None:
        container.pop(attribute.name, None)
    else:
        container[attribute.name] = value
