"""The stand-in's identity provider signs people in, in every way that it has, and each of its mistakes is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from doorlist.service import saml_setup
from tests.http.conftest import OPERATOR
from tests.saml.conftest import Browser, Company

REFUSED_AT = {
    "expired": "conditions",
    "future": "conditions",
    "confirmation-expired": "subject-confirmation",
    "wrong-audience": "audience",
    "no-audience": "audience",
    "wrong-recipient": "subject-confirmation",
    "wrong-destination": "destination",
    "wrong-issuer": "issuer",
    "wrong-in-response-to": "request",
    "no-in-response-to": "request",
    "unknown-person": "person",
    "comment-in-name": "xml",
    "unsigned": "signed",
    "other-key": "signature",
    "sha1": "algorithms",
    "tampered": "signature",
    "signed-twice": "structure",
    "wrapped-beside": "structure",
    "wrapped-inside": "structure",
    "doctype": "xml",
}


class StandIn:
    """The commands of the stand-in on a state of their own."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def run(self, *words: str) -> str:
        command = [sys.executable, "-m", "entrasim", *words, "--state", str(self._state)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    async def answer(self, browser: Browser, *, user: str = "ana", mistake: str = "none") -> Any:
        """Send a browser there and back."""
        sent = await browser.http.get("/saml/example/login")
        query = urlsplit(sent.headers["location"]).query
        text = self.run("saml", "respond", "--user", user, "--request", query, "--mistake", mistake)
        form = json.loads(text)
        fields = form.get("fields", form)
        return await browser.http.post("/saml/example/acs", data={"SAMLResponse": fields["SAMLResponse"]})


@pytest.fixture
async def stand_in(company: Company, tmp_path: Path) -> StandIn:
    """A stand-in with ana@example.com assigned; both sides know each other by their metadata."""
    made = StandIn(tmp_path / "entrasim.db")
    made.run("user", "add", "ana@example.com", "displayName=Ana")
    made.run("assign", "--user", "ana")
    ours = tmp_path / "ours.xml"
    ours.write_bytes((await company.browser().http.get("/saml/example/metadata")).content)
    made.run("saml", "connect", "--metadata", str(ours))
    theirs = made.run("saml", "metadata").encode()
    await saml_setup.set_from_metadata(company.database, OPERATOR, company.organization, theirs)
    return made


@pytest.mark.parametrize("setting", ["signing=assertion", "signing=response", "signing=both"])
@pytest.mark.parametrize("encryption", ["none", "aes256-gcm", "aes256-cbc"])
async def test_it_signs_people_in(setting: str, encryption: str, company: Company, stand_in: StandIn) -> None:
    stand_in.run("saml", "set", setting, f"encryption={encryption}")
    browser = company.browser()
    answer = await stand_in.answer(browser)
    assert answer.status_code == 303, await company.last()
    assert await browser.lets_in()


async def test_each_of_its_mistakes_is_refused_at_its_check(company: Company, stand_in: StandIn) -> None:
    found: dict[str, str | None] = {}
    for mistake in REFUSED_AT:
        browser = company.browser()
        assert (await stand_in.answer(browser, mistake=mistake)).status_code == 403, mistake
        assert not browser.signed_in
        found[mistake] = (await company.last()).check_name
    assert found == REFUSED_AT


async def test_who_left_is_refused_even_when_it_vouches_for_them(company: Company, stand_in: StandIn) -> None:
    ana = (await company.directory.call("GET", "/Users")).json()["Resources"][0]
    await company.directory.patch(f"/Users/{ana['id']}", {"op": "Replace", "path": "active", "value": "False"})
    stand_in.run("user", "disable", "ana")
    assert (await stand_in.answer(company.browser(), mistake="ignore-state")).status_code == 403
    assert (await company.last()).check_name == "person"


async def test_its_certificate_that_has_ended_is_refused(company: Company, stand_in: StandIn) -> None:
    key = stand_in.run("saml", "certificate", "new", "--days", "-1").split()[0]
    theirs = stand_in.run("saml", "metadata").encode()
    await saml_setup.set_from_metadata(company.database, OPERATOR, company.organization, theirs)
    assert (await stand_in.answer(company.browser())).status_code == 303
    stand_in.run("saml", "certificate", "activate", key)
    assert (await stand_in.answer(company.browser())).status_code == 403
    assert (await company.last()).check_name == "certificate"
