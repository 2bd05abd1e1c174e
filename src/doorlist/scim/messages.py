"""Answers as bytes: resources, lists and errors (RFC 7644 sections 3.3 to 3.5 and 3.12). Pure.

A stored document is JSON text already; an answer with all of it is put together from that text without reading it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from doorlist.errors import Refusal
from doorlist.scim.projection import Projection
from doorlist.scim.schema import ResourceType

LIST_URN: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR_URN: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
SEARCH_URN: Final = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@dataclass(frozen=True, slots=True)
class Stored:
    """A resource as the store gives it.

    `document` is the canonical document as JSON text; `related` is the JSON text of the list that lives in rows
    (members of a group, groups of a person), or None when it is empty or was not asked for. Where `more` is true it
    is only the start of a list that is too long for memory.
    """

    id: UUID
    document: str
    version: int
    created: datetime
    modified: datetime
    related: str | None = None
    more: bool = False


_RELATED: Final = {"User": "groups", "Group": "members"}
DIGEST: Final = 12
"""Characters of the digest in an entity tag."""


def etag(resource_type: ResourceType, stored: Stored) -> str:
    """The weak entity tag of a resource as it is told: equal content, not equal bytes.

    A list that others change, as groups change a person's, has no part in the version; where it is told, the tag has a
    digest of it (docs/decisions/0061).
    """
    if stored.related is None or not _is_kept_elsewhere(resource_type):
        return f'W/"{stored.version}"'
    digest = hashlib.sha256(stored.related.encode()).hexdigest()[:DIGEST]
    return f'W/"{stored.version}-{digest}"'


def etags(resource_type: ResourceType, stored: Stored) -> tuple[str, ...]:
    """The current entity tags of a resource: as it is told whole, and without the list that others change."""
    return (etag(resource_type, stored), f'W/"{stored.version}"')


def _is_kept_elsewhere(resource_type: ResourceType) -> bool:
    return resource_type.names[related_name(resource_type)].read_only


def location(resource_type: ResourceType, base: str, identifier: UUID) -> str:
    """The address of a resource (RFC 7643 section 3.1); `base` has no slash at its end."""
    return f"{base}{resource_type.endpoint}/{identifier}"


def related_name(resource_type: ResourceType) -> str:
    """The attribute of a type that is kept in rows of its own."""
    return _RELATED[resource_type.name]


def render(resource_type: ResourceType, stored: Stored, *, base: str, projection: Projection) -> bytes:
    """One resource as JSON bytes, reduced to a projection."""
    if not projection.is_whole:
        return msgspec.json.encode(projection.apply(_as_dict(resource_type, stored, base)))
    related = f',"{_RELATED[resource_type.name]}":{stored.related}' if stored.related else ""
    meta = msgspec.json.encode(_meta(resource_type, stored, base)).decode()
    return f'{{"id":"{stored.id}",{stored.document[1:-1]}{related},"meta":{meta}}}'.encode()


def render_open(
    resource_type: ResourceType, stored: Stored, *, base: str, projection: Projection
) -> tuple[bytes, bytes]:
    """The same without the list that lives in rows: what stands before its first value and after its last."""
    body = render(resource_type, replace(stored, related=None, more=False), base=base, projection=projection)
    return body[:-1] + f',"{_RELATED[resource_type.name]}":['.encode(), b"]}"


def render_list(
    resources: Iterable[bytes],
    *,
    total: int,
    start_index: int | None,
    following: str | None = None,
    preceding: str | None = None,
) -> bytes:
    """A ListResponse of rendered resources (RFC 7644 section 3.4.2); pages cut by cursor have no `start_index` but
    the cursors of their neighbours (RFC 9865 section 2.2).
    """
    found = list(resources)
    head = list_head(len(found), total=total, start_index=start_index, following=following, preceding=preceding)
    return b"".join((head, b",".join(found), b"]}"))


def list_head(
    items: int,
    *,
    total: int,
    start_index: int | None,
    following: str | None = None,
    preceding: str | None = None,
) -> bytes:
    """A ListResponse up to its first resource; the resources and ``]}`` complete it."""
    numbers = {
        "totalResults": total,
        "itemsPerPage": items,
        "startIndex": start_index,
        "nextCursor": following,
        "previousCursor": preceding,
    }
    shown = {"schemas": [LIST_URN], **{name: value for name, value in numbers.items() if value is not None}}
    return msgspec.json.encode(shown)[:-1] + b',"Resources":['


def render_error(refusal: Refusal) -> bytes:
    """An Error message (RFC 7644 section 3.12); its status is a string."""
    detail = f"{refusal} {refusal.hint}".strip()
    body: dict[str, Any] = {"schemas": [ERROR_URN], "status": str(refusal.status), "detail": detail}
    if refusal.scim_type is not None:
        body["scimType"] = refusal.scim_type
    return msgspec.json.encode(body)


def instant_text(at: datetime) -> str:
    """A point in time as xsd:dateTime in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _meta(resource_type: ResourceType, stored: Stored, base: str) -> dict[str, str]:
    return {
        "resourceType": resource_type.name,
        "created": instant_text(stored.created),
        "lastModified": instant_text(stored.modified),
        "location": location(resource_type, base, stored.id),
        "version": etag(resource_type, stored),
    }


def _as_dict(resource_type: ResourceType, stored: Stored, base: str) -> dict[str, Any]:
    resource: dict[str, Any] = {"id": str(stored.id), **msgspec.json.decode(stored.document)}
    if stored.related:
        resource[_RELATED[resource_type.name]] = msgspec.json.decode(stored.related)
    resource["meta"] = _meta(resource_type, stored, base)
    return resource
