"""Whole resources in canonical form (RFC 7644 sections 3.3 and 3.5.1, RFC 7643 section 2.5)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from doorlist.errors import InvalidSyntax, InvalidValue
from doorlist.scim.core import ENTERPRISE_URN, GROUP_TYPE, GROUP_URN, USER_TYPE, USER_URN
from doorlist.scim.resource import read_resource

ONE = "0190c0de-0000-7000-8000-000000000001"


def canonical(**attributes: Any) -> dict[str, Any]:
    """The canonical attributes of a person, without those that everybody has."""
    document = read_resource(USER_TYPE, {"schemas": [USER_URN], "userName": "ana", **attributes}).document
    return {name: value for name, value in document.items() if name not in ("schemas", "userName")}


@pytest.mark.parametrize("nothing", [None, "", [], {}, [{}], [None], [{"value": None}], [{"value": ""}]], ids=str)
def test_every_way_to_say_nothing_is_nothing(nothing: Any) -> None:
    fits = {
        "title": nothing if not isinstance(nothing, list | dict) else None,
        "name": nothing if not isinstance(nothing, list) else None,
        "emails": nothing if nothing != {} else None,
        ENTERPRISE_URN: nothing if nothing in (None, {}) else None,
    }
    assert canonical(**fits) == {}


CANONICAL: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"TITLE": "x", "nickname": "y"}, {"title": "x", "nickName": "y"}),
    ({"name": {"GIVENNAME": "A", "shoeSize": 1}}, {"name": {"givenName": "A"}}),
    ({"emails": [{"Value": "a", "$REF": "x", "type": None}]}, {"emails": [{"value": "a"}]}),
    ({"emails": [{"value": "a"}, {"value": "a"}, {"value": "A"}]}, {"emails": [{"value": "a"}, {"value": "A"}]}),
    ({"emails": [None, {"value": "a"}, {}]}, {"emails": [{"value": "a"}]}),
    ({"id": "x", "meta": {"version": 5}, "groups": "x"}, {}),
    ({"password": "x"}, {}),
    ({ENTERPRISE_URN.upper(): {"Department": "x", "shoeSize": 1}}, {ENTERPRISE_URN: {"department": "x"}}),
    ({ENTERPRISE_URN: {"manager": {"displayName": "x"}}}, {}),
    ({"active": "False"}, {"active": False}),
    ({"title": "  x "}, {"title": "  x "}),
    ({"phoneNumbers": [{"value": "+34 (600)-1"}]}, {"phoneNumbers": [{"value": "+34 (600)-1"}]}),
    ({"emails": [{"type": "anything", "value": "x"}]}, {"emails": [{"type": "anything", "value": "x"}]}),
]


@pytest.mark.parametrize(("sent", "kept"), CANONICAL, ids=str)
def test_a_resource_is_kept_in_canonical_form(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    assert canonical(**sent) == kept


def test_schemas_follow_from_the_content() -> None:
    bare = read_resource(USER_TYPE, {"schemas": [USER_URN, ENTERPRISE_URN, "urn:x"], "userName": "ana"})
    assert bare.document["schemas"] == [USER_URN]
    full = read_resource(USER_TYPE, {"schemas": [USER_URN], "userName": "ana", ENTERPRISE_URN: {"division": "x"}})
    assert full.document["schemas"] == [USER_URN, ENTERPRISE_URN]


def test_unknown_names_are_listed_within_bounds() -> None:
    unknown = {f"n{number}": 1 for number in range(60)}
    body = {"schemas": [USER_URN], "userName": "ana", "a\x00b": 1, "x" * 900: 1, ENTERPRISE_URN: {"size": 1}, **unknown}
    told = read_resource(USER_TYPE, body).ignored
    assert told[0] == "a\N{REPLACEMENT CHARACTER}b"
    assert told[1] == "x" * 200
    assert told[2] == f"{ENTERPRISE_URN}:size"
    assert len(told) == 51
    assert told[-1] == "and 13 more"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"userName": None}, "userName"),
    ({"userName": ["ana"]}, "userName"),
    ({"title": "a", "Title": "b"}, "Title"),
    ({"name": {"givenName": "a", "GIVENNAME": "b"}}, "name.GIVENNAME"),
    ({"name": [{"givenName": "a"}]}, "name"),
    ({"name": {"first": "a"}}, "name"),
    ({"emails": {"value": "a"}}, "emails"),
    ({"emails": "a"}, "emails"),
    ({"emails": [[]]}, "emails[0]"),
    ({"emails": [{"address": "a"}]}, "emails[0]"),
    ({"emails": [{"value": ["a"]}]}, "emails[0].value"),
    ({"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": "true"}]}, "emails.primary"),
    ({ENTERPRISE_URN: []}, ENTERPRISE_URN),
    ({ENTERPRISE_URN: {"manager": {"value": 5}}}, f"{ENTERPRISE_URN}:manager.value"),
    ({"active": 1}, "active"),
    ({"x509Certificates": [{"value": "%"}]}, "x509Certificates[0].value"),
    ({"roles": [{"value": "x"}] * 1001}, "roles"),
    ({"userName": "x" * 513}, "userName"),
]


@pytest.mark.parametrize(("sent", "place"), WRONG, ids=[place for _, place in WRONG])
def test_a_wrong_value_is_refused_at_its_place(sent: dict[str, Any], place: str) -> None:
    with pytest.raises((InvalidValue, InvalidSyntax)) as refusal:
        canonical(**sent)
    assert refusal.value.place == place


def test_members_are_ids_apart_from_the_document() -> None:
    body = {"schemas": [GROUP_URN], "displayName": "D", "members": [{"value": ONE, "$ref": None, "display": "x"}] * 2}
    incoming = read_resource(GROUP_TYPE, body)
    assert incoming.members == {UUID(ONE)}
    assert "members" not in incoming.document


@pytest.mark.parametrize(
    "members",
    [
        "x",
        {},
        [ONE],
        [{}],
        [{"value": None}],
        [{"value": "x"}],
        [{"value": ONE.upper().replace("C", "c")}],
        [{"value": ONE, "type": "Group"}],
    ],
    ids=str,
)
def test_a_member_is_a_persons_id(members: Any) -> None:
    with pytest.raises(InvalidValue):
        read_resource(GROUP_TYPE, {"schemas": [GROUP_URN], "displayName": "D", "members": members})
