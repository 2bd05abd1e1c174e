"""The attribute table: schemas and resource types as data (RFC 7643 sections 2, 3, 6 and 7).

One `Attribute` says everything about an attribute: validation, comparison, mutability, what is returned, what
discovery prints. Nothing elsewhere decides by an attribute's name. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

LONGEST: Final = 65_536
LONGEST_KEY: Final = 512


class Type(StrEnum):
    """Data types of RFC 7643 section 2.3."""

    STRING = "string"
    BOOLEAN = "boolean"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATETIME = "dateTime"
    BINARY = "binary"
    REFERENCE = "reference"
    COMPLEX = "complex"


class Mutability(StrEnum):
    """Who may write an attribute, and when (RFC 7643 section 7)."""

    READ_ONLY = "readOnly"
    READ_WRITE = "readWrite"
    IMMUTABLE = "immutable"
    WRITE_ONLY = "writeOnly"


class Returned(StrEnum):
    """When an attribute is in an answer (RFC 7643 section 7)."""

    ALWAYS = "always"
    NEVER = "never"
    DEFAULT = "default"
    REQUEST = "request"


class Uniqueness(StrEnum):
    """Among which resources a value is unique (RFC 7643 section 7)."""

    NONE = "none"
    SERVER = "server"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute or sub-attribute with all its characteristics; the defaults are those of RFC 7643 section 2.2.

    `published` False keeps it out of /Schemas, with the reason beside it. `longest` is the most characters of a text:
    what an index of the database has to hold is shorter than the rest.
    """

    name: str
    type: Type = Type.STRING
    description: str = ""
    multi_valued: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: Mutability = Mutability.READ_WRITE
    returned: Returned = Returned.DEFAULT
    uniqueness: Uniqueness = Uniqueness.NONE
    canonical_values: tuple[str, ...] = ()
    reference_types: tuple[str, ...] = ()
    sub_attributes: tuple[Attribute, ...] = ()
    published: bool = True
    longest: int = LONGEST
    subs: Mapping[str, Attribute] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "subs", by_name(self.sub_attributes))

    def sub(self, name: str) -> Attribute | None:
        """The sub-attribute of that name, without regard to case."""
        return self.subs.get(name.lower())

    @property
    def is_complex(self) -> bool:
        return self.type is Type.COMPLEX

    @property
    def read_only(self) -> bool:
        return self.mutability is Mutability.READ_ONLY


def by_name(attributes: tuple[Attribute, ...]) -> Mapping[str, Attribute]:
    """Attributes by lower-case name: names are compared without case (RFC 7643 section 2.1)."""
    return MappingProxyType({attribute.name.lower(): attribute for attribute in attributes})


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: its URN and its attributes (RFC 7643 section 7); `demanding` are those that require something."""

    urn: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]
    names: Mapping[str, Attribute] = field(init=False, repr=False, compare=False)
    demanding: tuple[Attribute, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", by_name(self.attributes))
        demanding = tuple(
            item for item in self.attributes if item.required or any(s.required for s in item.subs.values())
        )
        object.__setattr__(self, "demanding", demanding)

    def named(self, attribute: Attribute) -> str:
        """An attribute of this schema with the URN before its name."""
        return f"{self.urn}:{attribute.name}"


@dataclass(frozen=True, slots=True)
class Extension:
    """A schema extension of a resource type."""

    schema: Schema
    required: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """An attribute as a path names it: the extension it lives in, the attribute, and perhaps a sub-attribute."""

    attribute: Attribute
    sub: Attribute | None = None
    urn: str | None = None

    @property
    def leaf(self) -> Attribute:
        """The attribute whose values are meant."""
        return self.sub or self.attribute

    @property
    def text(self) -> str:
        """The canonical spelling, for messages and projections."""
        name = self.attribute.name if self.sub is None else f"{self.attribute.name}.{self.sub.name}"
        return name if self.urn is None else f"{self.urn}:{name}"


@dataclass(frozen=True, slots=True)
class ResourceType:
    """What an endpoint serves: a base schema, its extensions, and the common attributes (RFC 7643 sections 3.1, 6)."""

    name: str
    endpoint: str
    description: str
    schema: Schema
    extensions: tuple[Extension, ...] = ()
    names: Mapping[str, Attribute] = field(init=False, repr=False, compare=False)
    urns: Mapping[str, Schema] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", MappingProxyType({**by_name(COMMON), **self.schema.names}))
        schemas = (self.schema, *(extension.schema for extension in self.extensions))
        object.__setattr__(self, "urns", MappingProxyType({schema.urn.lower(): schema for schema in schemas}))

    def extended(self, returned: Returned) -> Iterator[tuple[Schema, Attribute]]:
        """The attributes of the extensions that are returned so, each with its schema."""
        for extension in self.extensions:
            for attribute in extension.schema.attributes:
                if attribute.returned is returned:
                    yield extension.schema, attribute

    def extension(self, urn: str) -> Schema | None:
        """The extension schema of that URN, without regard to case; None for the base schema and unknown URNs."""
        schema = self.urns.get(urn.lower())
        return None if schema is self.schema else schema

    def find(self, urn: str | None, name: str, sub: str | None) -> Target | None:
        """The attribute that a path names (RFC 7644 section 3.10), or None where there is none."""
        schema = self.urns.get(urn.lower()) if urn is not None else None
        if urn is not None and schema is None:
            return None
        names = self.names if schema is None or schema is self.schema else schema.names
        attribute = names.get(name.lower())
        if attribute is None:
            return None
        inner = attribute.sub(sub) if sub is not None else None
        if sub is not None and inner is None:
            return None
        return Target(attribute, inner, schema.urn if schema and schema is not self.schema else None)

    def writable(self) -> Iterator[Attribute]:
        """The attributes of the base schema and the common ones that a client may set."""
        return (attribute for attribute in self.names.values() if not attribute.read_only)


META = Attribute(
    "meta",
    Type.COMPLEX,
    "Metadata of the resource, kept by the server.",
    mutability=Mutability.READ_ONLY,
    sub_attributes=(
        Attribute(
            "resourceType", Type.STRING, "Name of the resource type.",
            case_exact=True, mutability=Mutability.READ_ONLY,
        ),
        Attribute("created", Type.DATETIME, "When the resource was created.", mutability=Mutability.READ_ONLY),
        Attribute("lastModified", Type.DATETIME, "When the resource last changed.", mutability=Mutability.READ_ONLY),
        Attribute(
            "location", Type.REFERENCE, "Address of the resource.", case_exact=True,
            mutability=Mutability.READ_ONLY, reference_types=("uri",),
        ),
        Attribute(
            "version", Type.STRING, "Entity tag of the resource.",
            case_exact=True, mutability=Mutability.READ_ONLY,
        ),
    ),
)  # fmt: skip

SCHEMAS = Attribute(
    "schemas", Type.REFERENCE, "URNs of the schemas that the resource follows.",
    multi_valued=True, required=True, case_exact=True, returned=Returned.ALWAYS, reference_types=("uri",),
)  # fmt: skip

EXTERNAL_ID = Attribute(
    "externalId", Type.STRING, "Identifier issued by the directory.", case_exact=True, longest=LONGEST_KEY
)

COMMON: tuple[Attribute, ...] = (
    SCHEMAS,
    Attribute(
        "id", Type.STRING, "Identifier issued by the server, never reused.",
        case_exact=True, mutability=Mutability.READ_ONLY, returned=Returned.ALWAYS, uniqueness=Uniqueness.SERVER,
    ),
    EXTERNAL_ID,
    META,
)  # fmt: skip
