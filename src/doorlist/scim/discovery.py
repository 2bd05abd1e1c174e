"""What the server says of itself: ServiceProviderConfig, ResourceTypes, Schemas (RFC 7643 sections 5 to 7). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from doorlist.scim.bulk import MAX_OPERATIONS
from doorlist.scim.core import RESOURCE_TYPES
from doorlist.scim.cursor import TIMEOUT_SECONDS
from doorlist.scim.schema import EXTERNAL_ID, Attribute, ResourceType, Schema, Type

CONFIG_URN: Final = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
RESOURCE_TYPE_URN: Final = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
SCHEMA_URN: Final = "urn:ietf:params:scim:schemas:core:2.0:Schema"
_BASE_URNS: Final = frozenset(kind.schema.urn for kind in RESOURCE_TYPES)


def service_provider_config(*, base: str, default_page: int, max_page: int, max_body: int) -> dict[str, Any]:
    """What is supported, truthfully: clients such as authentik act on it (RFC 7643 section 5, RFC 9865 section 4)."""
    return {
        "schemas": [CONFIG_URN],
        "patch": {"supported": True},
        "bulk": {"supported": True, "maxOperations": MAX_OPERATIONS, "maxPayloadSize": max_body},
        "filter": {"supported": True, "maxResults": max_page},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": default_page,
            "maxPageSize": max_page,
            "cursorTimeout": TIMEOUT_SECONDS,
        },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token of the organization in the Authorization header.",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def resource_type(item: ResourceType, *, base: str) -> dict[str, Any]:
    """One ResourceType (RFC 7643 section 6)."""
    return {
        "schemas": [RESOURCE_TYPE_URN],
        "id": item.name,
        "name": item.name,
        "endpoint": item.endpoint,
        "description": item.description,
        "schema": item.schema.urn,
        "schemaExtensions": [
            {"schema": extension.schema.urn, "required": extension.required} for extension in item.extensions
        ],
        "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{item.name}"},
    }


def schema(item: Schema, *, base: str) -> dict[str, Any]:
    """One Schema with every characteristic of its published attributes (RFC 7643 section 7).

    externalId is a part of every base schema (RFC 7643 section 3.1), and told with them: Microsoft's gallery validation
    asks that every mapped attribute is discovered, and the mapping of externalId is one of the usual ones.
    """
    meta = {"resourceType": "Schema", "location": f"{base}/Schemas/{item.urn}"}
    described = definition(item)
    if item.urn in _BASE_URNS:
        described["attributes"].append(_attribute(EXTERNAL_ID))
    return {"schemas": [SCHEMA_URN], **described, "meta": meta}


def definition(item: Schema) -> dict[str, Any]:
    """What a schema says, wherever it is told."""
    return {
        "id": item.urn,
        "name": item.name,
        "description": item.description,
        "attributes": [_attribute(attribute) for attribute in item.attributes if attribute.published],
    }


def schemas_of(types: Iterable[ResourceType]) -> tuple[Schema, ...]:
    """Every schema that the types use, each once."""
    found = {item.urn: item for kind in types for item in (kind.schema, *(each.schema for each in kind.extensions))}
    return tuple(found.values())


def _attribute(attribute: Attribute) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": attribute.name,
        "type": attribute.type.value,
        "multiValued": attribute.multi_valued,
        "description": attribute.description,
        "required": attribute.required,
        "mutability": attribute.mutability.value,
        "returned": attribute.returned.value,
    }
    if attribute.is_complex:
        described["subAttributes"] = [_attribute(sub) for sub in attribute.sub_attributes if sub.published]
        return described
    described["caseExact"] = attribute.case_exact
    described["uniqueness"] = attribute.uniqueness.value
    if attribute.canonical_values:
        described["canonicalValues"] = list(attribute.canonical_values)
    if attribute.type is Type.REFERENCE:
        described["referenceTypes"] = list(attribute.reference_types)
    return described
