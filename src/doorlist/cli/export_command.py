"""`doorlist export`: an organization's workspaces, folders, grants and settings as one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from doorlist.cli.acting import As, Org, administrator
from doorlist.cli.session import Data, DatabaseUrl, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.configuration import write_configuration
from doorlist.service import configuring, finding


def command(
    org: Org,
    *,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="None: standard output.")] = None,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write the configuration of an organization, as `doorlist plan` and `doorlist apply` read it."""
    text = run(_export(settings(data, database_url), org, acting_as))
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


async def _export(config: Settings, org: str, acting_as: str | None) -> str:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        acting = await administrator(database, org_id, acting_as)
        return write_configuration(await configuring.export(database, acting, org_id))
