"""`doorlist audit`: list the audit log, seal it, verify that nobody changed it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final
from uuid import UUID

import msgspec
import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.output import emit_json, say
from doorlist.cli.question_commands import Csv
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import auditing, finding
from doorlist.service.auditing import Reconciled, Verdict
from doorlist.store.sealing import EventLine

app = typer.Typer()

_PAGE: Final = 1000
_SHOWN: Final = 100

_COLUMNS: Final[Columns[EventLine]] = {
    "seq": lambda line: line.seq,
    "at": lambda line: line.at,
    "action": lambda line: line.action,
    "actor": lambda line: f"{line.actor_kind} {line.actor_id}",
    "source": lambda line: line.source,
    "target": lambda line: f"{line.target_kind} {line.target_id}",
    "request_id": lambda line: line.request_id,
    "sealed": lambda line: line.sealed,
}


@app.command("list")
def list_all(
    org: Org,
    *,
    action: Annotated[str | None, typer.Option("--action", help="Only events of this name.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the newest first.")] = 100,
    csv: Csv = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List the newest events; --json shows what each changed."""
    run(_list(settings(data, database_url), org, action, limit, Form.of(json=json, csv=csv)))


@app.command()
def seal(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Seal what a running server has not sealed yet."""
    count = run(_seal(settings(data, database_url), org))
    if json:
        emit_json({"sealed": count})
    else:
        say(f"Sealed {count} events.")


@app.command()
def verify(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Walk the chain of seals; exit code 1 when an event was changed, moved or deleted."""
    verdict = run(_verify(settings(data, database_url), org))
    if json:
        emit_json(verdict)
    else:
        for fault in verdict.faults:
            say(fault)
        state = "does not hold" if verdict.faults else "holds"
        say(f"The chain {state}: {verdict.sealed} events sealed, {verdict.unsealed} not yet.")
    if verdict.faults:
        raise typer.Exit(1)


@app.command()
def reconcile(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Add up every event and compare with the members, grants and retained rows that there are; 1 where they differ."""
    found = run(_reconcile(settings(data, database_url), org))
    if json:
        emit_json(found)
    else:
        for fact in found.unexplained[:_SHOWN]:
            say(f"no event tells of: {' '.join(fact)}")
        for fact in found.missing[:_SHOWN]:
            say(f"told by events and not there: {' '.join(fact)}")
        say(f"{found.events} events, {found.rows} rows: {len(found.unexplained)} untold, {len(found.missing)} missing.")
    if found.unexplained or found.missing:
        raise typer.Exit(1)


@app.command()
def details(
    request_id: Annotated[UUID, typer.Argument(metavar="REQUEST_ID", help="What `list` shows.")],
    *,
    org: Org,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print the rows that an event has beside it, as an import has, one JSON object a line."""
    run(_details(settings(data, database_url), org, request_id))


async def _list(config: Settings, org: str, action: str | None, limit: int, form: Form) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id

        async def lines() -> AsyncIterator[EventLine]:
            left, before = limit, None
            while left:
                page = await auditing.list_events(
                    database, operator(), org_id, action=action, before=before, limit=min(left, _PAGE)
                )
                for line in page:
                    yield line
                if len(page) < min(left, _PAGE):
                    return
                left, before = left - len(page), page[-1].seq

        columns = {**_COLUMNS, "change": lambda line: line.change} if form is Form.JSON else _COLUMNS
        await print_rows(lines(), columns, form)


async def _seal(config: Settings, org: str) -> int:
    async with opened(config) as database:
        return await auditing.seal(database, (await finding.organization(database, org)).org_id)


async def _reconcile(config: Settings, org: str) -> Reconciled:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        return await auditing.reconcile(database, operator(), org_id)


async def _details(config: Settings, org: str, request_id: UUID) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        async for row in auditing.list_details(database, operator(), org_id, request_id=request_id):
            print(msgspec.json.encode(row).decode())


async def _verify(config: Settings, org: str) -> Verdict:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        return await auditing.verify(database, operator(), org_id)
