"""People over HTTP: the conversation a directory has about one person."""

from __future__ import annotations

from tests.http.conftest import ENTERPRISE_URN, USER_URN, Directory, Enrol

ANA = {
    "schemas": [USER_URN, ENTERPRISE_URN],
    "externalId": "ana",
    "userName": "Ana@contoso.example",
    "active": True,
    "displayName": "Ana Ruiz",
    "emails": [{"primary": True, "type": "work", "value": "ana@contoso.example"}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "Ana Ruiz", "familyName": "Ruiz", "givenName": "Ana"},
    "roles": [],
    ENTERPRISE_URN: {"department": "Sales", "employeeNumber": "77"},
}


async def test_a_person_is_answered_as_it_was_sent(directory: Directory) -> None:
    made = await directory.call("POST", "/Users", json=ANA)
    assert made.status_code == 201
    body = made.json()
    assert (
        made.headers["location"] == body["meta"]["location"] == f"https://doorlist.example/scim/v2/Users/{body['id']}"
    )
    assert made.headers["content-type"] == "application/scim+json"
    assert made.headers["etag"] == body["meta"]["version"] == 'W/"1"'
    assert body["meta"]["created"] == body["meta"]["lastModified"]
    for name in ("externalId", "userName", "active", "displayName", "emails", "name", ENTERPRISE_URN):
        assert body[name] == ANA[name]
    assert body["schemas"] == [USER_URN, ENTERPRISE_URN]
    assert "roles" not in body
    read = await directory.call("GET", f"/Users/{body['id']}")
    assert read.status_code == 200
    assert read.json() == body


async def test_a_taken_user_name_is_a_conflict_in_any_case(directory: Directory) -> None:
    await directory.user("ana@contoso.example")
    again = await directory.call("POST", "/Users", json={"schemas": [USER_URN], "userName": "ANA@contoso.example"})
    assert again.status_code == 409
    assert again.json()["scimType"] == "uniqueness"
    assert again.json()["status"] == "409"


async def test_the_user_name_of_a_deleted_person_is_free(directory: Directory) -> None:
    first = await directory.user("ana@contoso.example")
    assert (await directory.call("DELETE", f"/Users/{first['id']}")).status_code == 204
    assert (await directory.call("GET", f"/Users/{first['id']}")).status_code == 404
    assert (await directory.call("DELETE", f"/Users/{first['id']}")).status_code == 404
    assert await directory.found("/Users", 'userName eq "ana@contoso.example"') == []
    second = await directory.user("ana@contoso.example")
    assert second["id"] != first["id"]


async def test_a_password_is_accepted_and_never_told(directory: Directory) -> None:
    made = await directory.user("ana", password="placeholder")
    assert "password" not in made
    refused = await directory.call("GET", "/Users", params={"filter": 'password eq "placeholder"'})
    assert refused.json()["scimType"] == "invalidFilter"


async def test_put_replaces_what_it_lists_and_unassigns_the_rest(directory: Directory) -> None:
    made = (await directory.call("POST", "/Users", json=ANA)).json()
    sent = {"schemas": [USER_URN], "id": "another", "userName": "ana@contoso.example", "title": "Lead", "groups": []}
    answer = await directory.call("PUT", f"/Users/{made['id']}", json=sent)
    assert answer.status_code == 200
    body = answer.json()
    assert body["id"] == made["id"]
    assert body["title"] == "Lead"
    assert body["schemas"] == [USER_URN]
    assert ENTERPRISE_URN not in body
    assert "displayName" not in body
    assert body["meta"]["version"] == 'W/"2"'


async def test_put_without_active_leaves_a_deactivated_person_deactivated(directory: Directory) -> None:
    made = await directory.user("ana", active=False)
    answer = await directory.call("PUT", f"/Users/{made['id']}", json={"schemas": [USER_URN], "userName": "ana"})
    assert answer.json()["active"] is False


async def test_repeating_a_put_changes_nothing(directory: Directory) -> None:
    made = (await directory.call("POST", "/Users", json=ANA)).json()
    answer = await directory.call("PUT", f"/Users/{made['id']}", json=made)
    assert answer.json()["meta"] == made["meta"]


async def test_put_never_creates(directory: Directory) -> None:
    for unknown in ("0190c0de-0000-7000-8000-000000000000", "not-an-id", "%00"):
        answer = await directory.call("PUT", f"/Users/{unknown}", json=ANA)
        assert answer.status_code == 404, unknown
        assert answer.json()["detail"].startswith("There is no User")


