"""`doorlist doctor`: look at the installation, say what is wrong and who does what about it."""

from __future__ import annotations

from typing import Annotated

import typer

from doorlist.cli.acting import operator
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, run, settings
from doorlist.config import Settings
from doorlist.service import doctor
from doorlist.service.doctor import Finding, Severity
from doorlist.store.db import Database
from doorlist.store.embedded import reachable

WARNED, BROKEN = 3, 4


def command(
    *,
    audit: Annotated[bool, typer.Option("--audit", help="Verify every audit chain, too: reads all of it.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Look for what is broken and what somebody should see to. Exit code 3: to be seen to; 4: broken."""
    found = run(_examine(settings(data, database_url), audit=audit))
    if json:
        emit_json({"healthy": not found, "findings": found})
    else:
        _tell(found)
    if found:
        broken = any(finding.severity is Severity.BROKEN for finding in found)
        raise typer.Exit(BROKEN if broken else WARNED)


async def _examine(config: Settings, *, audit: bool) -> list[Finding]:
    with reachable(config.database_url, config.data) as url:
        if behind := await doctor.behind(url):
            return [behind]
        database = await Database.connect(url, maximum=2)
        try:
            found = await doctor.examine(database, log_days=config.request_log_days)
            changed = await doctor.examine_audit(database, operator()) if audit else None
            return found if changed is None else [changed, *found]
        finally:
            await database.close()


def _tell(found: list[Finding]) -> None:
    for finding in found:
        say(f"{finding.severity.upper()} {finding.code} ({finding.total}): {finding.meaning}")
        for organization, subject in finding.subjects:
            say(f"  - {organization + ': ' if organization else ''}{subject}")
        say(f"  {finding.remedy}")
    if not found:
        say("Nothing was found that somebody should see to.")
