"""`doorlist plan`: what a configuration would change, without doing it."""

from __future__ import annotations

from doorlist.cli.acting import As, Org
from doorlist.cli.configuration_commands import File, Members, load, perform, policy_of, show
from doorlist.cli.session import Data, DatabaseUrl, Json, run, settings


def command(
    file: File,
    *,
    org: Org,
    members: Members = None,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Show the steps that lead to a file's configuration, what they do to access, and the hash to apply them by."""
    wanted = load(file)
    show(run(perform(settings(data, database_url), org, wanted, acting_as, members=policy_of(members))), json=json)
