"""`doorlist conflicts`: what a directory could not write because somebody else has the value, and what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final
from uuid import UUID

import typer

from doorlist.cli.acting import As, Org, administrator, operator
from doorlist.cli.listing import Columns, Form, print_rows
from doorlist.cli.output import emit_json, say
from doorlist.cli.question_commands import Csv
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import conflicts, finding
from doorlist.store.conflicts import Conflict

app = typer.Typer()

_COLUMNS: Final[Columns[Conflict]] = {
    "since": lambda conflict: conflict.first_at,
    "last": lambda conflict: conflict.last_at,
    "times": lambda conflict: conflict.times,
    "type": lambda conflict: conflict.kind,
    "attribute": lambda conflict: conflict.attribute,
    "value": lambda conflict: conflict.value,
    "attempt": lambda conflict: conflict.method,
    "on": lambda conflict: conflict.target,
    "on_id": lambda conflict: conflict.target_id,
    "existing": lambda conflict: conflict.existing,
    "existing_id": lambda conflict: conflict.existing_id,
    "existing_active": lambda conflict: conflict.existing_active,
    "outcome": lambda conflict: conflict.outcome,
    "closed": lambda conflict: conflict.closed_at,
    "what_to_do": lambda conflict: "" if conflict.closed_at else conflicts.advice(conflict),
    "request_id": lambda conflict: conflict.request_id,
    "id": lambda conflict: conflict.id,
}


@app.command("list")
def list_all(
    org: Org,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also what is over.")] = False,
    csv: Csv = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List what collided, the latest first: since when, how often, with whom, and what to do."""
    form = Form.of(json=json, csv=csv)
    found = run(_list(settings(data, database_url), org, closed=everything))
    if form is not Form.TEXT:
        run(_print(found, form))
        return
    for conflict in found:
        for line in _told(conflict):
            say(line)
    if not found:
        say("No conflict is open.")


@app.command()
def close(
    conflict: Annotated[UUID, typer.Argument(help="The id that `list` shows.")],
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Close a conflict that does not matter; the next collision opens another."""
    run(_close(settings(data, database_url), org, conflict, acting_as))
    if json:
        emit_json({"closed": conflict})
    else:
        say("Closed.")


def _told(conflict: Conflict) -> list[str]:
    attempt = f"{conflict.method} of {conflict.target}" if conflict.target else "a new one"
    holder = f"{conflict.existing} has it" if conflict.existing and not conflict.free else "nobody has it now"
    state = ", deactivated" if conflict.existing_active is False else ""
    return [
        f"{conflict.kind} {conflict.attribute} {conflict.value!r}: {attempt}; {holder}{state}",
        f"    {conflict.times} times, {conflict.first_at:%Y-%m-%d %H:%M} to {conflict.last_at:%Y-%m-%d %H:%M} UTC",
        f"    {conflict.outcome if conflict.closed_at else conflicts.advice(conflict)}",
        f"    {conflict.id}, last request {conflict.request_id}",
    ]


async def _print(found: list[Conflict], form: Form) -> None:
    async def rows() -> AsyncIterator[Conflict]:
        for conflict in found:
            yield conflict

    await print_rows(rows(), _COLUMNS, form)


async def _list(config: Settings, org: str, *, closed: bool) -> list[Conflict]:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        return await conflicts.list_conflicts(database, operator(), org_id, closed=closed)


async def _close(config: Settings, org: str, conflict: UUID, acting_as: str | None) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        await conflicts.close_conflict(database, await administrator(database, org_id, acting_as), org_id, conflict)
