from __future__ import annotations

from itertools import permutations

import pytest

from doorlist.domain.levels import Level, Policy
from doorlist.domain.tenancy import Plan
from doorlist.errors import BadInput, Forbidden, NotFound, PlanTooLow
from doorlist.service import clock, insight, sharing
from doorlist.store import retention
from doorlist.store.grants import Put
from tests.service.company import OPERATOR, Company


async def grant(
    company: Company, group: str, level: Level, workspace: str, folder: str = "", *, policy: Policy | None = None
) -> Put:
    return await sharing.grant_group(
        company.database,
        OPERATOR,
        company.org_id,
        resource_id=await company.place(workspace, folder),
        group_id=company.groups[group],
        level=level,
        policy=policy,
    )


async def give(company: Company, person: str, level: Level, workspace: str, *, by: str | None = None) -> Put:
    return await sharing.grant_person(
        company.database,
        OPERATOR if by is None else await company.acting(by),
        company.org_id,
        resource_id=await company.place(workspace),
        user_id=company.people[person],
        level=level,
    )


async def kept(company: Company) -> list[tuple[str, str, str]]:
    lines = insight.retained(company.database, company.org_id)
    return [(line.user_name, line.folder, line.state) async for line in lines]


@pytest.fixture
async def design(company: Company) -> Company:
    """Ana and Ben are designers; the workspace Design has the folders Logos and Secret."""
    await company.person("ana")
    await company.person("ben")
    await company.group("designers", "ana", "ben")
    await company.workspace("Design", "Logos", "Secret")
    return company


async def test_a_workspace_grant_reaches_the_workspace_and_its_home_only(design: Company) -> None:
    await grant(design, "designers", Level.EDITOR, "Design")
    await grant(design, "designers", Level.VIEWER, "Design", "Logos")
    levels = [await design.level("ana", "Design", folder) for folder in ("", "Home", "Logos", "Secret")]
    assert levels == ["editor", "editor", "viewer", "none"]


async def test_granting_again_changes_the_level_and_the_same_level_nothing(design: Company) -> None:
    first = await grant(design, "designers", Level.EDITOR, "Design")
    again = await grant(design, "designers", Level.EDITOR, "Design")
    lowered = await grant(design, "designers", Level.VIEWER, "Design")
    assert (first.changed, again.changed, lowered.changed) == (True, False, True)
    assert first.id == again.id == lowered.id
    assert (await design.events())[-2:] == ["grant.added", "grant.changed"]
    assert await design.level("ben", "Design") == "viewer"


async def test_groups_carry_at_most_editor(design: Company) -> None:
    with pytest.raises(BadInput, match="editor"):
        await grant(design, "designers", Level.ADMIN, "Design")


async def test_groups_are_granted_in_enterprise_workspaces_only(company: Company) -> None:
    team = await Company.create(company.database, name="Team", plan=Plan.TEAM)
    await team.group("designers")
    await team.workspace("Design", "Logos")
    with pytest.raises(PlanTooLow, match="enterprise"):
        await grant(team, "designers", Level.VIEWER, "Design", "Logos")


async def test_leaving_under_keep_keeps_the_level_until_it_is_removed_by_hand(design: Company) -> None:
    await grant(design, "designers", Level.EDITOR, "Design", "Logos")
    assert await design.leave("designers", "ana") == 1
    assert await design.level("ana", "Design", "Logos") == "editor"
    assert await kept(design) == [("ana", "Logos", "live")]
    target = {"resource_id": await design.place("Design", "Logos"), "user_id": design.people["ana"]}
    assert await sharing.remove_retained(design.database, OPERATOR, design.org_id, **target) == 1
    assert await design.level("ana", "Design", "Logos") == "none"
    with pytest.raises(NotFound):
        await sharing.remove_retained(design.database, OPERATOR, design.org_id, **target)


async def test_leaving_under_remove_loses_the_level(design: Company) -> None:
    await grant(design, "designers", Level.EDITOR, "Design", "Logos", policy=Policy.REMOVE)
    assert await design.leave("designers", "ana") == 0
    assert await design.level("ana", "Design", "Logos") == "none"


async def test_joining_again_replaces_what_was_kept(design: Company) -> None:
    await grant(design, "designers", Level.EDITOR, "Design", "Logos")
    await design.leave("designers", "ana")
    await design.join("designers", "ana")
    assert await kept(design) == []
    assert await design.level("ana", "Design", "Logos") == "editor"


async def test_joining_again_keeps_what_no_grant_replaces(design: Company) -> None:
    await grant(design, "designers", Level.EDITOR, "Design", "Logos")
    await ungrant(design, Policy.KEEP)
    await design.leave("designers", "ana")
    await design.join("designers", "ana")
    assert await design.level("ana", "Design", "Logos") == "editor"


async def ungrant(company: Company, members: Policy) -> int:
    done = await sharing.ungrant_group(
        company.database,
        OPERATOR,
        company.org_id,
        resource_id=await company.place("Design", "Logos"),
        group_id=company.groups["designers"],
        members=members,
    )
    return done.kept


