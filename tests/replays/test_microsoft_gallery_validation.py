"""The 25 tests of Microsoft's gallery validation, replayed from its public overview and workflows.

The tests of users and groups work in a directory and look at its log and at the endpoint; the stand-in takes the
place of the directory. The others call the endpoint. Function names are those of the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx2 as httpx
import pytest

from entrasim import people, scope, security_groups
from entrasim.application import connect
from entrasim.statefile import StateFile
from tests.entrasim.conftest import Company
from tests.replays.conftest import ENTERPRISE_URN, GROUP_URN, USER_URN, Endpoint, group, user

pytestmark = pytest.mark.live

EMPTY_LATER = ("displayName", "title", "nickName", "preferredLanguage", "locale", "userType", "name.givenName")


@dataclass
class Tenant:
    """A directory whose application is connected to the endpoint."""

    company: Company
    endpoint: Endpoint

    @property
    def state(self) -> StateFile:
        return self.company.state

    def assigned(self, name: str) -> None:
        """A new person, assigned and provisioned."""
        scope.assign_user(self.state, self.company.person(name).key)
        assert self.cycle().users.created == 1

    def assigned_group(self, name: str, *members: str) -> None:
        """A new group, assigned with its members, and provisioned."""
        for member in members:
            self.company.person(member)
        scope.assign_group(self.state, self.company.group(name, *members).key)
        assert self.cycle().groups.created == 1

    def cycle(self) -> Any:
        self.company.wait(minutes=40)
        result = self.company.cycle()
        assert result.failures == 0
        return result

    def person(self, name: str) -> Any:
        """The person at the endpoint, or None."""
        found = self.endpoint.found("/Users", "userName", f"{name}@contoso.example")
        return found[0] if found else None

    def group(self, name: str) -> Any:
        found = self.endpoint.found("/Groups", "displayName", name)
        return found[0] if found else None

    def manager(self, name: str) -> str | None:
        found: str | None = self.person(name).get(ENTERPRISE_URN, {}).get("manager", {}).get("value")
        return found


@pytest.fixture
def tenant(endpoint: Endpoint, tmp_path: Path) -> Iterator[Tenant]:
    """A directory of the test's own."""
    state = StateFile.open(tmp_path / "directory.db")
    connect(state, endpoint.url, token=endpoint.token)
    yield Tenant(Company(state, cast("Any", None)), endpoint)
    state.close()


def test_create_user_test(tenant: Tenant) -> None:
    tenant.assigned("ana")
    assert tenant.person("ana")["active"] is True


def test_update_user_test(tenant: Tenant) -> None:
    tenant.assigned("ana")
    people.change_person(tenant.state, "ana", changes={"job_title": "Lead", "department": "Ops"})
    assert tenant.cycle().users.updated == 1
    found = tenant.person("ana")
    assert (found["title"], found[ENTERPRISE_URN]["department"]) == ("Lead", "Ops")


def test_disable_user_test(tenant: Tenant) -> None:
    tenant.assigned("ana")
    people.set_enabled(tenant.state, "ana", enabled=False)
    assert tenant.cycle().users.disabled == 1
    assert tenant.person("ana")["active"] is False


def test_delete_user_test(tenant: Tenant) -> None:
    tenant.assigned("ana")
    identifier = tenant.person("ana")["id"]
    people.delete_person(tenant.state, "ana", now=tenant.company.now)
    assert tenant.cycle().users.disabled == 1
    people.purge_person(tenant.state, "ana", now=tenant.company.now)
    assert tenant.cycle().users.deleted == 1
    assert tenant.endpoint.get(f"/Users/{identifier}", status=404)["status"] == "404"
    assert tenant.person("ana") is None


def test_user_update_manager_test(tenant: Tenant) -> None:
    """Set, change; the third phase, removal, is the endpoint's part: the service itself never sends an empty value."""
    for name in ("boss", "chief", "ana"):
        tenant.assigned(name)
    for name in ("boss", "chief"):
        people.change_person(tenant.state, "ana", changes={"manager": people.find_person(tenant.state, name).key})
        assert tenant.cycle().managers.set == 1
        assert tenant.manager("ana") == tenant.person(name)["id"]
    path = f"/Users/{tenant.person('ana')['id']}"
    tenant.endpoint.patch(path, {"op": "Replace", "path": f"{ENTERPRISE_URN}:manager", "value": ""})
    assert tenant.manager("ana") is None


