"""The management API as a program uses it: one conversation for each part."""

from __future__ import annotations

import json
from typing import Any

import httpx2 as httpx
import pytest

from doorlist.errors import Busy
from doorlist.service import projects, repeating
from doorlist.web.pacing import Pace
from tests.api.conftest import Programs, Studio, acting


@pytest.fixture
async def api(program: Programs, studio: Studio) -> httpx.AsyncClient:
    return await program(studio.company)


async def everything(api: httpx.AsyncClient, path: str, limit: int, **query: Any) -> list[Any]:
    """Every item of a list, page by page."""
    found, cursor = [], None
    while True:
        place = {} if cursor is None else {"cursor": cursor}
        page = (await api.get(path, params={"limit": limit, **place, **query})).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


async def test_settings_are_read_and_changed(api: httpx.AsyncClient) -> None:
    changed = await api.patch("/api/v1/organization", json={"removal_policy": "remove", "scim_enabled": False})
    assert (changed.json()["removal_policy"], changed.json()["scim_enabled"]) == ("remove", False)
    assert (await api.get("/api/v1/organization")).json() == changed.json()
    refused = await api.patch("/api/v1/organization", json={"removal_polcy": "keep"})
    assert refused.json()["problems"] == ["body.removal_polcy: Extra inputs are not permitted"]


async def test_a_workspace_and_a_folder_from_making_to_restoring(api: httpx.AsyncClient) -> None:
    workspace = (await api.post("/api/v1/workspaces", json={"name": "Print"})).json()
    assert (await api.get("/api/v1/folders", params={"name": "home", "workspace_id": workspace["id"]})).json()["items"][
        0
    ]["id"] == workspace["home_folder_id"]
    folder = (await api.post(f"/api/v1/workspaces/{workspace['id']}/folders", json={"name": "Posters"})).json()
    assert (await api.post("/api/v1/workspaces", json={"name": "PRINT"})).json()["code"] == "taken"
    assert (await api.post(f"/api/v1/places/{folder['id']}/archive")).json() == {"changed": True}
    assert (await api.get(f"/api/v1/folders/{folder['id']}")).json()["archived_at"] is not None
    assert (await api.delete(f"/api/v1/places/{folder['id']}")).json() == {"changed": True}
    assert (await api.get(f"/api/v1/folders/{folder['id']}")).status_code == 404
    assert [one["folder"] for one in (await api.get("/api/v1/places/deleted")).json()["items"]] == ["Posters"]
    assert (await api.post(f"/api/v1/places/{folder['id']}/restore")).status_code == 204
    assert (await api.get(f"/api/v1/folders/{folder['id']}")).status_code == 200


async def test_a_grant_is_previewed_and_made_exactly_so(api: httpx.AsyncClient, studio: Studio) -> None:
    await studio.company.join("Designers", "viewer")
    grant = {"kind": "grant", "resource_id": str(studio.ids["folder_id"]), "group_id": str(studio.ids["group_id"])}
    plan = (await api.post("/api/v1/plans", json={"change": {**grant, "level": "editor"}})).json()
    assert (plan["gained"], plan["raised"]) == (1, 1)
    assert [(line["user_name"], line["before"], line["after"]) for line in plan["lines"]] == [
        ("nobody", "none", "editor"),
        ("viewer", "viewer", "editor"),
    ]
    other = {"change": {**grant, "level": "checker"}, "plan_hash": plan["plan_hash"]}
    stale = await api.post("/api/v1/plans/apply", json=other)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale-plan")
    apply = {"change": {**grant, "level": "editor"}, "plan_hash": plan["plan_hash"]}
    assert (await api.post("/api/v1/plans/apply", json=apply)).json() == plan
    who = await everything(api, "/api/v1/access/who", 2, resource_id=grant["resource_id"])
    assert [(line["user_name"], line["level"]) for line in who if line["user_name"] in {"nobody", "viewer"}] == [
        ("nobody", "editor"),
        ("viewer", "editor"),
    ]
    place = {"resource_id": grant["resource_id"], "group_id": grant["group_id"]}
    unsaid = await api.delete("/api/v1/grants", params=place)
    assert (unsaid.status_code, unsaid.json()["place"]) == (400, "members")
    done = await api.delete("/api/v1/grants", params={**place, "members": "keep"})
    assert done.json() == {"level": "editor", "kept": 2}
    kept = await everything(api, "/api/v1/retained", 1)
    assert sorted(row["user_id"] for row in kept) == sorted(
        str(studio.company.people[name]) for name in ("nobody", "viewer")
    )
    query = {"user_id": kept[0]["user_id"], "resource_id": kept[0]["resource_id"]}
    assert (await api.delete("/api/v1/retained", params=query)).json() == {"removed": 1}
    assert len(await everything(api, "/api/v1/retained", 500)) == 1


