"""Replacing a token without a gap: start puts a new one beside the old, complete ends the old, cancel ends the new.

A rotation is open while both live. It is completed when the directory has used the new token, so that nobody locks
the directory out by being early.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from doorlist.domain.events import Action
from doorlist.domain.ids import parse_id
from doorlist.domain.tenancy import Administrator
from doorlist.errors import Conflict, NotFound
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.service.tokens import Minted, end, end_of, mint, record
from doorlist.store import credentials
from doorlist.store.credentials import Token
from doorlist.store.db import Connection, Database


@dataclass(frozen=True, slots=True)
class Rotation:
    """An open rotation: the token to go and the one that takes over."""

    old: Token
    new: Token


async def start_rotation(
    database: Database, administrator: Administrator, org_id: UUID, name: str, *, expires_days: float | None
) -> Minted:
    """A new token with the label and scopes of the one that a label or id names; without days, with its life span too.

    Raises `NotFound` for no valid token of that name, `Conflict` for several or while a rotation is open, `BadInput`
    for days out of bounds, `Forbidden`.
    """
    at = clock.now()
    async with database.transaction() as connection:
        tokens = await _locked(connection, administrator, org_id)
        old = _only([token for token in tokens if _is_named(token, name) and token.state(at) == "valid"], name)
        if any(old in (rotation.old, rotation.new) for rotation in _open(tokens)):
            raise Conflict(f"{old.label!r} is being rotated already; complete or cancel that first.", place="token")
        expires_at = end_of(at, expires_days) if expires_days is not None or old.expires_at is None else at + _life(old)
        return await mint(
            connection,
            administrator,
            org_id,
            label=old.label,
            scopes=old.scopes,
            expires_at=expires_at,
            replaces=old.id,
            at=at,
        )


async def complete_rotation(
    database: Database, administrator: Administrator, org_id: UUID, name: str, *, force: bool
) -> Rotation:
    """Revoke the old token of an open rotation. The name is the label, or the id of either token.

    Raises `Conflict` where the new token has not been used yet, unless `force`; `NotFound`, `Forbidden`.
    """
    at = clock.now()
    async with database.transaction() as connection:
        rotation = _find(await _locked(connection, administrator, org_id), name)
        if rotation.new.last_used_at is None and not force:
            raise Conflict(
                f"The new token {rotation.new.hint}… has not been used yet. Put it into the directory's provisioning "
                "settings and test the connection; until then the directory depends on the old one.",
                place="token",
            )
        await _end(connection, administrator, org_id, rotation.old, why={"replaced_by": str(rotation.new.id)}, at=at)
    return rotation


async def cancel_rotation(database: Database, administrator: Administrator, org_id: UUID, name: str) -> Rotation:
    """Revoke the new token of an open rotation; the old one stays. Raises `NotFound`, `Forbidden`."""
    at = clock.now()
    async with database.transaction() as connection:
        rotation = _find(await _locked(connection, administrator, org_id), name)
        await _end(connection, administrator, org_id, rotation.new, why={"rotation": "cancelled"}, at=at)
    return rotation


async def _locked(connection: Connection, administrator: Administrator, org_id: UUID) -> list[Token]:
    await require_manager(connection, administrator, org_id)
    await credentials.lock_all(connection, org_id)
    return await credentials.everyone(connection, org_id)


async def _end(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    token: Token,
    *,
    why: dict[str, object],
    at: datetime,
) -> None:
    await end(connection, administrator, org_id, [token.id], at=at)
    change = {"label": token.label, **why}
    await record(
        connection, administrator, org_id, action=Action.TOKEN_REVOKED, token_id=token.id, change=change, at=at
    )


def _open(tokens: list[Token]) -> list[Rotation]:
    living = {token.id: token for token in tokens if token.revoked_at is None}
    return [Rotation(living[new.replaces], new) for new in living.values() if new.replaces in living]


def _find(tokens: list[Token], name: str) -> Rotation:
    named = [one for one in _open(tokens) if _is_named(one.old, name) or _is_named(one.new, name)]
    if not named:
        raise NotFound(f"No rotation of {name!r} is open.", place="token")
    if len(named) > 1:
        raise Conflict(f"{len(named)} rotations of {name!r} are open; give the id of a token.", place="token")
    return named[0]


def _only(tokens: list[Token], name: str) -> Token:
    if not tokens:
        raise NotFound(f"There is no valid token {name!r}.", place="token")
    if len(tokens) > 1:
        raise Conflict(
            f"{len(tokens)} valid tokens are called {name!r}; complete or cancel, or give an id.", place="token"
        )
    return tokens[0]


def _is_named(token: Token, name: str) -> bool:
    return token.label == name or token.id == parse_id(name)


def _life(token: Token) -> timedelta:
    assert token.expires_at is not None
    return token.expires_at - token.created_at
