"""`doorlist apply`: make an organization what a configuration says, exactly as it was planned."""

from __future__ import annotations

from typing import Annotated

import typer

from doorlist.cli.acting import As, Org
from doorlist.cli.configuration_commands import File, Members, load, perform, policy_of, show
from doorlist.cli.session import Data, DatabaseUrl, Json, run, settings


def command(
    file: File,
    *,
    org: Org,
    plan_hash: Annotated[str, typer.Option("--hash", metavar="HASH", help="What `doorlist plan` printed.")],
    members: Members = None,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Do what was planned with the same file and options; refused when it would do anything else by now."""
    config, wanted = settings(data, database_url), load(file)
    done = perform(config, org, wanted, acting_as, members=policy_of(members), plan_hash=plan_hash)
    show(run(done), json=json)
