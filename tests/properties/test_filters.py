"""Filters: text to tree and back, and SQL against the evaluation of the same tree in Python, on random data."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorlist.domain.directory import fold
from doorlist.domain.ids import uuid7
from doorlist.errors import InvalidFilter
from doorlist.scim.condition import bind, holds
from doorlist.scim.core import ENTERPRISE_URN, USER_TYPE
from doorlist.scim.filter import (
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Path,
    Present,
    ValueFilter,
    parse_filter,
    to_text,
)
from doorlist.scim.resource import read_resource
from doorlist.scim.values import comparison_form
from doorlist.store.db import Database
from doorlist.store.reading import Search, page, users_table

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True).filter(lambda name: name.lower() != "not")
PATHS = st.builds(Path, NAMES, st.none() | NAMES, st.none() | st.just(ENTERPRISE_URN) | st.just("urn:x:Y"))
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
NUMBERS = st.integers(-(10**12), 10**12) | st.decimals(-1000, 1000, places=3).map(
    lambda number: Decimal(format(number, "f"))
).filter(lambda number: number != 0)
CONSTANTS = TEXTS | st.booleans() | st.none() | NUMBERS


def _wider(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, parts) | st.builds(Or, parts)


LEAVES = st.builds(Comparison, PATHS, st.sampled_from(Operator), CONSTANTS) | st.builds(Present, PATHS)
INNER = st.recursive(LEAVES, _wider, max_leaves=4)
TREES = st.recursive(LEAVES | st.builds(ValueFilter, PATHS, INNER), _wider, max_leaves=8)


@given(TREES)
def test_the_text_of_a_tree_parses_to_the_same_tree(tree: Filter) -> None:
    text = to_text(tree)
    again = parse_filter(text)
    assert to_text(again) == text
    assert _flat(again) == _flat(tree)


def _flat(tree: Any) -> Any:
    """A tree with `and` inside `and` and `or` inside `or` drawn together: their text is the same."""
    if isinstance(tree, And | Or):
        kind = type(tree)
        parts: list[Any] = []
        for part in map(_flat, tree.parts):
            parts.extend(part.parts if isinstance(part, kind) else [part])
        return kind(tuple(parts))
    if isinstance(tree, Not):
        return Not(_flat(tree.inner))
    if isinstance(tree, ValueFilter):
        return ValueFilter(tree.path, _flat(tree.inner))
    return tree


@given(st.text(max_size=60) | st.text('()[]" andornotpreqw.:\\1', max_size=60))
def test_any_text_is_a_tree_or_refused(text: str) -> None:
    try:
        parse_filter(text)
    except InvalidFilter as error:
        refusal: InvalidFilter | None = error
    else:
        refusal = None
    assert refusal is None or refusal.place


WORDS = st.text("aAbsß%", max_size=3)
VALUES = WORDS.filter(bool)
EMAILS = st.lists(
    st.fixed_dictionaries({"value": VALUES}, optional={"type": VALUES, "primary": st.just(False)}), max_size=3
)
PEOPLE = st.fixed_dictionaries(
    {"userName": st.uuids().map(str)},
    optional={
        "externalId": VALUES,
        "active": st.booleans(),
        "displayName": VALUES,
        "title": VALUES,
        "name": st.fixed_dictionaries({}, optional={"givenName": VALUES, "familyName": VALUES}),
        "emails": EMAILS,
        ENTERPRISE_URN: st.fixed_dictionaries(
            {}, optional={"department": VALUES, "manager": st.fixed_dictionaries({"value": VALUES})}
        ),
    },
)

ATTRIBUTES = st.sampled_from(
    [
        "userName", "externalId", "displayName", "title", "name.givenName", "name.familyName", "emails", "emails.value",
        "emails.type", f"{ENTERPRISE_URN}:department", f"{ENTERPRISE_URN}:manager", "nickName", "schemas",
    ]
)  # fmt: skip
OPERATORS = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"])


def _quoted(word: str) -> str:
    return msgspec.json.encode(word).decode()


SIMPLE = st.builds(lambda name, op, word: f"{name} {op} {_quoted(word)}", ATTRIBUTES, OPERATORS, WORDS)
PRESENT = ATTRIBUTES.map(lambda name: f"{name} pr")
TRUTHS = st.sampled_from(["active eq true", "active ne true", 'active eq "False"', "title eq null", "emails ne null"])
ELEMENTS = st.builds(
    lambda sub, op, word: f"{sub} {op} {_quoted(word)}", st.sampled_from(["value", "type"]), OPERATORS, WORDS
) | st.sampled_from(["type pr", "primary eq false", "primary ne true", "display pr"])
BRACKETS = st.builds(
    lambda shape, left, join, right: shape.format(f"{left} {join} {right}"),
    st.sampled_from(["emails[{}]", "emails[not ({})]"]),
    ELEMENTS,
    st.sampled_from(["and", "or"]),
    ELEMENTS,
)
TEXT_FILTERS = st.recursive(
    SIMPLE | PRESENT | TRUTHS | BRACKETS,
    lambda inner: (
        st.builds(lambda left, right: f"({left}) and {right}", inner, inner)
        | st.builds(lambda left, right: f"{left} or {right}", inner, inner)
        | inner.map(lambda text: f"not ({text})")
    ),
    max_leaves=4,
)

ORG, CONNECTION = uuid7(1, b"0" * 8), uuid7(2, b"0" * 8)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
TABLE = users_table("https://doorlist.example/scim/v2")


async def _store(database: Database, people: list[dict[str, Any]]) -> list[tuple[UUID, dict[str, Any]]]:
    """Write the people set-based, and give each with its comparison form."""
    forms, rows = [], []
    for index, person in enumerate(people):
        document = read_resource(USER_TYPE, {"schemas": [USER_TYPE.schema.urn], **person}).document
        form = comparison_form(USER_TYPE, document)
        identifier = uuid7(1_000_000 + index, b"1" * 8)
        forms.append((identifier, form))
        rows.append(
            (ORG, identifier, CONNECTION, document["userName"], fold(document["userName"]), document.get("externalId"),
             document["userName"], document.get("active", True), msgspec.json.encode(document).decode(),
             msgspec.json.encode(form).decode(), NOW + timedelta(seconds=index))
        )  # fmt: skip
    async with database.transaction() as connection:
        await connection.execute("delete from users")
        await connection.execute(
            """insert into organizations (org_id, slug, name, plan, created_at) values ($1, 'o', 'O', 'enterprise', $2)
               on conflict do nothing""",
            ORG,
            NOW,
        )
        await connection.executemany(
            """insert into users (org_id, id, connection_id, user_name, user_name_key, external_id, display_name,
                                  active, doc, search, created_at, modified_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $11)""",
            rows,
        )
    return forms


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(people=st.lists(PEOPLE, min_size=1, max_size=6), filters=st.lists(TEXT_FILTERS, min_size=4, max_size=8))
async def test_sql_finds_what_the_tree_says(
    database: Database, people: list[dict[str, Any]], filters: list[str]
) -> None:
    forms = await _store(database, [{"active": True, **person} for person in people])
    async with database.reading() as connection:
        for text in filters:
            condition = bind(parse_filter(text), USER_TYPE)
            search = Search(condition, None, False, 0, 100, None)
            found, total = await page(connection, TABLE, ORG, CONNECTION, search)
            expected = [identifier for identifier, form in forms if holds(condition, form)]
            assert [item.id for item in found] == expected, text
            assert total == len(expected)


@pytest.mark.parametrize("name", ["title", "emails", "name.givenName", "userName", "meta.created", "active"])
async def test_pages_in_any_order_hold_everybody_once(database: Database, name: str) -> None:
    people = [
        {"userName": f"p{number:02}", "active": number % 3 == 0, "title": string.ascii_letters[number % 7]}
        if number % 4
        else {"userName": f"P{number:02}", "emails": [{"value": f"{number % 5}"}], "name": {"givenName": "Å"}}
        for number in range(25)
    ]
    forms = await _store(database, people)
    path = USER_TYPE.find(None, *(name.split(".") if "." in name else (name, None)))  # type: ignore[arg-type]
    if name == "emails":
        path = USER_TYPE.find(None, "emails", "value")
    async with database.reading() as connection:
        for descending in (False, True):
            seen: list[UUID] = []
            for offset in range(0, 25, 4):
                found, total = await page(
                    connection, TABLE, ORG, CONNECTION, Search(None, path, descending, offset, 4, None)
                )
                assert total == 25
                seen.extend(item.id for item in found)
            assert sorted(seen) == sorted(identifier for identifier, _ in forms)
