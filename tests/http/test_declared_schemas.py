"""Schemas that an organization declares: resources have them like the built-in ones, and no other organization does."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
import scim2_models

from doorlist.errors import BadInput, Conflict, NotFound
from doorlist.service import conflicts
from doorlist.service.declaring import MAX_SCHEMAS, declare_schema, list_schemas, remove_schema
from doorlist.store.db import Database
from doorlist.web.app import App
from tests.http.conftest import ENTERPRISE_URN, GROUP_URN, OPERATOR, USER_URN, Directory, Enrol
from tests.http.test_refusals import refused

BADGE = "urn:example:params:scim:schemas:badge:2.0:User"


def attribute(name: str, kind: str = "string", **characteristics: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "multiValued": False, **characteristics}


ATTRIBUTES = [
    attribute("number", uniqueness="server"),
    attribute("color", canonicalValues=["red", "blue"]),
    attribute("secretCode", caseExact=True),
    attribute("floors", "integer", multiValued=True),
    attribute("weight", "decimal"),
    attribute("handed", "boolean"),
    attribute("issued", "dateTime", mutability="immutable"),
    attribute("photo", "binary"),
    attribute("page", "reference", referenceTypes=["external"]),
    attribute("doors", "complex", multiValued=True, subAttributes=[
        attribute("value", required=True), attribute("type"), attribute("until", "dateTime"),
        attribute("primary", "boolean"),
    ]),
    attribute("holder", "complex", subAttributes=[attribute("name"), attribute("size", "integer")]),
    attribute("note", returned="request"),
    attribute("kind", returned="always"),
    attribute("printed", "boolean", mutability="readOnly"),
]  # fmt: skip
FULL = {
    "number": "B-17",
    "color": "Green",
    "secretCode": "aBc",
    "floors": [3, 5],
    "weight": 0.1,
    "handed": True,
    "issued": "2026-11-23T10:00:00+01:00",
    "photo": "aGVsbG8=",
    "page": "https://example.com/b/17",
    "doors": [{"value": "North", "type": "main", "primary": True}, {"value": "South"}],
    "holder": {"name": "Neck", "size": 3},
    "kind": "plastic",
}


def definition(*attributes: dict[str, Any], urn: str = BADGE) -> dict[str, Any]:
    return {"id": urn, "name": "Badge", "description": "What opens doors.", "attributes": list(attributes)}


async def declare(database: Database, org_id: UUID, *attributes: dict[str, Any], types: Any = ("User",)) -> None:
    body = definition(*(attributes or ATTRIBUTES))
    await declare_schema(database, OPERATOR, org_id, body=body, types=types)
    await asyncio.sleep(0.05)  # the announcement reaches the process


@pytest.fixture
async def badged(directory: Directory, database: Database) -> Directory:
    """A directory of an organization that has declared badges."""
    await declare(database, directory.org_id)
    return directory


async def test_every_type_of_value_is_stored_and_told_as_it_was_sent(badged: Directory) -> None:
    made = await badged.user("ana", **{BADGE: FULL})
    assert made[BADGE] == FULL
    assert made["schemas"] == [USER_URN, BADGE]
    assert (await badged.call("GET", f"/Users/{made['id']}")).json() == made


@pytest.mark.parametrize(
    "text",
    [
        f'{BADGE}:number eq "b-17"',
        f'{BADGE.upper()}:NUMBER sw "B"',
        f'{BADGE}:secretCode eq "aBc" and not ({BADGE}:secretCode eq "abc")',
        f"{BADGE}:floors eq 5",
        f"{BADGE}:floors gt 4 and {BADGE}:weight lt 0.5",
        f"{BADGE}:weight eq 0.1",
        f"{BADGE}:handed eq true",
        f'{BADGE}:issued eq "2026-11-23T09:00:00Z"',
        f'{BADGE}:issued gt "2026-11-23T08:59:59Z"',
        f'{BADGE}:photo eq "aGVsbG8="',
        f'{BADGE}:page co "example.com"',
        f'{BADGE}:doors[value eq "north" and type pr]',
        f'{BADGE}:doors.value eq "south"',
        f'{BADGE}:holder.size ge 3 and {BADGE}:holder[name eq "NECK"]',
        f'schemas eq "{BADGE}"',
        'secretCode eq "aBc"',
    ],
)
async def test_filters_know_each_attribute(badged: Directory, text: str) -> None:
    await badged.user("ana", **{BADGE: FULL})
    await badged.user("ben")
    assert await badged.found("/Users", text) == ["ana"]


async def test_people_are_sorted_by_a_declared_attribute(badged: Directory) -> None:
    for name, weight in (("ana", 10.5), ("ben", 9), ("eva", -1)):
        await badged.user(name, **{BADGE: {"weight": weight}})
    for order, names in (("ascending", ["eva", "ben", "ana"]), ("descending", ["ana", "ben", "eva"])):
        answer = await badged.call("GET", "/Users", params={"sortBy": f"{BADGE}:weight", "sortOrder": order})
        assert [person["userName"] for person in answer.json()["Resources"]] == names


async def test_patch_takes_qualified_paths_value_paths_and_the_whole_object(badged: Directory) -> None:
    person = await badged.user("ana", **{BADGE: FULL})
    path = f"/Users/{person['id']}"
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"op": "replace", "path": f"{BADGE}:color", "value": "blue"}, {"color": "blue"}),
        ({"op": "add", "path": f"{BADGE}:floors", "value": [7]}, {"floors": [3, 5, 7]}),
        ({"op": "replace", "path": f'{BADGE}:doors[type eq "main"].value', "value": "East"},
         {"doors": [{"value": "East", "type": "main", "primary": True}, {"value": "South"}]}),
        ({"op": "remove", "path": f'{BADGE}:doors[value eq "south"]'},
         {"doors": [{"value": "East", "type": "main", "primary": True}]}),
        ({"op": "add", "path": BADGE, "value": {"weight": 2, "handed": "False"}}, {"weight": 2, "handed": False}),
        ({"op": "replace", "value": {f"{BADGE}:holder.size": 4}}, {"holder": {"name": "Neck", "size": 4}}),
        ({"op": "replace", "value": {BADGE: {"number": "B-18"}}}, {"number": "B-18"}),
    ]  # fmt: skip
    expected = dict(FULL)
    for operation, change in steps:
        answer = await badged.patch(path, operation)
        assert answer.status_code == 200, answer.text
        expected |= change
        assert answer.json()[BADGE] == expected, operation


async def test_the_whole_object_can_be_removed_unless_a_value_is_immutable(badged: Directory) -> None:
    ana, ben = await badged.user("ana", **{BADGE: FULL}), await badged.user("ben", **{BADGE: {"color": "red"}})
    remove = {"op": "remove", "path": BADGE}
    refused(await badged.patch(f"/Users/{ana['id']}", remove), 400, "mutability", place=f"{BADGE}:issued")
    answer = await badged.patch(f"/Users/{ben['id']}", remove)
    assert BADGE not in answer.json()
    assert answer.json()["schemas"] == [USER_URN]


async def test_an_immutable_value_is_given_once(badged: Directory) -> None:
    person = await badged.user("ana")
    path, place = f"/Users/{person['id']}", f"{BADGE}:issued"
    first, later = "2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"
    given = await badged.patch(path, {"op": "add", "path": place, "value": first})
    assert given.json()[BADGE]["issued"] == first
    refused(await badged.patch(path, {"op": "replace", "path": place, "value": later}), 400, "mutability", place=place)
    body = {"schemas": [USER_URN], "userName": "ana"}
    refused(await badged.call("PUT", path, json={**body, BADGE: {"issued": later}}), 400, "mutability", place=place)
    assert (await badged.call("PUT", path, json=body)).json()[BADGE] == {"issued": first}, "left out, it stays"


async def test_a_unique_value_belongs_to_one_person_of_the_directory(badged: Directory) -> None:
    place = f"{BADGE}:number"
    ana, ben = await badged.user("ana", **{BADGE: {"number": "17"}}), await badged.user("ben")
    body = {"schemas": [USER_URN, BADGE], "userName": "eva", BADGE: {"number": "17"}}
    refused(await badged.call("POST", "/Users", json=body), 409, "uniqueness", place=place)
    assert await badged.found("/Users", 'userName eq "eva"') == [], "nothing of a refused person is left"
    operation = {"op": "add", "path": place, "value": "17"}
    refused(await badged.patch(f"/Users/{ben['id']}", operation), 409, "uniqueness", place=place)
    await badged.patch(f"/Users/{ana['id']}", {"op": "replace", "path": place, "value": "18"})
    assert (await badged.patch(f"/Users/{ben['id']}", operation)).status_code == 200, "it was given up"
    await badged.call("DELETE", f"/Users/{ben['id']}")
    assert (await badged.call("POST", "/Users", json=body)).status_code == 201, "it was buried with its holder"


async def test_of_many_at_once_one_gets_the_unique_value(badged: Directory) -> None:
    people = [await badged.user(f"p{number}") for number in range(8)]
    operation = {"op": "add", "path": f"{BADGE}:number", "value": "17"}
    answers = await asyncio.gather(*(badged.patch(f"/Users/{person['id']}", operation) for person in people))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len(await badged.found("/Users", f'{BADGE}:number eq "17"')) == 1


async def test_a_taken_unique_value_is_in_the_list_of_conflicts_until_it_is_free(
    badged: Directory, database: Database, app: App
) -> None:
    ana = await badged.user("ana", **{BADGE: {"number": "17"}})
    body = {"schemas": [USER_URN], "userName": "ben", BADGE: {"number": "17"}}
    assert (await badged.call("POST", "/Users", json=body)).status_code == 409
    assert app._scim is not None
    await app._scim._log.flush()
    conflict, *others = await conflicts.list_conflicts(database, OPERATOR, badged.org_id)
    assert (conflict.attribute, conflict.value, conflict.existing_id, conflict.free, others) == (
        f"{BADGE}:number", "17", UUID(ana["id"]), False, [],
    )  # fmt: skip
    assert conflict.existing == "ana"
    await badged.patch(f"/Users/{ana['id']}", {"op": "remove", "path": f"{BADGE}:number"})
    conflict, *_ = await conflicts.list_conflicts(database, OPERATOR, badged.org_id)
    assert conflict.free
    assert "Nobody has this" in conflicts.advice(conflict)
    assert (await badged.call("POST", "/Users", json=body)).status_code == 201
    assert await conflicts.list_conflicts(database, OPERATOR, badged.org_id) == []


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"floors": ["3"]}, "floors[0]"),
        ({"floors": 3}, "floors"),
        ({"weight": "heavy"}, "weight"),
        ({"weight": 2**70}, "weight"),
        ({"handed": "perhaps"}, "handed"),
        ({"issued": "yesterday"}, "issued"),
        ({"photo": "%"}, "photo"),
        ({"doors": [{"type": "main"}]}, "doors.value"),
        ({"doors": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]}, "doors.primary"),
        ({"holder": {"shoe": 1}}, "holder"),
        ({"number": "x" * 513}, "number"),
        ({"color": "\x00"}, "color"),
    ],
)
async def test_a_wrong_value_is_refused_by_its_name(badged: Directory, value: dict[str, Any], place: str) -> None:
    body = {"schemas": [USER_URN], "userName": "ana", BADGE: value}
    refused(await badged.call("POST", "/Users", json=body), 400, "invalidValue", place=f"{BADGE}:{place}")


async def test_a_required_attribute_is_required_where_the_extension_is(
    directory: Directory, database: Database
) -> None:
    await declare(database, directory.org_id, attribute("number", required=True), attribute("color"))
    person = await directory.user("ana")
    path, place = f"/Users/{person['id']}", f"{BADGE}:number"
    red = {"op": "add", "path": f"{BADGE}:color", "value": "red"}
    refused(await directory.patch(path, red), 400, "invalidValue", place=place)
    assert (await directory.patch(path, red, {"op": "add", "path": place, "value": "1"})).status_code == 200
    refused(await directory.patch(path, {"op": "remove", "path": place}), 400, "mutability")
    assert (await directory.patch(path, {"op": "remove", "path": BADGE})).status_code == 200


async def test_returned_is_followed(badged: Directory) -> None:
    person = await badged.user("ana", **{BADGE: {"note": "n", "kind": "k", "color": "red"}})
    path = f"/Users/{person['id']}"
    assert person[BADGE] == {"kind": "k", "color": "red"}
    for parameters, expected in (
        ({}, {"kind": "k", "color": "red"}),
        ({"attributes": "userName"}, {"kind": "k"}),
        ({"attributes": f"{BADGE}:note"}, {"note": "n", "kind": "k"}),
        ({"attributes": BADGE}, {"kind": "k", "color": "red"}),
        ({"excludedAttributes": BADGE}, {"kind": "k"}),
        ({"excludedAttributes": f"{BADGE}:kind,{BADGE}:color"}, {"kind": "k"}),
    ):
        answer = await badged.call("GET", path, params=parameters)
        assert answer.json().get(BADGE) == expected, parameters
    listed = await badged.call("GET", "/Users", params={"filter": f'{BADGE}:note eq "N"'})
    assert [found.get(BADGE) for found in listed.json()["Resources"]] == [{"kind": "k", "color": "red"}]


async def test_what_is_read_only_is_passed_over(badged: Directory) -> None:
    assert BADGE not in await badged.user("ana", **{BADGE: {"printed": True}})


async def test_it_is_discovered_in_its_organization_alone(badged: Directory, enrol: Enrol) -> None:
    schema = (await badged.call("GET", f"/Schemas/{BADGE}")).json()
    read = scim2_models.Schema.model_validate(schema)
    assert {item.name for item in read.attributes or []} == {item["name"] for item in ATTRIBUTES}
    kind = (await badged.call("GET", "/ResourceTypes/User")).json()
    assert {"schema": BADGE, "required": False} in kind["schemaExtensions"]
    other: Directory = await enrol("Other")
    assert (await other.call("GET", f"/Schemas/{BADGE}")).status_code == 404
    assert BADGE not in (await other.call("GET", "/ResourceTypes")).text
    assert BADGE not in await other.user("ana", **{BADGE: FULL})
    refused(await other.call("GET", "/Users", params={"filter": f"{BADGE}:number pr"}), 400, "invalidFilter")


async def test_the_same_urn_means_what_each_organization_says(enrol: Enrol, database: Database) -> None:
    """Written at once, with types that exclude each other: none is ever read by the other's definition."""
    left, right = await enrol("Left"), await enrol("Right")
    await declare(database, left.org_id, attribute("size", "integer", uniqueness="server"))
    await declare(database, right.org_id, attribute("size", "string", uniqueness="server"), types=("User", "Group"))

    async def write(directory: Directory, number: int, value: Any) -> None:
        person = await directory.user(f"p{number}", **{BADGE: {"size": value}})
        assert person[BADGE] == {"size": value}

    await asyncio.gather(
        *(write(left, number, number) for number in range(10)),
        *(write(right, number, str(number)) for number in range(10)),
    )
    assert await left.found("/Users", f"{BADGE}:size gt 8") == ["p9"]
    assert await right.found("/Users", f'{BADGE}:size eq "9"') == ["p9"]
    refused(await left.call("GET", "/Users", params={"filter": f'{BADGE}:size eq "9"'}), 400, "invalidFilter")
    refused(await right.call("GET", "/Users", params={"filter": f"{BADGE}:size eq 9"}), 400, "invalidFilter")
    assert (await right.group("g", **{BADGE: {"size": "9"}}))[BADGE] == {"size": "9"}, "unique by type"
    assert BADGE not in await left.group("g", **{BADGE: {"size": "9"}})


