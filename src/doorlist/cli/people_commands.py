"""`doorlist people`: who belongs to an organization."""

from __future__ import annotations

from typing import Final

import typer

from doorlist.cli.acting import Org
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import finding, insight
from doorlist.store.roster import PersonLine

app = typer.Typer(callback=lambda: None)

_COLUMNS: Final[Columns[PersonLine]] = {
    "user_name": lambda line: line.user_name,
    "display_name": lambda line: line.display_name,
    "role": lambda line: line.role,
    "active": lambda line: line.active,
    "origin": lambda line: line.origin,
    "groups": lambda line: line.groups,
    "external_id": lambda line: line.external_id,
    "last_change": lambda line: line.modified_at,
    "id": lambda line: line.id,
}


@app.command("list")
def list_all(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List people with their origin: a directory, or local."""
    run(_list(settings(data, database_url), org, Form.of(json=json)))


async def _list(config: Settings, org: str, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        await print_rows(insight.people(database, org_id), _COLUMNS, form)
