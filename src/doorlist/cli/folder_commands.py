"""`doorlist folder`: create folders in a workspace."""

from __future__ import annotations

from uuid import UUID

import typer

from doorlist.cli.acting import As, Org, Workspace, administrator, at_place
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, run, settings
from doorlist.config import Settings
from doorlist.service import workspaces

app = typer.Typer(callback=lambda: None)


@app.command()
def create(
    name: str,
    *,
    org: Org,
    workspace: Workspace,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Create a folder, private to begin with; a person named by --as becomes its owner."""
    folder_id = run(_create(settings(data, database_url), org, workspace, name, acting_as))
    if json:
        emit_json({"id": folder_id, "workspace": workspace, "name": name})
    else:
        say(f"Created the folder {name} in {workspace}.")


async def _create(config: Settings, org: str, workspace: str, name: str, acting_as: str | None) -> UUID:
    async with at_place(config, (org, workspace, "")) as (database, org_id, place):
        acting = await administrator(database, org_id, acting_as)
        return await workspaces.create_folder(database, acting, org_id, workspace_id=place, name=name)
