"""One story told in both dialects; what went over the wire must equal the golden files, request by request.

`ENTRASIM_WRITE_GOLDEN=1 pytest tests/entrasim/test_golden_requests.py` writes them anew; read the difference before
committing it: these files are the contract with every SCIM endpoint.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from entrasim import scope
from entrasim.people import change_person, delete_person, find_person, purge_person, restore_person, set_enabled
from entrasim.security_groups import delete_group, find_group, rename_group
from tests.entrasim.conftest import Company

GOLDEN = Path(__file__).parent / "golden"


def join_and_provision(company: Company) -> None:
    company.person("bob")
    bob = find_person(company.state, "bob")
    ana = company.person(
        "ana",
        display_name="Ana Ruiz",
        given_name="Ana",
        surname="Ruiz",
        mail="ana@contoso.example",
        job_title="Designer",
        department="Sales",
        employee_id="77",
        preferred_language="es",
        office="Madrid 4",
        street="Calle Mayor 1",
        city="Madrid",
        state="MD",
        postal_code="28001",
        country="ES",
        phone="+34 911 234",
        mobile="+34 600 123",
        fax="+34 911 235",
    )
    change_person(company.state, ana.id, changes={"manager": bob.key})
    company.group("Design", "ana", "bob")
    company.group("Quality", "ana")
    scope.assign_all(company.state)


def move(company: Company) -> None:
    changes = {"surname": "Ruiz-Gil", "mail": "ana@new.example", "department": "Ops", "handle": "ana.ruiz"}
    change_person(company.state, "ana", changes={**changes, "user_principal_name": "ana.ruiz@contoso.example"})


def fill_what_was_empty(company: Company) -> None:
    changes = {"mail": "bob@contoso.example", "job_title": "Lead", "department": "Ops", "mobile": "1", "surname": "B"}
    change_person(company.state, "bob", changes=changes)


def change_the_manager(company: Company) -> None:
    carla = company.person("carla")
    change_person(company.state, "ana.ruiz", changes={"manager": carla.key})


def remove_the_manager(company: Company) -> None:
    change_person(company.state, "ana.ruiz", changes={"manager": None})


def block_sign_in(company: Company) -> None:
    set_enabled(company.state, "ana.ruiz", enabled=False)


def allow_sign_in(company: Company) -> None:
    set_enabled(company.state, "ana.ruiz", enabled=True)


def change_members(company: Company) -> None:
    company.leave("Design", "ana.ruiz")
    company.leave("Design", "bob")
    company.join("Quality", "bob")
    company.join("Quality", "carla")


def rename(company: Company) -> None:
    rename_group(company.state, "Design", new_name='Design "EU"')


def delete_a_group(company: Company) -> None:
    delete_group(company.state, "Quality", now=company.now)


def delete_softly(company: Company) -> None:
    delete_person(company.state, "bob", now=company.now)


def restore(company: Company) -> None:
    restore_person(company.state, "bob")


def purge(company: Company) -> None:
    delete_person(company.state, "carla", now=company.now)
    purge_person(company.state, "carla", now=company.now)


def narrow_the_scope(company: Company) -> None:
    scope.unassign_all(company.state)
    scope.assign_group(company.state, find_group(company.state, 'Design "EU"').key)
    scope.assign_user(company.state, find_person(company.state, "ana.ruiz").key)


STORY = [
    ("010-initial-cycle", join_and_provision),
    ("020-mover", move),
    ("030-empty-attributes-filled", fill_what_was_empty),
    ("040-manager-changed", change_the_manager),
    ("050-manager-removed", remove_the_manager),
    ("060-sign-in-blocked", block_sign_in),
    ("070-sign-in-allowed", allow_sign_in),
    ("080-members-changed", change_members),
    ("090-group-renamed", rename),
    ("100-group-deleted", delete_a_group),
    ("110-soft-deleted", delete_softly),
    ("120-restored", restore),
    ("130-purged", purge),
    ("140-scope-narrowed", narrow_the_scope),
]


@pytest.mark.parametrize("dialect", ["default", "flagged"])
def test_each_step_of_the_story_sends_exactly_the_golden_requests(found: Callable[..., Company], dialect: str) -> None:
    company = found(flagged=dialect == "flagged")
    for title, edit in STORY:
        edit(company)
        result = company.cycle(parallel=1)
        assert (title, result.failures, result.stopped) == (title, 0, None)
        _compare(GOLDEN / dialect / f"{title}.json", _spelled(company))
        assert company.cycle().requests == 0, f"{title}: a second cycle has nothing to send"


def _spelled(company: Company) -> list[dict[str, Any]]:
    """The requests as people read them: the query decoded, a missing body left out."""
    spelled = []
    for recorded in company.endpoint.take():
        target = recorded.path + (f"?{unquote(recorded.query)}" if recorded.query else "")
        one = {"request": f"{recorded.method} {target}", "body": recorded.body, "status": recorded.status}
        spelled.append({name: value for name, value in one.items() if value is not None})
    return spelled


def _compare(path: Path, sent: list[dict[str, Any]]) -> None:
    if os.environ.get("ENTRASIM_WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(sent, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert sent == json.loads(path.read_text(encoding="utf-8"))
