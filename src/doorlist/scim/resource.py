"""Documents as clients send them, in canonical form (RFC 7644 sections 3.3 and 3.5.1).

Canonical: names as the schema spells them, every value of its type, nothing read-only, nothing unassigned (null,
``[]``, ``{}`` and ``""`` are the absence of a value, RFC 7643 section 2.5), `schemas` derived from the content.
Members of a group are not part of the document; they are listed apart, as ids. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from doorlist.domain.ids import parse_id
from doorlist.errors import InvalidSyntax, InvalidValue, Mutability
from doorlist.scim import quirks, schema
from doorlist.scim.schema import Attribute, ResourceType, Returned, Schema
from doorlist.scim.values import admit, lookup_key

MEMBERS = "members"
MAX_VALUES: Final = 1_000
_TOLD_NAMES: Final = 50
_TOLD_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a POST or PUT asks for: the canonical document, the member ids (None where the body says nothing of
    members), and the names that nobody knows here.

    `ignored` is for people to read: bounded, and without NUL, which no log can store.
    """

    document: dict[str, Any]
    members: frozenset[UUID] | None
    ignored: tuple[str, ...]


def read_resource(resource_type: ResourceType, body: Any) -> Incoming:
    """The canonical form of a whole resource. Raises `InvalidSyntax` or `InvalidValue` naming the attribute."""
    if not isinstance(body, Mapping):
        raise InvalidSyntax("The body has to be a JSON object.")
    _check_schemas(resource_type, body)
    ignored: list[str] = []
    members: frozenset[UUID] | None = None
    document: dict[str, Any] = {"schemas": []}
    for key, value in _names_once(body):
        extension = resource_type.extension(key)
        attribute = resource_type.names.get(key.lower())
        if extension is not None:
            _put(document, extension.urn, _read_extension(extension, value, ignored))
        elif attribute is None:
            ignored.append(key)
        elif attribute.name == MEMBERS:
            members = frozenset(member_ids(value, MEMBERS))
        elif attribute.name != "schemas" and not attribute.read_only:
            _put(document, attribute.name, read_value(attribute, value, attribute.name))
    return Incoming(complete(resource_type, document), members, _told(ignored))


def complete(resource_type: ResourceType, document: dict[str, Any]) -> dict[str, Any]:
    """The document with `schemas` derived; raises `InvalidValue` where a required attribute is missing."""
    for attribute in resource_type.schema.attributes:
        if attribute.required and attribute.name not in document:
            raise InvalidValue("This attribute is required and must not be empty.", place=attribute.name)
    urns = [item.schema.urn for item in resource_type.extensions if item.schema.urn in document]
    for extension in resource_type.extensions:
        if extension.schema.demanding and extension.schema.urn in document:
            _demand(extension.schema, document[extension.schema.urn])
    document["schemas"] = [resource_type.schema.urn, *urns]
    for attribute in resource_type.schema.attributes:
        if attribute.returned is Returned.NEVER:
            document.pop(attribute.name, None)
    return document


def _demand(extension: Schema, held: Mapping[str, Any]) -> None:
    """What an extension requires is required where the extension is (RFC 7643 section 6)."""
    for attribute in extension.demanding:
        place = extension.named(attribute)
        if attribute.required and attribute.name not in held:
            raise InvalidValue("This attribute is required and must not be empty.", place=place)
        values = held.get(attribute.name, []) if attribute.multi_valued else [held.get(attribute.name)]
        for sub in attribute.sub_attributes:
            if sub.required and any(value is not None and sub.name not in value for value in values):
                raise InvalidValue("This sub-attribute is required.", place=f"{place}.{sub.name}")


