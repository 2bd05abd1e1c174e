"""Schemas that an organization declares, in the form of RFC 7643 section 7: JSON to `Schema`, strictly. Pure.

Refuses with `BadInput` naming the place what is malformed, too much, or would mean nothing here: a value that nobody
could read back (writeOnly, never), uniqueness beyond the directory, levels below a sub-attribute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from doorlist.errors import BadInput
from doorlist.scim.schema import (
    LONGEST,
    LONGEST_KEY,
    Attribute,
    Mutability,
    Returned,
    Schema,
    Type,
    Uniqueness,
)

W = TypeVar("W", bound=StrEnum)

MAX_ATTRIBUTES: Final = 100
MAX_SUB_ATTRIBUTES: Final = 50
MAX_CANONICAL: Final = 100
_MAX_NAME: Final = 64
_MAX_URN: Final = 200
_MAX_TEXT: Final = 1_000
_URN: Final = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{1,30}(?::[A-Za-z0-9][A-Za-z0-9._-]*)+")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_SCHEMA_MEMBERS: Final = frozenset({"schemas", "id", "name", "description", "attributes", "meta"})
_SUB_MEMBERS: Final = frozenset(
    {"name", "type", "multivalued", "description", "required", "canonicalvalues", "caseexact", "mutability",
     "returned", "uniqueness", "referencetypes"}
)  # fmt: skip
_ATTRIBUTE_MEMBERS: Final = _SUB_MEMBERS | {"subattributes"}
_RESERVED: Final = frozenset({"schemas", "id", "externalid", "meta", "members", "groups", "roles"})
_EXACT: Final = frozenset({Type.REFERENCE, Type.BINARY})
_UNIQUE: Final = frozenset({Type.STRING, Type.INTEGER, Type.DATETIME, Type.REFERENCE})


def read_declaration(body: Any) -> Schema:
    """The schema that a JSON document declares. Raises `BadInput` naming the place."""
    members = _members(body, "", _SCHEMA_MEMBERS)
    urn = _text(members, "id", "id", longest=_MAX_URN, required=True)
    if not _URN.fullmatch(urn):
        raise BadInput("A schema is named by a URN such as urn:example:params:scim:schemas:hr:2.0:User.", place="id")
    name = _text(members, "name", "name", longest=_MAX_NAME) or urn.rpartition(":")[2]
    attributes = _each(members.get("attributes"), "attributes", MAX_ATTRIBUTES, _attribute)
    return Schema(urn, name, _text(members, "description", "description", longest=_MAX_TEXT), attributes)


def narrowing(before: Schema, after: Schema) -> str | None:
    """The first attribute by whose new definition a value that was admitted before could be wrong or lost, or None."""
    for attribute in before.attributes:
        now = after.names.get(attribute.name.lower())
        if now is None or _narrower(attribute, now):
            return attribute.name
        for sub in attribute.sub_attributes:
            inner = now.sub(sub.name)
            if inner is None or _narrower(sub, inner):
                return f"{attribute.name}.{sub.name}"
    return _newly_required(before, after)


def _newly_required(before: Schema, after: Schema) -> str | None:
    for attribute in after.attributes:
        known = before.names.get(attribute.name.lower())
        if known is None and attribute.required:
            return attribute.name
        for sub in attribute.sub_attributes:
            if known is not None and sub.required and known.sub(sub.name) is None:
                return f"{attribute.name}.{sub.name}"
    return None


def _narrower(before: Attribute, after: Attribute) -> bool:
    """Names keep their spelling: documents have it. What is compared, by whom it is written and told stays as well."""
    same = all(getattr(before, part) == getattr(after, part) for part in ("name", "type", "multi_valued", "case_exact"))
    stricter = (after.required and not before.required) or (
        after.uniqueness is not before.uniqueness and after.uniqueness is not Uniqueness.NONE
    )
    return not same or stricter or (after.mutability is Mutability.READ_ONLY and not before.read_only)


def _members(body: Any, place: str, known: frozenset[str]) -> dict[str, Any]:
    if not isinstance(body, Mapping):
        raise BadInput("An object is expected.", place=place)
    members: dict[str, Any] = {}
    for key, value in body.items():
        at = f"{place}.{key}" if place else str(key)
        if key.lower() not in known:
            raise BadInput("A schema has no such member.", place=at[:300])
        if key.lower() in members:
            raise BadInput("This member occurs twice.", place=at)
        members[key.lower()] = value
    return members


def _each(value: Any, place: str, most: int, read: Callable[[Any, str], Attribute]) -> tuple[Attribute, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise BadInput(f"A list of 1 to {most} attributes is expected.", place=place)
    attributes: list[Attribute] = []
    for index, item in enumerate(value):
        attribute = read(item, f"{place}[{index}]")
        if any(attribute.name.lower() == other.name.lower() for other in attributes):
            raise BadInput(f"The name {attribute.name} occurs twice.", place=f"{place}[{index}].name")
        attributes.append(attribute)
    return tuple(attributes)


def _attribute(item: Any, place: str) -> Attribute:
    members = _members(item, place, _ATTRIBUTE_MEMBERS)
    kind = _word(members, Type.STRING, "type", place)
    name = _name(members, place)
    if name.lower() in _RESERVED:
        raise BadInput("This name has a meaning of its own in every resource.", place=f"{place}.name")
    if (kind is Type.COMPLEX) != ("subattributes" in members):
        raise BadInput("A complex attribute has subAttributes, and no other has.", place=f"{place}.subAttributes")
    subs: tuple[Attribute, ...] = ()
    if kind is Type.COMPLEX:
        subs = _each(members["subattributes"], f"{place}.subAttributes", MAX_SUB_ATTRIBUTES, _sub_attribute)
    uniqueness = _uniqueness(members, kind, place)
    return Attribute(
        **_common(members, name, kind, place),
        multi_valued=_truth(members, "multivalued", f"{place}.multiValued"),
        mutability=_mutability(members, place),
        returned=_returned(members, place),
        uniqueness=uniqueness,
        sub_attributes=subs,
        longest=LONGEST_KEY if uniqueness is Uniqueness.SERVER else LONGEST,
    )


def _sub_attribute(item: Any, place: str) -> Attribute:
    """A sub-attribute: one value, and who writes and reads it is the matter of the attribute above it."""
    members = _members(item, place, _SUB_MEMBERS)
    kind = _word(members, Type.STRING, "type", place)
    if kind is Type.COMPLEX:
        raise BadInput("A sub-attribute is not complex.", place=f"{place}.type")
    fixed = {"multivalued": False, "mutability": "readWrite", "returned": "default", "uniqueness": "none"}
    for member, only in fixed.items():
        if members.get(member, only) != only:
            shown = str(only).lower() if isinstance(only, bool) else only
            raise BadInput(f"For a sub-attribute this is {shown}.", place=f"{place}.{_SPELLED[member]}")
    return Attribute(**_common(members, _name(members, place), kind, place))


_SPELLED: Final = {
    "multivalued": "multiValued",
    "mutability": "mutability",
    "returned": "returned",
    "uniqueness": "uniqueness",
}


def _common(members: Mapping[str, Any], name: str, kind: Type, place: str) -> dict[str, Any]:
    exact = _truth(members, "caseexact", f"{place}.caseExact")
    return {
        "name": name,
        "type": kind,
        "description": _text(members, "description", f"{place}.description", longest=_MAX_TEXT),
        "required": _truth(members, "required", f"{place}.required"),
        "case_exact": kind in _EXACT or (exact and kind is Type.STRING),
        "canonical_values": _texts(members, "canonicalvalues", f"{place}.canonicalValues", allowed=kind is Type.STRING),
        "reference_types": _texts(members, "referencetypes", f"{place}.referenceTypes", allowed=kind is Type.REFERENCE)
        or (("external",) if kind is Type.REFERENCE else ()),
    }


def _name(members: Mapping[str, Any], place: str) -> str:
    name = _text(members, "name", f"{place}.name", longest=_MAX_NAME, required=True)
    if not _NAME.fullmatch(name) and name != "$ref":
        raise BadInput("A name is a letter, then letters, digits, '-' and '_'.", place=f"{place}.name")
    return name


def _mutability(members: Mapping[str, Any], place: str) -> Mutability:
    found = _word(members, Mutability.READ_WRITE, "mutability", place)
    if found is Mutability.WRITE_ONLY:
        raise BadInput("A value that nobody can read has no use here.", place=f"{place}.mutability")
    if found is Mutability.READ_ONLY and members.get("required") is True:
        raise BadInput("Nobody could give a required value that is read-only.", place=f"{place}.required")
    return found


def _returned(members: Mapping[str, Any], place: str) -> Returned:
    found = _word(members, Returned.DEFAULT, "returned", place)
    if found is Returned.NEVER:
        raise BadInput("A value that is never told has no use here.", place=f"{place}.returned")
    return found


def _uniqueness(members: Mapping[str, Any], kind: Type, place: str) -> Uniqueness:
    found = _word(members, Uniqueness.NONE, "uniqueness", place)
    if found is Uniqueness.GLOBAL:
        raise BadInput("Values are unique within the directory: server.", place=f"{place}.uniqueness")
    if found is Uniqueness.SERVER and (kind not in _UNIQUE or members.get("multivalued") is True):
        kinds = ", ".join(sorted(_UNIQUE))
        raise BadInput(f"Only a single value can be unique, of a type among {kinds}.", place=f"{place}.uniqueness")
    return found


def _word(members: Mapping[str, Any], default: W, member: str, place: str) -> W:
    """The word that a member is; which there are follows from the default."""
    given, words = members.get(member), type(default)
    if given is None:
        return default
    for word in words:
        if isinstance(given, str) and given.lower() == word.value.lower():
            return word
    raise BadInput(f"One of {', '.join(word.value for word in words)} is expected.", place=f"{place}.{member}")


def _truth(members: Mapping[str, Any], member: str, place: str) -> bool:
    given = members.get(member, False)
    if not isinstance(given, bool):
        raise BadInput("true or false is expected.", place=place)
    return given


def _text(members: Mapping[str, Any], member: str, place: str, *, longest: int, required: bool = False) -> str:
    given = members.get(member)
    if given is None and not required:
        return ""
    if not isinstance(given, str) or not (given or not required) or len(given) > longest or "\x00" in given:
        raise BadInput(f"A text of at most {longest} characters is expected.", place=place)
    return given


def _texts(members: Mapping[str, Any], member: str, place: str, *, allowed: bool) -> tuple[str, ...]:
    given = members.get(member)
    if given is None or given == []:
        return ()
    if not allowed:
        raise BadInput("An attribute of this type has none.", place=place)
    if not isinstance(given, list) or len(given) > MAX_CANONICAL:
        raise BadInput(f"A list of at most {MAX_CANONICAL} texts is expected.", place=place)
    texts = [
        _text({"": item}, "", f"{place}[{index}]", longest=LONGEST_KEY, required=True)
        for index, item in enumerate(given)
    ]
    if len(set(texts)) < len(texts):
        raise BadInput("A text occurs twice.", place=place)
    return tuple(texts)