async def test_what_was_so_earlier_is_still_told(api: httpx.AsyncClient, studio: Studio) -> None:
    place, person = studio.ids["folder_id"], studio.ids["user_id"]
    before = (await api.get("/api/v1/audit")).json()["items"][0]["at"]
    query = {"resource_id": str(place), "user_id": str(person)}
    assert (await api.put("/api/v1/grants", json={**query, "level": "admin"})).json()["before"] == "viewer"
    assert (await api.get("/api/v1/access/explain", params=query)).json()["level"] == "admin"
    assert (await api.get("/api/v1/access/explain", params={**query, "at": before})).json()["level"] == "viewer"


async def test_local_groups_are_made_and_filled(api: httpx.AsyncClient, studio: Studio) -> None:
    group = (await api.post("/api/v1/groups", json={"name": "Printers"})).json()
    path, people = f"/api/v1/groups/{group['id']}", [str(one) for one in studio.company.people.values()]
    assert (await api.post(f"{path}/members", json={"add": people})).json() == {"added": 6, "removed": 0}
    assert len(await everything(api, f"{path}/members", 4)) == 6
    assert (await api.post(f"{path}/members", json={"remove": people[:2]})).json() == {"added": 0, "removed": 2}
    assert (await api.patch(path, json={"name": "Painters"})).json()["members"] == 4
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).json()["code"] == "not-found"


async def test_lists_are_paged_without_loss_or_repetition(api: httpx.AsyncClient, studio: Studio) -> None:
    for path, key in (("people", "id"), ("groups", "id"), ("folders", "id"), ("grants", "id"), ("audit", "seq")):
        whole = [item[key] for item in await everything(api, f"/api/v1/{path}", 500)]
        assert [item[key] for item in await everything(api, f"/api/v1/{path}", 1)] == whole
        assert len(set(whole)) == len(whole) > 0
    for cursor in ("x", "bnVsbA", "WyJ4Il0", "W10", "WyIwIiwgIjAiXQ", "[" * 200):
        refused = await api.get("/api/v1/people", params={"cursor": cursor})
        assert (refused.status_code, refused.json()["place"]) == (400, "cursor"), cursor


async def test_a_secret_is_shown_once_and_nowhere_again(api: httpx.AsyncClient, program: Programs) -> None:
    token = (await api.post("/api/v1/tokens", json={"label": "entra", "expires_days": 30})).json()
    key = (await api.post("/api/v1/keys", json={"label": "reader", "scopes": ["people:read"]})).json()
    told = json.dumps([(await api.get(f"/api/v1/{path}")).json() for path in ("tokens", "keys", "audit")])
    assert token["token"] not in told
    assert key["key"] not in told
    reader = program.presenting(key["key"])
    assert (await reader.get("/api/v1/people")).status_code == 200
    assert (await reader.get("/api/v1/grants")).json()["code"] == "scope-missing"
    assert (await api.delete(f"/api/v1/keys/{key['id']}")).status_code == 204
    assert (await reader.get("/api/v1/people")).json()["code"] == "key-revoked"
    assert (await api.delete(f"/api/v1/tokens/{token['id']}")).status_code == 204
    assert (await api.get("/api/v1/tokens")).json()["items"][0]["state"] == "revoked"


