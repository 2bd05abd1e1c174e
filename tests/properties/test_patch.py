"""PATCH: deltas of members against a naive list, and documents against a naive second opinion."""

from __future__ import annotations

import copy
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from doorlist.domain.ids import uuid7
from doorlist.scim.core import ENTERPRISE_URN, GROUP_TYPE, USER_TYPE, USER_URN
from doorlist.scim.patch import PATCH_URN, apply_changes, parse_patch
from doorlist.scim.plan import Delta, plan_group
from doorlist.scim.resource import read_resource
from doorlist.service.provisioning import changed_names

PEOPLE = [uuid7(number, bytes(8)) for number in range(8)]
SOME = st.lists(st.sampled_from(PEOPLE), max_size=4)


def _listed(people: list[UUID]) -> list[dict[str, str]]:
    return [{"value": str(person)} for person in people]


@st.composite
def member_operations(draw: st.DrawFn) -> tuple[dict[str, Any], str, list[UUID]]:
    """An operation in one of its dialects, with what it plainly means."""
    people = draw(SOME)
    shape = draw(st.sampled_from(["add", "add-pathless", "remove", "remove-filter", "remove-all", "replace"]))
    if shape == "add":
        return {"op": draw(st.sampled_from(["add", "Add"])), "path": "members", "value": _listed(people)}, "add", people
    if shape == "add-pathless":
        return {"op": "add", "value": {"Members": _listed(people)}}, "add", people
    if shape == "remove":
        return {"op": "Remove", "path": "members", "value": _listed(people)}, "remove", people
    if shape == "remove-all":
        return {"op": "remove", "path": "members"}, "replace", []
    if shape == "replace":
        return {"op": "replace", "path": "members", "value": _listed(people)}, "replace", people
    people = people or [PEOPLE[0]]
    chosen = " or ".join(f'value eq "{person}"' for person in people)
    return {"op": "remove", "path": f"members[{chosen}]"}, "remove", people


@given(start=SOME, drawn=st.lists(member_operations(), max_size=6))
def test_deltas_of_members_do_what_the_operations_say(start: list[UUID], drawn: list[Any]) -> None:
    expected = set(start)
    for _, meaning, people in drawn:
        if meaning == "add":
            expected |= set(people)
        elif meaning == "remove":
            expected -= set(people)
        else:
            expected = set(people)
    body = {"schemas": [PATCH_URN], "Operations": [operation for operation, _, _ in drawn]}
    steps = plan_group(parse_patch(body, GROUP_TYPE)).steps
    assert len(steps) <= 1, "changes that name ids are drawn together"
    members = set(start)
    for step in steps:
        assert isinstance(step, Delta)
        assert not step.added & step.removed
        members = (set() if step.reset else members - step.removed) | step.added
    assert members == expected


WORDS = st.sampled_from(["a", "b", "c"])
SIMPLE = st.sampled_from(["title", "nickName", "externalId", f"{ENTERPRISE_URN}:department", "name.givenName"])
TYPES = st.sampled_from(["work", "home"])


@st.composite
def user_operations(draw: st.DrawFn) -> tuple[dict[str, Any], Any]:
    """An operation, and a function that does it naively to {(path, type): value}."""
    kind = draw(st.sampled_from(["set", "clear", "pathless", "email", "email-remove", "email-type-remove"]))
    path, word, label = draw(SIMPLE), draw(WORDS), draw(TYPES)
    if kind == "set":
        op = draw(st.sampled_from(["add", "replace", "Add", "Replace"]))
        return {"op": op, "path": path, "value": word}, lambda state: state.__setitem__(path, word)
    if kind == "clear":
        shape = draw(
            st.sampled_from([{"op": "remove"}, {"op": "Replace", "value": ""}, {"op": "replace", "value": None}])
        )
        return {**shape, "path": path}, lambda state: state.pop(path, None)
    if kind == "pathless":
        return {"op": "replace", "value": {path: word}}, lambda state: state.__setitem__(path, word)
    email = f'emails[type eq "{label}"].value'
    if kind == "email":
        op = draw(st.sampled_from(["Add", "replace"]))
        return {"op": op, "path": email, "value": word}, lambda state: state.__setitem__(label, word)
    if kind == "email-remove":
        return {"op": "Remove", "path": email, "value": "ignored"}, lambda state: state.pop(label, None)
    return {"op": "remove", "path": f'emails[type eq "{label}"]'}, lambda state: state.pop(label, None)


def _state(document: dict[str, Any]) -> dict[str, Any]:
    found = {name: document[name] for name in ("title", "nickName", "externalId") if name in document}
    if "name" in document:
        found["name.givenName"] = document["name"]["givenName"]
    if ENTERPRISE_URN in document:
        found[f"{ENTERPRISE_URN}:department"] = document[ENTERPRISE_URN]["department"]
    for email in document.get("emails", []):
        assert email["type"] not in found, "one value of a type"
        found[email["type"]] = email["value"]
    return found


@given(st.lists(user_operations(), max_size=8))
def test_a_document_is_what_its_operations_say(drawn: list[Any]) -> None:
    document = read_resource(USER_TYPE, {"schemas": [USER_URN], "userName": "ana"}).document
    expected: dict[str, Any] = {}
    for _, naive in drawn:
        naive(expected)
    body = {"schemas": [PATCH_URN], "Operations": [operation for operation, _ in drawn]}
    changes = parse_patch(body, USER_TYPE)
    after = apply_changes(USER_TYPE, copy.deepcopy(document), changes)
    assert _state(after) == expected
    assert (ENTERPRISE_URN in after["schemas"]) == (ENTERPRISE_URN in after)
    again = apply_changes(USER_TYPE, copy.deepcopy(after), parse_patch(body, USER_TYPE))
    assert changed_names(after, again) == {}, "repeating a request changes nothing"
