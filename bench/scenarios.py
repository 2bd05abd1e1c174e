"""The scenarios: each is calls to prepare, calls to measure, and what to check afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from bench.load import Call, Result, run

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BASE = "/scim/v2"


def person(number: int) -> dict[str, Any]:
    """A body of about 700 bytes, as Entra sends it."""
    name = f"person{number:07}"
    return {
        "schemas": [USER_URN, ENTERPRISE_URN],
        "externalId": f"8aa1a0c0-{number:08}",
        "userName": f"{name}@contoso.example",
        "active": True,
        "displayName": f"Person {number}",
        "emails": [{"primary": True, "type": "work", "value": f"{name}@contoso.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": f"Person {number}", "familyName": f"Family{number}", "givenName": "Person"},
        "title": "Engineer",
        "preferredLanguage": "en-GB",
        "phoneNumbers": [{"type": "work", "value": "+34 600 000 000"}, {"type": "mobile", "value": "+34 611 111"}],
        "addresses": [{"type": "work", "formatted": "Building 5", "locality": "Madrid", "country": "ES"}],
        ENTERPRISE_URN: {"employeeNumber": str(number), "department": "Research"},
    }


def creates(first: int, count: int) -> Iterator[Call]:
    return (Call("POST", f"{BASE}/Users", person(first + number), 201) for number in range(count))


def matches(names: list[str], count: int) -> Iterator[Call]:
    for number in range(count):
        name = names[number * 7919 % len(names)]
        yield Call("GET", f"{BASE}/Users?filter=userName%20eq%20%22{name}%22")


def misses(count: int) -> Iterator[Call]:
    return (Call("GET", f"{BASE}/Users?filter=userName%20eq%20%22nobody{number}%22") for number in range(count))


def reads(ids: list[str], count: int) -> Iterator[Call]:
    return (Call("GET", f"{BASE}/Users/{ids[number * 7919 % len(ids)]}") for number in range(count))


def patches(ids: list[str], count: int, salt: str) -> Iterator[Call]:
    for number in range(count):
        operations = [
            {"op": "Replace", "path": "displayName", "value": f"Renamed {salt} {number}"},
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": f"{salt}{number}@new.example"},
        ]
        body = {"schemas": [PATCH_URN], "Operations": operations}
        yield Call("PATCH", f"{BASE}/Users/{ids[number * 7919 % len(ids)]}", body)


def pages(total: int, count: int) -> Iterator[Call]:
    for number in range(count):
        yield Call("GET", f"{BASE}/Users?startIndex={number * 797 % max(total - 100, 1) + 1}&count=100")


def additions(group: str, ids: list[str], batch: int) -> Iterator[Call]:
    for start in range(0, len(ids), batch):
        value = [{"$ref": None, "value": one} for one in ids[start : start + batch]]
        body = {"schemas": [PATCH_URN], "Operations": [{"op": "Add", "path": "members", "value": value}]}
        yield Call("PATCH", f"{BASE}/Groups/{group}", body, 204)


def removals(group: str, ids: list[str]) -> Iterator[Call]:
    for one in ids:
        operation = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": one}]}
        yield Call("PATCH", f"{BASE}/Groups/{group}", {"schemas": [PATCH_URN], "Operations": [operation]}, 204)


def removal(group: str, ids: list[str]) -> Iterator[Call]:
    value = [{"$ref": None, "value": one} for one in ids]
    body = {"schemas": [PATCH_URN], "Operations": [{"op": "Remove", "path": "members", "value": value}]}
    yield Call("PATCH", f"{BASE}/Groups/{group}", body, 204)


def heads(group: str, count: int) -> Iterator[Call]:
    return (Call("GET", f"{BASE}/Groups/{group}?excludedAttributes=members") for _ in range(count))


async def make_group(port: int, token: str, name: str) -> str:
    """A new, empty group; its id."""
    body = {"schemas": [GROUP_URN], "displayName": name}
    made: Result = await run(port, [Call("POST", f"{BASE}/Groups", body, 201)], connections=1, token=token, keep=True)
    return str(json.loads(made.bodies[0])["id"])


def absent(number: int) -> Call:
    """The look-up that a directory does before it creates a person."""
    return Call("GET", f"{BASE}/Users?filter=userName%20eq%20%22person{number:07}@contoso.example%22")


def one(number: int) -> Call:
    return Call("POST", f"{BASE}/Users", person(number), 201)


def no_group(name: str) -> Call:
    """The look-up that a directory does before it creates a group."""
    return Call("GET", f"{BASE}/Groups?filter=displayName%20eq%20%22{quote(f'Team {name}')}%22")