async def test_a_disabled_person_is_still_found(directory: Directory) -> None:
    made = await directory.user("ana@contoso.example")
    answer = await directory.patch(f"/Users/{made['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert answer.status_code == 200
    assert answer.json()["active"] is False
    assert await directory.found("/Users", 'userName eq "ANA@contoso.example"') == ["ana@contoso.example"]
    assert await directory.found("/Users", "active eq false") == ["ana@contoso.example"]


async def test_a_write_with_a_stale_tag_is_refused(directory: Directory) -> None:
    made = await directory.user("ana")
    path = f"/Users/{made['id']}"
    replace = {"op": "replace", "path": "title", "value": "Lead"}
    assert (await directory.patch(path, replace, headers={"If-Match": 'W/"1"'})).status_code == 200
    for method in ("PATCH", "PUT", "DELETE"):
        body = {"schemas": [USER_URN], "userName": "ana"} if method == "PUT" else None
        if method == "PATCH":
            stale = await directory.patch(path, replace, headers={"If-Match": 'W/"1"'})
        else:
            stale = await directory.call(method, path, json=body, headers={"If-Match": 'W/"1"'})
        assert stale.status_code == 412, method


async def test_an_unchanged_person_need_not_be_sent_again(directory: Directory) -> None:
    made = await directory.user("ana")
    same = await directory.call("GET", f"/Users/{made['id']}", headers={"If-None-Match": 'W/"1"'})
    assert same.status_code == 304
    assert same.content == b""


async def test_only_what_is_asked_for_is_answered(directory: Directory) -> None:
    made = (await directory.call("POST", "/Users", json=ANA)).json()
    path = f"/Users/{made['id']}"
    some = (await directory.call("GET", path, params={"attributes": "userName,emails.value"})).json()
    assert some == {
        "id": made["id"],
        "schemas": [USER_URN, ENTERPRISE_URN],
        "userName": "Ana@contoso.example",
        "emails": [{"value": "ana@contoso.example"}],
    }
    most = (
        await directory.call("GET", path, params={"excludedAttributes": f"emails,id,{ENTERPRISE_URN}:department"})
    ).json()
    assert most["id"] == made["id"]
    assert "emails" not in most
    assert most[ENTERPRISE_URN] == {"employeeNumber": "77"}
    both = await directory.call("GET", path, params={"attributes": "userName", "excludedAttributes": "emails"})
    assert both.status_code == 400


async def test_people_of_another_organization_do_not_exist(directory: Directory, enrol: Enrol) -> None:
    other: Directory = await enrol("Other")
    made = await directory.user("ana@contoso.example")
    for method in ("GET", "DELETE"):
        assert (await other.call(method, f"/Users/{made['id']}")).status_code == 404
    assert await other.found("/Users", "userName pr") == []
    assert (await other.user("ana@contoso.example"))["id"] != made["id"]


async def test_a_local_owner_is_invisible_to_the_directory_and_blocks_nothing(directory: Directory) -> None:
    assert await directory.found("/Users", 'userName eq "owner@example.com"') == []
    await directory.user("owner@example.com")


async def test_the_manager_is_found_and_set_under_every_name(directory: Directory) -> None:
    boss, ana = await directory.user("boss"), await directory.user("ana")
    path = f"/Users/{ana['id']}"
    shapes = [
        {"op": "Add", "path": "manager", "value": [{"$ref": "https://x.example/Users/2", "value": boss["id"]}]},
        {"op": "Add", "path": f"{ENTERPRISE_URN}:manager", "value": boss["id"]},
        {"op": "replace", "path": f"{ENTERPRISE_URN}:manager.value", "value": boss["id"]},
        {"op": "replace", "value": {f"{ENTERPRISE_URN}:manager": {"value": boss["id"]}}},
        {"op": "add", "value": {ENTERPRISE_URN: {"manager": {"value": boss["id"]}}}},
    ]
    clearings = [
        {"op": "Replace", "path": f"{ENTERPRISE_URN}:manager", "value": ""},
        {"op": "Replace", "path": f"{ENTERPRISE_URN}:manager", "value": {"value": ""}},
        {"op": "Remove", "path": f"{ENTERPRISE_URN}:manager"},
        {"op": "Remove", "path": "manager"},
        {"op": "replace", "path": f"{ENTERPRISE_URN}:manager", "value": None},
    ]
    for shape, clearing in zip(shapes, clearings, strict=True):
        assert (await directory.patch(path, shape)).status_code == 200, shape
        for name in ("manager", "manager.value", f"{ENTERPRISE_URN}:manager", f"{ENTERPRISE_URN}:manager.value"):
            text = f'id eq "{ana["id"]}" and {name} eq "{boss["id"]}"'
            assert await directory.found("/Users", text) == ["ana"], (shape, name)
        cleared = await directory.patch(path, clearing)
        assert ENTERPRISE_URN not in cleared.json(), clearing
