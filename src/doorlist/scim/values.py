"""Values of attributes: what a type admits, and the form in which values are compared (RFC 7643 section 2.3).

`admit` says what is stored; `comparable` what filters and sorting see: text is folded unless case counts, instants
are UTC with microseconds so that their order as text is their order in time. Pure; refuses with `InvalidValue`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

import msgspec

from doorlist.domain.directory import fold
from doorlist.errors import InvalidValue, Unavailable
from doorlist.scim.schema import Attribute, ResourceType, Type

_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?", re.IGNORECASE
)
_WANTED: Final = {
    Type.STRING: "a string",
    Type.BOOLEAN: "true or false",
    Type.DECIMAL: "a number",
    Type.INTEGER: "a whole number",
    Type.DATETIME: "a date and time such as 2026-11-23T10:00:00Z",
    Type.BINARY: "base64",
    Type.REFERENCE: "an address (a string)",
    Type.COMPLEX: "an object",
}


def admit(attribute: Attribute, value: Any, place: str) -> Any:
    """A simple value as it is stored. Raises `InvalidValue` naming `place` when it is not of the attribute's type."""
    if not _ADMITS[attribute.type](value):
        raise InvalidValue(f"{_WANTED[attribute.type].capitalize()} is expected, not {_shown(value)}.", place=place)
    if isinstance(value, str):
        _admit_text(attribute, value, place)
    return value


def instant(text: str) -> str | None:
    """An xsd:dateTime in UTC with microseconds, or None where the text is none. No zone means UTC."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{(zone or 'Z').upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def comparable(attribute: Attribute, value: Any) -> Any:
    """The form of an admitted simple value in which it is compared and sorted."""
    if isinstance(value, str):
        if attribute.type is Type.DATETIME:
            return instant(value)
        if not attribute.case_exact and attribute.type is Type.STRING:
            return fold(value)
    return value


def comparison_form(resource_type: ResourceType, document: Mapping[str, Any]) -> dict[str, Any]:
    """A canonical document with every value in comparison form; this is what filters are evaluated on.

    Raises `Unavailable` where it has an attribute of a schema that was declared a moment ago and is not known here yet.
    """
    form: dict[str, Any] = {}
    try:
        for name, value in document.items():
            extension = resource_type.extension(name)
            if extension is not None:
                form[name] = {inner: _form(extension.names[inner.lower()], part) for inner, part in value.items()}
            else:
                form[name] = _form(resource_type.names[name.lower()], value)
    except KeyError as error:
        raise Unavailable("The schemas of the organization have just changed.") from error
    return form


def _form(attribute: Attribute, value: Any) -> Any:
    if attribute.multi_valued:
        return [element_form(attribute, element) for element in value]
    return element_form(attribute, value)


def element_form(attribute: Attribute, value: Any) -> Any:
    """One value of an attribute in comparison form, complex or simple."""
    if not attribute.is_complex:
        return comparable(attribute, value)
    return {name: comparable(attribute.subs[name.lower()], part) for name, part in value.items()}


def _admit_text(attribute: Attribute, value: str, place: str) -> None:
    if len(value) > attribute.longest:
        raise InvalidValue(f"The value has {len(value)} characters; {attribute.longest} is the most.", place=place)
    if "\x00" in value:
        raise InvalidValue("The value has a NUL character, which cannot be stored.", place=place)


def _is_number(value: Any) -> bool:
    return _is_integer(value) or (isinstance(value, float) and isfinite(value))


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_instant(value: Any) -> bool:
    return isinstance(value, str) and instant(value) is not None


def _is_base64(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_ADMITS: Final[Mapping[Type, Callable[[Any], bool]]] = {
    Type.STRING: _is_text,
    Type.BOOLEAN: lambda value: isinstance(value, bool),
    Type.DECIMAL: _is_number,
    Type.INTEGER: _is_integer,
    Type.DATETIME: _is_instant,
    Type.BINARY: _is_base64,
    Type.REFERENCE: _is_text,
    Type.COMPLEX: lambda value: isinstance(value, Mapping),
}


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f"the text {value[:60]!r}"
    return f"the number {value}"


def lookup_key(value: Any) -> bytes:
    """A value as it can be looked up: equal values have equal keys, so no list has to be tried pair by pair."""
    return msgspec.json.encode(value, order="sorted")
