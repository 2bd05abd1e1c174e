"""`doorlist token`: create, list, rotate and revoke the tokens with which a directory provisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from doorlist.cli.acting import Org, operator
from doorlist.cli.output import emit_json, say, show_table
from doorlist.cli.session import Data, DatabaseUrl, Json, opened, run, settings
from doorlist.config import Settings
from doorlist.service import clock, finding, rotation, tenants, tokens
from doorlist.service.expiry import days_left
from doorlist.service.rotation import Rotation
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
    documents = _documents(found, now)
    if json:
        emit_json(documents)
    else:
        columns = ["label", "hint", "state", "use", "created_at", "ends", "last_used_at", "last_used_agent", "id"]
        cells = [{**document, "label": _name(document)} for document in documents]
        show_table(columns, [[document[column] for column in columns] for document in cells])


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


@app.command()
def rotate(
    org: Org,
    *,
    token: Annotated[str, typer.Argument(metavar="ID_OR_LABEL")],
    expires: Annotated[
        float | None, typer.Option("--expires", metavar="DAYS", help="Days until it ends; none: as long as the old.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Start a rotation: create a like token beside the old one and show it, this once."""
    config = settings(data, database_url)
    minted = run(_rotate(config, org, token, expires))
    scim_url = tenants.scim_url(config.base_url)
    if json:
        emit_json({"id": minted.id, "token": minted.text, "label": minted.label, "expires_at": minted.expires_at})
        return
    say(f"Tenant URL    {scim_url}")
    say(f"Secret token  {minted.text}")
    say("The token is not shown again. Put it into the directory's provisioning settings and test the connection;")
    say("both tokens work until: doorlist token rotate-complete (or rotate-cancel)")


@app.command("rotate-complete")
def rotate_complete(
    org: Org,
    *,
    token: Annotated[str, typer.Argument(metavar="ID_OR_LABEL")],
    force: Annotated[bool, typer.Option("--force", help="Even if the new token has not been used yet.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Complete a rotation: revoke the old token, once the directory has used the new one."""
    _tell(run(_complete(settings(data, database_url), org, token, force=force)), json=json, cancelled=False)


@app.command("rotate-cancel")
def rotate_cancel(
    org: Org,
    *,
    token: Annotated[str, typer.Argument(metavar="ID_OR_LABEL")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Cancel a rotation: revoke the new token; the old one stays."""
    _tell(run(_cancel(settings(data, database_url), org, token)), json=json, cancelled=True)


def _tell(rotated: Rotation, *, json: bool, cancelled: bool) -> None:
    gone, kept = (rotated.new, rotated.old) if cancelled else (rotated.old, rotated.new)
    if json:
        emit_json({"revoked": gone.id, "valid": kept.id, "label": kept.label})
    else:
        say(f"Revoked {gone.label} ({gone.hint}…); {kept.hint}… stays.")


def _documents(found: list[Token], now: datetime) -> list[dict[str, object]]:
    """The tokens with their state, their end in words, and what each is for the directory now."""
    used = [token for token in found if token.last_used_at is not None]
    in_use = max(used, key=lambda token: token.last_used_at or now).id if used else None
    living = {token.id for token in found if token.revoked_at is None}
    going = {token.replaces for token in found if token.id in living}
    generations = _generations(found)
    documents: list[dict[str, object]] = []
    for token in found:
        words = ["in use"] if token.id == in_use else []
        if token.id in living and (token.id in going or token.replaces in living):
            words.append("being replaced" if token.id in going else "replacement")
        state = token.state(now)
        document = {**asdict(token), "state": state, "in_use": token.id == in_use, "use": ", ".join(words)}
        document |= {"ends": _ends(token, now), "expires_in_days": _days(token, now)}
        documents.append({**document, "generation": generations[token.id]})
    return documents


def _generations(found: list[Token]) -> dict[UUID, int]:
    """The place of each token in its line of rotations, from 1: a replacement bears the label of the one before."""
    generations: dict[UUID, int] = {}
    for token in found:  # in the order of creation, so the one that is replaced comes first
        before = generations.get(token.replaces, 0) if token.replaces is not None else 0
        generations[token.id] = before + 1
    return generations


def _name(document: Mapping[str, object]) -> str:
    """The label as people read it: `entra`, and `entra #2` for the token that replaced it."""
    number = document["generation"]
    return str(document["label"]) if number == 1 else f"{document['label']} #{number}"


def _days(token: Token, now: datetime) -> int | None:
    return None if token.expires_at is None else days_left(token.expires_at, now)


def _ends(token: Token, now: datetime) -> str:
    if token.expires_at is None or token.state(now) != "valid":
        return "" if token.expires_at is None else f"{token.expires_at:%Y-%m-%d}"
    days = days_left(token.expires_at, now)
    return f"expires in {days} day{'' if days == 1 else 's'}"


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


async def _rotate(config: Settings, org: str, name: str, expires: float | None) -> Minted:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await rotation.start_rotation(database, operator(), organization.org_id, name, expires_days=expires)


async def _complete(config: Settings, org: str, name: str, *, force: bool) -> Rotation:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await rotation.complete_rotation(database, operator(), organization.org_id, name, force=force)


async def _cancel(config: Settings, org: str, name: str) -> Rotation:
    async with opened(config) as database:
        organization = await finding.organization(database, org)
        return await rotation.cancel_rotation(database, operator(), organization.org_id, name)
