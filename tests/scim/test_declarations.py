"""Declarations of schemas: JSON in the form of RFC 7643 section 7, read strictly, refused with the place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from doorlist.errors import BadInput
from doorlist.scim.core import ENTERPRISE, USER_TYPE
from doorlist.scim.declaration import MAX_ATTRIBUTES, narrowing, read_declaration
from doorlist.scim.discovery import definition
from doorlist.scim.schema import Mutability, Returned, Type, Uniqueness

URN = "urn:example:badge:2.0:User"


def declared(*attributes: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"id": URN, "attributes": list(attributes) or [{"name": "size"}], **members}


def test_a_declaration_is_what_discovery_tells_of_it() -> None:
    """What is read is told in the same form, and reading that gives the same schema."""
    body = declared(
        {"name": "a", "type": "STRING", "caseExact": True, "canonicalValues": ["x", "y"], "uniqueness": "server"},
        {"NAME": "b", "TYPE": "complex", "multiValued": True, "subAttributes": [{"name": "$ref", "type": "reference"}]},
        {"name": "c", "type": "integer", "mutability": "readonly", "returned": "request", "description": "A number."},
    )
    schema = read_declaration(body)
    assert schema.name == "User"
    a, b, c = schema.attributes
    assert (a.case_exact, a.canonical_values, a.uniqueness, a.longest) == (True, ("x", "y"), Uniqueness.SERVER, 512)
    assert (b.multi_valued, b.sub_attributes[0].reference_types) == (True, ("external",))
    assert (c.type, c.mutability, c.returned) == (Type.INTEGER, Mutability.READ_ONLY, Returned.REQUEST)
    assert read_declaration(msgspec.json.decode(msgspec.json.encode(definition(schema)))) == schema


def test_a_schema_of_the_standard_can_be_read_too() -> None:
    """The enterprise extension as it is told, but for the one thing that sub-attributes do not have here."""
    body = definition(ENTERPRISE)
    for sub in body["attributes"][-1]["subAttributes"]:
        sub["mutability"] = "readWrite"
    assert read_declaration(body).names.keys() == ENTERPRISE.names.keys()


COMPLEX = {"name": "c", "type": "complex", "subAttributes": [{"name": "s"}]}
REFUSED: list[tuple[Any, str]] = [
    ([], ""),
    ({"id": "badge", "attributes": [{"name": "a"}]}, "id"),
    ({"id": "urn:x", "attributes": [{"name": "a"}]}, "id"),
    ({"id": "urn:example:a b", "attributes": [{"name": "a"}]}, "id"),
    ({"id": "urn:example:" + "a" * 200, "attributes": [{"name": "a"}]}, "id"),
    ({"id": 5, "attributes": [{"name": "a"}]}, "id"),
    ({"attributes": [{"name": "a"}]}, "id"),
    ({"id": URN}, "attributes"),
    ({"id": URN, "attributes": []}, "attributes"),
    ({"id": URN, "attributes": [{"name": f"a{n}"} for n in range(MAX_ATTRIBUTES + 1)]}, "attributes"),
    (declared(owner="x"), "owner"),
    ({"id": URN, "ID": URN, "attributes": [{"name": "a"}]}, "ID"),
    (declared(name="\x00"), "name"),
    (declared("a"), "attributes[0]"),  # type: ignore[arg-type] # that is the point
    (declared({"name": "a"}, {"name": "A"}), "attributes[1].name"),
    (declared({"name": "a.b"}), "attributes[0].name"),
    (declared({"name": "9"}), "attributes[0].name"),
    (declared({"name": ""}), "attributes[0].name"),
    (declared({"name": "a" * 65}), "attributes[0].name"),
    (declared({"type": "string"}), "attributes[0].name"),
    (declared({"name": "Members"}), "attributes[0].name"),
    (declared({"name": "schemas"}), "attributes[0].name"),
    (declared({"name": "a", "type": "text"}), "attributes[0].type"),
    (declared({"name": "a", "type": ["string"]}), "attributes[0].type"),
    (declared({"name": "a", "length": 5}), "attributes[0].length"),
    (declared({"name": "a", "required": "true"}), "attributes[0].required"),
    (declared({"name": "a", "required": True, "mutability": "readOnly"}), "attributes[0].required"),
    (declared({"name": "a", "mutability": "writeOnly"}), "attributes[0].mutability"),
    (declared({"name": "a", "returned": "never"}), "attributes[0].returned"),
    (declared({"name": "a", "uniqueness": "global"}), "attributes[0].uniqueness"),
    (declared({"name": "a", "uniqueness": "server", "multiValued": True}), "attributes[0].uniqueness"),
    (declared({"name": "a", "uniqueness": "server", "type": "boolean"}), "attributes[0].uniqueness"),
    (declared({**COMPLEX, "uniqueness": "server"}), "attributes[0].uniqueness"),
    (declared({"name": "a", "canonicalValues": "x"}), "attributes[0].canonicalValues"),
    (declared({"name": "a", "canonicalValues": ["x", "x"]}), "attributes[0].canonicalValues"),
    (declared({"name": "a", "canonicalValues": [""]}), "attributes[0].canonicalValues[0]"),
    (declared({"name": "a", "type": "integer", "canonicalValues": ["1"]}), "attributes[0].canonicalValues"),
    (declared({"name": "a", "referenceTypes": ["User"]}), "attributes[0].referenceTypes"),
    (declared({"name": "a", "subAttributes": [{"name": "s"}]}), "attributes[0].subAttributes"),
    (declared({"name": "c", "type": "complex"}), "attributes[0].subAttributes"),
    (declared({"name": "c", "type": "complex", "subAttributes": []}), "attributes[0].subAttributes"),
    (declared({"name": "c", "type": "complex", "subAttributes": [COMPLEX]}), "attributes[0].subAttributes[0].subAttr"),
    (
        declared({"name": "c", "type": "complex", "subAttributes": [{"name": "s", "multiValued": True}]}),
        "attributes[0].subAttributes[0].multiValued",
    ),
    (
        declared({"name": "c", "type": "complex", "subAttributes": [{"name": "s", "uniqueness": "server"}]}),
        "attributes[0].subAttributes[0].uniqueness",
    ),
]


@pytest.mark.parametrize(("body", "place"), REFUSED)
def test_what_is_malformed_or_would_mean_nothing_is_refused_with_its_place(body: Any, place: str) -> None:
    with pytest.raises(BadInput) as refusal:
        read_declaration(body)
    assert refusal.value.place.startswith(place)
    assert bool(refusal.value.place) == bool(place)


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ({"name": "a"}, {"name": "a", "description": "More.", "canonicalValues": ["x"], "returned": "request"}, None),
        ({"name": "a", "required": True}, {"name": "a"}, None),
        ({"name": "a", "uniqueness": "server"}, {"name": "a"}, None),
        ({"name": "a"}, {"name": "b"}, "a"),
        ({"name": "a"}, {"name": "A"}, "a"),
        ({"name": "a"}, {"name": "a", "type": "integer"}, "a"),
        ({"name": "a"}, {"name": "a", "required": True}, "a"),
        ({"name": "a"}, {"name": "a", "uniqueness": "server"}, "a"),
        ({"name": "a"}, {"name": "a", "mutability": "readOnly"}, "a"),
        (COMPLEX, {**COMPLEX, "subAttributes": [{"name": "s"}, {"name": "t"}]}, None),
        (COMPLEX, {**COMPLEX, "subAttributes": [{"name": "t"}]}, "c.s"),
        (COMPLEX, {**COMPLEX, "subAttributes": [{"name": "s"}, {"name": "t", "required": True}]}, "c.t"),
    ],
)
def test_a_change_is_narrowing_where_a_value_could_become_wrong(before: Any, after: Any, place: str | None) -> None:
    assert narrowing(read_declaration(declared(before)), read_declaration(declared(after))) == place


def test_an_attribute_that_is_new_and_required_is_narrowing() -> None:
    before, after = declared({"name": "a"}), declared({"name": "a"}, {"name": "b", "required": True})
    assert narrowing(read_declaration(before), read_declaration(after)) == "b"


def test_the_built_in_types_are_as_they_were() -> None:
    assert [extension.schema for extension in USER_TYPE.extensions] == [ENTERPRISE]