async def test_groups_have_declared_schemas_too(directory: Directory, database: Database) -> None:
    await declare(database, directory.org_id, types=("Group",))
    person = await directory.user("ana", **{BADGE: FULL})
    assert BADGE not in person
    group = await directory.group("Red", person["id"], **{BADGE: {"number": "1", "color": "red"}})
    assert group[BADGE] == {"number": "1", "color": "red"}
    path = f"/Groups/{group['id']}"
    answer = await directory.patch(path, {"op": "replace", "path": f"{BADGE}:color", "value": "blue"})
    assert answer.status_code == 204
    assert await directory.found("/Groups", f'{BADGE}:color eq "blue"') == ["Red"]
    body = {"schemas": [GROUP_URN], "displayName": "Blue", BADGE: {"number": "1"}}
    refused(await directory.call("POST", "/Groups", json=body), 409, "uniqueness", place=f"{BADGE}:number")
    assert (await directory.call("DELETE", path)).status_code == 204
    assert (await directory.call("POST", "/Groups", json=body)).status_code == 201
    put = await directory.call("PUT", path, json=body)
    assert put.status_code == 404


async def test_a_declaration_grows_while_it_is_used_and_shrinks_only_when_nothing_does(
    badged: Directory, database: Database
) -> None:
    person = await badged.user("ana", **{BADGE: {"color": "red"}})
    added = attribute("size", "integer")
    await declare(database, badged.org_id, *ATTRIBUTES, added)
    path = f"/Users/{person['id']}"
    assert (await badged.patch(path, {"op": "add", "path": f"{BADGE}:size", "value": 4})).json()[BADGE]["size"] == 4
    changes: list[tuple[str, list[dict[str, Any]]]] = [
        ("number", [added]),
        ("size", [*ATTRIBUTES, attribute("size")]),
        ("size", [*ATTRIBUTES, attribute("size", "integer", multiValued=True)]),
        ("size", [*ATTRIBUTES, attribute("size", "integer", required=True)]),
        ("size", [*ATTRIBUTES, attribute("size", "integer", uniqueness="server")]),
        ("color", [attribute("color", caseExact=True) if a["name"] == "color" else a for a in [*ATTRIBUTES, added]]),
        ("fresh", [*ATTRIBUTES, added, attribute("fresh", required=True)]),
    ]
    for place, attributes in changes:
        with pytest.raises(Conflict) as refusal:
            await declare(database, badged.org_id, *attributes)
        assert refusal.value.place == place
    with pytest.raises(Conflict):
        await remove_schema(database, OPERATOR, badged.org_id, urn=BADGE)
    with pytest.raises(Conflict):
        await declare(database, badged.org_id, *ATTRIBUTES, added, types=("Group",))
    await badged.patch(path, {"op": "remove", "path": BADGE})
    await declare(database, badged.org_id, added)
    await remove_schema(database, OPERATOR, badged.org_id, urn=BADGE.upper())
    await asyncio.sleep(0.05)
    assert (await badged.call("GET", f"/Schemas/{BADGE}")).status_code == 404
    with pytest.raises(NotFound):
        await remove_schema(database, OPERATOR, badged.org_id, urn=BADGE)