def test_restore_user_test(tenant: Tenant) -> None:
    """Provision, unassign, assign again: the same person is back."""
    tenant.assigned("ana")
    before = tenant.person("ana")["id"]
    key = people.find_person(tenant.state, "ana").key
    scope.unassign_user(tenant.state, key)
    tenant.cycle()
    assert tenant.person("ana")["active"] is False
    scope.assign_user(tenant.state, key)
    tenant.cycle()
    after = tenant.person("ana")
    assert (after["id"], after["active"]) == (before, True)


def test_pod_user_test(tenant: Tenant) -> None:
    """Provision on demand: at once, without a cycle."""
    scope.assign_user(tenant.state, tenant.company.person("ana").key)
    tenant.company.demand_user("ana")
    assert tenant.person("ana")["active"] is True


def test_create_group_test(tenant: Tenant) -> None:
    tenant.assigned_group("Design")
    assert tenant.group("Design")["externalId"]


def test_update_group_test(tenant: Tenant) -> None:
    tenant.assigned_group("Design")
    identifier = tenant.group("Design")["id"]
    security_groups.rename_group(tenant.state, "Design", new_name="Design EU")
    assert tenant.cycle().groups.updated == 1
    assert tenant.group("Design EU")["id"] == identifier


def test_delete_group_test(tenant: Tenant) -> None:
    tenant.assigned_group("Design")
    security_groups.delete_group(tenant.state, "Design", now=tenant.company.now)
    assert tenant.cycle().groups.deleted == 1
    assert tenant.group("Design") is None


def test_group_update_add_member_test(tenant: Tenant) -> None:
    tenant.assigned_group("Design", "ana")
    tenant.company.person("max")
    tenant.company.join("Design", "max")
    assert tenant.cycle().members.added == 1
    wanted = {tenant.person(name)["id"] for name in ("ana", "max")}
    assert {one["value"] for one in tenant.group("Design")["members"]} == wanted


def test_group_update_remove_member_test(tenant: Tenant) -> None:
    tenant.assigned_group("Design", "ana", "max")
    tenant.company.leave("Design", "max")
    assert tenant.cycle().members.removed == 1
    assert [one["value"] for one in tenant.group("Design")["members"]] == [tenant.person("ana")["id"]]


def test_pod_group_test(tenant: Tenant) -> None:
    tenant.company.person("ana")
    scope.assign_group(tenant.state, tenant.company.group("Design", "ana").key)
    tenant.company.demand_group("Design", "ana")
    assert [one["value"] for one in tenant.group("Design")["members"]] == [tenant.person("ana")["id"]]


def test_restore_group_test(tenant: Tenant) -> None:
    """Provision, unassign, assign again: the group is gone in between and back afterwards."""
    tenant.assigned_group("Design")
    key = security_groups.find_group(tenant.state, "Design").key
    scope.unassign_group(tenant.state, key)
    tenant.cycle()
    assert tenant.group("Design") is None
    scope.assign_group(tenant.state, key)
    tenant.cycle()
    assert tenant.group("Design") is not None


def flattened(schema: Any) -> Iterator[str]:
    """Attribute names as the validation spells them: dotted, and with the canonical types of several values."""
    prefix = "" if schema["id"] in (USER_URN, GROUP_URN) else f"{schema['id']}:"
    for attribute in schema["attributes"]:
        name, subs = f"{prefix}{attribute['name']}", attribute.get("subAttributes", [])
        if not subs or attribute["name"] in ("manager", "members"):
            yield name
        elif not attribute["multiValued"]:
            yield from (f"{name}.{sub['name']}" for sub in subs)
        else:
            types = next((sub.get("canonicalValues", []) for sub in subs if sub["name"] == "type"), [])
            conditions = [f'type eq "{kind}"' for kind in types] or ['primary eq "True"']
            yield from (f"{name}[{condition}].{sub['name']}" for condition in conditions for sub in subs)


def test_schema_discoverability_test(endpoint: Endpoint) -> None:
    body = endpoint.get("/Schemas")
    schemas = {schema["id"]: set(flattened(schema)) for schema in body["Resources"]}
    assert GROUP_URN in schemas
    phones = {f'phoneNumbers[type eq "{kind}"].value' for kind in ("work", "mobile", "fax")}
    parts = ("formatted", "streetAddress", "locality", "region", "postalCode", "country")
    addresses = {f'addresses[type eq "work"].{part}' for part in parts}
    mapped = {"userName", "active", "displayName", "title", "preferredLanguage", "externalId", "name.givenName"}
    mapped |= (
        {'roles[primary eq "True"].value', "name.familyName", "name.formatted", 'emails[type eq "work"].value'}
        | phones
        | addresses
    )
    assert mapped - schemas[USER_URN] == set()
    enterprise = {f"{ENTERPRISE_URN}:{name}" for name in ("employeeNumber", "department", "manager")}
    assert enterprise - schemas[ENTERPRISE_URN] == set()
    assert {"displayName", "externalId", "members"} - schemas[GROUP_URN] == set()


