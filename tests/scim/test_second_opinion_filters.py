"""Filters against scim2-models' own evaluation, which we did not write: random people, random filters, in our database.

The judge parses the same text with its own grammar and evaluates it on its own model. Where the two differ the RFC
decides; docs/reference/conformance.md lists the cases and the sections, `differs` names them here.
"""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import EnterpriseUser, ScimFilter, User

from doorlist.scim.condition import bind
from doorlist.scim.core import ENTERPRISE_URN, USER_TYPE, USER_URN
from doorlist.scim.filter import parse_filter
from doorlist.store.db import Database
from doorlist.store.reading import Search, page
from tests.properties.test_filters import CONNECTION, ORG, TABLE, _store

Document = dict[str, Any]
Person = User[EnterpriseUser]
Judge = ScimFilter[Person]

EXACT = st.sampled_from(["a", "A", "ab", "aB", "b", "ba", "é", "É", "%", "a_b"])
WORDS = EXACT | st.just("E\u0301")
TYPES = st.sampled_from(["work", "home", "other"])
MAILS = st.lists(
    st.fixed_dictionaries({"value": WORDS.map("{}@x.example".format)}, optional={"type": TYPES, "display": WORDS}),
    max_size=3,
    unique_by=lambda mail: (mail["value"], mail.get("type"), mail.get("display")),
)
PHONES = st.lists(
    st.fixed_dictionaries({"value": WORDS}, optional={"type": st.sampled_from(["work", "mobile"])}), max_size=2
)
PEOPLE = st.fixed_dictionaries(
    {"userName": st.uuids().map(str)},
    optional={
        "externalId": EXACT,
        "displayName": WORDS,
        "title": WORDS,
        "active": st.booleans(),
        "name": st.fixed_dictionaries({"givenName": WORDS}, optional={"familyName": WORDS}),
        "emails": MAILS,
        "phoneNumbers": PHONES,
        ENTERPRISE_URN: st.fixed_dictionaries(
            {"department": WORDS}, optional={"manager": st.fixed_dictionaries({"value": EXACT})}
        ),
    },
)

SINGLE = st.sampled_from(
    [
        "displayName", "title", "name.givenName", "name.familyName", "NAME.givenname", f"{USER_URN}:title",
        f"{ENTERPRISE_URN}:department", "nickName",
    ]
)  # fmt: skip
CASE_EXACT = st.sampled_from(["externalId", f"{ENTERPRISE_URN}:manager.value"])
MANY = st.sampled_from(["emails.type", "emails.display", "phoneNumbers.value", "phoneNumbers"])
MAIL = st.sampled_from(["emails", "emails.value"])
ADDRESSES = WORDS.map("{}@x.example".format)
OPERATORS = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "Eq"])


def _compared(names: st.SearchStrategy[str], words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda name, verb, word: f"{name} {verb} {json.dumps(word)}", names, OPERATORS, words)


SIMPLE = _compared(SINGLE | MANY, WORDS | TYPES) | _compared(CASE_EXACT, EXACT) | _compared(MAIL, ADDRESSES)
PRESENT = st.builds(
    "{} pr".format, SINGLE | CASE_EXACT | MANY | MAIL | st.sampled_from(["active", "name", f"{ENTERPRISE_URN}:manager"])
)
TRUTHS = st.sampled_from(["active eq true", "active ne true", "active eq false", "title eq null", "emails ne null"])
INNER = (
    _compared(st.sampled_from(["type", "display"]), WORDS | TYPES)
    | _compared(st.just("value"), ADDRESSES)
    | st.sampled_from(["type pr", "display pr", "not (type pr)"])
)
BRACKETS = st.builds("emails[{} {} {}]".format, INNER, st.sampled_from(["and", "or"]), INNER) | INNER.map(
    "emails[{}]".format
)
FILTERS = st.recursive(
    SIMPLE | PRESENT | TRUTHS | BRACKETS,
    lambda part: (
        st.builds("{} {} {}".format, part, st.sampled_from(["and", "or"]), part)
        | st.builds("({}) and {}".format, part, part)
        | part.map("not ({})".format)
    ),
    max_leaves=5,
)

NE_OF_MANY = re.compile(r"\b(?:emails|phoneNumbers)(?:\.\w+)? ne (?!null)", re.IGNORECASE)
NULL_OF_MANY = re.compile(r"\bemails ne null")
"""Two readings where the judge decides otherwise; each has its row on the page."""


def differs(text: str) -> bool:
    """Whether the filter asks something that the two answer differently on purpose."""
    return bool(NE_OF_MANY.search(text) or NULL_OF_MANY.search(text))


def theirs(text: str, people: list[Document]) -> set[str]:
    """Who meets the filter in the judgement of scim2-models."""
    judge = Judge(text)
    return {
        person["userName"]
        for person in people
        if judge.match(Person.model_validate({"schemas": [USER_URN, ENTERPRISE_URN], **person}))
    }


async def ours(database: Database, text: str) -> set[str]:
    """Who meets it in the judgement of our SQL."""
    condition = bind(parse_filter(text), USER_TYPE)
    async with database.reading() as connection:
        found, _ = await page(connection, TABLE, ORG, CONNECTION, Search(condition, None, False, 0, 100, None))
    return {json.loads(item.document)["userName"] for item in found}


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(people=st.lists(PEOPLE, min_size=1, max_size=6), filters=st.lists(FILTERS, min_size=4, max_size=8))
async def test_sql_finds_what_scim2_models_finds(
    database: Database, people: list[Document], filters: list[str]
) -> None:
    people = [{"active": True, **person} for person in people]
    await _store(database, people)
    for text in filters:
        if not differs(text):
            assert await ours(database, text) == theirs(text, people), (text, people)
