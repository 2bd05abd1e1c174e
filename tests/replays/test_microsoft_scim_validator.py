"""Microsoft's SCIM Validator: its 24 tests and seven previews, replayed from public reports of its requests.

Each function has the name of the test that it replays. Where the validator is known to pass a server that is wrong
(error answers without the SCIM media type, a manager cleared to an empty text, no Location), the replay is stricter.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.replays.conftest import ENTERPRISE_URN, ERROR_URN, Endpoint, group, user

pytestmark = pytest.mark.live

NAME = "ford_purdy@example.org"
REPLACED: list[tuple[str, Any]] = [
    ('emails[type eq "work"].value', "new@example.org"),
    ('emails[type eq "work"].primary', True),
    ('addresses[type eq "work"].formatted', "F"),
    ('addresses[type eq "work"].streetAddress', "S"),
    ('addresses[type eq "work"].locality', "L"),
    ('addresses[type eq "work"].region', "R"),
    ('addresses[type eq "work"].postalCode', "78"),
    ('addresses[type eq "work"].country', "DE"),
    ('phoneNumbers[type eq "work"].value', "1"),
    ('phoneNumbers[type eq "mobile"].value', "2"),
    ('phoneNumbers[type eq "fax"].value', "3"),
    ('roles[primary eq "True"].display', "D"),
    ('roles[primary eq "True"].value', "V"),
    ('roles[primary eq "True"].type', "T"),
    *(
        (name, f"new {name}")
        for name in ("displayName", "title", "preferredLanguage", "userType", "nickName", "locale")
    ),
    *((f"name.{part}", f"new {part}") for part in ("givenName", "familyName", "formatted", "middleName")),
    *((f"name.{part}", f"new {part}") for part in ("honorificPrefix", "honorificSuffix")),
    ("timezone", "Africa/Harare"),
    ("profileUrl", "https://example.org/ford"),
    ("externalId", "e-2"),
    *(
        (f"{ENTERPRISE_URN}:{name}", f"new {name}")
        for name in ("employeeNumber", "department", "costCenter", "organization", "division")
    ),
]


def shown(resource: Any, path: str) -> Any:
    """What a resource has at a path of the validator."""
    if path.startswith(ENTERPRISE_URN):
        return resource[ENTERPRISE_URN][path.rpartition(":")[2]]
    if "[" in path:
        name, _, rest = path.partition("[")
        condition, _, sub = rest.partition("].")
        key, _, value = condition.partition(" eq ")
        wanted = True if value == '"True"' else value.strip('"')
        (element,) = [one for one in resource[name] if one.get(key) == wanted]
        return element[sub]
    return resource[path] if "." not in path else resource[path.partition(".")[0]][path.partition(".")[2]]


def person(endpoint: Endpoint, name: str = NAME, **attributes: Any) -> str:
    return str(endpoint.create("/Users", user(name, **attributes))["id"])


def squad(endpoint: Endpoint, name: str = "Squad", **attributes: Any) -> str:
    return str(endpoint.create("/Groups", group(name, **attributes))["id"])


def replace(path: str, value: object, op: str = "replace") -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


def test_create_a_new_user(endpoint: Endpoint) -> None:
    made = endpoint.create("/Users", user(NAME, emails=[{"type": "work", "value": NAME, "primary": True}]))
    (found,) = endpoint.found("/Users", "userName", NAME)
    assert found == made


def test_create_a_duplicate_user(endpoint: Endpoint) -> None:
    person(endpoint)
    refused = endpoint.create("/Users", user(NAME), status=409)
    assert (refused["schemas"], refused["status"], refused["scimType"]) == ([ERROR_URN], "409", "uniqueness")


def test_filter_for_an_existing_user(endpoint: Endpoint) -> None:
    made = person(endpoint)
    assert [one["id"] for one in endpoint.found("/Users", "userName", NAME)] == [made]


def test_filter_for_a_non_existing_user(endpoint: Endpoint) -> None:
    assert endpoint.found("/Users", "userName", "nobody@example.org") == []


def test_filter_for_an_existing_user_with_a_different_case(endpoint: Endpoint) -> None:
    person(endpoint)
    assert [one["userName"] for one in endpoint.found("/Users", "userName", NAME.upper())] == [NAME]


def test_patch_user_replace_attributes_verbose(endpoint: Endpoint) -> None:
    path = f"/Users/{person(endpoint)}"
    after = endpoint.patch(path, *(replace(name, value) for name, value in REPLACED))
    assert {name: shown(after, name) for name, _ in REPLACED} == dict(REPLACED)


def test_patch_user_replace_attributes(endpoint: Endpoint) -> None:
    """The other mode of the same test: one value object without a path beside the operations with filters."""
    path = f"/Users/{person(endpoint)}"
    plain = {name: value for name, value in REPLACED if "[" not in name}
    operations = [replace(name, value) for name, value in REPLACED if "[" in name]
    after = endpoint.patch(path, *operations, {"op": "replace", "value": plain})
    assert {name: shown(after, name) for name, _ in REPLACED} == dict(REPLACED)


def test_patch_user_add_attributes(endpoint: Endpoint) -> None:
    """A minimal person and an add for each attribute, in the mode with discovered schemas."""
    path = f"/Users/{person(endpoint)}"
    after = endpoint.patch(path, *(replace(name, value, "add") for name, value in REPLACED))
    assert {name: shown(after, name) for name, _ in REPLACED} == dict(REPLACED)


def test_update_user_username(endpoint: Endpoint) -> None:
    made = person(endpoint)
    after = endpoint.patch(f"/Users/{made}", {"op": "replace", "value": {"userName": "new@example.org"}})
    assert after["userName"] == "new@example.org"
    assert endpoint.found("/Users", "userName", NAME) == []


def test_patch_user_disable_user(endpoint: Endpoint) -> None:
    path = f"/Users/{person(endpoint)}"
    assert endpoint.patch(path, replace("active", "False", "Replace"))["active"] is False
    assert endpoint.patch(path, {"op": "replace", "value": {"active": True}})["active"] is True
    assert endpoint.patch(path, {"op": "replace", "value": {"active": False}})["active"] is False


def managed(endpoint: Endpoint) -> tuple[str, str, str]:
    """A person and two who can be the manager."""
    return f"/Users/{person(endpoint)}", person(endpoint, "boss@example.org"), person(endpoint, "chief@example.org")


def manager(resource: Any) -> str | None:
    found: str | None = resource.get(ENTERPRISE_URN, {}).get("manager", {}).get("value")
    return found


def test_patch_user_add_manager(endpoint: Endpoint) -> None:
    path, boss, _ = managed(endpoint)
    assert manager(endpoint.patch(path, replace(f"{ENTERPRISE_URN}:manager", boss, "add"))) == boss


def test_patch_user_replace_manager(endpoint: Endpoint) -> None:
    path, boss, chief = managed(endpoint)
    endpoint.patch(path, replace(f"{ENTERPRISE_URN}:manager", boss, "add"))
    assert manager(endpoint.patch(path, replace(f"{ENTERPRISE_URN}:manager", chief))) == chief


@pytest.mark.parametrize("empty", ["", {"value": ""}], ids=["text", "object"])
def test_patch_user_remove_manager(endpoint: Endpoint, empty: object) -> None:
    path, boss, _ = managed(endpoint)
    endpoint.patch(path, replace(f"{ENTERPRISE_URN}:manager", boss, "add"))
    assert ENTERPRISE_URN not in endpoint.patch(path, replace(f"{ENTERPRISE_URN}:manager", empty))


def test_delete_a_user(endpoint: Endpoint) -> None:
    path = f"/Users/{person(endpoint)}"
    endpoint.delete(path)
    assert endpoint.get(path, status=404)["schemas"] == [ERROR_URN]


def test_get_group_by_id_excluding_members(endpoint: Endpoint) -> None:
    member = person(endpoint)
    made = squad(endpoint, members=[{"value": member}])
    found = endpoint.get(f"/Groups/{made}?excludedAttributes=members")
    assert (found["displayName"], "members" in found) == ("Squad", False)


def test_filter_for_existing_group_excluding_members(endpoint: Endpoint) -> None:
    made = squad(endpoint, members=[{"value": person(endpoint)}])
    (found,) = endpoint.found("/Groups", "displayName", "Squad", "&excludedAttributes=members")
    assert (found["id"], "members" in found) == (made, False)


def test_filter_for_an_existing_group(endpoint: Endpoint) -> None:
    made = squad(endpoint)
    assert [one["id"] for one in endpoint.found("/Groups", "displayName", "Squad")] == [made]


def test_filter_for_a_non_existing_group(endpoint: Endpoint) -> None:
    assert endpoint.found("/Groups", "displayName", "Nobody") == []


def test_filter_for_an_existing_group_with_a_different_case(endpoint: Endpoint) -> None:
    made = squad(endpoint)
    assert [one["id"] for one in endpoint.found("/Groups", "displayName", "SQUAD")] == [made]


def test_create_a_new_group(endpoint: Endpoint) -> None:
    made = endpoint.create("/Groups", group("Squad", externalId="g-1"))
    assert (made["displayName"], made["externalId"], made["meta"]["resourceType"]) == ("Squad", "g-1", "Group")


def test_create_a_duplicate_group(endpoint: Endpoint) -> None:
    squad(endpoint)
    refused = endpoint.create("/Groups", group("Squad"), status=409)
    assert (refused["schemas"], refused["status"], refused["scimType"]) == ([ERROR_URN], "409", "uniqueness")


def test_patch_group_replace_attributes(endpoint: Endpoint) -> None:
    made = squad(endpoint)
    value = {"displayName": "Crew", "externalId": "g-2"}
    after = endpoint.patch(f"/Groups/{made}", {"op": "replace", "value": value})
    assert (after["displayName"], after["externalId"]) == ("Crew", "g-2")


def test_update_group_displayname(endpoint: Endpoint) -> None:
    made = squad(endpoint)
    after = endpoint.patch(f"/Groups/{made}", replace("displayName", "Crew"), replace("externalId", "g-3"))
    assert (after["displayName"], after["externalId"]) == ("Crew", "g-3")


def test_patch_group_add_member(endpoint: Endpoint) -> None:
    first, second, made = person(endpoint), person(endpoint, "b@example.org"), squad(endpoint)
    after = endpoint.patch(f"/Groups/{made}", replace("members", [{"value": first}], "add"))
    assert [one["value"] for one in after["members"]] == [first]
    after = endpoint.patch(f"/Groups/{made}", replace("members", [{"value": first}, {"value": second}]))
    assert {one["value"] for one in after["members"]} == {first, second}


def test_patch_group_remove_member(endpoint: Endpoint) -> None:
    first, second = person(endpoint), person(endpoint, "b@example.org")
    made = squad(endpoint, members=[{"value": first}, {"value": second}])
    after = endpoint.patch(f"/Groups/{made}", {"op": "remove", "path": f'members[value eq "{first}"]'})
    assert [one["value"] for one in after["members"]] == [second]


def test_delete_a_group(endpoint: Endpoint) -> None:
    path = f"/Groups/{squad(endpoint)}"
    endpoint.delete(path)
    assert endpoint.get(path, status=404)["schemas"] == [ERROR_URN]


def test_patch_user_multiple_operations_on_different_attributes(endpoint: Endpoint) -> None:
    path = f"/Users/{person(endpoint, title='Lead')}"
    after = endpoint.patch(path, {"op": "remove", "path": "title"}, replace("displayName", "F", "add"))
    assert ("title" in after, after["displayName"]) == (False, "F")


def test_patch_user_multiple_operations_on_the_same_attribute(endpoint: Endpoint) -> None:
    path = f"/Users/{person(endpoint)}"
    operations = [
        {"op": "remove", "path": "displayName"},
        replace("displayName", "A", "add"),
        replace("displayName", "B"),
    ]
    assert endpoint.patch(path, *operations)["displayName"] == "B"


def test_delete_a_non_existent_user(endpoint: Endpoint) -> None:
    endpoint.delete("/Users/0190c0de-0000-7000-8000-000000000000", status=404)


def test_delete_the_same_user_twice(endpoint: Endpoint) -> None:
    path = f"/Users/{person(endpoint)}"
    endpoint.delete(path)
    endpoint.delete(path, status=404)


def test_patch_group_add_and_remove_a_member_in_one_request(endpoint: Endpoint) -> None:
    first, second = person(endpoint), person(endpoint, "b@example.org")
    made = squad(endpoint, members=[{"value": first}])
    away = {"op": "remove", "path": f'members[value eq "{first}"]'}
    after = endpoint.patch(f"/Groups/{made}", replace("members", [{"value": second}], "add"), away)
    assert [one["value"] for one in after["members"]] == [second]


def test_delete_a_non_existent_group(endpoint: Endpoint) -> None:
    endpoint.delete("/Groups/0190c0de-0000-7000-8000-000000000000", status=404)


def test_delete_the_same_group_twice(endpoint: Endpoint) -> None:
    path = f"/Groups/{squad(endpoint)}"
    endpoint.delete(path)
    endpoint.delete(path, status=404)


def test_an_empty_list_of_operations(endpoint: Endpoint) -> None:
    """Seen in a run of the validator: it expects success."""
    path = f"/Users/{person(endpoint)}"
    before = endpoint.get(path)
    assert endpoint.patch(path) == before
