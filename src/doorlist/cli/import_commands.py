"""`doorlist import`: workspaces, folders and grants from CSV files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, progress, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.wishlist import Source, Wishlist, read_wishlist
from doorlist.service import finding, importing
from doorlist.service.importing import Imported

app = typer.Typer(callback=lambda: None)

_Existing = typer.Option(exists=True, dir_okay=False, readable=True, metavar="FILE")


@app.command()
def grants(
    org: Org,
    *,
    workspaces: Annotated[Path, _Existing],
    folders: Annotated[Path, _Existing],
    grants: Annotated[Path, _Existing],
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Create missing workspaces and folders and give groups the levels listed; all of it, or nothing.

    The columns are: workspace; workspace, folder; group, workspace, folder, level. An empty folder of a grant is the
    workspace itself. Every problem is listed with its file and line.
    """
    sources = [Source(str(path), path.read_bytes()) for path in (workspaces, folders, grants)]
    wishlist = read_wishlist(workspaces=sources[0], folders=sources[1], grants=sources[2])
    with progress(quiet=json) as bars:
        bars.add_task(f"Importing {len(wishlist.grants)} grants", total=None)
        done = run(_import(settings(data, database_url), org, wishlist))
    if json:
        emit_json({**asdict(done), "changed": done.changed})
    elif done.changed:
        say(f"Added {done.workspaces_added} workspaces, {done.folders_added} folders, {done.grants_added} grants;")
        say(f"changed the level of {done.grants_changed} grants; left {done.grants_unchanged} as they were.")
    else:
        say(f"Nothing to do: all {done.grants_unchanged} grants are as listed.")


async def _import(config: Settings, org: str, wishlist: Wishlist) -> Imported:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        return await importing.import_grants(database, operator(), org_id, wishlist)
