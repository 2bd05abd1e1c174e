"""Who acts on the command line, and for which organization: options and look-ups that several commands share."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

import typer

from doorlist.cli.session import opened
from doorlist.config import Settings
from doorlist.domain.levels import Level
from doorlist.domain.tenancy import Administrator
from doorlist.service import finding
from doorlist.store.db import Database

Org = Annotated[str, typer.Option("--org", metavar="SLUG", help="The organization.")]
Workspace = Annotated[str, typer.Option("--workspace", metavar="NAME", help="The workspace.")]
Folder = Annotated[str, typer.Option("--folder", metavar="NAME", help="A folder of it; none: the workspace itself.")]
As = Annotated[
    str | None, typer.Option("--as", metavar="USER_NAME", help="Act as this person instead of as the operator.")
]


def operator() -> Administrator:
    """The account that runs the command, who may do everything."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        account = "operator"
    return Administrator(name=account, source="cli")


async def administrator(database: Database, org_id: UUID, acting_as: str | None) -> Administrator:
    """The operator, or the person named by --as."""
    return operator() if acting_as is None else await finding.acting_as(database, org_id, acting_as, source="cli")


@asynccontextmanager
async def at_place(config: Settings, where: tuple[str, str, str]) -> AsyncIterator[tuple[Database, UUID, UUID]]:
    """A database that is ready, with the ids of an organization and of a workspace or folder, by their names."""
    org, workspace, folder = where
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        yield database, org_id, (await finding.place(database, org_id, workspace=workspace, folder=folder)).id


def parse_level(text: str) -> Level:
    """The level that an option names; another word is wrong usage."""
    level = Level.parse(text)
    if level is None:
        names = ", ".join(level.label for level in Level)
        raise typer.BadParameter(f"{text!r} is none of {names}.", param_hint="--level")
    return level
