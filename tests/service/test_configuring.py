"""Configuration as code: what is exported is what is applied, a plan is what it does, and a wrong file does nothing."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorlist.domain.configuration import (
    Configuration,
    Given,
    PlaceEntry,
    read_configuration,
    write_configuration,
)
from doorlist.domain.directory import fold
from doorlist.domain.levels import Level, Policy
from doorlist.domain.tenancy import Plan
from doorlist.errors import BadInput, Forbidden, StalePlan
from doorlist.service import configuring, grouping, insight, lifecycle, sharing
from doorlist.store.db import Database
from tests.scenarios.test_real_organization import DATA, Organization
from tests.service.company import OPERATOR, Company

names = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1, max_size=20).filter(lambda t: t.strip())
grants = st.dictionaries(names, st.builds(Given, st.sampled_from(list(Level)[:3])), max_size=3)


@given(st.dictionaries(names.map(str.strip), grants, max_size=4), grants)
def test_what_is_written_is_read(workspaces: dict[str, dict[str, Given]], people: dict[str, Given]) -> None:
    places = {(fold(name), ""): PlaceEntry(name, groups=groups, people=people) for name, groups in workspaces.items()}
    whole = Configuration({"plan": Plan.ENTERPRISE, "scim_enabled": False}, places)
    text = write_configuration(whole)
    assert read_configuration(text) == whole
    assert tomllib.loads(text)["organization"] == {"plan": "enterprise", "scim_enabled": False}


@pytest.fixture
async def studio(company: Company) -> Company:
    for person in ("ana", "max", "eva"):
        await company.person(person)
    await company.group("Designers", "ana", "max")
    await company.group("Reviewers", "eva")
    await company.workspace("Studio", "Brand Book", "Archive")
    await company.grant("Designers", Level.EDITOR, "Studio")
    await company.grant("Reviewers", Level.CHECKER, "Studio", "Brand Book", policy=Policy.REMOVE)
    act = (company.database, OPERATOR, company.org_id)
    book = await company.place("Studio", "Brand Book")
    await sharing.grant_person(*act, resource_id=book, user_id=company.people["ana"], level=Level.OWNER)
    await lifecycle.archive(*act, resource_id=await company.place("Studio", "Archive"))
    return company


async def exported(company: Company) -> str:
    return write_configuration(await configuring.export(company.database, OPERATOR, company.org_id))


async def apply(company: Company, text: str, *, members: Policy | None = None) -> configuring.ConfigurationPlan:
    act, wanted = (company.database, OPERATOR, company.org_id), read_configuration(text)
    plan = await configuring.plan(*act, wanted, members=members)
    done = await configuring.apply(*act, wanted, plan.effect.plan_hash, members=members)
    assert done == plan
    return done


async def levels(company: Company) -> set[tuple[str, str, str, int]]:
    lines = insight.export_access(company.database, company.org_id)
    return {(line.user_name, line.workspace, line.folder, line.level) async for line in lines}


async def test_an_export_is_readable_and_changes_nothing_when_it_is_applied(studio: Company) -> None:
    text = await exported(studio)
    document = tomllib.loads(text)
    (workspace,) = document["workspace"]
    assert workspace["groups"] == {"Designers": "editor"}
    by_name = {folder["name"]: folder for folder in workspace["folder"]}
    assert by_name["Brand Book"]["groups"] == {"Reviewers": {"level": "checker", "policy": "remove"}}
    assert by_name["Brand Book"]["people"] == {"ana": "owner"}
    assert by_name["Archive"]["archived"] is True
    before = await studio.events()
    done = await apply(studio, text)
    assert done.steps == ()
    assert await studio.events() == before


async def test_a_configuration_goes_to_an_empty_organization(studio: Company, database: Database) -> None:
    other = await Company.create(database, name="Branch")
    for person in ("ana", "max", "eva"):
        await other.person(person)
    await other.group("Designers", "ana", "max")
    await other.group("Reviewers", "eva")
    text = await exported(studio)
    done = await apply(other, text)
    assert await exported(other) == text
    assert await levels(other) == await levels(studio)
    assert done.effect.gained == len(await levels(other))


async def test_a_plan_says_what_the_file_would_change(studio: Company) -> None:
    text = (
        (await exported(studio))
        .replace('"Designers" = "editor"', '"Reviewers" = "viewer"')
        .replace("archived = true\n", "")
        .replace('removal_policy = "keep"', 'removal_policy = "remove"')
    )
    text += '\n[[workspace]]\nname = "New"\n[workspace.people]\n"eva" = "admin"\n'
    before = await levels(studio)
    wanted = read_configuration(text)
    act = (studio.database, OPERATOR, studio.org_id)
    with pytest.raises(BadInput, match="--keep-members"):
        await configuring.plan(*act, wanted)
    plan = await configuring.plan(*act, wanted, members=Policy.REMOVE)
    assert plan.steps == (
        "set removal_policy to remove",
        "create the workspace New",
        "give admin on New to the user eva",
        "give viewer on Studio to the group Reviewers",
        "take what the group Designers has on Studio",
        "unarchive Studio / Archive",
    )
    assert await levels(studio) == before
    done = await apply(studio, text, members=Policy.REMOVE)
    assert done == plan
    after = await levels(studio)
    told = {(line.user_name, line.workspace, line.folder): (line.before, line.after) for line in done.effect.lines}
    old, new = ({line[:3]: line[3] for line in lines} for lines in (before, after))
    assert told == {
        key: (old.get(key, 0), new.get(key, 0)) for key in old.keys() | new.keys() if old.get(key) != new.get(key)
    }
    assert (await apply(studio, text)).steps == ()


async def test_what_is_not_named_is_left_alone(studio: Company) -> None:
    await studio.workspace("Other", "Folder")
    await studio.grant("Designers", Level.VIEWER, "Other")
    text = '[[workspace]]\nname = "studio"\n[workspace.groups]\n"designers" = "editor"\n'
    assert (await apply(studio, text)).steps == ()


async def test_a_plan_that_is_stale_is_refused(studio: Company) -> None:
    act = (studio.database, OPERATOR, studio.org_id)
    wanted = read_configuration('[[workspace]]\nname = "Studio"\n[workspace.groups]\n"Designers" = "viewer"\n')
    plan = await configuring.plan(*act, wanted)
    await studio.join("Designers", "eva")
    with pytest.raises(StalePlan):
        await configuring.apply(*act, wanted, plan.effect.plan_hash)
    assert await studio.level("max", "Studio") == "editor"


async def test_names_that_several_bear_go_by_their_id(studio: Company) -> None:
    twin = await grouping.create_group(studio.database, OPERATOR, studio.org_id, name="Reviewers")
    text = await exported(studio)
    assert f'"id:{studio.groups["Reviewers"]}" = {{ level = "checker", policy = "remove" }}' in text
    assert (await apply(studio, text)).steps == ()
    ambiguous = text.replace(f"id:{studio.groups['Reviewers']}", "Reviewers")
    with pytest.raises(BadInput) as refused:
        await apply(studio, ambiguous)
    assert "several bear this name" in refused.value.problems[0]
    assert str(twin) not in text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[workspace", "no TOML"),
        ("x = " + "[" * 5000, "no TOML"),
        ("[organisation]\n", "nothing called 'organisation'"),
        ("organization = 1\n", "is a table"),
        ('[organization]\nplan = "gold"\n', "is one of free"),
        ("[organization]\nscim_enabled = 1\n", "true or false"),
        ("workspace = 1\n", "list of tables"),
        ("[[workspace]]\n", "is a text"),
        ('[[workspace]]\nname = ""\n', "must not be empty"),
        ('[[workspace]]\nname = "A"\n[[workspace]]\nname = "a"\n', "there twice"),
        ('[[workspace]]\nname = "A"\ncolour = 1\n', "nothing called 'colour'"),
        ('[[workspace]]\nname = "A"\ngroups = 1\n', "table of names"),
        ('[[workspace]]\nname = "A"\n[workspace.groups]\nx = "chief"\n', "no level 'chief'"),
        ('[[workspace]]\nname = "A"\n[workspace.groups]\nx = "admin"\n', "at most editor"),
        ('[[workspace]]\nname = "A"\n[workspace.groups]\nx = {level = "viewer", policy = "lose"}\n', "is one of keep"),
        ('[[workspace]]\nname = "A"\n[[workspace.folder]]\nname = "Home"\narchived = true\n', "home folder"),
        ('[[workspace]]\nname = "A"\n[workspace.groups]\nnobody = "viewer"\n', "no such group"),
        ('[[workspace]]\nname = "A"\n[workspace.people]\nstranger = "viewer"\n', "no such person"),
        ('[[workspace]]\nname = "Studio"\nplan = "team"\n', "higher than team"),
    ],
)
async def test_a_wrong_file_is_refused_with_its_places(studio: Company, text: str, problem: str) -> None:
    before = await studio.events()
    with pytest.raises(BadInput) as refused:
        await apply(studio, text)
    assert problem in " ".join([str(refused.value), *refused.value.problems])
    assert await studio.events() == before


async def test_configuration_is_for_who_manages_the_organization(studio: Company) -> None:
    act = (studio.database, await studio.acting("ana"), studio.org_id)
    with pytest.raises(Forbidden):
        await configuring.export(*act)
    with pytest.raises(Forbidden):
        await configuring.plan(*act, Configuration())


@pytest.mark.skipif(not DATA.is_dir(), reason="the real organization's files are not beside this checkout")
async def test_a_real_organization_comes_out_as_it_went_in(database: Database) -> None:
    """Eight workspaces, 328 folders and 631 grants: export, apply to an organization of the same people, export."""
    first = Organization(await Company.create(database, name="First"))
    second = Organization(await Company.create(database, name="Second"))
    await first.load()
    text = await exported(first.company)
    await second.load()
    async with database.transaction() as connection:
        for table in ("grants", "resources"):
            await connection.execute(f"delete from {table} where org_id = $1", second.company.org_id)
    assert await levels(second.company) == set()
    done = await apply(second.company, text)
    assert await exported(second.company) == text
    assert await levels(second.company) == await levels(first.company)
    assert done.effect.gained == len(await levels(first.company))
    assert len(done.steps) == 8 + 328 + 631
