"""Paths to attributes: the one place where a name that a client wrote becomes an attribute. Pure."""

from __future__ import annotations

from doorlist.scim import quirks
from doorlist.scim.filter import Path
from doorlist.scim.schema import ResourceType, Target


def find(resource_type: ResourceType, path: Path) -> Target | None:
    """The attribute that a path names, or None: nothing of that name exists for this type."""
    target = resource_type.find(path.urn, path.name, path.sub)
    if target is None and path.urn is None:
        return quirks.attribute_without_its_urn(resource_type, path.name, path.sub)
    return target