def test_scim_null_update_test(endpoint: Endpoint) -> None:
    """Every optional attribute emptied by an empty text, and emptied again by null."""
    flat = {name: "x" for name in EMPTY_LATER if "." not in name}
    path = f"/Users/{endpoint.create('/Users', user('ana', **flat, name={'givenName': 'x'}))['id']}"
    for empty in ("", None):
        after = endpoint.patch(path, *({"op": "replace", "path": name, "value": empty} for name in EMPTY_LATER))
        assert not {name.partition(".")[0] for name in EMPTY_LATER} & after.keys()


def test_scim_user_create_test(endpoint: Endpoint) -> None:
    made = endpoint.create("/Users", user("ana@contoso.example"))
    assert made["id"]
    assert made["userName"] == "ana@contoso.example"


def test_scim_user_update_test(endpoint: Endpoint) -> None:
    path = f"/Users/{endpoint.create('/Users', user('ana'))['id']}"
    wanted = {name: f"updated {name}" for name in ("displayName", "title", "nickName", "userType")}
    after = endpoint.patch(path, *({"op": "replace", "path": name, "value": text} for name, text in wanted.items()))
    assert {name: after[name] for name in wanted} == wanted


def test_scim_group_create_test(endpoint: Endpoint) -> None:
    made = endpoint.create("/Groups", group("Design"))
    assert made["id"]
    assert made["displayName"] == "Design"


def test_scim_group_update_test(endpoint: Endpoint) -> None:
    path = f"/Groups/{endpoint.create('/Groups', group('Design'))['id']}"
    operations = [{"op": "replace", "path": name, "value": "new"} for name in ("displayName", "externalId")]
    after = endpoint.patch(path, *operations)
    assert (after["displayName"], after["externalId"]) == ("new", "new")


def test_validate_credentials_test(endpoint: Endpoint) -> None:
    """The part after the token: the endpoint opens with it. A token endpoint is not offered; the suite skips it."""
    assert endpoint.get("/Users?startIndex=1&count=1")["totalResults"] == 0
    assert httpx.get(f"{endpoint.url}/Users?startIndex=1&count=1").status_code == 401


def test_federated_identity_test(endpoint: Endpoint) -> None:
    """Workload identity federation is not offered: a token of the directory opens nothing, and says so."""
    presented = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLm1pY3Jvc29mdG9ubGluZS5jb20vdC92Mi4wIn0.c2ln"
    answer = httpx.get(f"{endpoint.url}/Users?count=1", headers={"Authorization": f"Bearer {presented}"})
    assert (answer.status_code, answer.json()["status"]) == (401, "401")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def paged(endpoint: Endpoint, path: str, created: int) -> None:
    """Pages of five whose startIndex is page * 5 + 1, until everything was seen once."""
    seen: list[str] = []
    for page in range(-(-created // 5)):
        body = endpoint.get(f"{path}?startIndex={page * 5 + 1}&count=5")
        assert (body["startIndex"], body["totalResults"]) == (page * 5 + 1, created)
        seen += [one["id"] for one in body["Resources"]]
    assert len(set(seen)) == len(seen) == created


def test_scim_user_pagination_test(endpoint: Endpoint) -> None:
    for number in range(11):
        endpoint.create("/Users", user(f"person{number}"))
    paged(endpoint, "/Users", 11)


def test_scim_group_pagination_test(endpoint: Endpoint) -> None:
    for number in range(11):
        endpoint.create("/Groups", group(f"Group {number}"))
    paged(endpoint, "/Groups", 11)


def test_scim_update_manager_test(endpoint: Endpoint) -> None:
    boss, chief, ana = (str(endpoint.create("/Users", user(name))["id"]) for name in ("boss", "chief", "ana"))
    path = f"{ENTERPRISE_URN}:manager"
    for op, value in (("Add", boss), ("Replace", chief)):
        after = endpoint.patch(f"/Users/{ana}", {"op": op, "path": path, "value": value})
        assert after[ENTERPRISE_URN]["manager"]["value"] == value
    assert ENTERPRISE_URN not in endpoint.patch(f"/Users/{ana}", {"op": "Replace", "path": path, "value": ""})
