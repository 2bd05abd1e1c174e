from __future__ import annotations

import asyncio

import asyncpg
import pytest

from doorlist.domain.levels import Policy
from doorlist.domain.tenancy import Administrator, Plan
from doorlist.errors import BadInput, Forbidden, NotFound, Taken
from doorlist.service import finding, tenants
from doorlist.service.tenants import Settings
from doorlist.store.db import Database
from tests.service.company import OPERATOR, Company


async def test_an_organization_gets_a_slug_an_owner_and_a_connection(database: Database) -> None:
    made = await tenants.create_organization(
        database, OPERATOR, name="Müller & Söhne", plan=Plan.TEAM, owner_email="ana@mueller.example"
    )
    assert (made.slug, made.plan, made.removal_policy) == ("muller-sohne", Plan.TEAM, Policy.KEEP)
    owner = await finding.person(database, made.org_id, "Ana@Mueller.example")
    assert (owner.role, owner.active, owner.local) == ("owner", True, True)
    async with database.reading() as connection:
        assert await connection.fetchval("select name from connections where org_id = $1", made.org_id) == "directory"


async def test_the_same_name_gets_the_next_slug(database: Database) -> None:
    made = [
        await tenants.create_organization(database, OPERATOR, name="Acme", plan=Plan.FREE, owner_email="a@b.example")
        for _ in range(3)
    ]
    assert [organization.slug for organization in made] == ["acme", "acme-2", "acme-3"]
    assert [organization.slug for organization in await tenants.list_organizations(database)] == [
        organization.slug for organization in made
    ]


async def test_a_given_slug_that_is_taken_is_refused(database: Database) -> None:
    for refused in (False, True):
        work = tenants.create_organization(
            database, OPERATOR, name="A", plan=Plan.FREE, owner_email="a@b.example", slug="mine"
        )
        if refused:
            with pytest.raises(Taken, match="slug"):
                await work
        else:
            await work


@pytest.mark.parametrize(
    ("changed", "place"),
    [({"name": " "}, "name"), ({"name": "a\x00"}, "name"), ({"owner_email": "x"}, "owner"), ({"slug": "A b"}, "slug")],
)
async def test_bad_values_are_refused_by_name(database: Database, changed: dict[str, str], place: str) -> None:
    values = {"name": "Acme", "owner_email": "a@b.example", "slug": "acme", **changed}
    with pytest.raises(BadInput) as caught:
        await tenants.create_organization(database, OPERATOR, plan=Plan.FREE, **values)
    assert caught.value.place == place


async def test_settings_that_are_so_already_write_nothing(company: Company) -> None:
    change = Settings(removal_policy=Policy.REMOVE, scim_enabled=False)
    for _ in range(2):
        changed = await tenants.change_settings(company.database, OPERATOR, company.org_id, change)
        assert (changed.removal_policy, changed.scim_enabled) == (Policy.REMOVE, False)
        assert changed.plan is Plan.ENTERPRISE
    assert await company.events() == ["organization.created", "organization.changed"]


async def test_servers_hear_of_a_change_of_plan(company: Company, database_url: str) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    await listener.add_listener("doorlist_credentials", lambda *call: heard.put_nowait(call[-1]))
    await tenants.change_settings(company.database, OPERATOR, company.org_id, Settings(plan=Plan.TEAM))
    assert await asyncio.wait_for(heard.get(), timeout=5) == str(company.org_id)
    await listener.close()


async def test_the_plan_is_for_owners_and_settings_for_admins(company: Company) -> None:
    await company.person("ada", role="admin")
    await company.person("max")
    ada, maximilian = await company.acting("ada"), await company.acting("max")
    await tenants.change_settings(company.database, ada, company.org_id, Settings(scim_enabled=False))
    with pytest.raises(Forbidden, match="owners"):
        await tenants.change_settings(company.database, ada, company.org_id, Settings(plan=Plan.FREE))
    with pytest.raises(Forbidden, match="owners and admins"):
        await tenants.change_settings(company.database, maximilian, company.org_id, Settings(scim_enabled=True))


async def test_somebody_of_another_organization_finds_nothing(company: Company) -> None:
    other = await Company.create(company.database, name="Other")
    await other.person("eve", role="owner")
    eve = await other.acting("eve")
    with pytest.raises(NotFound):
        await tenants.change_settings(company.database, eve, company.org_id, Settings(plan=Plan.FREE))
    with pytest.raises(Forbidden):
        await tenants.create_organization(
            company.database, eve, name="x", plan=Plan.FREE, owner_email="eve@other.example"
        )


async def test_an_inactive_admin_may_nothing(company: Company) -> None:
    user_id = await company.person("ada", role="admin", active=False)
    ada = Administrator(name="ada", source="console", org_id=company.org_id, user_id=user_id)
    with pytest.raises(Forbidden, match="active"):
        await tenants.change_settings(company.database, ada, company.org_id, Settings(scim_enabled=False))
