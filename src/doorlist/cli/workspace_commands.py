"""`doorlist workspace`: create, list and upgrade the workspaces of an organization."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

import typer

from doorlist.cli.acting import As, Org, administrator, operator
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.tenancy import Plan
from doorlist.service import finding, insight, workspaces
from doorlist.store.resources import WorkspaceLine

app = typer.Typer()

_COLUMNS: Final[Columns[WorkspaceLine]] = {
    "name": lambda line: line.name,
    "plan": lambda line: line.plan,
    "folders": lambda line: line.folders,
    "grants": lambda line: line.grants,
    "created_at": lambda line: line.created_at,
    "archived_at": lambda line: line.archived_at,
    "id": lambda line: line.id,
}


@app.command()
def create(
    name: str,
    *,
    org: Org,
    plan: Annotated[Plan | None, typer.Option("--plan", help="None: the organization's.")] = None,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Create a workspace with its home folder; a person named by --as becomes its owner."""
    workspace_id = run(_create(settings(data, database_url), org, name, plan=plan, acting_as=acting_as))
    if json:
        emit_json({"id": workspace_id, "name": name})
    else:
        say(f"Created the workspace {name} with its home folder.")


@app.command("list")
def list_all(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List the workspaces of an organization."""
    run(_list(settings(data, database_url), org, Form.of(json=json)))


@app.command()
def upgrade(
    names: Annotated[list[str], typer.Argument(metavar="NAME...")],
    *,
    org: Org,
    plan: Annotated[Plan, typer.Option("--plan", help="The plan that they go to.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Put one or several workspaces on a higher plan; all of them or, for a wrong name, none."""
    upgraded = run(_upgrade(settings(data, database_url), org, names, plan))
    if json:
        emit_json({"upgraded": upgraded, "plan": plan})
    elif upgraded:
        say(f"On the plan {plan} now: {', '.join(upgraded)}.")
    else:
        say(f"Nothing to do: on the plan {plan} already.")


async def _create(config: Settings, org: str, name: str, *, plan: Plan | None, acting_as: str | None) -> UUID:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        acting = await administrator(database, org_id, acting_as)
        return await workspaces.create_workspace(database, acting, org_id, name=name, plan=plan)


async def _list(config: Settings, org: str, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        await print_rows(insight.workspaces(database, org_id), _COLUMNS, form)


async def _upgrade(config: Settings, org: str, names: list[str], plan: Plan) -> list[str]:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        return await workspaces.upgrade_workspaces(database, operator(), org_id, names=names, plan=plan)
