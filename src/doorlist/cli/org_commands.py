"""`doorlist org`: create, list and show organizations, change their plan and settings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from doorlist.cli.acting import operator
from doorlist.cli.output import emit_json, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings as Config
from doorlist.domain.levels import Policy
from doorlist.domain.tenancy import Plan
from doorlist.service import finding, tenants
from doorlist.service.tenants import Settings
from doorlist.store.organizations import Organization

app = typer.Typer()

_PlanOption = typer.Option("--plan", help="What the organization has paid for.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The name that people see.")],
    *,
    owner: Annotated[str, typer.Option("--owner", metavar="EMAIL", help="Its first owner.")],
    plan: Annotated[Plan, _PlanOption] = Plan.FREE,
    slug: Annotated[str | None, typer.Option("--slug", help="Its name in commands; none: made of the name.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Create an organization with its owner; a directory can be connected to it at once."""
    config = settings(data, database_url)
    _show([run(_create(config, name, owner=owner, plan=plan, slug=slug))], config, json=json, single=True)


@app.command("list")
def list_all(data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List every organization."""
    config = settings(data, database_url)
    _show(run(_list(config)), config, json=json, single=False)


@app.command()
def show(slug: str, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Show an organization with its settings and the tenant URL for its directory."""
    config = settings(data, database_url)
    _show([run(_find(config, slug))], config, json=json, single=True)


@app.command("set")
def change(
    slug: str,
    *,
    plan: Annotated[Plan | None, _PlanOption] = None,
    members_create_workspaces: Annotated[
        bool | None,
        typer.Option("--members-create-workspaces/--no-members-create-workspaces", help="Whether members may."),
    ] = None,
    removal_policy: Annotated[
        Policy | None,
        typer.Option("--removal-policy", help="Whether people who leave a group keep what it gave them."),
    ] = None,
    scim: Annotated[bool | None, typer.Option("--scim/--no-scim", help="Provisioning by a directory.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Change the plan or settings of an organization; what is not named stays."""
    config = settings(data, database_url)
    wanted = Settings(plan, removal_policy, members_create_workspaces, scim)
    _show([run(_change(config, slug, wanted))], config, json=json, single=True)


async def _create(config: Config, name: str, *, owner: str, plan: Plan, slug: str | None) -> Organization:
    async with opened(config) as database:
        return await tenants.create_organization(
            database, operator(), name=name, plan=plan, owner_email=owner, slug=slug
        )


async def _list(config: Config) -> list[Organization]:
    async with opened(config) as database:
        return await tenants.list_organizations(database)


async def _find(config: Config, slug: str) -> Organization:
    async with opened(config) as database:
        return await finding.organization(database, slug)


async def _change(config: Config, slug: str, wanted: Settings) -> Organization:
    async with opened(config) as database:
        organization = await finding.organization(database, slug)
        return await tenants.change_settings(database, operator(), organization.org_id, wanted)


def _show(found: list[Organization], config: Config, *, json: bool, single: bool) -> None:
    documents = [_document(organization, config) for organization in found]
    if json:
        emit_json(documents[0] if single else documents)
    elif single:
        show_table(["setting", "value"], list(documents[0].items()))
    else:
        columns = ["slug", "name", "plan", "scim_enabled", "created_at"]
        show_table(columns, [[document[column] for column in columns] for document in documents])


def _document(organization: Organization, config: Config) -> dict[str, object]:
    fields = asdict(organization)
    return {"id": fields.pop("org_id"), **fields, "scim_url": tenants.scim_url(config.base_url)}
