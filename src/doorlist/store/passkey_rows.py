"""SQL of passkeys and the challenges that they answer. No rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.levels import Role
from doorlist.store.db import Connection

_ASK = """
insert into passkey_challenges (org_id, browser, challenge, user_id, expires_at) values ($1, $2, $3, $4, $5)
on conflict (org_id, browser) do update set challenge = $3, user_id = $4, expires_at = $5
"""

_TAKE = """
delete from passkey_challenges
 where org_id = $1 and browser = $2 and expires_at > $3 and user_id is not distinct from $4
returning challenge
"""

_INSERT = """
insert into passkeys (org_id, id, user_id, credential_id, public_key, sign_count, label, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_FIND = """
select p.id, p.user_id, u.user_name, u.role, u.active and u.blocked_at is null as active, p.public_key, p.sign_count
  from passkeys p join users u on u.org_id = p.org_id and u.id = p.user_id and u.deleted_at is null
 where p.org_id = $1 and p.credential_id = $2
"""

_USED = "update passkeys set sign_count = $3, last_used_at = $4 where org_id = $1 and id = $2"

_LIST = """
select id, label, created_at, last_used_at from passkeys where org_id = $1 and user_id = $2 order by id
"""

_REMOVE = "delete from passkeys where org_id = $1 and user_id = $2 and id = $3 returning label"


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey with the person whose it is."""

    id: UUID
    user_id: UUID
    user_name: str
    role: Role
    active: bool
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """A passkey in a person's list."""

    id: UUID
    label: str
    created_at: datetime
    last_used_at: datetime | None


async def ask(
    connection: Connection,
    org_id: UUID,
    *,
    browser: bytes,
    challenge: bytes,
    user_id: UUID | None,
    expires_at: datetime,
) -> None:
    """Remember what a browser was asked to sign, in place of what it was asked before."""
    await connection.execute(_ASK, org_id, browser, challenge, user_id, expires_at)


async def take_challenge(
    connection: Connection, org_id: UUID, *, browser: bytes, user_id: UUID | None, now: datetime
) -> bytes | None:
    """Use up what a browser was asked to sign."""
    found: bytes | None = await connection.fetchval(_TAKE, org_id, browser, now, user_id)
    return found


async def insert(
    connection: Connection,
    org_id: UUID,
    *,
    passkey_id: UUID,
    user_id: UUID,
    credential_id: bytes,
    public_key: bytes,
    sign_count: int,
    label: str,
    now: datetime,
) -> None:
    """Store a passkey. Raises `UniqueViolation` for one that is known."""
    key = (credential_id, public_key, sign_count)
    await connection.execute(_INSERT, org_id, passkey_id, user_id, *key, label, now)


async def find(connection: Connection, org_id: UUID, credential_id: bytes) -> PasskeyRow | None:
    """The passkey of an id that an authenticator gave."""
    row = await connection.fetchrow(_FIND, org_id, credential_id)
    return None if row is None else PasskeyRow(**{**row, "role": Role(row["role"])})


async def used(connection: Connection, org_id: UUID, *, passkey_id: UUID, sign_count: int, now: datetime) -> None:
    """Remember the last use."""
    await connection.execute(_USED, org_id, passkey_id, sign_count, now)


async def of_person(connection: Connection, org_id: UUID, user_id: UUID) -> list[PasskeyLine]:
    """The passkeys of a person, oldest first."""
    return [PasskeyLine(**row) for row in await connection.fetch(_LIST, org_id, user_id)]


async def remove(connection: Connection, org_id: UUID, *, user_id: UUID, passkey_id: UUID) -> str | None:
    """Delete a person's passkey; its label, or None where there is none."""
    label: str | None = await connection.fetchval(_REMOVE, org_id, user_id, passkey_id)
    return label
