"""`doorlist log`: the newest requests of an organization's directory, and why some were refused."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import msgspec
import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import finding, requests_seen
from doorlist.service.requests_seen import Seen


def command(
    org: Org,
    *,
    failures: Annotated[bool, typer.Option("--failures", help="Refused requests only.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Show what the directory asked, newest first, and how it was answered."""
    found = run(_newest(settings(data, database_url), org, limit=limit, failures=failures))
    if json:
        emit_json([_document(line) for line in found])
    else:
        columns = ["at", "token", "request", "status", "ms", "why"]
        show_table(columns, [_cells(line) for line in found])


async def _newest(config: Settings, org: str, *, limit: int, failures: bool) -> list[Seen]:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await requests_seen.newest(database, operator(), organization.org_id, limit=limit, failures=failures)


def _document(line: Seen) -> dict[str, object]:
    change = None if line.change is None else msgspec.json.decode(line.change)
    return {**asdict(line), "change": change}


def _cells(line: Seen) -> list[object]:
    why = None if line.code is None else f"{line.code}: {line.detail}"
    asked = f"{line.method} {line.path}{'?' if line.query else ''}{line.query}"
    return [f"{line.at:%Y-%m-%d %H:%M:%S}", line.token, asked, line.status, f"{line.milliseconds:.1f}", why]
