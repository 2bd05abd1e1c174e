"""`doorlist token`: create, list and revoke the tokens with which a directory provisions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import clock, finding, tenants, tokens
from doorlist.service.tokens import Minted
from doorlist.store.credentials import Token

app = typer.Typer()


@app.command()
def create(
    org: Org,
    *,
    label: Annotated[str, typer.Option("--label", help="What the token is for.")],
    expires: Annotated[
        float | None,
        typer.Option("--expires", metavar="DAYS", help="Days until it ends; 0 makes an expired one to rehearse with."),
    ] = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="users:read and so on, several times; none: all.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Create a token and show it, this once."""
    config = settings(data, database_url)
    minted = run(_create(config, org, label=label, expires=expires, scopes=scope or []))
    scim_url = tenants.scim_url(config.base_url)
    if json:
        emit_json(
            {
                "id": minted.id,
                "token": minted.text,
                "label": minted.label,
                "scopes": minted.scopes,
                "expires_at": minted.expires_at,
                "scim_url": scim_url,
            }
        )
        return
    say(f"Tenant URL    {scim_url}")
    say(f"Secret token  {minted.text}")
    say("The token is not shown again. Put both into the directory's provisioning settings.")


@app.command("list")
def list_all(org: Org, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List the tokens of an organization, those that are over too."""
    now = clock.now()
    found = run(_list(settings(data, database_url), org))
    documents: list[dict[str, object]] = [{**asdict(token), "state": token.state(now)} for token in found]
    if json:
        emit_json(documents)
    else:
        columns = ["label", "hint", "state", "created_at", "expires_at", "last_used_at", "last_used_agent", "id"]
        show_table(columns, [[document[column] for column in columns] for document in documents])


@app.command()
def revoke(
    org: Org,
    *,
    token: Annotated[str, typer.Argument(metavar="ID_OR_LABEL")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Revoke a token at once; by a label, every token of that label."""
    revoked = run(_revoke(settings(data, database_url), org, token))
    if json:
        emit_json([{"id": found.id, "label": found.label, "hint": found.hint} for found in revoked])
    else:
        say("Revoked " + ", ".join(f"{found.label} ({found.hint}…)" for found in revoked))


async def _create(config: Settings, org: str, *, label: str, expires: float | None, scopes: list[str]) -> Minted:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await tokens.create_token(
            database, operator(), organization.org_id, label=label, expires_days=expires, scopes=scopes
        )


async def _list(config: Settings, org: str) -> list[Token]:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await tokens.list_tokens(database, operator(), organization.org_id)


async def _revoke(config: Settings, org: str, name: str) -> list[Token]:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await tokens.revoke_token(database, operator(), organization.org_id, name)
