"""The test sign-in: it shows every check and attribute to who manages the organization, and opens nothing."""

from __future__ import annotations

from doorlist.domain.levels import Role
from doorlist.service import finding, staffing
from tests.http.conftest import OPERATOR
from tests.saml.conftest import SESSION, Browser, Company, message_of


async def _manager(company: Company) -> Browser:
    org_id = company.organization.org_id
    ana = await finding.person(company.database, org_id, "ana@example.com")
    await staffing.set_role(company.database, OPERATOR, org_id, user_id=ana.id, role=Role.ADMIN)
    return await company.signed_in()


async def _request(browser: Browser) -> str:
    sent = await browser.http.get("/saml/example/test")
    assert sent.status_code == 303, sent.text
    return str(message_of(sent.headers["location"]).get("ID"))


async def test_it_shows_checks_and_attributes_and_opens_no_session(company: Company) -> None:
    browser = await _manager(company)
    before = browser.http.cookies.get(SESSION)
    request = await _request(browser)
    message = company.forge.signed_assertion(answers=request, attributes={"department": ["Sales", "Ops"]})
    page = await browser.answer(message)
    assert page.status_code == 200
    assert "Sales, Ops" in page.text
    assert "subject-confirmation" in page.text
    assert browser.http.cookies.get(SESSION) == before
    line = await company.last()
    assert (line.kind, line.accepted) == ("test", True)
    assert line.attributes == {"department": ["Sales", "Ops"]}


async def test_it_tells_why_it_does_not_work(company: Company) -> None:
    browser = await _manager(company)
    request = await _request(browser)
    page = await browser.answer(company.forge.signed_assertion(answers=request, audience="https://other.example"))
    assert "The assertion is for https://other.example." in page.text
    assert (await company.last()).check_name == "audience"


async def test_only_who_manages_the_organization_tries_it_out(company: Company) -> None:
    member = await company.signed_in()
    assert (await member.http.get("/saml/example/test")).status_code == 403
    assert (await company.browser().http.get("/saml/example/test")).status_code == 401


async def test_a_usual_sign_in_keeps_no_attributes(company: Company) -> None:
    await company.signed_in(attributes={"department": ["Sales"]})
    assert (await company.last()).attributes is None
