"""SQL of the keys of programs. No rules: whether a key opens a door is for the reader of it to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection

_INSERT = """
insert into api_keys (org_id, id, user_id, label, hint, hash, scopes, created_at, created_by, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

# The last use is written at most once a minute: a read must not cost a write.
_FIND_BY_HASH = """
with used as (
    update api_keys set last_used_at = $2
     where hash = $1 and revoked_at is null
       and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute'))
select k.org_id, o.slug, k.id, k.user_id, k.label, k.scopes, k.expires_at, k.revoked_at, u.user_name,
       k.user_id is null or (u.active and u.blocked_at is null and u.deleted_at is null) as standing
  from api_keys k
  join organizations o on o.org_id = k.org_id
  left join users u on u.org_id = k.org_id and u.id = k.user_id
 where k.hash = $1
"""

_LIST = """
select k.id, k.label, k.hint, k.scopes, k.user_id, u.user_name, k.created_at, k.created_by, k.expires_at,
       k.revoked_at, k.last_used_at
  from api_keys k
  left join users u on u.org_id = k.org_id and u.id = k.user_id
 where k.org_id = $1
 order by k.id
"""

_REVOKE = """
update api_keys set revoked_at = $3 where org_id = $1 and id = any($2::uuid[]) and revoked_at is null
"""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """What a key stands for, valid or not; `standing` is false when its person is gone, inactive or blocked."""

    org_id: UUID
    slug: str
    id: UUID
    user_id: UUID | None
    label: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None
    user_name: str | None
    standing: bool


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key as an administrator sees it; `user_name` is whom it acts as, None for the organization."""

    id: UUID
    label: str
    hint: str
    scopes: tuple[str, ...]
    user_id: UUID | None
    user_name: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def state(self, now: datetime) -> str:
        """Whether it opens the door at that moment: valid, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


async def insert(
    connection: Connection,
    org_id: UUID,
    *,
    key_id: UUID,
    user_id: UUID | None,
    label: str,
    hint: str,
    digest: bytes,
    scopes: Sequence[str],
    created_by: str,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """Store a new key by its digest."""
    values = (key_id, user_id, label, hint, digest, list(scopes), now, created_by, expires_at)
    await connection.execute(_INSERT, org_id, *values)


async def find_by_hash(connection: Connection, digest: bytes, *, now: datetime) -> FoundKey | None:
    """The key of that digest, whatever its state; a use of it is remembered."""
    row = await connection.fetchrow(_FIND_BY_HASH, digest, now)
    return None if row is None else FoundKey(**{**row, "scopes": tuple(row["scopes"])})


async def everything(connection: Connection, org_id: UUID) -> list[KeyLine]:
    """All keys in the order of their making, expired and revoked ones too."""
    return [KeyLine(**{**row, "scopes": tuple(row["scopes"])}) for row in await connection.fetch(_LIST, org_id)]


async def revoke(connection: Connection, org_id: UUID, ids: Sequence[UUID], *, now: datetime) -> None:
    """End keys at once."""
    await connection.execute(_REVOKE, org_id, list(ids), now)