def keep_immutable(resource_type: ResourceType, before: Mapping[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The document of a PUT with the immutable values that it leaves out (RFC 7644 section 3.5.1)."""
    for extension, attribute in _immutable(resource_type):
        value = before.get(extension.urn, {}).get(attribute.name)
        if value is not None:
            after[extension.urn] = {attribute.name: value, **after.get(extension.urn, {})}
    return complete(resource_type, after)


def check_immutable(resource_type: ResourceType, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise `Mutability` where a value that can be given once only was changed or removed."""
    for extension, attribute in _immutable(resource_type):
        value = before.get(extension.urn, {}).get(attribute.name)
        if value is not None and after.get(extension.urn, {}).get(attribute.name) != value:
            raise Mutability("This attribute cannot be changed once it has a value.", place=extension.named(attribute))


def _immutable(resource_type: ResourceType) -> Iterator[tuple[Schema, Attribute]]:
    for extension in resource_type.extensions:
        for attribute in extension.schema.attributes:
            if attribute.mutability is schema.Mutability.IMMUTABLE:
                yield extension.schema, attribute


def read_value(attribute: Attribute, value: Any, place: str) -> Any:
    """The canonical form of an attribute's whole value, or None where it is unassigned. Raises `InvalidValue`."""
    value = quirks.empty_text_unassigns(value)
    if value is None:
        return None
    if not attribute.multi_valued:
        return read_element(attribute, value, place)
    if not isinstance(value, list):
        raise InvalidValue("This attribute has several values; a list is expected.", place=place)
    return _read_elements(attribute, value, place) or None


def read_element(attribute: Attribute, value: Any, place: str) -> Any:
    """The canonical form of one value, or None where nothing of it is assigned. Raises `InvalidValue`."""
    value = quirks.empty_text_unassigns(value)
    if value is None:
        return None
    if not attribute.is_complex:
        return admit(attribute, quirks.truth_as_text(attribute, value), place)
    value = quirks.manager_under_its_old_name(attribute, quirks.manager_in_any_shape(attribute, value))
    value = quirks.role_as_json_text(attribute, value)
    return None if value is None else _read_complex(attribute, admit(attribute, value, place), place)


def _read_complex(attribute: Attribute, value: Mapping[str, Any], place: str) -> dict[str, Any] | None:
    """Names that nobody knows are passed over, unless there is nothing else: then nothing would have been done."""
    element: dict[str, Any] = {}
    for key, part in _names_once(value, place):
        sub = attribute.sub(key)
        if sub is not None and not sub.read_only:
            _put(element, sub.name, read_value(sub, part, f"{place}.{sub.name}"))
    if value and not any(attribute.sub(key) for key in value):
        raise InvalidValue(f"{attribute.name} has none of these sub-attributes.", place=place)
    return element or None


def member_ids(value: Any, place: str) -> Iterator[UUID]:
    """The ids in a list of members. Raises `InvalidValue` for anything that cannot be a person's id."""
    if value is None:
        return
    if not isinstance(value, list):
        raise InvalidValue("Members are a list of objects with a value.", place=place)
    for index, member in enumerate(value):
        text = member.get("value") if isinstance(member, Mapping) else None
        if not isinstance(text, str):
            raise InvalidValue("A member is an object whose value is the id of a person.", place=f"{place}[{index}]")
        kind = member.get("type")
        if isinstance(kind, str) and kind.lower() == "group":
            raise InvalidValue("Groups of groups are not kept here; assign people.", place=f"{place}[{index}].type")
        identifier = parse_id(text)
        if identifier is None:
            raise InvalidValue(f"There is no person with the id {text[:80]!r}.", place=f"{place}[{index}].value")
        yield identifier


def _read_elements(attribute: Attribute, values: list[Any], place: str) -> list[Any]:
    if len(values) > MAX_VALUES:
        raise InvalidValue(f"{len(values)} values; {MAX_VALUES} is the most.", place=place)
    by_key: dict[bytes, Any] = {}
    for index, value in enumerate(values):
        element = read_element(attribute, value, f"{place}[{index}]")
        if element is not None:
            by_key.setdefault(lookup_key(element), element)
    elements = list(by_key.values())
    if attribute.is_complex and sum(element.get("primary") is True for element in elements) > 1:
        raise InvalidValue("At most one value may be primary.", place=f"{place}.primary")
    return elements


def _read_extension(extension: Schema, value: Any, ignored: list[str]) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidValue("An extension is an object.", place=extension.urn)
    inner: dict[str, Any] = {}
    for key, part in _names_once(value, extension.urn):
        attribute = extension.names.get(key.lower())
        if attribute is None:
            ignored.append(f"{extension.urn}:{key}")
        elif not attribute.read_only:
            _put(inner, attribute.name, read_value(attribute, part, f"{extension.urn}:{attribute.name}"))
    return inner or None


def _told(names: list[str]) -> tuple[str, ...]:
    shown = [name[:_TOLD_LENGTH].replace("\x00", "\N{REPLACEMENT CHARACTER}") for name in names[:_TOLD_NAMES]]
    return (*shown, f"and {len(names) - _TOLD_NAMES} more") if len(names) > _TOLD_NAMES else tuple(shown)


def _check_schemas(resource_type: ResourceType, body: Mapping[str, Any]) -> None:
    urns = next((value for key, value in body.items() if key.lower() == "schemas"), None)
    if not isinstance(urns, list) or not urns or not all(isinstance(urn, str) for urn in urns):
        raise InvalidSyntax("A list of schema URNs is required.", place="schemas")
    if not any(urn.lower() in resource_type.urns or quirks.schema_of_an_older_version(urn) for urn in urns):
        raise InvalidSyntax(f"None of the schemas is {resource_type.schema.urn}.", place="schemas")


def _names_once(body: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    """The members of an object; a name that occurs twice in different case is refused."""
    seen: set[str] = set()
    for key, value in body.items():
        if key.lower() in seen:
            raise InvalidSyntax("This attribute occurs twice.", place=f"{place}.{key}" if place else key)
        seen.add(key.lower())
        yield key, value


def _put(document: dict[str, Any], name: str, value: Any) -> None:
    if value is not None:
        document[name] = value
