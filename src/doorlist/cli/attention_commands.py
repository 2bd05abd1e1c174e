"""`doorlist attention`: what waits for a decision, and deciding."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from doorlist.cli.acting import As, Org, administrator, operator
from doorlist.cli.output import emit_json, say
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import finding, resolving, safeguard
from doorlist.store.attention import Item

app = typer.Typer()


@app.command("list")
def list_all(
    org: Org,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also what was decided.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List what waits for a decision, with the decisions that it takes."""
    items = run(_list(settings(data, database_url), org, resolved=everything))
    if json:
        emit_json([{**_fields(item), "decisions": resolving.DECISIONS.get(item.kind, ())} for item in items])
        return
    for item in items:
        state = f"{item.resolution} by {item.resolved_by}" if item.resolved_at else " or ".join(_decisions(item))
        say(f"{item.id}  {item.raised_at:%Y-%m-%d %H:%M}  {item.kind}: {item.target}  [{state}]")
    if not items:
        say("Nothing waits.")


@app.command()
def resolve(
    item: Annotated[UUID, typer.Argument(help="The id that `list` shows.")],
    decision: Annotated[str, typer.Argument(help="One of the decisions that `list` shows.")],
    *,
    org: Org,
    acting_as: As = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Decide about an item."""
    changed = run(_resolve(settings(data, database_url), org, item, decision, acting_as))
    if json:
        emit_json({"item": item, "decision": decision, "changed": changed})
    else:
        say(f"Decided: {decision}; {changed} levels changed.")


@app.command()
def limit(
    number: Annotated[int | None, typer.Argument(help="How many an hour; none: any number.", min=1)] = None,
    *,
    org: Org,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Ask before a directory takes away more than so many people and memberships within an hour."""
    run(_limit(settings(data, database_url), org, number))
    if json:
        emit_json({"removal_limit": number})
    else:
        say("There is no limit." if number is None else f"More than {number} an hour wait for a decision.")


def _fields(item: Item) -> dict[str, object]:
    return {name: getattr(item, name) for name in Item.__dataclass_fields__}


def _decisions(item: Item) -> tuple[str, ...]:
    return resolving.DECISIONS.get(item.kind, ("acknowledge",))


async def _list(config: Settings, org: str, *, resolved: bool) -> list[Item]:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        return await resolving.list_items(database, operator(), org_id, resolved=resolved)


async def _limit(config: Settings, org: str, number: int | None) -> None:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        await safeguard.set_limit(database, operator(), org_id, number)


async def _resolve(config: Settings, org: str, item: UUID, decision: str, acting_as: str | None) -> int:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        acting = await administrator(database, org_id, acting_as)
        return await resolving.resolve(database, acting, org_id, item_id=item, decision=decision)