async def test_a_rotation_goes_through_the_api(api: httpx.AsyncClient) -> None:
    old = (await api.post("/api/v1/tokens", json={"label": "entra"})).json()
    new = (await api.post(f"/api/v1/tokens/{old['id']}/rotate")).json()
    early = await api.post(f"/api/v1/tokens/{old['id']}/rotate-complete")
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    assert (await api.post(f"/api/v1/tokens/{old['id']}/rotate-complete?force=true")).status_code == 204
    states = {one["id"]: one["state"] for one in (await api.get("/api/v1/tokens")).json()["items"]}
    assert states == {old["id"]: "revoked", new["id"]: "valid"}


async def test_a_repeated_post_is_carried_out_once(api: httpx.AsyncClient, studio: Studio) -> None:
    headers = {"Idempotency-Key": "make-it-once"}
    path = f"/api/v1/projects/{studio.ids['project_id']}/tasks"
    first = await api.post(path, json={"title": "Once"}, headers=headers)
    again = await api.post(path, json={"title": "Once"}, headers=headers)
    assert (again.status_code, again.json(), again.headers["etag"]) == (201, first.json(), first.headers["etag"])
    assert again.headers["idempotent-replayed"] == "true"
    titles = [task["title"] for task in await everything(api, path, 100)]
    assert titles.count("Once") == 1
    other = await api.post(path, json={"title": "Twice"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    refused = await api.post(path, json={"title": ""}, headers={"Idempotency-Key": "a mistake"})
    assert (refused.status_code, refused.json()["place"]) == (400, "Idempotency-Key")


async def test_a_secret_is_not_kept_for_a_repetition(api: httpx.AsyncClient, studio: Studio) -> None:
    headers = {"Idempotency-Key": "a-key"}
    made = (await api.post("/api/v1/keys", json={"label": "once"}, headers=headers)).json()["key"]
    again = await api.post("/api/v1/keys", json={"label": "once"}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "already-done")
    async with studio.company.database.reading() as connection:
        assert await connection.fetchval("select bool_and(body is null) from api_replies")
        kept = await connection.fetchval("select string_agg(r::text, '') from api_replies r")
    assert made not in kept


async def test_what_failed_for_the_moment_may_be_repeated(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "stale"}
    change = {"change": {"kind": "policy", "policy": "remove"}}
    plan = (await api.post("/api/v1/plans", json=change)).json()
    await api.patch("/api/v1/organization", json={"removal_policy": "remove"})
    stale = await api.post("/api/v1/plans/apply", json={**change, "plan_hash": "0" * 32}, headers=headers)
    assert stale.status_code == 409
    repeated = await api.post("/api/v1/plans/apply", json={**change, "plan_hash": plan["plan_hash"]}, headers=headers)
    assert "idempotent-replayed" not in repeated.headers


async def test_kept_answers_are_bounded(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeating, "MOST_KEPT", 2)
    for number in range(3):
        headers = {"Idempotency-Key": str(number)}
        answer = await api.post("/api/v1/workspaces", json={"name": f"W{number}"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_of_two_writers_of_one_version_one_is_refused(api: httpx.AsyncClient, studio: Studio) -> None:
    path = f"/api/v1/tasks/{studio.ids['task_id']}"
    version = (await api.get(path)).headers["etag"]
    first = await api.patch(path, json={"title": "Paint"}, headers={"If-Match": version})
    assert first.status_code == 200
    late = await api.patch(path, json={"title": "Print"}, headers={"If-Match": version})
    assert (late.status_code, late.json()["code"]) == (412, "version-mismatch")
    assert (await api.delete(path, headers={"If-Match": '"x"'})).status_code == 412
    assert (await api.post(f"{path}/tick", headers={"If-Match": first.headers["etag"]})).json()["done_by"] == "tests"
    assert (await api.delete(path, headers={"If-Match": "*"})).status_code == 204


async def test_what_is_no_request_is_a_problem(api: httpx.AsyncClient, studio: Studio) -> None:
    folder = studio.ids["folder_id"]
    for method, path, body in (
        ("GET", "/api/v1/nowhere", b""),
        ("GET", "/api/v2/people", b""),
        ("POST", "/api/v1/people", b"{}"),
        ("GET", "/api/v1/people?limit=0", b""),
        ("GET", "/api/v1/people/1", b""),
        ("GET", "/api/v1/people?user_name=%00", b""),
        ("POST", "/api/v1/workspaces", b"{"),
        ("POST", "/api/v1/workspaces", b'{"name": "\\u0000"}'),
        ("POST", "/api/v1/workspaces", b'{"name": "\\ud800"}'),
        ("POST", "/api/v1/workspaces", b"\xff\xfe"),
        ("POST", "/api/v1/workspaces", b"[" * 100_000),
        ("POST", "/api/v1/workspaces", b'{"name": "' + b"x" * (1 << 20) + b'"}'),
        ("POST", f"/api/v1/folders/{folder}/projects", b'{"name": "x", "after": "middle"}'),
    ):
        answer = await api.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500, (path, answer.text)
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["type"] == f"urn:doorlist:refusal:{problem['code']}"
        assert len(answer.headers["x-request-id"]) == 36


async def test_a_fault_shows_no_traceback(
    api: httpx.AsyncClient, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("select secret from users")

    monkeypatch.setattr(projects, "get_project", broken)
    answer = await api.get(f"/api/v1/projects/{studio.ids['project_id']}")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text


def test_a_key_is_slowed_down_alone_and_recovers(studio: Studio) -> None:
    now = [0.0]
    pace, one, other = Pace(10, clock=lambda: now[0]), studio.ids["user_id"], studio.ids["group_id"]
    for _ in range(40):
        pace.admit(one)
    with pytest.raises(Busy, match="10 requests a second"):
        pace.admit(one)
    pace.admit(other)
    now[0] += 0.1
    pace.admit(one)


async def test_events_of_a_key_name_the_key(api: httpx.AsyncClient, studio: Studio) -> None:
    await api.post("/api/v1/workspaces", json={"name": "By a program"})
    event = (await api.get("/api/v1/audit", params={"action": "workspace.created", "limit": 1})).json()["items"][0]
    assert (event["actor_kind"], event["actor_id"], event["source"]) == ("key", "tests", "api")
    assert acting(studio.company).org_id == studio.company.org_id


async def test_the_description_and_its_page_need_no_key_and_no_other_host(program: Programs) -> None:
    client = program.presenting(None)
    described = (await client.get("/api/v1/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    page = (await client.get("/api/v1/docs")).text
    assert "://" not in page
    for name in ("start.js", "swagger-ui.js", "swagger-ui.css"):
        assert f'"docs/{name}"' in page
        assert (await client.get(f"/api/v1/docs/{name}")).status_code == 200


async def test_sign_in_is_set_up_and_sessions_end_through_the_api(api: httpx.AsyncClient, studio: Studio) -> None:
    saml = (await api.get("/api/v1/saml")).json()
    assert saml["service_provider"]["acs_url"] == "https://doorlist.example/saml/acme/acs"
    assert (saml["identity_provider"], saml["choices"]) == (None, None)
    assert (await api.put("/api/v1/saml/metadata", json={"metadata": "<x/>"})).json()["place"] == "metadata"
    assert (await api.patch("/api/v1/saml/choices", json={"sign_requests": False})).status_code == 404
    assert (await api.patch("/api/v1/sessions/limits", json={"minutes": 600})).json()["minutes"] == 600
    assert (await api.get("/api/v1/sessions")).json()["items"] == []
    assert (await api.post(f"/api/v1/people/{studio.ids['user_id']}/sign-out")).json() == {"removed": 0}
    assert (await api.get("/api/v1/sign-ins")).json()["items"] == []
