"""`doorlist key`: the keys of programs that use the management API and ask for decisions."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import clock, finding, keys
from doorlist.service.keys import NewKey
from doorlist.store.key_rows import KeyLine

app = typer.Typer()


@app.command()
def create(
    org: Org,
    *,
    label: Annotated[str, typer.Option("--label", metavar="L", help="What the key is for.")],
    scope: Annotated[list[str] | None, typer.Option("--scope", help="One or several; none: all.")] = None,
    expires: Annotated[float | None, typer.Option("--expires", metavar="DAYS", help="None: no end.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="USER_NAME", help="The person it acts as.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Create a key and show it, this once."""
    config = settings(data, database_url)
    made = run(_create(config, org, label=label, scopes=scope or [], expires=expires, user=user))
    api_url = f"{config.base_url}/api/v1"
    if json:
        emit_json(
            {
                "id": made.id,
                "key": made.text,
                "label": made.label,
                "scopes": made.scopes,
                "expires_at": made.expires_at,
                "api_url": api_url,
            }
        )
    else:
        say(f"Key  {made.text}\nURL  {api_url}\nThe key is shown this once; only its start is kept.")


@app.command("list")
def list_all(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List the keys of an organization by their visible start."""
    found, now = run(_list(settings(data, database_url), org)), clock.now()
    if json:
        emit_json([_told(key, key.state(now)) for key in found])
    else:
        rows = [(k.label, k.hint, k.user_name, k.state(now), k.expires_at, k.last_used_at, k.id) for k in found]
        show_table(["label", "key", "acts as", "state", "ends", "last used", "id"], rows)


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="ID_OR_LABEL")],
    *,
    org: Org,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Revoke a key at once, or every key of a label."""
    gone = run(_revoke(settings(data, database_url), org, name))
    if json:
        emit_json([_told(key, "revoked") for key in gone])
    else:
        say(f"Revoked: {', '.join(f'{key.label} ({key.hint}…)' for key in gone)}.")


def _told(key: KeyLine, state: str) -> dict[str, object]:
    return {
        "id": key.id,
        "label": key.label,
        "hint": key.hint,
        "scopes": key.scopes,
        "user_name": key.user_name,
        "state": state,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
    }


async def _create(
    config: Settings, org: str, *, label: str, scopes: list[str], expires: float | None, user: str | None
) -> NewKey:
    async with opened(config) as database:
        org_id = (await finding.organization(database, org)).org_id
        person: UUID | None = None if user is None else (await finding.person(database, org_id, user)).id
        return await keys.create_key(
            database, operator(), org_id, label=label, scopes=scopes, expires_days=expires, user_id=person
        )


async def _list(config: Settings, org: str) -> list[KeyLine]:
    async with opened(config) as database:
        return await keys.list_keys(database, operator(), (await finding.organization(database, org)).org_id)


async def _revoke(config: Settings, org: str, name: str) -> list[KeyLine]:
    async with opened(config) as database:
        return await keys.revoke_key(database, operator(), (await finding.organization(database, org)).org_id, name)
