"""The resource types of one organization: the built-in ones, extended by the schemas that it declares. Pure.

Declarations travel as the text that the database keeps, with the caller; their resource types are made of it once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import msgspec

from doorlist.scim.core import GROUP_TYPE, USER_TYPE
from doorlist.scim.declaration import read_declaration
from doorlist.scim.schema import Attribute, Extension, ResourceType, Uniqueness
from doorlist.scim.values import comparable

_KEPT: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """The resource types that an organization's directory sees; `revisions` by the URN of each declared schema."""

    user: ResourceType
    group: ResourceType
    revisions: Mapping[str, int]

    @property
    def types(self) -> tuple[ResourceType, ...]:
        return (self.user, self.group)

    def declared_in(self, document: Mapping[str, Any]) -> dict[str, int]:
        """The declared schemas that a document uses, with the revisions by which it was read."""
        return {urn: self.revisions[urn] for urn in document if urn in self.revisions}


BUILT_IN: Final = Catalogue(USER_TYPE, GROUP_TYPE, {})


def catalogue(declared: str | None) -> Catalogue:
    """The resource types of an organization whose declarations are this text; None: it has declared nothing.

    The text is a JSON list of objects with `definition`, `types` and `revision`.
    """
    return BUILT_IN if declared is None else _made(declared)


@lru_cache(maxsize=_KEPT)
def _made(declared: str) -> Catalogue:
    user, group, revisions = USER_TYPE, GROUP_TYPE, {}
    for item in msgspec.json.decode(declared):
        schema = read_declaration(item["definition"])
        revisions[schema.urn] = item["revision"]
        if USER_TYPE.name in item["types"]:
            user = _extended(user, Extension(schema))
        if GROUP_TYPE.name in item["types"]:
            group = _extended(group, Extension(schema))
    return Catalogue(user, group, revisions)


def _extended(resource_type: ResourceType, extension: Extension) -> ResourceType:
    return replace(resource_type, extensions=(*resource_type.extensions, extension))


def unique_values(resource_type: ResourceType, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The values of a document that no other resource may have: ``urn:name`` and the text of the comparison form."""
    for extension in resource_type.extensions:
        held = document.get(extension.schema.urn, {})
        for attribute in extension.schema.attributes:
            if attribute.uniqueness is Uniqueness.SERVER and attribute.name in held:
                yield f"{extension.schema.urn}:{attribute.name}", _text(attribute, held[attribute.name])


def _text(attribute: Attribute, value: Any) -> str:
    return str(comparable(attribute, value))