async def test_a_write_read_by_a_declaration_that_is_gone_is_put_off(badged: Directory, database: Database) -> None:
    """A process that has not heard of the removal yet writes no value of the schema."""
    await badged.user("first")
    async with database.transaction() as connection:
        await connection.execute("delete from declared_schemas where org_id = $1", badged.org_id)
    body = {"schemas": [USER_URN, BADGE], "userName": "ana", BADGE: {"color": "red"}}
    assert (await badged.call("POST", "/Users", json=body)).status_code == 503
    assert await badged.found("/Users", 'userName eq "ana"') == []


async def test_a_unique_attribute_may_become_an_ordinary_one(directory: Directory, database: Database) -> None:
    await declare(database, directory.org_id, attribute("number", uniqueness="server"))
    await directory.user("ana", **{BADGE: {"number": "1"}})
    await declare(database, directory.org_id, attribute("number"))
    assert (await directory.user("ben", **{BADGE: {"number": "1"}}))[BADGE] == {"number": "1"}
    async with database.reading() as connection:
        assert await connection.fetchval("select count(*) from declared_values") == 0


async def test_what_belongs_to_the_standard_and_what_is_too_much_is_refused(
    directory: Directory, database: Database
) -> None:
    urns = [
        USER_URN,
        ENTERPRISE_URN.upper(),
        "urn:ietf:params:scim:schemas:core:2.0:Badge",
        f"{ENTERPRISE_URN}:manager",
    ]
    for urn in urns:
        body = definition(attribute("size"), urn=urn)
        with pytest.raises(BadInput) as refusal:
            await declare_schema(database, OPERATOR, directory.org_id, body=body, types=["User"])
        assert refusal.value.place == "id", urn
    for number in range(MAX_SCHEMAS):
        body = definition(attribute("size"), urn=f"urn:example:s{number}")
        await declare_schema(database, OPERATOR, directory.org_id, body=body, types=["User"])
    with pytest.raises(BadInput):
        await declare(database, directory.org_id)
    with pytest.raises(BadInput):
        await declare_schema(database, OPERATOR, directory.org_id, body=body, types=["Device"])
    assert len(await list_schemas(database, OPERATOR, directory.org_id)) == MAX_SCHEMAS


async def test_declaring_is_in_the_audit_log(badged: Directory, database: Database) -> None:
    await remove_schema(database, OPERATOR, badged.org_id, urn=BADGE)
    async with database.reading() as connection:
        actions = await connection.fetch(
            "select action from audit_events where org_id = $1 and action like 'schema.%' order by seq", badged.org_id
        )
    assert [row["action"] for row in actions] == ["schema.declared", "schema.removed"]
