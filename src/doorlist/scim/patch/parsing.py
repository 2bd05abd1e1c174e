"""PATCH bodies to changes: every path resolved, every value canonical, every dialect gone. Pure.

Refuses with the scimType of RFC 7644 table 9 and the index of the operation what is not understood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from doorlist.errors import InvalidFilter, InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget
from doorlist.scim import quirks
from doorlist.scim import schema as table
from doorlist.scim.condition import Condition, bind_value
from doorlist.scim.filter import And, Comparison, Filter, Operator, parse_path
from doorlist.scim.lookup import find
from doorlist.scim.patch.change import PATCH_URN, Change, Op
from doorlist.scim.patch.work import Work
from doorlist.scim.resource import MEMBERS, member_ids, read_element, read_value
from doorlist.scim.schema import ResourceType, Returned, Target

MAX_OPERATIONS: Final = 10_000


def parse_patch(
    body: Any, resource_type: ResourceType, *, strict: bool = False, work: Work | None = None
) -> tuple[Change, ...]:
    """The changes that a PATCH body asks for, in order. Raises a refusal that names the operation.

    `strict` makes every filter in a path select something, as the letter of RFC 7644 has it: no value is created by
    its filter, and none is removed that is not there.
    """
    operations, spent = _operations(body), Work() if work is None else work
    changes: list[Change] = []
    for index, operation in enumerate(operations):
        place = f"Operations[{index}]"
        if not isinstance(operation, Mapping):
            raise InvalidSyntax("An operation is an object.", place=place)
        changes.extend(_parse_operation(_Operation.read(operation, place, spent), resource_type))
    return tuple(replace(change, strict=True, template=None) for change in changes) if strict else tuple(changes)


@dataclass(frozen=True, slots=True)
class _Operation:
    op: Op
    path: str | None
    value: Any
    has_value: bool
    place: str
    work: Work

    @classmethod
    def read(cls, raw: Mapping[str, Any], place: str, work: Work) -> _Operation:
        members = {key.lower(): value for key, value in raw.items()}
        if len(members) < len(raw):
            raise InvalidSyntax("A member occurs twice.", place=place)
        word = quirks.operation_in_any_case(members.get("op"))
        if word not in Op.__members__.values():
            raise InvalidSyntax("op has to be add, replace or remove.", place=f"{place}.op")
        path = members.get("path")
        if path is not None and not isinstance(path, str):
            raise InvalidPath("path has to be a string.", place=f"{place}.path")
        return cls(Op(word), path or None, members.get("value"), "value" in members, place, work)


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
    if not operations and not quirks.no_operation_is_none_too_few(operations):
        raise InvalidSyntax("At least one operation is required.", place="Operations")
    if len(operations) > MAX_OPERATIONS:
        raise InvalidSyntax(f"{len(operations)} operations; {MAX_OPERATIONS} is the most.", place="Operations")
    return operations


def _parse_operation(operation: _Operation, resource_type: ResourceType) -> Iterator[Change]:
    if operation.op is not Op.REMOVE and not operation.has_value:
        raise InvalidValue(f"{operation.op.value} needs a value.", place=f"{operation.place}.value")
    if operation.path is None or operation.path.lower() == resource_type.schema.urn.lower():
        return _parse_pathless(operation, resource_type)
    extension = resource_type.extension(operation.path)
    if extension is not None:
        return _parse_extension(operation, extension, resource_type)
    return _parse_path(operation, operation.path, resource_type, explicit=True)


def _parse_pathless(operation: _Operation, resource_type: ResourceType) -> Iterator[Change]:
    """Every name of the value is a path of its own (Q11): plain, dotted, or a URN joined with a colon.

    The URN of the base schema as path or name stands for the resource as well.
    """
    if operation.op is Op.REMOVE:
        raise NoTarget("remove needs a path.", place=f"{operation.place}.path")
    if not isinstance(operation.value, Mapping):
        raise InvalidValue("Without a path the value is an object of attributes.", place=f"{operation.place}.value")
    for key, value in operation.value.items():
        inner = replace(operation, path=key, value=value, place=f"{operation.place}.value")
        extension = resource_type.extension(key)
        if extension is not None:
            yield from _parse_extension(inner, extension, resource_type)
        elif key.lower() == resource_type.schema.urn.lower():
            yield from _parse_pathless(inner, resource_type)
        elif key.lower() not in resource_type.names and not quirks.name_is_a_path(key):
            raise InvalidPath(f"{resource_type.name} has no such attribute.", place=f"{inner.place}.{key[:200]}")
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
    place = f"{operation.place}.path {text[:200]}" if explicit else f"{operation.place}.{text[:200]}"
    operation.work.parse(text, place)
    change = _resolve(operation.op, text, resource_type, place)
    leaf = change.target.leaf
    if leaf is table.SCHEMAS:
        _check_schemas(operation, resource_type, place)
        return
    if change.target.attribute.read_only or leaf.read_only:
        if explicit or not any(map(quirks.read_only_among_others, (change.target.attribute, leaf))):
            raise Mutability("This attribute is read-only.", place=place)
        return
    if leaf.mutability is table.Mutability.IMMUTABLE and change.target.sub is not None:
        raise Mutability("This attribute cannot be changed; remove the value and add another.", place=place)
    if leaf.returned is Returned.NEVER:
        read_value(leaf, operation.value, place)
        return
    whole = change.target.sub is None and change.condition is None
    if operation.op is Op.REMOVE and explicit and leaf.required and whole:
        raise Mutability("This attribute is required and cannot be removed.", place=place)
    yield from _with_value(change, operation)


def _check_schemas(operation: _Operation, resource_type: ResourceType, place: str) -> None:
    """`schemas` follows from the attributes; only naming what may be there changes nothing and is accepted."""
    urns = operation.value if isinstance(operation.value, list) else [operation.value]
    known = all(isinstance(urn, str) and urn.lower() in resource_type.urns for urn in urns)
    if operation.op is not Op.ADD or not known:
        raise Mutability("The list follows from the attributes; change those.", place=place)


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
    """The value to start from when the filter selects none; None where that is noTarget."""
    element: dict[str, Any] = {}
    for part in inner.parts if isinstance(inner, And) else (inner,):
        if not isinstance(part, Comparison) or part.operator is not Operator.EQ or part.value is None:
            return None
        sub = target.attribute.sub(part.path.name)
        assert sub is not None, "the filter is bound"
        element[sub.name] = quirks.truth_as_text(sub, part.value)
    return quirks.value_described_by_its_filter(element)


def _with_value(change: Change, operation: _Operation) -> Iterator[Change]:
    attribute, place = change.target.attribute, change.place
    if attribute.name == MEMBERS:
        yield _member_change(change, operation)
        return
    if change.op is Op.REMOVE:
        yield replace(change, value=_listed(change, operation))
        return
    value = _canonical(change, operation.value)
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
    if operation.value is None or not quirks.value_names_what_to_remove(attribute):
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
    named = quirks.value_names_what_to_remove(change.target.attribute)
    if change.op is Op.REMOVE and not (operation.has_value and named):
        return change
    value = quirks.one_value_for_many(change.target.attribute, operation.value)
    if change.op is Op.REMOVE and not isinstance(value, list):
        raise InvalidValue("The members to remove are a list; leave value out to remove all.", place=place)
    return replace(change, value=tuple(member_ids(value, place)))
