"""`doorlist backup`: save everything into one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service.saving import back_up
from doorlist.store.archive import Manifest

File = Annotated[Path, typer.Argument(metavar="FILE", help="The file of the backup.", dir_okay=False)]


def command(file: File, *, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Save everything as it is at one moment, also while the server runs. The file holds secrets: guard it."""
    tell(run(_back_up(settings(data, database_url), file)), "Saved", file, json=json)


async def _back_up(config: Settings, file: Path) -> Manifest:
    async with opened(config) as database:
        return await back_up(database, file)


def tell(manifest: Manifest, done: str, file: Path, *, json: bool) -> None:
    """Say what a backup holds."""
    rows = sum(table.rows for table in manifest.tables.values())
    if json:
        emit_json({"file": str(file), "rows": rows, "manifest": manifest})
    else:
        tables = len(manifest.tables)
        say(f"{done} {rows} rows of {tables} tables at migration {manifest.migration}, as of {manifest.taken_at}.")
