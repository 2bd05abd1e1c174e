"""`doorlist db`: what the schema of the database is at, and the upgrade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from doorlist.cli.session import Data, DatabaseUrl, Json, run, settings

if TYPE_CHECKING:
    from doorlist.config import Settings

app = typer.Typer()


@app.command()
def upgrade(data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Apply the migrations that the database lacks."""
    from doorlist.cli.output import emit_json, say  # noqa: PLC0415 - slow to import

    applied, head = run(_upgrade(settings(data, database_url)))
    if json:
        emit_json({"applied": applied, "current": head})
    elif applied:
        say(f"Applied {', '.join(applied)}. The database is at {head}.")
    else:
        say(f"Nothing to do. The database is at {head}.")


@app.command()
def status(data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Show the migration that the database is at and the one that this version needs."""
    from doorlist.cli.output import emit_json, say  # noqa: PLC0415 - slow to import

    found, head = run(_status(settings(data, database_url)))
    if json:
        emit_json({"current": found, "head": head, "up_to_date": found == head})
    elif found == head:
        say(f"The database is at {found}, which is what this version needs.")
    else:
        say(f"The database is at {found or 'no migration'}; this version needs {head}. Run: doorlist db upgrade")


async def _upgrade(settings: Settings) -> tuple[tuple[str, ...], str]:
    from doorlist.store import embedded, migrate  # noqa: PLC0415 - slow to import

    with embedded.reachable(settings.database_url, settings.data) as url:
        return await migrate.ensure(url), migrate.head()


async def _status(settings: Settings) -> tuple[str | None, str]:
    from doorlist.store import embedded, migrate  # noqa: PLC0415 - slow to import

    with embedded.reachable(settings.database_url, settings.data) as url:
        return await migrate.current(url), migrate.head()
