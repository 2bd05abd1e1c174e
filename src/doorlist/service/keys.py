"""Keys of programs: create, list, revoke, and who a key lets in.

A key is shown by the verb that makes it and never again: only its SHA-256 and its first characters are stored. Nobody
makes a key that may do more than the maker: a person makes keys that act as that person, a key only keys with its own
scopes.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain import bearer
from doorlist.domain.api_keys import ALL_KEY_SCOPES, KEY_PREFIX, Program
from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.ids import parse_id
from doorlist.domain.naming import clean_name
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, Forbidden, KeyExpired, KeyRevoked, NotFound, Unauthenticated
from doorlist.service import clock
from doorlist.service.authority import require_manager, role_of
from doorlist.service.tokens import end_of
from doorlist.store import audit, key_rows, roster
from doorlist.store.db import Connection, Database
from doorlist.store.key_rows import KeyLine


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key, with the only copy of its text."""

    id: UUID
    text: str
    label: str
    scopes: tuple[str, ...]
    user_id: UUID | None
    expires_at: datetime | None


async def create_key(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    label: str,
    scopes: Sequence[str] = (),
    expires_days: float | None = None,
    user_id: UUID | None = None,
    within: frozenset[str] | None = None,
) -> NewKey:
    """Create a key; no scopes means all of them, `user_id` the person that it acts as.

    `within` are the scopes of the key that asks for a new one. Raises `BadInput` for an empty label, an unknown scope
    or days out of bounds, `Forbidden` for a key that could do more than who makes it, `NotFound`.
    """
    at = clock.now()
    label, granted, expires_at = clean_name(label, place="label"), _known_scopes(scopes), end_of(at, expires_days)
    if within is not None and not within.issuperset(granted):
        raise Forbidden("A key makes only keys with scopes of its own.", place="scopes")
    text = bearer.mint(secrets.token_bytes(32), prefix=KEY_PREFIX)
    new = NewKey(clock.new_id(at), text, label, tuple(granted), user_id, expires_at)
    async with database.transaction() as connection:
        await _require_maker(connection, administrator, org_id, user_id)
        await key_rows.insert(
            connection,
            org_id,
            key_id=new.id,
            user_id=user_id,
            label=label,
            hint=bearer.hint(text, prefix=KEY_PREFIX),
            digest=bearer.digest(text),
            scopes=granted,
            created_by=administrator.name,
            expires_at=expires_at,
            now=at,
        )
        change = {"label": label, "scopes": granted, "user": None if user_id is None else str(user_id)}
        await _record(connection, administrator, org_id, action=Action.KEY_CREATED, key_id=new.id, change=change, at=at)
    return new


async def list_keys(database: Database, administrator: Administrator, org_id: UUID) -> list[KeyLine]:
    """All keys in the order of their making, expired and revoked ones too. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await key_rows.everything(connection, org_id)


async def revoke_key(database: Database, administrator: Administrator, org_id: UUID, name: str) -> list[KeyLine]:
    """Revoke the key of an id, or every key of a label that is not revoked yet. Returns those revoked.

    Raises `NotFound` where none is left to revoke, `Forbidden`.
    """
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        found = [
            key
            for key in await key_rows.everything(connection, org_id)
            if key.revoked_at is None and (key.label == name or key.id == parse_id(name))
        ]
        if not found:
            raise NotFound(f"There is no key {name!r} that could be revoked.", place="key")
        await key_rows.revoke(connection, org_id, [key.id for key in found], now=at)
        for key in found:
            change = {"label": key.label}
            await _record(
                connection, administrator, org_id, action=Action.KEY_REVOKED, key_id=key.id, change=change, at=at
            )
    return found


async def admit(database: Database, text: str) -> Program:
    """The program that presents a key.

    Raises `Unauthenticated` for what is no key of this installation, `KeyExpired`, `KeyRevoked`.
    """
    at = clock.now()
    found = None
    if bearer.is_well_formed(text, prefix=KEY_PREFIX):
        async with database.reading() as connection:
            found = await key_rows.find_by_hash(connection, bearer.digest(text), now=at)
    if found is None:
        raise Unauthenticated("The key is not known here.")
    if found.revoked_at is not None:
        raise KeyRevoked("The key was revoked.")
    if found.expires_at is not None and found.expires_at <= at:
        raise KeyExpired("The key has expired.")
    if not found.standing:
        raise KeyRevoked("The person that the key acts as is gone or not active.")
    name = found.label if found.user_name is None else found.user_name
    acting = Administrator(name, "api", found.org_id, found.user_id)
    return Program(found.id, found.org_id, found.slug, frozenset(found.scopes), acting)


def _known_scopes(scopes: Sequence[str]) -> list[str]:
    unknown = sorted(set(scopes) - set(ALL_KEY_SCOPES))
    if unknown:
        raise BadInput(f"There is no scope {unknown[0]!r}; there are {', '.join(ALL_KEY_SCOPES)}.", place="scopes")
    return sorted(set(scopes)) or list(ALL_KEY_SCOPES)


async def _require_maker(
    connection: Connection, administrator: Administrator, org_id: UUID, user_id: UUID | None
) -> None:
    """Pass for who may make a key that acts as somebody: oneself, or anybody without being a person."""
    if administrator.user_id is not None and administrator.user_id != user_id:
        raise Forbidden("A person makes keys that act as that person.", place="user")
    await role_of(connection, administrator, org_id)
    if user_id is not None and await roster.find_person(connection, org_id, user_id) is None:
        raise NotFound("There is no such person.", place="user")


async def _record(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    *,
    action: Action,
    key_id: UUID,
    change: Mapping[str, object],
    at: datetime,
) -> None:
    actor = Actor.administrator(administrator)
    event = Event(action, TargetKind.KEY, key_id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
