"""Explanations: the level, what decides, what stands in the way, what would change it; and pages of the lists."""

from __future__ import annotations

import pytest

from doorlist.domain.explanation import Bearing, Explanation
from doorlist.domain.levels import Level
from doorlist.service import clock, insight, sharing, tokens
from tests.service.company import OPERATOR, Company


async def explained(company: Company, person: str, workspace: str, folder: str = "") -> Explanation:
    return await insight.explain(
        company.database,
        company.org_id,
        user_id=company.people[person],
        resource_id=await company.place(workspace, folder),
    )


def codes(answer: Explanation) -> tuple[list[str], list[str]]:
    return [blocker.code for blocker in answer.blockers], [lever.code for lever in answer.levers]


@pytest.fixture
async def design(company: Company) -> Company:
    """Designers edit the workspace Design; ana is one of them, ben is nobody."""
    await tokens.create_token(
        company.database, OPERATOR, company.org_id, label="directory", expires_days=None, scopes=[]
    )
    await company.person("ana")
    await company.person("ben")
    await company.group("Designers", "ana")
    await company.workspace("Design", "Secret")
    await company.grant("Designers", Level.EDITOR, "Design")
    return company


async def test_a_home_folder_is_explained_by_the_grant_on_its_workspace(design: Company) -> None:
    answer = await explained(design, "ana", "Design", "Home")
    assert (answer.level_name, answer.place) == ("editor", "Design / Home")
    assert answer.winning is not None
    assert (answer.winning.kind, answer.winning.via, answer.winning.group) == ("group", "Design", "Designers")
    assert codes(answer) == ([], ["leave-group", "ungrant-group", "exclude"])
    assert answer.sentences[0] == "ana has the level editor on Design / Home."
    assert "Remove ana from Designers in directory." in "\n".join(answer.sentences)


async def test_nothing_is_explained_by_the_groups_that_would_lead_there(design: Company) -> None:
    answer = await explained(design, "ben", "Design")
    assert (answer.level, answer.winning) == (0, None)
    assert codes(answer) == (["no-way"], ["join-group", "grant"])
    assert "Add ben to Designers in directory: editor on Design." in "\n".join(answer.sentences)
    assert codes(await explained(design, "ben", "Design", "Secret")) == (["no-way"], ["grant"])


async def test_the_highest_way_decides_and_the_others_are_told(design: Company) -> None:
    await sharing.grant_person(
        design.database, OPERATOR, design.org_id,
        resource_id=await design.place("Design"), user_id=design.people["ana"], level=Level.ADMIN,
    )  # fmt: skip
    answer = await explained(design, "ana", "Design")
    assert [(way.kind, way.level) for way in answer.ways] == [("direct", 4), ("group", 3)]
    assert answer.winning == answer.ways[0]


async def test_what_was_kept_names_the_group_that_gave_it(design: Company) -> None:
    await design.leave("Designers", "ana")
    answer = await explained(design, "ana", "Design")
    assert answer.winning is not None
    assert (answer.winning.kind, answer.winning.group) == ("retained", "Designers")
    assert [(way.kind, way.bearing) for way in answer.ways[1:]] == [("group", Bearing.NOT_A_MEMBER)]
    assert codes(answer)[1] == ["remove-retained"]


async def test_an_inactive_person_is_explained_with_what_would_count_again(design: Company) -> None:
    await design.person("cy", active=False)
    await design.join("Designers", "cy")
    answer = await explained(design, "cy", "Design")
    assert answer.level == 0
    assert codes(answer)[0] == ["inactive"]
    assert "Set cy active in directory." in "\n".join(answer.sentences)


async def test_an_explanation_of_an_earlier_moment_tells_what_was_then(design: Company) -> None:
    before = clock.now()
    await design.leave("Designers", "ana")
    await design.grant("Designers", Level.VIEWER, "Design", "Secret")
    where = {"user_id": design.people["ana"], "resource_id": await design.place("Design")}
    then = await insight.explain(design.database, design.org_id, at=before, **where)
    assert [(way.kind, way.level) for way in then.ways] == [("group", 3)]
    lines = [line async for line in insight.what(design.database, design.org_id, where["user_id"], at=before)]
    assert {(line.folder, line.level) for line in lines} == {("", 3), ("Home", 3)}


async def test_lists_come_in_pages(design: Company) -> None:
    people = [f"p{number}" for number in range(7)]
    for person in people:
        await design.person(person)
    await design.join("Designers", *people)
    found, after, place = [], None, await design.place("Design")
    while True:
        page = await insight.page_of_who(design.database, design.org_id, place, after=after, limit=3)
        found += [line.user_name for line in page.lines]
        after = page.next
        if after is None:
            break
    assert found == ["ana", *people]
    first = await insight.page_of_what(design.database, design.org_id, design.people["ana"], limit=1)
    second = await insight.page_of_what(design.database, design.org_id, design.people["ana"], after=first.next, limit=1)
    assert [line.folder for line in (*first.lines, *second.lines)] == ["", "Home"]
