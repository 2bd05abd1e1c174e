"""`doorlist connection`: pause, resume and show the connection of an organization's directory."""

from __future__ import annotations

from dataclasses import asdict

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import clock, connections, finding, provisioning_log
from doorlist.service.provisioning_log import Health

app = typer.Typer()


@app.command()
def pause(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Put every request off with 503, so that the directory tries again later and nothing is lost."""
    changed = run(_turn(settings(data, database_url), org, paused=True))
    if json:
        emit_json({"paused": True, "changed": changed})
    else:
        say(
            "Paused. The directory's requests are put off until: doorlist connection resume"
            if changed
            else "Nothing to do."
        )


@app.command()
def resume(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Take requests again."""
    changed = run(_turn(settings(data, database_url), org, paused=False))
    if json:
        emit_json({"paused": False, "changed": changed})
    else:
        say("Resumed. The directory catches up by itself." if changed else "Nothing to do.")


@app.command()
def show(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Show the state of the connection and the figures of today."""
    found = run(_health(settings(data, database_url), org))
    if json:
        emit_json(found)
    else:
        for name, value in asdict(found).items():
            say(f"{name.replace('_', ' '):<28} {'' if value is None else value}")


async def _turn(config: Settings, org: str, *, paused: bool) -> bool:
    verb = connections.pause_connection if paused else connections.resume_connection
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await verb(database, operator(), organization.org_id)


async def _health(config: Settings, org: str) -> Health:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await provisioning_log.health(database, operator(), organization.org_id, now=clock.now())
