"""Decisions by the AuthZEN API: they agree with every other way to ask; searches find what single questions allow."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from doorlist.domain.decisions import ACTIONS
from doorlist.domain.levels import Level
from doorlist.service import clock, excluding, finding, insight, lifecycle, projects, sharing, staffing
from doorlist.store.db import Database
from tests.api.conftest import Programs, Studio
from tests.service.company import OPERATOR, Company


@pytest.fixture
async def pdp(program: Programs, studio: Studio) -> httpx.AsyncClient:
    return await program(studio.company, "decisions")


def question(person: object, action: str, kind: str, resource: object) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": str(person)},
        "action": {"name": action},
        "resource": {"type": kind, "id": str(resource)},
    }


async def decide(pdp: httpx.AsyncClient, *words: Any) -> dict[str, Any]:
    answer = await pdp.post("/access/v1/evaluation", json=question(*words))
    assert answer.status_code == 200, answer.text
    decision: dict[str, Any] = answer.json()
    return decision


async def scattered(database: Database, seed: int) -> Company:
    """A company with grants, memberships, exclusions, blocks and an archive strewn over it."""
    chance, company = random.Random(seed), await Company.create(database, name=f"Scattered {seed}")
    act = (database, OPERATOR, company.org_id)
    people = [f"p{number}" for number in range(7)]
    for name in people:
        await company.person(name, active=chance.random() > 0.1)
    boss = "boss@acme.example"  # who inherits what a blocked person owned alone
    company.people[boss] = (await finding.person(database, company.org_id, boss)).id
    places = []
    for workspace in ("One", "Two"):
        await company.workspace(workspace, "A", "B")
        places += [(workspace, folder) for folder in ("", "Home", "A", "B")]
    for group in ("g0", "g1", "g2"):
        await company.group(group, *chance.sample(people, 3))
        for place in chance.sample(places, 3):
            await company.grant(group, Level(chance.randint(1, 3)), *place)
    for _ in range(8):
        place = await company.place(*chance.choice(places))
        person = company.people[chance.choice(people)]
        await sharing.grant_person(*act, resource_id=place, user_id=person, level=Level(chance.randint(1, 5)))
    await company.leave("g0", *people[:4])
    await excluding.exclude_person(
        *act, resource_id=await company.place(*chance.choice(places)), user_id=company.people["p1"]
    )
    await staffing.block(*act, user_id=company.people[chance.choice(people)])
    await lifecycle.archive(*act, resource_id=await company.place("Two", "A"))
    await lifecycle.delete(*act, resource_id=await company.place("Two", "B"))
    return company


@pytest.mark.parametrize("seed", range(3))
async def test_decision_explanation_and_export_agree_and_searches_equal_brute_force(
    program: Programs, database: Database, seed: int
) -> None:
    company = await scattered(database, seed)
    pdp = await program(company, "decisions")
    exported = {
        (line.user_name, line.workspace, line.folder): line.level
        async for line in insight.export_access(database, company.org_id)
    }
    async with database.reading() as connection:
        rows = await connection.fetch(
            """select r.id, r.kind, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder
                 from resources r join resources w on w.org_id = r.org_id and w.id = r.workspace_id
                where r.org_id = $1""",
            company.org_id,
        )
    triples = [(name, action, row) for name in company.people for action in ACTIONS for row in rows]
    asked = [question(company.people[name], action, row["kind"], row["id"]) for name, action, row in triples]
    answer = (await pdp.post("/access/v1/evaluations", json={"evaluations": asked})).json()["evaluations"]
    allowed = set()
    for (name, action, row), decision in zip(triples, answer, strict=True):
        level = exported.get((name, row["workspace"], row["folder"]), 0)
        assert decision["decision"] == (level >= ACTIONS[action])
        assert decision["context"]["level"] == (Level(level).label if level else "none")
        if decision["decision"]:
            allowed.add((company.people[name], action, row["kind"], row["id"]))
    for name, _, row in random.Random(seed).sample(triples, 40):
        why = await insight.explain(database, company.org_id, user_id=company.people[name], resource_id=row["id"])
        assert why.level == exported.get((name, row["workspace"], row["folder"]), 0)
    for row in rows:
        for action in ACTIONS:
            found = await searched(
                pdp, "subject", {"type": "user"}, action, {"type": row["kind"], "id": str(row["id"])}
            )
            assert found == {str(p) for p, a, _, r in allowed if (a, r) == (action, row["id"])}
    for person in company.people.values():
        for action in ACTIONS:
            for kind in ("workspace", "folder"):
                subject = {"type": "user", "id": str(person)}
                found = await searched(pdp, "resource", subject, action, {"type": kind})
                assert found == {str(r) for p, a, k, r in allowed if (p, a, k) == (person, action, kind)}
        for row in rows:
            body = {key: question(person, "read", row["kind"], row["id"])[key] for key in ("subject", "resource")}
            names = [one["name"] for one in (await pdp.post("/access/v1/search/action", json=body)).json()["results"]]
            assert names == [a for a in ACTIONS if (person, a, row["kind"], row["id"]) in allowed]


async def searched(
    pdp: httpx.AsyncClient, what: str, subject: dict[str, str], action: str, resource: dict[str, str]
) -> set[str]:
    """The ids of all pages of a search, two results a page."""
    found: list[str] = []
    token = ""
    while True:
        body = {
            "subject": subject,
            "action": {"name": action},
            "resource": resource,
            "page": {"limit": 2, **({"token": token} if token else {})},
        }
        answer = (await pdp.post(f"/access/v1/search/{what}", json=body)).json()
        assert len(answer["results"]) == answer["page"]["count"] <= 2
        found += [one["id"] for one in answer["results"]]
        token = answer["page"]["next_token"]
        if not token:
            assert len(set(found)) == len(found)
            return set(found)


async def test_a_person_is_named_by_id_or_user_name(pdp: httpx.AsyncClient, studio: Studio) -> None:
    for name in (studio.company.people["editor"], "editor", "EDITOR"):
        assert (await decide(pdp, name, "edit", "folder", studio.ids["folder_id"]))["decision"]


async def test_projects_and_tasks_have_the_level_of_their_folder(pdp: httpx.AsyncClient, studio: Studio) -> None:
    for kind in ("project", "task"):
        for person, action, expected in (("checker", "tick", True), ("checker", "edit", False)):
            answer = await decide(pdp, person, action, kind, studio.ids[f"{kind}_id"])
            assert (answer["decision"], answer["context"]["level"]) == (expected, "checker")
        found = await searched(pdp, "resource", {"type": "user", "id": "viewer"}, "read", {"type": kind})
        assert found == {str(studio.ids[f"{kind}_id"])}


async def test_no_says_why(pdp: httpx.AsyncClient, studio: Studio) -> None:
    folder, nobody = studio.ids["folder_id"], clock.new_id(clock.now())
    for words, code in (
        (("viewer", "edit", "folder", folder), "level-too-low"),
        (("nobody", "read", "folder", folder), "no-access"),
        (("stranger", "read", "folder", folder), "unknown-subject"),
        ((nobody, "read", "folder", folder), "unknown-subject"),
        (("viewer", "read", "folder", nobody), "unknown-resource"),
        (("viewer", "read", "workspace", folder), "unknown-resource"),
        (("viewer", "read", "shelf", folder), "unknown-resource"),
        (("viewer", "read", "folder", "Board"), "unknown-resource"),
        (("viewer", "paint", "folder", folder), "unknown-action"),
    ):
        answer = await decide(pdp, *words)
        assert (answer["decision"], answer["context"]["code"]) == (False, code), words
    asked = {**question("viewer", "edit", "folder", folder), "context": {"explain": True, "time": "now"}}
    answer = (await pdp.post("/access/v1/evaluation", json=asked)).json()
    assert answer["context"]["explanation"]["winning"]["kind"] == "direct"
    robot = {**question("viewer", "read", "folder", folder), "subject": {"type": "robot", "id": "viewer"}}
    assert not (await pdp.post("/access/v1/evaluation", json=robot)).json()["decision"]


async def test_several_questions_take_what_they_leave_out_and_stop_when_told(
    pdp: httpx.AsyncClient, studio: Studio
) -> None:
    around = question("editor", "edit", "folder", studio.ids["folder_id"])
    asked = [{}, {"action": {"name": "own"}}, {"subject": {"type": "user", "id": "owner"}}]
    for semantic, expected in (
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ):
        body = {**around, "evaluations": asked, "options": {"evaluations_semantic": semantic}}
        answer = (await pdp.post("/access/v1/evaluations", json=body)).json()
        assert [one["decision"] for one in answer["evaluations"]] == expected
    assert (await pdp.post("/access/v1/evaluations", json=around)).json()["decision"] is True
    lacking = await pdp.post("/access/v1/evaluations", json={"evaluations": [{"action": {"name": "read"}}]})
    assert (lacking.status_code, lacking.json()["place"]) == (400, "evaluations[0]")
    many = await pdp.post("/access/v1/evaluations", json={**around, "evaluations": [{}] * 1001})
    assert many.status_code == 400


async def test_a_change_is_decided_upon_at_once(pdp: httpx.AsyncClient, studio: Studio) -> None:
    words = ("viewer", "edit", "folder", studio.ids["folder_id"])
    assert not (await decide(pdp, *words))["decision"]
    grant = {"resource_id": studio.ids["folder_id"], "user_id": studio.ids["user_id"]}
    act = (studio.company.database, OPERATOR, studio.company.org_id)
    await sharing.grant_person(*act, **grant, level=Level.EDITOR)
    assert (await decide(pdp, *words))["decision"]
    await studio.company.set_active("viewer", active=False)
    assert not (await decide(pdp, *words))["decision"]


async def test_the_metadata_says_where_and_a_request_id_comes_back(
    pdp: httpx.AsyncClient, program: Programs, studio: Studio
) -> None:
    metadata = (await program.presenting(None).get("/.well-known/authzen-configuration")).json()
    assert metadata["policy_decision_point"] == "https://doorlist.example"
    body = question("viewer", "read", "folder", studio.ids["folder_id"])
    address = metadata["access_evaluation_endpoint"]
    answer = await pdp.post(address, json=body, headers={"X-Request-ID": "bfe9eb29"})
    assert (answer.json()["decision"], answer.headers["x-request-id"]) == (True, "bfe9eb29")
    for name, address in metadata.items():
        if name != "policy_decision_point":
            assert (await pdp.post(address, json={})).status_code == 400


async def test_one_who_does_not_manage_the_organization_asks_nothing(program: Programs, studio: Studio) -> None:
    personal = await program(studio.company, "decisions", person="editor")
    body = question("viewer", "read", "folder", studio.ids["folder_id"])
    assert (await personal.post("/access/v1/evaluation", json=body)).status_code == 403


async def test_another_organization_is_unknown(program: Programs, studio: Studio, database: Database) -> None:
    other = await Company.create(database, name="Other")
    await other.person("viewer")
    pdp = await program(other, "decisions")
    words: list[tuple[Any, UUID]] = [
        ("viewer", studio.ids["folder_id"]),
        (studio.ids["user_id"], studio.ids["folder_id"]),
    ]
    for person, folder in words:
        assert (await decide(pdp, person, "read", "folder", folder))["decision"] is False
    project = await projects.list_projects(database, OPERATOR, studio.company.org_id, folder_id=studio.ids["folder_id"])
    assert (await decide(pdp, "viewer", "read", "project", project[0].id))["context"]["code"] == "unknown-resource"
