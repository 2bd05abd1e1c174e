"""`doorlist log`: what directories asked and how it was answered; one request in full; the health of a connection.

Without a sub-command it shows the newest requests of an organization.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.request_text import describe
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import clock, finding, provisioning_log, requests_seen
from doorlist.service.provisioning_log import Health, Shown
from doorlist.service.requests_seen import Seen
from doorlist.store.db import Database
from doorlist.store.journal import Logged, Wanted
from doorlist.store.trail import Moved

app = typer.Typer()


def _moment(text: str) -> datetime:
    """An ISO 8601 date or time; UTC where it names no offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date or time, such as 2026-05-01 or 2026-05-01T10:30") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


MaybeOrg = Annotated[
    str | None, typer.Option("--org", metavar="SLUG", help="The organization; none: requests that named none.")
]
Failures = Annotated[bool, typer.Option("--failures", help="Refused requests only.")]
Moment = typer.Option(metavar="TIME", parser=_moment, help="ISO 8601, UTC without an offset.")

_LISTED: Final[Columns[Logged]] = {
    "at": lambda line: line.at,
    "token": lambda line: line.token or line.token_hint,
    "token_hint": lambda line: line.token_hint,
    "method": lambda line: line.method,
    "path": lambda line: line.path,
    "query": lambda line: line.query,
    "status": lambda line: line.status,
    "milliseconds": lambda line: line.duration_us / 1000,
    "code": lambda line: line.code,
    "detail": lambda line: line.detail,
    "change": lambda line: None if line.change is None else msgspec.Raw(line.change.encode()),
    "client": lambda line: line.client,
    "agent": lambda line: line.agent,
    "target_id": lambda line: line.target_id,
    "request_id": lambda line: line.request_id,
    "id": lambda line: line.id,
}
_READ: Final[Columns[Logged]] = {
    "at": lambda line: f"{line.at:%Y-%m-%d %H:%M:%S}",
    "token": lambda line: f"{line.token} ({line.token_hint}…)" if line.token else line.token_hint,
    "request": lambda line: f"{line.method} {line.path}{'?' if line.query else ''}{line.query}"[:100],
    "status": _LISTED["status"],
    "ms": lambda line: f"{line.duration_us / 1000:.1f}",
    "why": lambda line: None if line.code is None else f"{line.code}: {line.detail}"[:100],
    "request_id": _LISTED["request_id"],
    "id": _LISTED["id"],
}


@app.callback(invoke_without_command=True)
def newest(
    context: typer.Context,
    org: MaybeOrg = None,
    *,
    failures: Failures = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Show what the directory asked, newest first, and how it was answered."""
    if context.invoked_subcommand is not None:
        return
    if org is None:
        raise typer.BadParameter("is needed here; list shows also what named no organization.", param_hint="--org")
    found = run(_newest(settings(data, database_url), org, limit=limit, failures=failures))
    if json:
        emit_json([_document(line) for line in found])
    else:
        columns = ["at", "token", "request", "status", "ms", "why"]
        show_table(columns, [_cells(line) for line in found])


@app.command("list")
def list_all(
    org: MaybeOrg = None,
    *,
    failures: Failures = False,
    status: Annotated[int | None, typer.Option(help="Only this HTTP status.")] = None,
    method: Annotated[str | None, typer.Option(help="Only this HTTP method.")] = None,
    path: Annotated[str | None, typer.Option(metavar="TEXT", help="A part of the address.")] = None,
    token: Annotated[str | None, typer.Option(metavar="LABEL", help="A token by label, id or visible start.")] = None,
    since: Annotated[datetime | None, Moment] = None,
    until: Annotated[datetime | None, Moment] = None,
    text: Annotated[str | None, typer.Option(help="A part of anything, bodies too.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many, newest first; 0: all.")] = 50,
    before: Annotated[int | None, typer.Option(metavar="ID", help="Go on below this id, the last of a page.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Show or export requests, newest first, filtered in the database."""
    wanted = Wanted(None, failures, status, method, path, token, since, until, text, before)
    run(_list(settings(data, database_url), org, wanted, limit=limit or None, form=Form.of(json=json, csv=csv)))


@app.command()
def show(
    request_id: Annotated[UUID, typer.Argument(metavar="REQUEST_ID")],
    org: MaybeOrg = None,
    *,
    members: Annotated[int, typer.Option(min=0, help="How many members to name; 0: all.")] = 20,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Show one request: bodies, what it changed, who joined and left; for a failure who can mend it and where."""
    shown, moved = run(_show(settings(data, database_url), org, request_id, members or None))
    if json:
        line = {name: cell(shown.line) for name, cell in _LISTED.items()}
        events = [{**asdict(event), "change": msgspec.Raw(event.change.encode())} for event in shown.events]
        emit_json({**asdict(shown), "line": line, "events": events, "members": moved})
    else:
        for text in describe(shown, moved):
            say(text)


@app.command()
def health(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Show how the connection of an organization's directory does."""
    found = run(_health(settings(data, database_url), org))
    if json:
        emit_json(found)
    else:
        for name, value in asdict(found).items():
            say(f"{name.replace('_', ' '):<28} {'' if value is None else value}")


async def _newest(config: Settings, org: str, *, limit: int, failures: bool) -> list[Seen]:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await requests_seen.newest(database, operator(), organization.org_id, limit=limit, failures=failures)


async def _list(config: Settings, org: str | None, wanted: Wanted, *, limit: int | None, form: Form) -> None:
    async with opened(config) as database:
        if org is not None:
            wanted = replace(wanted, org_id=await _org_id(database, org))
        lines = provisioning_log.list_requests(database, operator(), wanted, limit=limit)
        await print_rows(lines, _READ if form is Form.TEXT else _LISTED, form)


async def _show(config: Settings, org: str | None, request_id: UUID, members: int | None) -> tuple[Shown, list[Moved]]:
    async with opened(config) as database:
        org_id = None if org is None else await _org_id(database, org)
        shown = await provisioning_log.show_request(database, operator(), org_id, request_id, base_url=config.base_url)
        if org_id is None or not any(event.added or event.removed for event in shown.events):
            return shown, []
        moved = provisioning_log.list_moved(database, operator(), org_id, shown.line, limit=members)
        return shown, [one async for one in moved]


async def _health(config: Settings, org: str) -> Health:
    async with opened(config) as database:
        return await provisioning_log.health(database, operator(), await _org_id(database, org), now=clock.now())


async def _org_id(database: Database, org: str) -> UUID:
    return (await finding.organization(database, org)).org_id


def _document(line: Seen) -> dict[str, object]:
    change = None if line.change is None else msgspec.json.decode(line.change)
    return {**asdict(line), "change": change}


def _cells(line: Seen) -> list[object]:
    why = None if line.code is None else f"{line.code}: {line.detail}"
    asked = f"{line.method} {line.path}{'?' if line.query else ''}{line.query}"
    return [f"{line.at:%Y-%m-%d %H:%M:%S}", line.token, asked, line.status, f"{line.milliseconds:.1f}", why]
