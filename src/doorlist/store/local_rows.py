"""SQL of sign-in without an identity provider: passwords with one-time codes, links, failures. No rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.levels import Role
from doorlist.store.db import Connection

_FIND = """
select u.id as user_id, u.user_name, u.role, u.active and u.blocked_at is null as active, c.password, c.totp_secret,
       c.totp_step
  from users u join local_credentials c on c.org_id = u.org_id and c.user_id = u.id
 where u.org_id = $1 and u.user_name_key = $2 and u.deleted_at is null
 order by u.connection_id nulls first
 limit 1
"""

_PUT = """
insert into local_credentials (org_id, user_id, password, totp_secret, totp_step, set_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (org_id, user_id) do update set password = $3, totp_secret = $4, totp_step = $5, set_at = $6
"""

_USE_CODE = """
update local_credentials set totp_step = $3 where org_id = $1 and user_id = $2 and totp_step < $3 returning true
"""

_REHASH = "update local_credentials set password = $3 where org_id = $1 and user_id = $2 and password = $4"

_REMOVE = "delete from local_credentials where org_id = $1 and user_id = $2 returning true"

_OWNERS = """
select u.id from users u
 where u.org_id = $1 and u.role = 'owner' and u.active and u.blocked_at is null and u.deleted_at is null
   and (exists (select from local_credentials c where c.org_id = u.org_id and c.user_id = u.id)
        or exists (select from passkeys p where p.org_id = u.org_id and p.user_id = u.id))
"""

_ADD_LINK = """
insert into signin_links (org_id, id, user_id, purpose, hash, created_at, created_by, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_DROP_LINKS = "delete from signin_links where org_id = $1 and user_id = $2 and used_at is null"

_FIND_LINK = """
select l.org_id, l.id, l.user_id, l.purpose, u.user_name, u.role, o.slug, o.name as organization
  from signin_links l
  join organizations o on o.org_id = l.org_id
  join users u on u.org_id = l.org_id and u.id = l.user_id and u.active and u.blocked_at is null
              and u.deleted_at is null
 where l.hash = $1 and l.used_at is null and l.expires_at > $2
"""

_USE_LINK = "update signin_links set used_at = $3 where org_id = $1 and id = $2 and used_at is null returning true"

_FAILURES = "select failures, last_at from signin_failures where digest = any($1::bytea[])"

_FAILED = """
insert into signin_failures (digest, failures, last_at)
select n.digest, 1, $2 from unnest($1::bytea[]) as n (digest)
on conflict (digest) do update
   set failures = case when signin_failures.last_at < $3 then 1 else signin_failures.failures + 1 end, last_at = $2
"""

_SUCCEEDED = "delete from signin_failures where digest = any($1::bytea[])"

_FORGET = """
with links as (delete from signin_links where expires_at < $1::timestamptz - interval '30 days'),
     challenges as (delete from passkey_challenges where expires_at < $1::timestamptz)
delete from signin_failures where last_at < $1::timestamptz - interval '1 day'
"""


@dataclass(frozen=True, slots=True)
class LocalRow:
    """A person with a password and a secret for one-time codes."""

    user_id: UUID
    user_name: str
    role: Role
    active: bool
    password: str
    totp_secret: str
    totp_step: int


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link that is still good, and whose it is."""

    org_id: UUID
    id: UUID
    user_id: UUID
    purpose: str
    user_name: str
    role: str
    slug: str
    organization: str


async def find(connection: Connection, org_id: UUID, *, user_name_key: str) -> LocalRow | None:
    """The live person of that userName who has a password, a local one before a directory's."""
    row = await connection.fetchrow(_FIND, org_id, user_name_key)
    return None if row is None else LocalRow(**{**row, "role": Role(row["role"])})


async def put(
    connection: Connection,
    org_id: UUID,
    *,
    user_id: UUID,
    password: str,
    totp_secret: str,
    totp_step: int,
    now: datetime,
) -> None:
    """Set a person's password and secret."""
    await connection.execute(_PUT, org_id, user_id, password, totp_secret, totp_step, now)


async def use_code(connection: Connection, org_id: UUID, *, user_id: UUID, step: int) -> bool:
    """Use the one-time code of a step up; False when it or a later one was used before."""
    return bool(await connection.fetchval(_USE_CODE, org_id, user_id, step))


async def rehash(connection: Connection, org_id: UUID, *, user_id: UUID, password: str, before: str) -> None:
    """Store a password's hash anew, unless it was changed meanwhile."""
    await connection.execute(_REHASH, org_id, user_id, password, before)


async def remove(connection: Connection, org_id: UUID, *, user_id: UUID) -> bool:
    """Take password and secret away; whether there were any."""
    return bool(await connection.fetchval(_REMOVE, org_id, user_id))


async def owners_who_get_in(connection: Connection, org_id: UUID) -> list[UUID]:
    """The owners who stand and have a password with codes, or a passkey."""
    return [row["id"] for row in await connection.fetch(_OWNERS, org_id)]


async def add_link(
    connection: Connection,
    org_id: UUID,
    *,
    link_id: UUID,
    user_id: UUID,
    purpose: str,
    digest: bytes,
    now: datetime,
    by: str,
    expires_at: datetime,
) -> None:
    """Store a link by its SHA-256, in the place of those that the person has not used."""
    await connection.execute(_DROP_LINKS, org_id, user_id)
    await connection.execute(_ADD_LINK, org_id, link_id, user_id, purpose, digest, now, by, expires_at)


async def find_link(connection: Connection, digest: bytes, *, now: datetime) -> LinkRow | None:
    """The link of a SHA-256, if it is good and its person active."""
    row = await connection.fetchrow(_FIND_LINK, digest, now)
    return None if row is None else LinkRow(**row)


async def use_link(connection: Connection, org_id: UUID, *, link_id: UUID, now: datetime) -> bool:
    """Use a link up; False when somebody was faster."""
    return bool(await connection.fetchval(_USE_LINK, org_id, link_id, now))


async def failures(connection: Connection, digests: Sequence[bytes]) -> list[tuple[int, datetime]]:
    """How often each of these was guessed wrong in a row, and when last."""
    return [(row["failures"], row["last_at"]) for row in await connection.fetch(_FAILURES, list(digests))]


async def failed(
    connection: Connection, digests: Sequence[bytes], *, now: datetime, forgotten_before: datetime
) -> None:
    """Count a wrong guess; what lies before that moment counts no more."""
    await connection.execute(_FAILED, list(digests), now, forgotten_before)


async def succeeded(connection: Connection, digests: Sequence[bytes]) -> None:
    """Forget the wrong guesses before a right one."""
    await connection.execute(_SUCCEEDED, list(digests))


async def forget(connection: Connection, *, over: datetime) -> None:
    """Delete what is over in every organization."""
    await connection.execute(_FORGET, over)
