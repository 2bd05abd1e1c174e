"""What each PATCH operation does to a document: RFC 7644 sections 3.5.2.1 (add), 3.5.2.2 (remove), 3.5.2.3 (replace).

Each table row is the document before, the operation, and the document after or the refusal.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from doorlist.errors import (
    InvalidFilter,
    InvalidPath,
    InvalidSyntax,
    InvalidValue,
    Mutability,
    NoTarget,
    Refusal,
    TooMany,
)
from doorlist.scim.core import ENTERPRISE_URN, GROUP_TYPE, USER_TYPE, USER_URN
from doorlist.scim.patch import PATCH_URN, Work, apply_changes, parse_patch
from doorlist.scim.plan import plan_group
from doorlist.scim.resource import MAX_VALUES, read_resource

Document = dict[str, Any]
WORK, HOME = {"value": "w@x", "type": "work", "primary": True}, {"value": "h@x", "type": "home"}
NAME = {"name": {"givenName": "Ana", "familyName": "Ruiz"}}
MAILS = {"emails": [WORK, HOME]}
SALES = {ENTERPRISE_URN: {"department": "Sales", "manager": {"value": "m"}}}


def patched(before: Document, *operations: Document) -> Document:
    """The attributes after the operations, without those that every person has."""
    document = read_resource(USER_TYPE, {"schemas": [USER_URN], "userName": "ana", **before}).document
    body = {"schemas": [PATCH_URN], "Operations": list(operations)}
    after = apply_changes(USER_TYPE, copy.deepcopy(document), parse_patch(body, USER_TYPE))
    urns = [USER_URN, ENTERPRISE_URN] if ENTERPRISE_URN in after else [USER_URN]
    assert after["schemas"] == urns
    return {name: value for name, value in after.items() if name not in ("schemas", "userName")}


def op(verb: str, path: str | None, *value: Any) -> Document:
    operation: Document = {"op": verb}
    if path is not None:
        operation["path"] = path
    return {**operation, "value": value[0]} if value else operation


ADD_AND_REPLACE: list[tuple[str, Document, str | None, Any, Document]] = [
    ("simple, absent", {}, "title", "Lead", {"title": "Lead"}),
    ("simple, present", {"title": "x"}, "title", "Lead", {"title": "Lead"}),
    ("simple, equal", {"title": "Lead"}, "title", "Lead", {"title": "Lead"}),
    ("boolean", {}, "active", False, {"active": False}),
    ("complex, absent", {}, "name", {"givenName": "B"}, {"name": {"givenName": "B"}}),
    ("complex, present", NAME, "name", {"givenName": "B"}, {"name": {"givenName": "B", "familyName": "Ruiz"}}),
    ("sub-attribute, absent", {}, "name.givenName", "B", {"name": {"givenName": "B"}}),
    ("sub-attribute, present", NAME, "name.givenName", "B", {"name": {"givenName": "B", "familyName": "Ruiz"}}),
    ("with the base URN", {}, f"{USER_URN}:title", "Lead", {"title": "Lead"}),
    ("several, absent", {}, "emails", [HOME], {"emails": [HOME]}),
    (
        "no path",
        NAME,
        None,
        {"title": "x", "name": {"givenName": "B"}},
        {"title": "x", "name": {"givenName": "B", "familyName": "Ruiz"}},
    ),
    ("the base URN as path", {}, USER_URN, {"title": "x"}, {"title": "x"}),
    ("the base URN as name", {}, None, {USER_URN: {"title": "x"}}, {"title": "x"}),
    ("extension attribute, absent", {}, f"{ENTERPRISE_URN}:department", "Ops", {ENTERPRISE_URN: {"department": "Ops"}}),
    (
        "extension attribute, present",
        SALES,
        f"{ENTERPRISE_URN}:department",
        "Ops",
        {ENTERPRISE_URN: {"department": "Ops", "manager": {"value": "m"}}},
    ),
    (
        "extension sub-attribute",
        {},
        f"{ENTERPRISE_URN}:manager.value",
        "m",
        {ENTERPRISE_URN: {"manager": {"value": "m"}}},
    ),
    (
        "whole extension",
        SALES,
        ENTERPRISE_URN,
        {"department": "Ops"},
        {ENTERPRISE_URN: {"department": "Ops", "manager": {"value": "m"}}},
    ),
    (
        "extension without a path",
        {},
        None,
        {ENTERPRISE_URN: {"manager": {"value": "m"}}},
        {ENTERPRISE_URN: {"manager": {"value": "m"}}},
    ),
    (
        "filter and sub-attribute",
        MAILS,
        'emails[type eq "home"].value',
        "n@x",
        {"emails": [WORK, {**HOME, "value": "n@x"}]},
    ),
    (
        "filter on all",
        MAILS,
        "emails[value pr].display",
        "d",
        {"emails": [{**WORK, "display": "d"}, {**HOME, "display": "d"}]},
    ),
    (
        "filter and object",
        MAILS,
        'emails[type eq "home"]',
        {"value": "n@x"},
        {"emails": [WORK, {**HOME, "value": "n@x"}]},
    ),
    (
        "primary moves",
        MAILS,
        'emails[type eq "home"].primary',
        True,
        {"emails": [{**WORK, "primary": False}, {**HOME, "primary": True}]},
    ),
    ("primary goes", MAILS, 'emails[type eq "work"].primary', False, {"emails": [{**WORK, "primary": False}, HOME]}),
    ("created by its type", {}, 'emails[type eq "work"].value', "w@x", {"emails": [{"type": "work", "value": "w@x"}]}),
    (
        "created as primary",
        MAILS,
        "roles[primary eq true].value",
        "r",
        {**MAILS, "roles": [{"primary": True, "value": "r"}]},
    ),
    (
        "created by both",
        {},
        'emails[type eq "work" and primary eq true].value',
        "w@x",
        {"emails": [{"type": "work", "primary": True, "value": "w@x"}]},
    ),
    (
        "created by an object",
        {},
        'emails[type eq "work"]',
        {"value": "w@x"},
        {"emails": [{"type": "work", "value": "w@x"}]},
    ),
    (
        "created primary resets the other",
        MAILS,
        'emails[type eq "other"]',
        {"value": "o", "primary": True},
        {"emails": [{**WORK, "primary": False}, HOME, {"type": "other", "value": "o", "primary": True}]},
    ),
    ("a password", {"title": "x"}, "password", "secret", {"title": "x"}),
]


@pytest.mark.parametrize("verb", ["add", "replace"])
@pytest.mark.parametrize("row", ADD_AND_REPLACE, ids=lambda row: row[0])
def test_add_and_replace_set_alike(row: Any, verb: str) -> None:
    _, before, path, value, after = row
    assert patched(before, op(verb, path, value)) == after
    assert patched(before, op(verb, path, value), op(verb, path, value)) == after


OWN: list[tuple[str, Document, Document, Document]] = [
    ("add appends", MAILS, op("add", "emails", [{"value": "n"}]), {"emails": [WORK, HOME, {"value": "n"}]}),
    ("add leaves what is there", MAILS, op("add", "emails", [HOME]), MAILS),
    (
        "add with a new primary",
        MAILS,
        op("add", "emails", [{"value": "n", "primary": True}]),
        {"emails": [{**WORK, "primary": False}, HOME, {"value": "n", "primary": True}]},
    ),
    ("add nothing", MAILS, op("add", "emails", []), MAILS),
    ("add null", MAILS, op("add", "emails", None), MAILS),
    (
        "add without a path appends",
        MAILS,
        op("add", None, {"emails": [{"value": "n"}]}),
        {"emails": [WORK, HOME, {"value": "n"}]},
    ),
    ("replace the list", MAILS, op("replace", "emails", [{"value": "n"}]), {"emails": [{"value": "n"}]}),
    ("replace without a path", MAILS, op("replace", None, {"emails": [{"value": "n"}]}), {"emails": [{"value": "n"}]}),
    ("replace with nothing", MAILS, op("replace", "emails", []), {}),
    ("replace with null", NAME, op("replace", "name", None), {}),
    ("replace a part with null", NAME, op("replace", "name.givenName", None), {"name": {"familyName": "Ruiz"}}),
    (
        "replace a value's part with null",
        MAILS,
        op("replace", 'emails[type eq "home"].value', None),
        {"emails": [WORK]},
    ),
    ("replace an extension with null", SALES, op("replace", ENTERPRISE_URN, None), {}),
    (
        "replace with null inside",
        NAME,
        op("replace", "name", {"givenName": None, "familyName": "R"}),
        {"name": {"givenName": "Ana", "familyName": "R"}},
    ),
    ("remove simple", {"title": "x"}, op("remove", "title"), {}),
    ("remove absent", {}, op("remove", "title"), {}),
    ("remove complex", NAME, op("remove", "name"), {}),
    ("remove a part", NAME, op("remove", "name.givenName"), {"name": {"familyName": "Ruiz"}}),
    ("remove the last part", {"name": {"givenName": "A"}}, op("remove", "name.givenName"), {}),
    ("remove all values", MAILS, op("remove", "emails"), {}),
    ("remove by filter", MAILS, op("remove", 'emails[type eq "work"]'), {"emails": [HOME]}),
    ("remove the last value", {"emails": [HOME]}, op("remove", 'emails[type eq "home"]'), {}),
    ("remove by a filter that selects none", MAILS, op("remove", 'emails[type eq "other"]'), MAILS),
    (
        "remove a part by filter",
        MAILS,
        op("remove", 'emails[type eq "work"].primary'),
        {"emails": [{"value": "w@x", "type": "work"}, HOME]},
    ),
    ("remove the value by filter", MAILS, op("remove", 'emails[type eq "work"].value'), {"emails": [HOME]}),
    (
        "remove a part of all",
        MAILS,
        op("remove", "emails.type"),
        {"emails": [{"value": "w@x", "primary": True}, {"value": "h@x"}]},
    ),
    ("remove listed values", MAILS, op("remove", "emails", [{"value": "W@X"}]), {"emails": [HOME]}),
    ("remove listed by type", MAILS, op("remove", "emails", [{"type": "home"}]), {"emails": [WORK]}),
    ("remove an empty list", MAILS, op("remove", "emails", []), MAILS),
    ("remove with null", MAILS, op("remove", "emails", None), {}),
    ("remove an extension", SALES, op("remove", ENTERPRISE_URN), {}),
    (
        "remove the last of an extension",
        {ENTERPRISE_URN: {"department": "x"}},
        op("remove", f"{ENTERPRISE_URN}:department"),
        {},
    ),
    ("remove a password", NAME, op("remove", "password"), NAME),
]


@pytest.mark.parametrize("row", OWN, ids=lambda row: row[0])
def test_each_verb_does_its_own(row: Any) -> None:
    _, before, operation, after = row
    assert patched(before, operation) == after


REFUSED: list[tuple[str, type[Refusal], Document]] = [
    ("no path to remove", NoTarget, op("remove", None)),
    ("no path to remove from", NoTarget, op("remove", None, {"title": "x"})),
    ("the whole resource", NoTarget, op("remove", USER_URN)),
    ("no value to add", InvalidValue, op("add", "title")),
    ("no value to replace with", InvalidValue, op("replace", "title")),
    ("no object without a path", InvalidValue, op("add", None, [{"title": "x"}])),
    ("a number for a text", InvalidValue, op("add", "title", 5)),
    ("a text for a boolean", InvalidValue, op("add", "active", "yes")),
    ("a text for a complex", InvalidValue, op("add", "name", "Ana")),
    ("a text for values", InvalidValue, op("add", "emails", "x")),
    ("texts for values", InvalidValue, op("add", "emails", ["x"])),
    (
        "two primaries",
        InvalidValue,
        op("add", "emails", [{"value": "a", "primary": True}, {"value": "b", "primary": True}]),
    ),
    ("unknown parts only", InvalidValue, op("add", "name", {"nick": "x"})),
    ("a required one emptied", InvalidValue, op("replace", "userName", "")),
    ("a required one nulled", InvalidValue, op("replace", None, {"userName": None})),
    ("a required one removed", Mutability, op("remove", "userName")),
    ("id", Mutability, op("replace", "id", "x")),
    ("meta", Mutability, op("add", "meta.version", "x")),
    ("groups", Mutability, op("add", "groups", [{"value": "x"}])),
    ("groups by filter", Mutability, op("remove", 'groups[value eq "x"]')),
    ("the manager's name", Mutability, op("add", f"{ENTERPRISE_URN}:manager.displayName", "x")),
    ("an unknown attribute", InvalidPath, op("add", "shoeSize", 1)),
    ("an unknown part", InvalidPath, op("add", "name.nick", "x")),
    ("an unknown part of a value", InvalidPath, op("add", 'emails[type eq "work"].nick', "x")),
    ("an unknown extension", InvalidPath, op("add", "urn:x:y:z", "x")),
    ("an unknown extension attribute", InvalidPath, op("add", f"{ENTERPRISE_URN}:shoeSize", "x")),
    ("an unknown name", InvalidPath, op("add", None, {"shoeSize": "x"})),
    ("a filter on a simple one", InvalidPath, op("add", 'title[type eq "x"]', "x")),
    ("a filter on a single one", InvalidPath, op("add", 'name[givenName eq "x"].familyName', "x")),
    ("a malformed path", InvalidPath, op("add", "emails[", "x")),
    ("a malformed filter", InvalidPath, op("add", "emails[type]", "x")),
    ("an unknown part in the filter", InvalidFilter, op("add", 'emails[nick eq "x"].value', "x")),
    ("an unsuitable operator in the filter", InvalidFilter, op("add", "emails[primary gt true].value", "x")),
    ("replace selects none", NoTarget, op("replace", 'emails[value eq "none"].value', "x")),
    ("add selects none", NoTarget, op("add", 'emails[value eq "none"].display', "x")),
    ("nothing else creates", NoTarget, op("replace", 'emails[type eq "x" or type eq "y"].value', "x")),
    ("not a negation", NoTarget, op("replace", "emails[not (type pr)].value", "x")),
    ("not a presence", NoTarget, op("replace", "ims[type pr].value", "x")),
    ("not a beginning", NoTarget, op("replace", 'emails[type sw "x"].value', "x")),
    ("not a contradiction", NoTarget, op("add", 'emails[type eq "a" and type eq "b"].value', "x")),
    ("too many values", InvalidValue, op("add", "roles", [{"value": str(number)} for number in range(MAX_VALUES + 1)])),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row[0])
def test_what_cannot_be_done_is_refused_with_its_place(row: Any) -> None:
    _, kind, operation = row
    with pytest.raises(kind) as refusal:
        patched(MAILS, op("add", "title", "x"), operation)
    assert refusal.type is kind
    assert refusal.value.place.startswith("Operations[1]") or refusal.value.place == "userName"


def test_operations_work_on_the_result_of_those_before() -> None:
    after = patched(
        {},
        op("add", 'emails[type eq "work"].value', "a"),
        op("add", 'emails[value eq "a"].display', "A"),
        op("replace", 'emails[display eq "a"].value', "b"),
        op("remove", 'emails[value eq "a"]'),
        op("add", "title", "x"),
        op("remove", "title"),
        op("add", "title", "y"),
    )
    assert after == {"emails": [{"type": "work", "value": "b", "display": "A"}], "title": "y"}


def test_only_one_value_stays_primary_whatever_the_order() -> None:
    third = {"value": "c", "primary": True}
    after = patched(MAILS, op("add", "emails", [third]), op("replace", 'emails[type eq "home"].primary', True))
    assert [mail.get("primary") for mail in after["emails"]] == [False, True, False]
    both = patched({"emails": [HOME, {**HOME, "value": "i"}]}, op("add", 'emails[type eq "home"].primary', True))
    assert sum(mail.get("primary") is True for mail in both["emails"]) == 1


def test_a_refusal_leaves_the_stored_text_alone() -> None:
    document = read_resource(USER_TYPE, {"schemas": [USER_URN], "userName": "ana", **MAILS}).document
    kept = copy.deepcopy(document)
    body = {
        "schemas": [PATCH_URN],
        "Operations": [op("remove", "emails"), op("replace", 'ims[value eq "x"].value', "y")],
    }
    changes = parse_patch(body, USER_TYPE)
    with pytest.raises(NoTarget):
        apply_changes(USER_TYPE, copy.deepcopy(document), changes)
    assert document == kept


MEMBER = "0190c0de-0000-7000-8000-000000000000"
IMMUTABLE = [
    op("add", "members.value", MEMBER),
    op("replace", f'members[value eq "{MEMBER}"].value', MEMBER),
    op("replace", f'members[value eq "{MEMBER}"].type', "User"),
    op("replace", f'members[value eq "{MEMBER}"]', {"value": MEMBER}),
    op("add", 'members[type eq "User"].value', MEMBER),
    op("remove", f'members[value eq "{MEMBER}"].value'),
    op("remove", "members.$ref"),
    op("replace", f'members[value eq "{MEMBER}"].display', "x"),
]


@pytest.mark.parametrize("operation", IMMUTABLE, ids=str)
def test_members_are_added_and_removed_never_edited(operation: Document) -> None:
    with pytest.raises(Mutability):
        parse_patch({"schemas": [PATCH_URN], "Operations": [operation]}, GROUP_TYPE)


BODIES: list[Any] = [
    None,
    [],
    "x",
    {},
    {"schemas": [PATCH_URN]},
    {"Operations": []},
    {"schemas": [USER_URN], "Operations": []},
    {"schemas": PATCH_URN, "Operations": []},
    {"schemas": [PATCH_URN], "Operations": {}},
    {"schemas": [PATCH_URN], "Operations": [5]},
    {"schemas": [PATCH_URN], "Operations": [{}]},
    {"schemas": [PATCH_URN], "Operations": [{"op": "add", "OP": "remove", "path": "title", "value": "x"}]},
    {"schemas": [PATCH_URN], "Operations": [{"op": "move", "path": "title"}]},
    {"schemas": [PATCH_URN], "Operations": [{"op": ["add"], "path": "title", "value": "x"}]},
]


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_a_body_that_is_no_patch_is_refused(body: Any) -> None:
    with pytest.raises(InvalidSyntax):
        parse_patch(body, USER_TYPE)


def test_paths_are_bounded_together() -> None:
    body = {"schemas": [PATCH_URN], "Operations": [op("remove", f'emails[value eq "{"x" * 3900}"]')] * 300}
    with pytest.raises(TooMany):
        parse_patch(body, USER_TYPE)


def test_names_that_are_paths_count_as_paths() -> None:
    names = {f'emails[value eq "{number}{"x" * 3900}"].display': "y" for number in range(300)}
    with pytest.raises(TooMany):
        parse_patch({"schemas": [PATCH_URN], "Operations": [op("add", None, names)]}, USER_TYPE)


def test_a_path_too_long_is_not_said_back_whole() -> None:
    with pytest.raises(InvalidPath) as refused:
        parse_patch({"schemas": [PATCH_URN], "Operations": [op("add", "x" * 100_000, 1)]}, USER_TYPE)
    assert len(str(refused.value)) < 400


def test_requests_that_share_their_work_share_its_bound() -> None:
    person = {"userName": "ana", "emails": [{"value": str(number)} for number in range(1000)]}
    changes = parse_patch({"schemas": [PATCH_URN], "Operations": [op("remove", 'emails[type eq "x"]')] * 60}, USER_TYPE)
    work = Work()
    apply_changes(USER_TYPE, dict(person), changes, work=work)
    with pytest.raises(TooMany):
        apply_changes(USER_TYPE, dict(person), changes, work=work)
    apply_changes(USER_TYPE, dict(person), changes)


def test_searches_among_members_are_bounded() -> None:
    searching = [op("remove", f'members[display sw "{number}"]') for number in range(101)]
    changes = parse_patch({"schemas": [PATCH_URN], "Operations": searching}, GROUP_TYPE)
    assert len(plan_group(changes[:100]).steps) == 100
    with pytest.raises(TooMany):
        plan_group(changes)


def test_values_described_by_other_parts_are_bounded() -> None:
    described = [{"type": "work", "display": str(number)} for number in range(101)]
    changes = parse_patch({"schemas": [PATCH_URN], "Operations": [op("remove", "emails", described)]}, USER_TYPE)
    with pytest.raises(TooMany):
        apply_changes(USER_TYPE, {"userName": "ana", "emails": [{"value": "x"}]}, changes)
