"""Bulk (RFC 7644 section 3.7): requests to operations, and the `bulkId:` references between them. Pure.

A malformed request is refused as a whole; a malformed operation is refused by itself, in its result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from doorlist.errors import InvalidSyntax, InvalidValue, Refusal, TooLarge

BULK_URN: Final = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE_URN: Final = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
MAX_OPERATIONS: Final = 1000
PREFIX: Final = "bulkId:"
_METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MAX_DEPTH: Final = 10


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation. `collection` is the name of an endpoint, `target` the id below it (or a reference), if any."""

    index: int
    method: str
    collection: str
    target: str | None
    bulk_id: str | None
    data: Any
    version: str | None
    references: frozenset[str] = frozenset()
    """The bulkIds that it counts on, in its path and anywhere in its data."""


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """The operations in order, with those that cannot be read as refusals; processing ends at so many errors."""

    operations: tuple[BulkOperation | tuple[Mapping[str, Any], Refusal], ...]
    fail_on_errors: int | None


def parse_bulk(body: Any) -> BulkRequest:
    """The operations of a BulkRequest. Raises `InvalidSyntax`, or `TooLarge` naming the limit."""
    if not isinstance(body, Mapping):
        raise InvalidSyntax("The body has to be a JSON object.")
    members = {key.lower(): value for key, value in body.items()}
    urns = members.get("schemas")
    if not isinstance(urns, list) or BULK_URN.lower() not in [str(urn).lower() for urn in urns]:
        raise InvalidSyntax(f"The list has to contain {BULK_URN}.", place="schemas")
    operations = members.get("operations")
    if not isinstance(operations, list):
        raise InvalidSyntax("A list of operations is required.", place="Operations")
    if len(operations) > MAX_OPERATIONS:
        raise TooLarge(f"{len(operations)} operations; maxOperations is {MAX_OPERATIONS}.", place="Operations")
    return BulkRequest(tuple(_each(operations)), _fail_on_errors(members.get("failonerrors")))


def resolved(data: Any, known: Mapping[str, str]) -> Any:
    """The data with every known reference replaced by the id that it stands for."""
    if isinstance(data, str) and data.startswith(PREFIX):
        return known.get(data.removeprefix(PREFIX), data)
    if isinstance(data, Mapping):
        return {key: resolved(value, known) for key, value in data.items()}
    if isinstance(data, list):
        return [resolved(value, known) for value in data]
    return data


def without_references(data: Any) -> Any:
    """The data without the values that still hold a reference: what can be made before the circle is closed."""
    if isinstance(data, Mapping):
        return {key: without_references(value) for key, value in data.items() if not _is_reference(value)}
    if isinstance(data, list):
        return [without_references(value) for value in data if not any(_named(value, MAX_DEPTH))]
    return data


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(PREFIX)


def _named(data: Any, depth: int) -> Iterator[str]:
    if depth == 0:
        raise InvalidSyntax(f"The data is nested more than {MAX_DEPTH} deep.", place="data")
    if _is_reference(data):
        yield data.removeprefix(PREFIX)
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _named(value, depth - 1)
    elif isinstance(data, list):
        for value in data:
            yield from _named(value, depth - 1)


def _each(operations: list[Any]) -> Iterator[BulkOperation | tuple[Mapping[str, Any], Refusal]]:
    seen: set[str] = set()
    for index, raw in enumerate(operations):
        shown = raw if isinstance(raw, Mapping) else {}
        try:
            operation = _read(index, raw)
            if operation.bulk_id is not None and operation.bulk_id in seen:
                raise InvalidValue("This bulkId occurs twice.", place=f"Operations[{index}].bulkId")
        except Refusal as refusal:
            yield shown, refusal
            continue
        seen |= {operation.bulk_id} if operation.bulk_id is not None else set()
        yield operation


def _read(index: int, raw: Any) -> BulkOperation:
    place = f"Operations[{index}]"
    if not isinstance(raw, Mapping):
        raise InvalidSyntax("An operation is an object.", place=place)
    members = {key.lower(): value for key, value in raw.items()}
    method = str(members.get("method", "")).upper()
    if method not in _METHODS:
        raise InvalidSyntax("method has to be POST, PUT, PATCH or DELETE.", place=f"{place}.method")
    collection, target = _address(members.get("path"), method, place)
    bulk_id = members.get("bulkid")
    if bulk_id is not None and (not isinstance(bulk_id, str) or not bulk_id or len(bulk_id) > 200):
        raise InvalidSyntax("bulkId is a string of 1 to 200 characters.", place=f"{place}.bulkId")
    if method == "POST" and bulk_id is None:
        raise InvalidSyntax("POST needs a bulkId.", place=f"{place}.bulkId")
    if method != "DELETE" and not isinstance(members.get("data"), Mapping):
        raise InvalidSyntax(f"{method} needs data, an object.", place=f"{place}.data")
    version, data = members.get("version"), members.get("data")
    return BulkOperation(
        index,
        method,
        collection,
        target,
        bulk_id,
        data,
        version if isinstance(version, str) else None,
        frozenset({*_named(target, 1), *_named(data, MAX_DEPTH)}),
    )


def _address(path: Any, method: str, place: str) -> tuple[str, str | None]:
    parts = [part for part in path.split("/") if part] if isinstance(path, str) else []
    wanted = 1 if method == "POST" else 2
    if len(parts) != wanted:
        shape = "/Users" if method == "POST" else "/Users/id"
        raise InvalidSyntax(f"The path of {method} has the form {shape}.", place=f"{place}.path")
    return parts[0], parts[1] if wanted == 2 else None


def _fail_on_errors(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidValue("failOnErrors is a whole number from 1 on.", place="failOnErrors")
    return value
