from __future__ import annotations

import pytest

from doorlist.domain.levels import Level
from doorlist.domain.tenancy import Plan
from doorlist.domain.wishlist import Source, read_wishlist
from doorlist.errors import BadInput, Forbidden
from doorlist.service import importing, insight
from doorlist.service.importing import Imported
from tests.service.company import OPERATOR, Company

WORKSPACES = "workspace\nDesign\nBuild\n"
FOLDERS = "workspace,folder\nDesign,Logos\nBuild,Tools\ndesign,Home\n"
GRANTS = (
    "group,workspace,folder,level\nDesigners,Design,,editor\ndesigners,Design,Logos,viewer\nmakers,Build,HOME,checker\n"
)


async def run(company: Company, workspaces: str = WORKSPACES, folders: str = FOLDERS, grants: str = GRANTS) -> Imported:
    wishlist = read_wishlist(
        workspaces=Source("w.csv", workspaces.encode()),
        folders=Source("f.csv", folders.encode()),
        grants=Source("g.csv", grants.encode()),
    )
    return await importing.import_grants(company.database, OPERATOR, company.org_id, wishlist)


async def problems(company: Company, **files: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        await run(company, **files)
    return list(caught.value.problems)


async def exported(company: Company) -> list[tuple[str, str, str, str]]:
    lines = insight.export_access(company.database, company.org_id)
    return [(line.user_name, line.workspace, line.folder, Level(line.level).label) async for line in lines]


@pytest.fixture
async def staff(company: Company) -> Company:
    await company.person("ana")
    await company.person("ben")
    await company.group("Designers", "ana")
    await company.group("Makers", "ana", "ben")
    return company


async def test_an_import_creates_what_is_missing_and_gives_the_levels(staff: Company) -> None:
    assert await run(staff) == Imported(2, 2, 3, 0, 0)
    assert await exported(staff) == [
        ("ana", "Build", "Home", "checker"),
        ("ana", "Design", "", "editor"),
        ("ana", "Design", "Home", "editor"),
        ("ana", "Design", "Logos", "viewer"),
        ("ben", "Build", "Home", "checker"),
    ]


async def test_repeating_an_import_changes_nothing_and_says_so(staff: Company) -> None:
    await run(staff)
    before = await staff.events()
    again = await run(staff)
    assert again == Imported(0, 0, 0, 0, 3)
    assert not again.changed
    assert await staff.events() == before
    assert before.count("grants.imported") == 1


async def test_a_changed_level_is_the_only_thing_written(staff: Company) -> None:
    await run(staff)
    assert await run(staff, grants=GRANTS.replace("Logos,viewer", "Logos,editor")) == Imported(0, 0, 0, 1, 2)
    assert await staff.level("ana", "Design", "Logos") == "editor"


async def test_every_problem_of_every_file_is_listed_and_nothing_is_done(staff: Company) -> None:
    found = await problems(
        staff,
        workspaces="workspace\nDesign\n \n" + "x" * 201 + "\n",
        folders="workspace,folder\nNowhere,A\nDesign,\nDesign\n",
        grants="group,workspace,folder,level\n"
        "Nobody,Design,,viewer\n"
        "Designers,Elsewhere,,viewer\n"
        "Designers,Design,Missing,viewer\n"
        "Designers,Design,,boss\n"
        "Designers,Design,,owner\n"
        "Makers,Design,,viewer\n"
        "Makers,design,,editor\n"
        "makers,Design,,viewer\n",
    )
    assert found == [
        "w.csv:3: the workspace must not be empty",
        "w.csv:4: the workspace has 201 characters; 200 is the most",
        "f.csv:2: there is no workspace 'Nowhere'",
        "f.csv:3: the folder must not be empty",
        "f.csv:4: 1 columns where the header has 2",
        "g.csv:2: there is no group 'Nobody'",
        "g.csv:3: there is no workspace 'Elsewhere'",
        "g.csv:4: there is no folder 'Missing' in the workspace 'Design'",
        "g.csv:5: there is no level 'boss'",
        "g.csv:6: groups carry at most editor, not owner",
        "g.csv:8: editor here, viewer in line 7 for the same grant",
    ]
    assert [line async for line in insight.workspaces(staff.database, staff.org_id)] == []


@pytest.mark.parametrize(
    ("grants", "problem"),
    [
        ("group,workspace,level\n", "g.csv:1: the column 'folder' is missing"),
        ("group,workspace,folder,folder,level\n", "g.csv:1: the column 'folder' occurs twice"),
        ("", "g.csv:1: the column 'group' is missing"),
        ('group,workspace,folder,level\na,"b"c,d,e\n', "g.csv:2: malformed CSV"),
        ('group,workspace,folder,level\n"a\n\n', "g.csv:2: malformed CSV"),
    ],
)
async def test_a_file_that_is_no_sheet_is_refused(staff: Company, grants: str, problem: str) -> None:
    assert (await problems(staff, grants=grants))[0].startswith(problem)


async def test_a_file_that_is_not_utf8_is_refused(staff: Company) -> None:
    wishlist = read_wishlist(
        workspaces=Source("w.csv", b"workspace\nA\nB\xff\n"),
        folders=Source("f.csv", FOLDERS.encode("utf-8-sig")),
        grants=Source("g.csv", GRANTS.encode()),
    )
    assert wishlist.problems == ("w.csv:3: not UTF-8",)


async def test_a_name_that_two_groups_bear_is_refused(staff: Company) -> None:
    async with staff.database.transaction() as connection:
        await connection.execute(
            "insert into groups select org_id, gen_random_uuid(), null, display_name, display_key, external_id, doc,"
            " search, version, created_at, modified_at, null from groups where org_id = $1 and display_key = 'makers'",
            staff.org_id,
        )
    assert await problems(staff) == ["g.csv:4: 2 groups are called 'makers'"]


async def test_groups_need_enterprise_workspaces(company: Company) -> None:
    team = await Company.create(company.database, name="Team", plan=Plan.TEAM)
    await team.group("Designers")
    found = await problems(team, grants="group,workspace,folder,level\nDesigners,Design,,viewer\n")
    assert found == ["g.csv:2: the workspace 'Design' has the plan team; groups need enterprise"]


async def test_an_import_replaces_what_members_had_kept(staff: Company) -> None:
    await run(staff)
    await staff.leave("Makers", "ben")
    async with staff.database.transaction() as connection:
        await connection.execute("delete from grants where org_id = $1", staff.org_id)
        await connection.execute(
            "insert into group_members values ($1, $2, $3, now())",
            staff.org_id,
            staff.groups["Makers"],
            staff.people["ben"],
        )
    await run(staff)
    assert [line async for line in insight.retained(staff.database, staff.org_id)] == []


async def test_two_organizations_import_the_same_files_apart(staff: Company) -> None:
    other = await Company.create(staff.database, name="Other")
    await other.person("eve")
    await other.group("Designers", "eve")
    await other.group("Makers")
    await run(staff)
    await run(other)
    assert {row[0] for row in await exported(other)} == {"eve"}
    assert {row[0] for row in await exported(staff)} == {"ana", "ben"}


async def test_members_import_nothing(staff: Company) -> None:
    wishlist = read_wishlist(
        workspaces=Source("w", WORKSPACES.encode()),
        folders=Source("f", FOLDERS.encode()),
        grants=Source("g", GRANTS.encode()),
    )
    with pytest.raises(Forbidden):
        await importing.import_grants(staff.database, await staff.acting("ben"), staff.org_id, wishlist)
