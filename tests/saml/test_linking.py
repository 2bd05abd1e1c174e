"""Who an assertion means: by stable id, then by user name, inside the directory of its organization only."""

from __future__ import annotations

from typing import Any

from doorlist.saml.names import CLAIM_EMAIL, CLAIM_OBJECT_ID
from doorlist.service import session_control, staffing
from doorlist.store.db import Database
from doorlist.web.app import App
from tests.http.conftest import OPERATOR
from tests.saml.conftest import Company, found


def oid(value: str) -> dict[str, list[str]]:
    return {CLAIM_OBJECT_ID: [value]}


async def _who(company: Company) -> str:
    return (await session_control.list_sessions(company.database, OPERATOR, company.organization.org_id))[0].user_name


async def _refused(company: Company, name: str, **over: Any) -> str:
    browser = company.browser()
    message = company.forge.signed_assertion(name, answers=await browser.asked(), **over)
    assert (await browser.answer(message)).status_code == 403
    assert not browser.signed_in
    line = await company.last()
    assert line.check_name == "person"
    return line.detail


async def test_the_user_name_is_compared_without_case(company: Company) -> None:
    await company.signed_in("ANA@Example.COM")
    assert await _who(company) == "ana@example.com"


async def test_the_stable_id_goes_before_the_user_name(company: Company) -> None:
    await company.directory.user("bob@example.com", externalId="b-1")
    await company.signed_in("ana@example.com", attributes=oid("b-1"))
    assert await _who(company) == "bob@example.com"


async def test_nobody_is_found_by_email(company: Company) -> None:
    await company.directory.user("c17", emails=[{"value": "carl@example.com", "type": "work"}])
    detail = await _refused(company, "carl@example.com", attributes={CLAIM_EMAIL: ["carl@example.com"]})
    assert "Nobody" in detail


async def test_nobody_of_another_organization_is_found(
    company: Company, app: App, enrol: Any, database: Database
) -> None:
    other = await found(app, enrol, database, "Other")
    await other.directory.user("dora@example.com", externalId="d-1")
    assert "Nobody" in await _refused(company, "dora@example.com", attributes=oid("d-1"))


async def test_the_local_owner_is_not_reached_through_the_identity_provider(company: Company) -> None:
    assert "Nobody" in await _refused(company, "owner@example.com")


async def test_who_is_deactivated_deleted_or_blocked_stays_outside(company: Company) -> None:
    ana = (await company.directory.call("GET", "/Users")).json()["Resources"][0]
    await company.signed_in(attributes=oid("a-1"))
    await company.directory.patch(f"/Users/{ana['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert "deactivated" in await _refused(company, "ana@example.com", attributes=oid("a-1"))
    await company.directory.call("DELETE", f"/Users/{ana['id']}")
    assert "deleted" in await _refused(company, "ana@example.com", attributes=oid("a-1"))
    bob = await company.directory.user("bob@example.com")
    await staffing.block(company.database, OPERATOR, company.organization.org_id, user_id=bob["id"])
    assert "blocked" in await _refused(company, "bob@example.com")


async def test_who_is_reactivated_is_the_same_person_again(company: Company) -> None:
    ana = (await company.directory.call("GET", "/Users")).json()["Resources"][0]
    first = await company.signed_in(attributes=oid("a-1"))
    for value in ("False", "True"):
        await company.directory.patch(f"/Users/{ana['id']}", {"op": "Replace", "path": "active", "value": value})
    assert not await first.lets_in()
    again = await company.signed_in(attributes=oid("a-1"))
    assert await again.lets_in()
    listed = await session_control.list_sessions(company.database, OPERATOR, company.organization.org_id)
    assert [str(line.user_id) for line in listed] == [ana["id"]]


async def test_a_change_of_the_user_name_between_two_sign_ins_keeps_the_person(company: Company) -> None:
    ana = (await company.directory.call("GET", "/Users")).json()["Resources"][0]
    await company.signed_in("ana@example.com", attributes=oid("a-1"))
    await company.signed_in("ana.married@example.com", attributes=oid("a-1"))  # the provider is faster
    change = {"op": "Replace", "path": "userName", "value": "ana.married@example.com"}
    await company.directory.patch(f"/Users/{ana['id']}", change)
    await company.signed_in("ana.married@example.com", attributes=oid("a-1"))
    await company.signed_in("ana@example.com", attributes=oid("a-1"))  # and slower
    listed = await session_control.list_sessions(company.database, OPERATOR, company.organization.org_id)
    assert {str(line.user_id) for line in listed} == {ana["id"]}


async def test_a_name_that_was_given_to_somebody_else_waits_for_the_directory(company: Company) -> None:
    ana = (await company.directory.call("GET", "/Users")).json()["Resources"][0]
    await company.signed_in("ana@example.com", attributes=oid("a-1"))
    assert "another stable id" in await _refused(company, "ana@example.com", attributes=oid("new-1"))
    change = {"op": "Replace", "path": "userName", "value": "ana.married@example.com"}
    await company.directory.patch(f"/Users/{ana['id']}", change)
    await company.directory.user("ana@example.com")
    await company.signed_in("ana@example.com", attributes=oid("new-1"))
    assert await _who(company) == "ana@example.com"


async def test_the_user_name_may_come_as_an_attribute(company: Company) -> None:
    await company.choose(user_name_claim="urn:oid:0.9.2342.19200300.100.1.1")
    assert "exactly one value" in await _refused(company, "ana@example.com")
    await company.signed_in("x-77", attributes={"urn:oid:0.9.2342.19200300.100.1.1": ["ana@example.com"]})
    assert await _who(company) == "ana@example.com"


async def test_group_attributes_change_no_membership(company: Company) -> None:
    claim = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
    group = await company.directory.group("Editors")
    await company.signed_in(attributes={claim: [group["id"], "Editors"]})
    assert await company.directory.members(group["id"]) == set()
