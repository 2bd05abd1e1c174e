"""`doorlist webhook`: who is told of what happens in an organization, and how that goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.domain.tenancy import Administrator
from doorlist.service import finding, hooking
from doorlist.service.hooking import NewEndpoint
from doorlist.store.db import Database
from doorlist.store.hook_rows import Endpoint

app = typer.Typer()

T = TypeVar("T")
Identifier = Annotated[UUID, typer.Argument(metavar="ID", help="What `list` shows.")]
Verb = Callable[[Database, Administrator, UUID], Awaitable[T]]


@app.command()
def create(
    url: str,
    *,
    org: Org,
    event: Annotated[list[str] | None, typer.Option("--event", help="One or several; none: all.")] = None,
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Tell an address of what happens from now on; shows the secret, this once."""

    def verb(database: Database, acting: Administrator, org_id: UUID) -> Awaitable[NewEndpoint]:
        return hooking.create_endpoint(database, acting, org_id, url=url, events=event or [], description=description)

    _show_secret(run(_do(settings(data, database_url), org, verb)), json=json)


@app.command("list")
def list_all(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List the addresses that are told, and whether they fail."""
    found = run(_do(settings(data, database_url), org, hooking.list_endpoints))
    if json:
        emit_json([_told(endpoint) for endpoint in found])
    else:
        rows = [(e.url, ", ".join(e.events) or "all", _state(e), e.id) for e in found]
        show_table(["url", "events", "state", "id"], rows)


@app.command()
def rotate(
    identifier: Identifier, *, org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False
) -> None:
    """Give a webhook a new secret; for a day the one before signs as well."""

    def verb(database: Database, acting: Administrator, org_id: UUID) -> Awaitable[NewEndpoint]:
        return hooking.rotate_secret(database, acting, org_id, endpoint_id=identifier)

    _show_secret(run(_do(settings(data, database_url), org, verb)), json=json)


@app.command()
def pause(
    identifier: Identifier, *, org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False
) -> None:
    """Tell a webhook nothing for now; what happens meanwhile waits for up to thirty days."""
    _set_paused(settings(data, database_url), org, identifier, paused=True, json=json)


@app.command()
def resume(
    identifier: Identifier, *, org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False
) -> None:
    """Go on telling a webhook from where it stopped, in order."""
    _set_paused(settings(data, database_url), org, identifier, paused=False, json=json)


@app.command()
def replay(
    identifier: Identifier,
    *,
    org: Org,
    since: Annotated[datetime, typer.Option("--since", metavar="TIME", help="UTC without a zone.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Tell a webhook everything since a moment again, in order."""
    moment = since if since.tzinfo else since.replace(tzinfo=UTC)

    def verb(database: Database, acting: Administrator, org_id: UUID) -> Awaitable[int]:
        return hooking.replay(database, acting, org_id, endpoint_id=identifier, since=moment)

    count = run(_do(settings(data, database_url), org, verb))
    if json:
        emit_json({"messages": count})
    else:
        say(f"{count} messages are told again.")


@app.command()
def ping(
    identifier: Identifier, *, org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False
) -> None:
    """Send a webhook.ping to every address, to see that it arrives."""

    def verb(database: Database, acting: Administrator, org_id: UUID) -> Awaitable[None]:
        return hooking.ping(database, acting, org_id, endpoint_id=identifier)

    run(_do(settings(data, database_url), org, verb))
    if json:
        emit_json({"sent": True})
    else:
        say("On its way.")


@app.command()
def deliveries(
    identifier: Identifier,
    *,
    org: Org,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 50,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List the newest attempts at a webhook and how they went."""

    async def verb(database: Database, acting: Administrator, org_id: UUID) -> list[object]:
        return [*await hooking.list_deliveries(database, acting, org_id, endpoint_id=identifier, limit=limit)]

    found = run(_do(settings(data, database_url), org, verb))
    names = ("at", "event", "attempt", "status", "detail", "milliseconds", "message_id")
    if json:
        emit_json(found)
    else:
        show_table(names, [[getattr(one, name) for name in names] for one in found])


@app.command()
def delete(
    identifier: Identifier, *, org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False
) -> None:
    """Tell an address nothing any more."""

    def verb(database: Database, acting: Administrator, org_id: UUID) -> Awaitable[None]:
        return hooking.delete_endpoint(database, acting, org_id, endpoint_id=identifier)

    run(_do(settings(data, database_url), org, verb))
    if json:
        emit_json({"deleted": identifier})
    else:
        say("Deleted.")


def _set_paused(config: Settings, org: str, identifier: UUID, *, paused: bool, json: bool) -> None:
    def verb(database: Database, acting: Administrator, org_id: UUID) -> Awaitable[bool]:
        return hooking.pause_endpoint(database, acting, org_id, endpoint_id=identifier, paused=paused)

    changed = run(_do(config, org, verb))
    if json:
        emit_json({"changed": changed})
    else:
        say("Done." if changed else "Nothing to do.")


def _show_secret(made: NewEndpoint, *, json: bool) -> None:
    if json:
        emit_json(made)
    else:
        say(f"Webhook  {made.id}\nSecret   {made.secret}\nThe secret is shown this once.")


def _told(endpoint: Endpoint) -> dict[str, object]:
    names = ("id", "url", "description", "events", "created_at", "paused_at", "paused_because", "failures", "retry_at")
    return {name: getattr(endpoint, name) for name in names}


def _state(endpoint: Endpoint) -> str:
    if endpoint.paused_at is not None:
        return f"paused: {endpoint.paused_because}"
    return f"failing, again at {endpoint.retry_at}" if endpoint.failures else "well"


async def _do(config: Settings, org: str, verb: Verb[T]) -> T:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        return await verb(database, operator(), org_id)