async def test_ungranting_lets_members_keep_or_lose_as_the_administrator_says(design: Company) -> None:
    await grant(design, "designers", Level.EDITOR, "Design", "Logos", policy=Policy.REMOVE)
    assert await ungrant(design, Policy.KEEP) == 2
    assert await design.level("ben", "Design", "Logos") == "editor"
    await grant(design, "designers", Level.VIEWER, "Design", "Logos")
    assert await kept(design) == []
    assert await design.level("ben", "Design", "Logos") == "viewer"
    assert await ungrant(design, Policy.REMOVE) == 0
    assert await design.level("ben", "Design", "Logos") == "none"
    with pytest.raises(NotFound):
        await ungrant(design, Policy.REMOVE)


async def test_people_who_are_inactive_or_excluded_keep_nothing(design: Company) -> None:
    await design.person("ina", active=False)
    await design.join("designers", "ina")
    await grant(design, "designers", Level.EDITOR, "Design", "Logos")
    async with design.database.transaction() as connection:
        await connection.execute(
            "insert into exclusions values ($1, $2, $3, now(), 'x')",
            design.org_id,
            await design.place("Design", "Logos"),
            design.people["ben"],
        )
    assert [await design.leave("designers", name) for name in ("ana", "ben", "ina")] == [1, 0, 0]


async def test_a_deleted_group_leaves_every_member_what_it_gave(design: Company) -> None:
    await grant(design, "designers", Level.CHECKER, "Design", "Logos")
    async with design.database.transaction() as connection:
        written = await retention.retain_after_group_deleted(
            connection, design.org_id, design.groups["designers"], clock.now()
        )
        await connection.execute("update groups set deleted_at = now() where org_id = $1", design.org_id)
    assert [(path.people, path.without) for path in written] == [(2, [])]
    assert await design.level("ana", "Design", "Logos") == "checker"


async def test_held_access_counts_nothing(design: Company) -> None:
    await grant(design, "designers", Level.CHECKER, "Design", "Logos")
    await design.leave("designers", "ana")
    async with design.database.transaction() as connection:
        await connection.execute("update retained set state = 'held' where org_id = $1", design.org_id)
    assert await kept(design) == [("ana", "Logos", "held")]
    assert await design.level("ana", "Design", "Logos") == "none"


async def test_the_order_of_removals_makes_no_difference(design: Company) -> None:
    policies = {"one": Policy.KEEP, "two": Policy.REMOVE, "three": Policy.KEEP}
    levels = {"one": Level.VIEWER, "two": Level.EDITOR, "three": Level.CHECKER}
    for name, policy in policies.items():
        await design.group(name)
        await grant(design, name, levels[name], "Design", "Secret", policy=policy)
    ends = set()
    for number, order in enumerate(permutations(policies)):
        person = f"p{number}"
        await design.person(person)
        for name in policies:
            await design.join(name, person)
        for name in order:
            await design.leave(name, person)
        ends.add(await design.level(person, "Design", "Secret"))
    assert ends == {"checker"}


async def test_nobody_grants_above_the_own_level(design: Company) -> None:
    for name in ("adam", "olga", "max"):
        await design.person(name)
    await give(design, "adam", Level.ADMIN, "Design")
    await give(design, "olga", Level.OWNER, "Design")
    await give(design, "max", Level.EDITOR, "Design")
    assert (await give(design, "ana", Level.ADMIN, "Design", by="adam")).changed
    with pytest.raises(Forbidden, match="above"):
        await give(design, "ana", Level.OWNER, "Design", by="adam")
    with pytest.raises(Forbidden, match="above"):
        await give(design, "olga", Level.VIEWER, "Design", by="adam")
    with pytest.raises(Forbidden, match="admin"):
        await give(design, "ana", Level.VIEWER, "Design", by="max")
    with pytest.raises(NotFound):
        await give(design, "ana", Level.VIEWER, "Design", by="ben")
    assert await design.level("olga", "Design") == "owner"


async def test_removing_a_person_tells_which_groups_still_lead_there(design: Company) -> None:
    await give(design, "ana", Level.ADMIN, "Design")
    await design.group("brand", "ana")
    await grant(design, "brand", Level.VIEWER, "Design", "Logos")
    await grant(design, "designers", Level.EDITOR, "Design", "Secret")
    await design.leave("designers", "ana")
    done = await sharing.remove_person(
        design.database,
        OPERATOR,
        design.org_id,
        resource_id=await design.place("Design"),
        user_id=design.people["ana"],
    )
    assert (done.direct, done.retained) == (1, 1)
    assert [(path.group_name, path.folder, path.level) for path in done.remaining] == [("brand", "Logos", 1)]
    assert [await design.level("ana", "Design", folder) for folder in ("", "Logos", "Secret")] == [
        "none",
        "viewer",
        "none",
    ]


async def test_granting_a_person_directly_lifts_an_exclusion(design: Company) -> None:
    await grant(design, "designers", Level.EDITOR, "Design")
    async with design.database.transaction() as connection:
        await connection.execute(
            "insert into exclusions values ($1, $2, $3, now(), 'x')",
            design.org_id,
            await design.place("Design"),
            design.people["ben"],
        )
    assert await design.level("ben", "Design", "Home") == "none"
    await give(design, "ben", Level.VIEWER, "Design")
    assert await design.level("ben", "Design", "Home") == "editor"


async def test_a_refused_verb_leaves_no_trace(design: Company) -> None:
    before = await design.events()
    for name in ("adam",):
        await design.person(name)
    await give(design, "adam", Level.ADMIN, "Design")
    with pytest.raises(Forbidden):
        await give(design, "ana", Level.OWNER, "Design", by="adam")
    assert await design.events() == [*before, "grant.added"]
