"""SCIM tokens of an organization: create, list, revoke. Several live side by side, so that rotation has no gap.

A token is shown by the verb that makes it and never again: only its SHA-256 and its first characters are stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorlist.domain import bearer
from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.ids import parse_id
from doorlist.domain.naming import clean_name
from doorlist.domain.tenancy import ALL_SCOPES, Administrator
from doorlist.errors import BadInput, Conflict, NotFound
from doorlist.service import clock, detaching
from doorlist.service.authority import require_manager
from doorlist.store import attention, audit, credentials, organizations
from doorlist.store.credentials import Token
from doorlist.store.db import Connection, Database

MAX_DAYS: Final = 3650


@dataclass(frozen=True, slots=True)
class Minted:
    """A new token, with the only copy of its text."""

    id: UUID
    text: str
    label: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


async def create_token(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    label: str,
    expires_days: float | None,
    scopes: Sequence[str],
) -> Minted:
    """Create a token for the organization's directory; no scopes means all of them.

    Raises `BadInput` for an empty label, an unknown scope or a time that is not 0 to 3650 days, `Forbidden`.
    """
    at = clock.now()
    label, granted, expires_at = clean_name(label, place="label"), _known_scopes(scopes), end_of(at, expires_days)
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        return await mint(
            connection, administrator, org_id, label=label, scopes=granted, expires_at=expires_at, replaces=None, at=at
        )


async def mint(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    *,
    label: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    replaces: UUID | None,
    at: datetime,
) -> Minted:
    """A new token and its event, in the caller's transaction, with values that were checked."""
    text = bearer.mint(secrets.token_bytes(32))
    minted = Minted(clock.new_id(at), text, label, tuple(scopes), expires_at)
    change: dict[str, object] = {
        "label": label,
        "hint": bearer.hint(text),
        "scopes": list(scopes),
        "expires_at": None if expires_at is None else expires_at.isoformat(),
    }
    if replaces is not None:
        change["replaces"] = str(replaces)
    await credentials.insert(
        connection,
        org_id,
        token_id=minted.id,
        connection_id=await organizations.default_connection(connection, org_id),
        label=label,
        hint=bearer.hint(text),
        digest=bearer.digest(text),
        scopes=scopes,
        created_by=administrator.name,
        expires_at=expires_at,
        replaces=replaces,
        now=at,
    )
    await record(
        connection, administrator, org_id, action=Action.TOKEN_CREATED, token_id=minted.id, change=change, at=at
    )
    await detaching.note(connection, org_id, now=at)
    return minted


async def list_tokens(database: Database, administrator: Administrator, org_id: UUID) -> list[Token]:
    """All tokens in the order of their creation, expired and revoked ones too. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await credentials.everyone(connection, org_id)


async def find_token(database: Database, administrator: Administrator, org_id: UUID, name: str) -> Token:
    """The token of an id or label, whether or not it is still good. Raises `NotFound`, `Conflict`, `Forbidden`."""
    every = await list_tokens(database, administrator, org_id)
    found = [token for token in every if name in {str(token.id), token.label}]
    if not found:
        raise NotFound(f"There is no token {name!r}.", place="token")
    if len(found) > 1:
        raise Conflict(f"{len(found)} tokens have the label {name!r}; give the id of one.", place="token")
    return found[0]


async def revoke_token(database: Database, administrator: Administrator, org_id: UUID, name: str) -> list[Token]:
    """Revoke the token of an id, or every token of a label that is not revoked yet. Returns those revoked.

    Raises `NotFound` where none is left to revoke, `Forbidden`.
    """
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        tokens = [
            token
            for token in await credentials.everyone(connection, org_id)
            if token.revoked_at is None and (token.label == name or token.id == parse_id(name))
        ]
        if not tokens:
            raise NotFound(f"There is no token {name!r} that could be revoked.", place="token")
        await end(connection, administrator, org_id, [token.id for token in tokens], at=at)
        for token in tokens:
            change = {"label": token.label}
            await record(
                connection, administrator, org_id, action=Action.TOKEN_REVOKED, token_id=token.id, change=change, at=at
            )
    return tokens


async def end(
    connection: Connection, administrator: Administrator, org_id: UUID, token_ids: list[UUID], *, at: datetime
) -> None:
    """Revoke tokens in the caller's transaction; nobody needs to be warned of their end any more."""
    await credentials.revoke(connection, org_id, token_ids, now=at)
    await attention.settle(
        connection, org_id, "token-expires", token_ids, by=administrator.name, resolution="revoked", now=at
    )
    await detaching.note(connection, org_id, now=at)


def _known_scopes(scopes: Sequence[str]) -> list[str]:
    unknown = sorted(set(scopes) - {scope.value for scope in ALL_SCOPES})
    if unknown:
        known = ", ".join(sorted(ALL_SCOPES))
        raise BadInput(f"There is no scope {unknown[0]!r}; there are {known}.", place="scope")
    return sorted(set(scopes)) or sorted(scope.value for scope in ALL_SCOPES)


def end_of(at: datetime, days: float | None) -> datetime | None:
    """The end of a token that lives so many days, None for one without end. Raises `BadInput`."""
    if days is not None and not 0 <= days <= MAX_DAYS:
        raise BadInput(f"A token lives 0 to {MAX_DAYS} days, or for ever.", place="expires")
    return None if days is None else at + timedelta(days=days)


async def record(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    *,
    action: Action,
    token_id: UUID,
    change: Mapping[str, object],
    at: datetime,
) -> None:
    """Append the audit event of a token, in the transaction that changes it."""
    actor = Actor.administrator(administrator)
    event = Event(action, TargetKind.TOKEN, token_id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
