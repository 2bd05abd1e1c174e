"""`entrasim saml …` as it is typed, and its page."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from entrasim.commands import app
from entrasim.refusals import InvalidAttribute, SignInRefused
from entrasim.saml_idp.mistakes import MISTAKES

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "entrasim-saml.md").read_text(encoding="utf-8")
Run = Callable[..., str]
FIELDS = ("--entity-id", "https://app.example", "--acs", "https://app.example/acs")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def command(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["--state", str(tmp_path / "state.db"), *words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.output

    return command


@pytest.mark.parametrize("name", sorted(set(MISTAKES) - {"none"}))
def test_every_mistake_is_documented_and_listed(name: str, run: Run) -> None:
    assert f"`{name}`" in PAGE
    assert MISTAKES[name].summary in run("saml", "mistake")


def test_an_application_is_registered_by_fields_changed_and_shown(run: Run) -> None:
    run("saml", "connect", *FIELDS)
    run("saml", "set", "signing=both", "assignment_required=no", "relay_state=/x")
    run("saml", "connect", "--logout", "https://app.example/slo")
    shown = json.loads(run("saml", "show", "--json"))
    known = shown["application"]
    assert (known["signing"], known["assignment_required"], known["relay_state"]) == ("both", False, "/x")
    assert known["logout_url"] == "https://app.example/slo"
    assert shown["certificates"][0]["state"] == "active"
    assert shown["issuer"] in run("saml", "metadata")


def test_fields_that_are_missing_or_unknown_are_refused(run: Run) -> None:
    run("saml", "connect", "--entity-id", "x", code=2)
    run("saml", "connect", *FIELDS)
    run("saml", "set", "colour=red", code=2)
    with pytest.raises(InvalidAttribute):
        run("saml", "set", "signing=never")


def test_a_response_is_printed_for_somebody_assigned_only(run: Run) -> None:
    run("saml", "connect", *FIELDS)
    run("user", "add", "ana@contoso.example")
    with pytest.raises(SignInRefused):
        run("saml", "respond", "--user", "ana")
    run("assign", "--user", "ana")
    delivery = json.loads(run("saml", "respond", "--user", "ana"))
    assert delivery["url"] == "https://app.example/acs"
    assert delivery["fields"].keys() == {"SAMLResponse"}


def test_certificates_are_made_activated_and_removed(run: Run) -> None:
    first = json.loads(run("saml", "show", "--json"))["certificates"][0]["id"]
    ended = run("saml", "certificate", "new", "--days", "-2").split()[0]
    run("saml", "certificate", "activate", ended)
    run("saml", "certificate", "remove", first)
    (left,) = json.loads(run("saml", "show", "--json"))["certificates"]
    assert (left["id"], left["state"]) == (ended, "active")
    assert datetime.fromisoformat(left["expires"]) < datetime.now(UTC) - timedelta(days=1)


def test_a_mistake_is_planned_for_once_or_always(run: Run) -> None:
    run("saml", "mistake", "expired", "--always")
    assert json.loads(run("saml", "show", "--json"))["mistake"] == "expired"
    run("saml", "mistake", "none")
    assert json.loads(run("saml", "show", "--json"))["mistake"] == "none"
