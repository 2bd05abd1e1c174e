"""Random declarations and random resources: what is written is what is read, and filters find what their tree says."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorlist.domain.directory import fold
from doorlist.domain.ids import uuid7
from doorlist.scim.catalogue import catalogue
from doorlist.scim.condition import bind, holds
from doorlist.scim.filter import parse_filter
from doorlist.scim.resource import read_resource
from doorlist.scim.schema import ResourceType
from doorlist.scim.values import comparison_form
from doorlist.store.db import Database
from doorlist.store.reading import Search, page, users_table
from tests.http.conftest import USER_URN

URN = "urn:example:params:scim:schemas:random:2.0:User"
ORG, CONNECTION = uuid7(1, b"0" * 8), uuid7(2, b"0" * 8)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
WORDS = st.text("aAbß%", min_size=1, max_size=3)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": WORDS,
    "boolean": st.booleans(),
    "decimal": st.integers(-3, 3) | st.sampled_from([0.1, 0.5, -2.25, 1e22, 1e-7]),
    "integer": st.integers(-3, 3) | st.just(2**62),
    "dateTime": st.integers(0, 3).map(lambda hour: f"2026-11-23T0{hour}:00:00{'Z' if hour % 2 else '+01:00'}"),
    "reference": WORDS.map(lambda word: f"https://example.com/{word}"),
    "binary": WORDS.map(lambda word: base64.b64encode(word.encode()).decode()),
}
TYPES = st.sampled_from(sorted(VALUES))
SUBS = st.lists(TYPES, min_size=1, max_size=3).map(
    lambda kinds: [{"name": f"s{number}", "type": kind} for number, kind in enumerate(kinds)]
)
ATTRIBUTE = st.fixed_dictionaries({"type": TYPES, "multiValued": st.booleans(), "caseExact": st.booleans()}) | (
    st.fixed_dictionaries({"type": st.just("complex"), "multiValued": st.booleans(), "subAttributes": SUBS})
)
SCHEMAS = st.lists(ATTRIBUTE, min_size=1, max_size=4).map(
    lambda items: {"id": URN, "attributes": [{"name": f"a{number}", **item} for number, item in enumerate(items)]}
)
OPERATORS = {
    "string": ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"],
    "reference": ["eq", "ne", "co", "sw", "ew", "gt", "le"],
    "binary": ["eq", "ne", "co", "sw", "ew"],
    "boolean": ["eq", "ne"],
    **{kind: ["eq", "ne", "gt", "ge", "lt", "le"] for kind in ("decimal", "integer", "dateTime")},
}


@st.composite
def value(draw: st.DrawFn, attribute: dict[str, Any]) -> Any:
    def one() -> Any:
        if attribute["type"] != "complex":
            return draw(VALUES[attribute["type"]])
        subs = draw(st.lists(st.sampled_from(attribute["subAttributes"]), min_size=1, max_size=3))
        return {sub["name"]: draw(VALUES[sub["type"]]) for sub in subs}

    return [one() for _ in range(draw(st.integers(1, 3)))] if attribute["multiValued"] else one()


@st.composite
def comparison(draw: st.DrawFn, name: str, kind: str) -> str:
    if draw(st.integers(0, 5)) == 0:
        return f"{name} pr"
    constant = msgspec.json.encode(draw(VALUES[kind])).decode()
    return f"{name} {draw(st.sampled_from(OPERATORS[kind]))} {constant}"


@st.composite
def condition(draw: st.DrawFn, attributes: list[dict[str, Any]]) -> str:
    attribute = draw(st.sampled_from(attributes))
    name = f"{URN}:{attribute['name']}"
    if attribute["type"] != "complex":
        text = draw(comparison(name, attribute["type"]))
    else:
        left, right = (draw(st.sampled_from(attribute["subAttributes"])) for _ in range(2))
        joined = draw(st.sampled_from(["and", "or"]))
        inner = (
            f"{draw(comparison(left['name'], left['type']))} {joined} {draw(comparison(right['name'], right['type']))}"
        )
        text = draw(st.sampled_from([f"{name}[{inner}]", draw(comparison(f"{name}.{left['name']}", left["type"]))]))
    return f"not ({text})" if draw(st.booleans()) else text


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """A declaration, values of it for some people, and filters on it."""
    schema = draw(SCHEMAS)
    people = []
    for _ in range(draw(st.integers(1, 5))):
        held = draw(st.lists(st.sampled_from(schema["attributes"]), max_size=4, unique_by=lambda item: item["name"]))
        people.append({attribute["name"]: draw(value(attribute)) for attribute in held})
    filters = [draw(condition(schema["attributes"])) for _ in range(4)]
    return schema, people, [*filters, f"{filters[0]} and {filters[1]}", f"{filters[2]} or {filters[3]}"]


def declared(schema: dict[str, Any]) -> ResourceType:
    text = msgspec.json.encode([{"definition": schema, "types": ["User"], "revision": 1}]).decode()
    return catalogue(text).user


async def store(database: Database, kind: ResourceType, documents: list[dict[str, Any]]) -> list[tuple[UUID, Any]]:
    forms, rows = [], []
    for number, document in enumerate(documents):
        form, identifier = comparison_form(kind, document), uuid7(1_000_000 + number, b"1" * 8)
        forms.append((identifier, form))
        name = document["userName"]
        rows.append(
            (ORG, identifier, CONNECTION, name, fold(name), msgspec.json.encode(document).decode(),
             msgspec.json.encode(form).decode(), NOW + timedelta(seconds=number))
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
            """insert into users (org_id, id, connection_id, user_name, user_name_key, display_name, active, doc,
                                  search, created_at, modified_at)
               values ($1, $2, $3, $4, $5, $4, true, $6, $7::jsonb, $8, $8)""",
            rows,
        )
    return forms


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(cases())
async def test_a_declared_schema_is_stored_and_filtered_like_a_built_in_one(
    database: Database, case: tuple[dict[str, Any], list[dict[str, Any]], list[str]]
) -> None:
    schema, people, filters = case
    kind = declared(schema)
    bodies = [{"schemas": [USER_URN], "userName": f"p{n}", URN: held} for n, held in enumerate(people)]
    documents = [read_resource(kind, body).document for body in bodies]
    for held, document in zip(people, documents, strict=True):
        told = document.get(URN, {})
        assert told.keys() == held.keys()
        for name, given_value in held.items():
            several = isinstance(given_value, list)
            assert told[name] == given_value or (several and all(item in given_value for item in told[name]))
    forms = await store(database, kind, documents)
    table = users_table("https://doorlist.example/scim/v2")
    async with database.reading() as connection:
        for text in filters:
            bound = bind(parse_filter(text), kind)
            found, total = await page(connection, table, ORG, CONNECTION, Search(bound, None, False, 0, 100, None))
            expected = [identifier for identifier, form in forms if holds(bound, form)]
            assert [item.id for item in found] == expected, text
            assert total == len(expected)
