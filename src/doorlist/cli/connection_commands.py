"""`doorlist connection`: pause, resume, show and set the connection of an organization's directory."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.behaviour import Behaviour, CreateOfInactive, EmptyMembers, NoMatch, PatchAnswer
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
    """Show the state of the connection, how it is answered, and the figures of today."""
    found, answers = run(_health(settings(data, database_url), org))
    document = {**asdict(found), **asdict(answers)}
    if json:
        emit_json(document)
    else:
        for name, value in document.items():
            say(f"{name.replace('_', ' '):<28} {'' if value is None else value}")


@app.command("set")
def set_behaviour(
    org: Org,
    *,
    patch_answer: Annotated[PatchAnswer | None, typer.Option(help="What a PATCH is answered with.")] = None,
    no_match: Annotated[NoMatch | None, typer.Option(help="What a filter in a path may select.")] = None,
    create_of_inactive: Annotated[
        CreateOfInactive | None, typer.Option(help="What a POST of a deactivated person does.")
    ] = None,
    empty_members: Annotated[EmptyMembers | None, typer.Option(help="What a group without members says.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Set how the directory is answered where clients need opposite answers."""
    wanted = {"patch_answer": patch_answer, "no_match": no_match, "create_of_inactive": create_of_inactive}
    answers = run(_set(settings(data, database_url), org, {**wanted, "empty_members": empty_members}))
    if json:
        emit_json(answers)
    else:
        say(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in asdict(answers).items()))


async def _turn(config: Settings, org: str, *, paused: bool) -> bool:
    verb = connections.pause_connection if paused else connections.resume_connection
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await verb(database, operator(), organization.org_id)


async def _health(config: Settings, org: str) -> tuple[Health, Behaviour]:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        found = await provisioning_log.health(database, operator(), organization.org_id, now=clock.now())
        return found, await connections.behaviour(database, operator(), organization.org_id)


async def _set(config: Settings, org: str, wanted: dict[str, Any]) -> Behaviour:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await connections.set_behaviour(database, operator(), organization.org_id, **wanted)
