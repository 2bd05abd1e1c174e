"""SQL of tokens. A token is known by its SHA-256 only; nothing here could give it back.

Whoever creates or revokes a token announces the organization on the channel `doorlist_credentials`, in the same
transaction: servers keep callers in memory and drop them when they hear it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.tenancy import Plan
from doorlist.store.db import Connection, Record

CHANNEL: Final = "doorlist_credentials"
"""LISTEN here; the payload is the org_id as text."""

_ANNOUNCE = "select pg_notify('doorlist_credentials', $1)"

_BY_HASH = """
select t.org_id, t.connection_id, t.id as token_id, t.scopes, o.plan, o.scim_enabled, t.expires_at, t.revoked_at
  from tokens t
  join connections c on c.org_id = t.org_id and c.id = t.connection_id
  join organizations o on o.org_id = t.org_id
 where t.hash = $1
"""

_INSERT = """
insert into tokens (org_id, id, connection_id, label, hint, hash, scopes, created_at, created_by, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

_LIST = """
select id, label, hint, scopes, created_at, created_by, expires_at, revoked_at, last_used_at, last_used_agent
  from tokens where org_id = $1 order by id
"""

_REVOKE = """
update tokens set revoked_at = $3 where org_id = $1 and id = any($2::uuid[]) and revoked_at is null returning id
"""

_TOUCH = """
update tokens t
   set last_used_at = greatest(t.last_used_at, u.at),
       last_used_agent = case when u.at >= coalesce(t.last_used_at, u.at) then u.agent else t.last_used_agent end
  from (select distinct on (org_id, id) org_id, id, at, agent
          from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[]) as n (org_id, id, at, agent)
         order by org_id, id, at desc) u
 where t.org_id = u.org_id and t.id = u.id
"""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a token stands for, valid or not: the reader of it decides about `expires_at` and `revoked_at`."""

    org_id: UUID
    connection_id: UUID
    token_id: UUID
    scopes: frozenset[str]
    plan: Plan
    scim_enabled: bool
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Token:
    """A token as an administrator sees it; `hint` is its visible start."""

    id: UUID
    label: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_agent: str | None

    def state(self, now: datetime) -> str:
        """Whether it opens the door at that moment: valid, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


@dataclass(frozen=True, slots=True)
class Use:
    """The last request that a server saw with a token."""

    org_id: UUID
    token_id: UUID
    at: datetime
    agent: str


async def announce(connection: Connection, org_id: UUID) -> None:
    """Tell every server, at commit, to forget the callers of an organization."""
    await connection.execute(_ANNOUNCE, str(org_id))


async def find_by_hash(connection: Connection, digest: bytes) -> Credential | None:
    """The credential whose SHA-256 is `digest`, with the settings of its organization, in one statement."""
    row = await connection.fetchrow(_BY_HASH, digest)
    return None if row is None else _credential(row)


async def insert(
    connection: Connection,
    org_id: UUID,
    *,
    token_id: UUID,
    connection_id: UUID,
    label: str,
    hint: str,
    digest: bytes,
    scopes: Sequence[str],
    created_by: str,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """Store a token by its SHA-256."""
    await connection.execute(
        _INSERT, org_id, token_id, connection_id, label, hint, digest, list(scopes), now, created_by, expires_at
    )
    await announce(connection, org_id)


async def everyone(connection: Connection, org_id: UUID) -> list[Token]:
    """All tokens of an organization in the order of their creation, expired and revoked ones too."""
    return [_token(row) for row in await connection.fetch(_LIST, org_id)]


async def revoke(connection: Connection, org_id: UUID, token_ids: list[UUID], *, now: datetime) -> int:
    """Revoke those that are not revoked yet; returns how many."""
    rows = await connection.fetch(_REVOKE, org_id, token_ids, now)
    await announce(connection, org_id)
    return len(rows)


async def touch(connection: Connection, uses: Sequence[Use]) -> None:
    """Note when tokens were last used; of several notes the latest stays."""
    await connection.execute(
        _TOUCH,
        [use.org_id for use in uses],
        [use.token_id for use in uses],
        [use.at for use in uses],
        [use.agent for use in uses],
    )


def _credential(row: Record) -> Credential:
    return Credential(**{**row, "scopes": frozenset(row["scopes"]), "plan": Plan(row["plan"])})


def _token(row: Record) -> Token:
    return Token(**{**row, "scopes": tuple(row["scopes"])})
