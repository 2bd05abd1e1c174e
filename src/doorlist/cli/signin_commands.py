"""`doorlist signin`: links with which people set a password and one-time codes."""

from __future__ import annotations

from typing import Annotated

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import finding, local_signin

app = typer.Typer()

User = Annotated[str, typer.Option("--user", metavar="USER_NAME", help="The person.")]


@app.command()
def invite(org: Org, user: User, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Make a link, good for seven days and once, with which a person sets up a local sign-in."""
    _tell(run(_link(settings(data, database_url), org, user, "invite")), json=json)


@app.command()
def recover(org: Org, user: User, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Make a link, good for an hour and once, for somebody who has lost password or device."""
    _tell(run(_link(settings(data, database_url), org, user, "recover")), json=json)


@app.command()
def remove(org: Org, user: User, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Take a person's password and one-time codes away."""
    gone = run(_remove(settings(data, database_url), org, user))
    say("Removed; the person's sessions have ended." if gone else "There was nothing to remove.")


def _tell(address: str, *, json: bool) -> None:
    if json:
        emit_json({"url": address})
    else:
        say(address)
        say("The link is not shown again. Whoever opens it becomes this person: hand it over in a safe way.")


async def _link(config: Settings, org: str, user: str, purpose: str) -> str:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        person = await finding.person(database, org_id, user)
        token = await local_signin.make_link(database, operator(), org_id, user_id=person.id, purpose=purpose)
    return f"{config.base_url}/signin/link/{token}"


async def _remove(config: Settings, org: str, user: str) -> bool:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        person = await finding.person(database, org_id, user)
        return await local_signin.remove_credentials(database, operator(), org_id, user_id=person.id)
