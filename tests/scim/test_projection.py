"""attributes and excludedAttributes (RFC 7644 section 3.9) against what is returned always and on request."""

from __future__ import annotations

from typing import Any

import pytest

from doorlist.errors import InvalidValue
from doorlist.scim.core import ENTERPRISE_URN, GROUP_TYPE, GROUP_URN, USER_TYPE, USER_URN
from doorlist.scim.projection import WHOLE, read_projection

MAILS = [{"value": "w@x", "type": "work", "primary": True}, {"value": "h@x"}]
ANA: dict[str, Any] = {
    "schemas": [USER_URN, ENTERPRISE_URN],
    "id": "1",
    "userName": "ana",
    "name": {"givenName": "Ana", "familyName": "Ruiz"},
    "emails": MAILS,
    ENTERPRISE_URN: {"department": "Sales", "manager": {"value": "2", "$ref": "Users/2"}},
    "meta": {"version": "1", "created": "then"},
}
ALWAYS = {"schemas": ANA["schemas"], "id": "1"}

ONLY: list[tuple[str, dict[str, Any]]] = [
    ("userName", {"userName": "ana"}),
    ("USERNAME", {"userName": "ana"}),
    (f"{USER_URN}:userName", {"userName": "ana"}),
    ("name", {"name": ANA["name"]}),
    ("name.givenName", {"name": {"givenName": "Ana"}}),
    ("name.givenName,name", {"name": ANA["name"]}),
    ("name,name.givenName", {"name": ANA["name"]}),
    ("emails.type", {"emails": [{"type": "work"}]}),
    ("emails.value,emails.primary", {"emails": [{"value": "w@x", "primary": True}, {"value": "h@x"}]}),
    (ENTERPRISE_URN, {ENTERPRISE_URN: ANA[ENTERPRISE_URN]}),
    (f"{ENTERPRISE_URN}:department", {ENTERPRISE_URN: {"department": "Sales"}}),
    (f"{ENTERPRISE_URN.upper()}:MANAGER.VALUE", {ENTERPRISE_URN: {"manager": {"value": "2"}}}),
    ("manager", {ENTERPRISE_URN: {"manager": ANA[ENTERPRISE_URN]["manager"]}}),
    ("meta.version", {"meta": {"version": "1"}}),
    ("title", {}),
    ("shoeSize", {}),
    ("name.shoeSize", {}),
    ("urn:x:y:z", {}),
    ("not a name", {}),
    ("id", {}),
]


@pytest.mark.parametrize(("names", "expected"), ONLY)
def test_attributes_selects_what_it_names_and_what_is_always_returned(names: str, expected: dict[str, Any]) -> None:
    projection = read_projection(USER_TYPE, names.split(","), [])
    assert projection.apply(ANA) == {**ALWAYS, **expected}


WITHOUT: list[tuple[str, dict[str, Any]]] = [
    ("emails", {"emails": None}),
    ("EMAILS.Type,emails.primary", {"emails": [{"value": "w@x"}, {"value": "h@x"}]}),
    ("emails.value", {"emails": [{"type": "work", "primary": True}]}),
    ("emails.value,emails.type,emails.primary", {"emails": None}),
    ("name.givenName", {"name": {"familyName": "Ruiz"}}),
    ("name.givenName,name.familyName", {"name": None}),
    (ENTERPRISE_URN, {ENTERPRISE_URN: None}),
    (f"{ENTERPRISE_URN}:manager", {ENTERPRISE_URN: {"department": "Sales"}}),
    ("id,schemas,meta", {"meta": None}),
    ("shoeSize,title", {}),
]


@pytest.mark.parametrize(("names", "changed"), WITHOUT)
def test_excluded_attributes_are_left_out_but_what_is_always_returned(names: str, changed: dict[str, Any]) -> None:
    expected = {name: value for name, value in {**ANA, **changed}.items() if value is not None}
    assert read_projection(USER_TYPE, [], names.split(",")).apply(ANA) == expected


def test_nothing_named_is_everything() -> None:
    assert read_projection(USER_TYPE, [], []) == WHOLE
    assert WHOLE.apply(ANA) == ANA


def test_both_parameters_exclude_each_other() -> None:
    with pytest.raises(InvalidValue):
        read_projection(USER_TYPE, ["userName"], ["emails"])


WANTS = [
    ([], [], True, False),
    (["members"], [], True, False),
    (["members.value"], [], True, False),
    (["members.display"], [], True, True),
    (["displayName"], [], False, False),
    (["shoeSize"], [], False, False),
    ([], ["members"], False, False),
    ([], ["members.value"], True, False),
    ([], ["displayName"], True, False),
    ([f"{GROUP_URN}:members.display"], [], True, True),
]


@pytest.mark.parametrize(("only", "without", "wanted", "named"), WANTS)
def test_members_are_read_only_when_wanted_and_named_only_on_request(
    only: list[str], without: list[str], wanted: bool, named: bool
) -> None:
    projection = read_projection(GROUP_TYPE, only, without)
    assert projection.wants("members") is wanted
    assert projection.names("members", "display") is named
