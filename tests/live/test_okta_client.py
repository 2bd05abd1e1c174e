"""Okta's client brings people and groups of the directory into Doorlist, in both kinds of integration."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.processes import Commands, Organization

pytestmark = pytest.mark.live


def users(organization: Organization) -> dict[str, dict[str, Any]]:
    with organization.client() as client:
        listed = client.get("/Users", params={"count": 100}).json()["Resources"]
    return {one["userName"].partition("@")[0]: one for one in listed}


def members(organization: Organization) -> dict[str, set[str]]:
    names = {one["id"]: name for name, one in users(organization).items()}
    with organization.client() as client:
        groups = [client.get(f"/Groups/{one['id']}").json() for one in client.get("/Groups").json()["Resources"]]
    return {one["displayName"]: {names[m["value"]] for m in one.get("members", [])} for one in groups}


@pytest.mark.parametrize("kind", ["oin", "aiw"])
def test_joiners_movers_and_leavers_are_pushed(commands: Commands, kind: str) -> None:
    organization = commands.organization(f"Okta {kind}")
    for name in ("ana", "bob", "carla"):
        commands.entrasim("user", "add", f"{name}@contoso.example", f"given_name={name.title()}", "surname=Ruiz")
    commands.entrasim("group", "add", "Design")
    commands.entrasim("group", "add-member", "Design", "ana", "bob")
    commands.entrasim("connect", organization.scim_url, organization.token)
    commands.entrasim("assign", "--all")
    first = commands.entrasim_json("okta", "push", "--kind", kind)
    assert (first["tally"]["users"]["created"], first["tally"]["members"]["added"]) == (3, 2)
    assert users(organization)["ana"]["locale"] == "en-US"
    assert members(organization) == {"Design": {"ana", "bob"}}

    commands.entrasim("user", "set", "ana", "surname=Gil")
    commands.entrasim("user", "disable", "carla")
    commands.entrasim("group", "rename", "Design", "Design EU")
    commands.entrasim("group", "add-member", "Design EU", "carla")
    commands.entrasim("group", "remove-member", "Design EU", "bob")
    second = commands.entrasim_json("okta", "push", "--kind", kind)
    assert second["stopped"] is None
    found = users(organization)
    assert found["ana"]["name"]["familyName"] == "Gil"
    assert (found["carla"]["active"], found["bob"]["active"]) == (False, True)
    assert "bob" not in members(organization)["Design EU"]
    assert "ana" in members(organization)["Design EU"]

    commands.entrasim("user", "enable", "carla")
    commands.entrasim("user", "delete", "bob")
    commands.entrasim("okta", "push", "--kind", kind)
    found = users(organization)
    assert (found["carla"]["active"], found["bob"]["active"]) == (True, False)
    commands.entrasim("user", "purge", "bob")
    commands.entrasim("group", "delete", "Design EU")
    commands.entrasim("okta", "push", "--kind", kind)
    assert "bob" in users(organization)  # Okta never deletes people
    assert members(organization) == {}
    assert commands.entrasim_json("okta", "push", "--kind", kind)["requests"] == 0


def test_an_import_links_who_is_here_and_names_who_is_not(commands: Commands) -> None:
    organization = commands.organization("Okta import")
    with organization.client() as client:
        for name in ("ana", "stranger"):
            client.post("/Users", json={"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                                        "userName": f"{name}@contoso.example"})  # fmt: skip
    commands.entrasim("user", "add", "ana@contoso.example")
    commands.entrasim("connect", organization.scim_url, organization.token)
    commands.entrasim("assign", "--all")
    imported = commands.entrasim_json("okta", "import")
    assert imported == {"linked": ["ana@contoso.example"], "unknown": ["stranger@contoso.example"]}
    pushed = commands.entrasim_json("okta", "push")
    assert (pushed["tally"]["users"]["created"], pushed["tally"]["users"]["updated"]) == (0, 1)
