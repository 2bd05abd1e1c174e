"""PATCH against scim2-models' own engine, which we did not write: random people, random operations without dialects.

Where the two differ, the RFC decides; docs/reference/conformance.md lists the differences and the sections.
"""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scim2_models import Context, EnterpriseUser, PatchOp, SCIMException, User

from doorlist.errors import Refusal
from doorlist.scim.core import ENTERPRISE_URN, USER_TYPE, USER_URN
from doorlist.scim.patch import PATCH_URN, apply_changes, parse_patch
from doorlist.scim.resource import read_resource

Document = dict[str, Any]
Person = User[EnterpriseUser]

WORDS = st.sampled_from(["a@x.example", "b@x.example", "c@x.example"])
TYPES = st.sampled_from(["work", "home"])
NAME = st.fixed_dictionaries({}, optional={"givenName": WORDS, "familyName": WORDS, "formatted": WORDS})
MAIL = st.fixed_dictionaries({"value": WORDS}, optional={"type": TYPES, "display": WORDS})
MAILS = st.lists(MAIL, max_size=3, unique_by=lambda mail: (mail["value"], mail.get("type")))
PHONE = st.fixed_dictionaries({"value": WORDS}, optional={"type": st.sampled_from(["work", "mobile"])})
EXTENSION = st.fixed_dictionaries({}, optional={"department": WORDS, "division": WORDS})
PEOPLE = st.fixed_dictionaries(
    {"schemas": st.just([USER_URN, ENTERPRISE_URN]), "userName": st.just("ana")},
    optional={
        "title": WORDS,
        "active": st.booleans(),
        "externalId": WORDS,
        "name": NAME,
        "emails": MAILS,
        "phoneNumbers": st.lists(PHONE, max_size=2, unique_by=lambda phone: (phone["value"], phone.get("type"))),
        ENTERPRISE_URN: EXTENSION,
    },
)

FILTERS = (
    st.builds('type eq "{}"'.format, TYPES)
    | st.builds('value eq "{}"'.format, WORDS)
    | st.builds('type eq "{}" and value ne "{}"'.format, TYPES, WORDS)
)
SIMPLE = st.sampled_from(
    ["title", "externalId", "nickName", "name.givenName", "name.familyName", f"{ENTERPRISE_URN}:department", "userName"]
)
FILTERED = st.builds("emails[{}].{}".format, FILTERS, st.sampled_from(["value", "display"]))
VERB = st.sampled_from(["add", "replace"])


def _operation(verb: str, path: str, value: Any) -> Document:
    return {"op": verb, "path": path, "value": value}


WRITES = (
    st.builds(_operation, VERB, SIMPLE | FILTERED, WORDS)
    | st.builds(_operation, VERB, st.just("active"), st.booleans())
    | st.builds(_operation, VERB, st.just("name"), NAME.filter(bool))
    | st.builds(_operation, VERB, st.just("emails"), MAILS.filter(bool))
    | st.builds(_operation, VERB, st.just(ENTERPRISE_URN), EXTENSION.filter(bool))
    | st.builds(
        _operation, VERB, st.builds("emails[{}]".format, FILTERS), st.builds(lambda word: {"display": word}, WORDS)
    )
    | st.builds(
        lambda verb, value: {"op": verb, "value": value},
        VERB,
        st.fixed_dictionaries({"title": WORDS}, optional={"name": NAME.filter(bool), "emails": MAILS.filter(bool)}),
    )
)
REMOVALS = st.builds(
    lambda path: {"op": "remove", "path": path},
    SIMPLE
    | st.sampled_from(["emails", "name", "active", "phoneNumbers", "emails.display"])
    | st.builds("emails[{}]".format, FILTERS)
    | st.builds("emails[{}].display".format, FILTERS),
)


def ours(person: Document, body: Document) -> Document | None:
    """The person after our PATCH, or None when it refuses."""
    document = read_resource(USER_TYPE, copy.deepcopy(person)).document
    try:
        return apply_changes(USER_TYPE, document, parse_patch(body, USER_TYPE))
    except Refusal:
        return None


def theirs(person: Document, body: Document) -> Document | None:
    """The person after the PATCH of scim2-models, or None when it refuses."""
    user = Person.model_validate(copy.deepcopy(person))
    try:
        PatchOp[Person].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST).patch(user)
    except (ValidationError, SCIMException):
        return None
    dumped: Document = user.model_dump()
    return dumped


def comparable(document: Document | None) -> Any:
    """What has to be equal: every attribute but `schemas`, empty objects as nothing."""
    if document is None:
        return None
    return {name: value for name, value in document.items() if name != "schemas" and value not in ({}, [], None)}


def _creates(operation: Document) -> bool:
    """Whether an operation may create the value that its filter describes: Q3, a difference on purpose."""
    return operation["op"] != "remove" and "[type eq" in operation.get("path", "")


def _labels_only(document: Document | None) -> bool:
    return any(not mail.keys() - {"type", "primary", "display"} for mail in (document or {}).get("emails", []))


@settings(max_examples=300, deadline=None)
@given(person=PEOPLE, operations=st.lists(WRITES | REMOVALS, min_size=1, max_size=4))
def test_a_patch_gives_the_document_that_scim2_models_gives(person: Document, operations: list[Document]) -> None:
    body = {"schemas": [PATCH_URN], "Operations": operations}
    expected, got = theirs(person, copy.deepcopy(body)), ours(person, body)
    if expected is None and got is not None and any(map(_creates, operations)):
        return
    if _labels_only(expected) or _labels_only(got):
        return
    assert comparable(got) == comparable(expected), operations
