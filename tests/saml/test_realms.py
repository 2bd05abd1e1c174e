"""Domains decide which sign-in somebody is sent to, once they are proven."""

from __future__ import annotations

from typing import Any

import pytest

from doorlist.errors import BadInput, Conflict, Forbidden, Taken
from doorlist.service import finding, realms
from doorlist.store.db import Database
from doorlist.web.app import App
from tests.http.conftest import OPERATOR
from tests.saml.conftest import BASE, Company, found

OWN = {"Origin": BASE}


async def _sent(company: Company, email: str) -> str:
    answer = await company.browser().http.post("/signin", data={"email": email, "next": "/o/example"}, headers=OWN)
    return answer.headers.get("location", "")


async def test_people_of_a_verified_domain_are_sent_to_their_identity_provider(company: Company) -> None:
    org_id = company.organization.org_id
    assert await _sent(company, "ana@example.com") == ""
    await realms.assert_domain(company.database, OPERATOR, org_id, "Example.COM.")
    assert await _sent(company, "ana@EXAMPLE.com") == "/saml/example/login?next=/o/example"
    assert await _sent(company, "ana@sub.example.com") == ""


async def test_an_address_of_no_domain_is_asked_for_the_organization(company: Company) -> None:
    page = await company.browser().http.post("/signin", data={"email": "x@nowhere.example"}, headers=OWN)
    assert 'name="organization"' in page.text
    form = {"email": "x@nowhere.example", "organization": "EXAMPLE"}
    answer = await company.browser().http.post("/signin", data=form, headers=OWN)
    assert answer.headers["location"].startswith("/signin/example?")


async def test_a_domain_counts_when_its_record_is_there(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    org_id = company.organization.org_id
    row = await realms.add_domain(company.database, OPERATOR, org_id, "example.com")
    published: set[str] = {"v=spf1 -all"}

    async def texts(_: str) -> set[str]:
        return published

    monkeypatch.setattr(realms, "_texts", texts)
    with pytest.raises(Conflict, match=row.token):
        await realms.verify_domain(company.database, OPERATOR, org_id, "example.com")
    assert await _sent(company, "ana@example.com") == ""
    published.add(realms.PREFIX + row.token)
    assert (await realms.verify_domain(company.database, OPERATOR, org_id, "example.com")).verified_by == "dns"
    assert await _sent(company, "ana@example.com") != ""


async def test_a_domain_counts_for_one_organization_only(
    company: Company, app: App, enrol: Any, database: Database
) -> None:
    other = await found(app, enrol, database, "Other")
    await realms.assert_domain(company.database, OPERATOR, company.organization.org_id, "example.com")
    with pytest.raises(Taken):
        await realms.assert_domain(company.database, OPERATOR, other.organization.org_id, "example.com")


async def test_nobody_but_the_operator_vouches_for_a_domain(company: Company) -> None:
    org_id = company.organization.org_id
    owner = await finding.acting_as(company.database, org_id, "owner@example.com", source="console")
    with pytest.raises(Forbidden):
        await realms.assert_domain(company.database, owner, org_id, "example.com")


@pytest.mark.parametrize("text", ["", "localhost", "a b.example", "-a.example", "a..example", "x" * 64 + ".example"])
async def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        realms.clean_domain(text)


def test_domains_are_compared_as_dns_has_them() -> None:
    assert realms.clean_domain(" Bücher.Example. ") == "xn--bcher-kva.example"
