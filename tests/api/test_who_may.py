"""Every route of the management API, tried by who may not: strangers, ended keys, members, others' administrators."""

from __future__ import annotations

import json
from typing import Any

import httpx2 as httpx
import pytest

from doorlist.service import clock, keys
from tests.api.conftest import Furnish, Programs, Studio
from tests.api.every_request import BODIES, DESCRIPTION, ROUTES, Route
from tests.service.company import OPERATOR

MEMBERS_OWN = {
    "get_organization",
    "get_workspace",
    "get_folder",
    "create_workspace",
    "list_projects",
    "get_project",
    "list_tasks",
    "get_task",
}
"""What a member who is a viewer in one folder may ask; what else concerns the own person is asked in another test."""


async def send(client: httpx.AsyncClient, route: Route, studio: Studio) -> httpx.Response:
    method, address, body = route.request(studio.ids)
    return await client.request(method, address, json=body)


async def state(studio: Studio) -> tuple[Any, ...]:
    """What must not change: the events of the organization and everything in it that a request could touch."""
    async with studio.company.database.reading() as connection:
        counted = [
            await connection.fetchval(f"select count(*) from {table} where org_id = $1", studio.company.org_id)
            for table in ("grants", "resources", "groups", "projects", "tasks", "tokens", "api_keys", "exclusions")
        ]
    return tuple(await studio.company.events()), tuple(counted)


def test_every_route_has_a_request_here_and_needs_a_key() -> None:
    for route in ROUTES:
        operation = DESCRIPTION["paths"][route.path][route.method]
        assert operation["security"] == [{"key": []}]
        assert operation["summary"]
        assert operation["description"]
        assert ("requestBody" in operation) == (route.operation in BODIES), route
    assert BODIES.keys() <= {route.operation for route in ROUTES}


@pytest.mark.parametrize("credential", ["none", "nonsense", "another kind", "expired", "revoked"])
async def test_no_route_opens_without_a_valid_key(program: Programs, studio: Studio, credential: str) -> None:
    act = (studio.company.database, OPERATOR, studio.company.org_id)
    made = await keys.create_key(*act, label="short", expires_days=0 if credential == "expired" else None)
    if credential == "revoked":
        await keys.revoke_key(*act, "short")
    text = {"none": None, "nonsense": "dl_key_x", "another kind": "dl_scim_" + made.text[7:]}.get(credential, made.text)
    client, before = program.presenting(text), await state(studio)
    expected = {"expired": "key-expired", "revoked": "key-revoked"}.get(credential, "unauthenticated")
    for route in ROUTES:
        answer = await send(client, route, studio)
        assert (answer.status_code, answer.json()["code"]) == (401, expected), route
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
    assert await state(studio) == before


async def test_no_route_opens_without_its_scope(program: Programs, studio: Studio) -> None:
    """A key that has every scope but one is refused exactly where that one is needed."""
    refused: dict[str, set[str]] = {}
    for scope in sorted(keys.ALL_KEY_SCOPES):
        others = [one for one in keys.ALL_KEY_SCOPES if one != scope]
        client = await program(studio.company, *others)
        missing = set()
        for route in ROUTES:
            method, address, _ = route.request({name: clock.new_id(clock.now()) for name in studio.ids})
            answer = await client.request(method, address, json={"unknown": 1})
            if answer.status_code == 403 and answer.json()["code"] == "scope-missing":
                missing.add(route.operation)
        refused[scope] = missing
    told = [operation for missing in refused.values() for operation in missing]
    assert sorted(told) == sorted(route.operation for route in ROUTES)
    assert all("list" in name or "get" in name or name in {"explain", "who", "what"} for name in refused["access:read"])


async def test_an_administrator_of_another_organization_reaches_nothing(
    program: Programs, studio: Studio, furnish: Furnish
) -> None:
    other = await furnish("Other")
    before = await state(studio)
    for client in (await program(other.company), await program(other.company, person="owner")):
        for route in ROUTES:
            answer = await send(client, route, studio)
            told = json.dumps(answer.json()) if answer.content else ""
            about_things = "{" in route.path or any(str(one) in str(answer.request.url) for one in studio.ids.values())
            if about_things and answer.status_code == 200:
                assert answer.json() == {"items": [], "next": None}, route
            elif about_things:
                assert answer.status_code in {400, 403, 404, 409}, (route, answer.text)
            assert str(studio.company.org_id) not in told
            for name, identifier in studio.ids.items():
                said = str(answer.request.url) + answer.request.content.decode()
                assert str(identifier) in said or str(identifier) not in told, (route, name)
    assert await state(studio) == before


async def test_a_member_reads_what_the_level_gives_and_changes_nothing(program: Programs, studio: Studio) -> None:
    client = await program(studio.company, person="viewer")
    studio.ids["user_id"] = studio.company.people["editor"]
    before, opened = await state(studio), set()
    for route in ROUTES:
        if route.operation == "create_workspace":
            continue
        answer = await send(client, route, studio)
        if answer.status_code < 300:
            opened.add(route.operation)
        else:
            assert answer.status_code in {403, 404, 409}, (route, answer.text)
    assert await state(studio) == before
    assert opened == MEMBERS_OWN - {"create_workspace"} - {"get_workspace"}


async def test_a_member_asks_about_the_own_person(program: Programs, studio: Studio) -> None:
    client, me = await program(studio.company, person="viewer"), studio.company.people["viewer"]
    own = (await client.get(f"/api/v1/access/what?user_id={me}")).json()["items"]
    assert [(line["workspace"], line["folder"], line["level"]) for line in own] == [("Studio", "Board", "viewer")]
    why = await client.get(f"/api/v1/access/explain?user_id={me}&resource_id={studio.ids['folder_id']}")
    assert why.json()["level"] == "viewer"
    assert (await client.get(f"/api/v1/people/{me}")).json()["user_name"] == "viewer"
    assert (await client.get(f"/api/v1/grants?principal_id={me}")).json()["items"][0]["level"] == "viewer"


async def test_a_key_ends_with_its_person(program: Programs, studio: Studio) -> None:
    client = await program(studio.company, person="editor")
    assert (await client.get("/api/v1/organization")).status_code == 200
    await studio.company.set_active("editor", active=False)
    answer = await client.get("/api/v1/organization")
    assert (answer.status_code, answer.json()["code"]) == (401, "key-revoked")


async def test_a_key_makes_no_key_that_may_do_more(program: Programs, studio: Studio) -> None:
    narrow = await program(studio.company, "organization:write", "people:read")
    refused = await narrow.post("/api/v1/keys", json={"label": "wide", "scopes": ["access:write"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    made = await narrow.post("/api/v1/keys", json={"label": "like mine"})
    assert made.json()["scopes"] == ["organization:write", "people:read"]
    personal = await program(studio.company, person="owner")
    for person in (None, str(studio.company.people["admin"])):
        refused = await personal.post("/api/v1/keys", json={"label": "another's", "user_id": person})
        assert refused.status_code == 403
