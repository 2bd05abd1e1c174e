"""`doorlist people`: who belongs to an organization, in which role, and who is blocked."""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated, Final

import typer

from doorlist.cli.acting import As, Org, administrator
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.levels import Role
from doorlist.service import finding, insight, staffing
from doorlist.store.roster import PersonLine

app = typer.Typer()

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


class Deed(Enum):
    """What is decided about a person."""

    ROLE = auto()
    BLOCK = auto()
    UNBLOCK = auto()


@app.command("list")
def list_all(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List people with their origin: a directory, or local."""
    run(_list(settings(data, database_url), org, Form.of(json=json)))


@app.command()
def role(
    user: Annotated[str, typer.Argument(metavar="USER_NAME")],
    role: Annotated[Role, typer.Argument(help="The role in the organization.")],
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Give a person a role in the organization; no directory changes it."""
    changed = run(_change(settings(data, database_url), org, user, acting_as, Deed.ROLE, role=role))
    _report(changed, f"{user} is {role} now.", json=json)


@app.command()
def block(
    user: Annotated[str, typer.Argument(metavar="USER_NAME")],
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """End a person's access everywhere at once, whatever the directory says."""
    changed = run(_change(settings(data, database_url), org, user, acting_as, Deed.BLOCK))
    _report(changed, f"{user} is blocked.", json=json)


@app.command()
def unblock(
    user: Annotated[str, typer.Argument(metavar="USER_NAME")],
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Lift a block."""
    changed = run(_change(settings(data, database_url), org, user, acting_as, Deed.UNBLOCK))
    _report(changed, f"{user} is not blocked any more.", json=json)


def _report(changed: bool, text: str, *, json: bool) -> None:
    if json:
        emit_json({"changed": changed})
    else:
        say(text if changed else f"Nothing to do: {text}")


async def _list(config: Settings, org: str, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        await print_rows(insight.people(database, org_id), _COLUMNS, form)


async def _change(
    config: Settings, org: str, user: str, acting_as: str | None, deed: Deed, *, role: Role = Role.MEMBER
) -> bool:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        acting = await administrator(database, org_id, acting_as)
        user_id = (await finding.person(database, org_id, user)).id
        if deed is Deed.ROLE:
            return await staffing.set_role(database, acting, org_id, user_id=user_id, role=role)
        verb = staffing.block if deed is Deed.BLOCK else staffing.unblock
        return await verb(database, acting, org_id, user_id=user_id)
