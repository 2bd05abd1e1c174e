"""SQL of sessions. A session is known by the SHA-256 of its token only; nothing here could give a cookie back.

Whether a session is live is asked of the person and the organization in the same statement: nobody who is inactive,
blocked or deleted has one, whatever the row says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.levels import Role
from doorlist.domain.signin import Method, SignedIn
from doorlist.domain.tenancy import Plan
from doorlist.store.db import Connection, Record

_INSERT = """
insert into sessions (org_id, id, user_id, hash, form_key, method, created_at, rotated_at, seen_at, expires_at, address,
                      agent)
select o.org_id, $2, u.id, $4, $5, $6, $7, $7, $7,
       least($7::timestamptz + make_interval(mins => o.session_minutes), $8), $9, $10
  from organizations o
  join users u on u.org_id = o.org_id and u.id = $3 and u.active and u.blocked_at is null and u.deleted_at is null
 where o.org_id = $1
returning expires_at
"""

_FIND = """
select s.org_id, o.slug as org_slug, o.name as org_name, o.plan, s.id as session_id, s.user_id, u.user_name,
       u.display_name, u.role, s.method, s.form_key, s.created_at, s.rotated_at, s.seen_at, s.expires_at
  from (select * from sessions where hash = $1
        union all
        select * from sessions where previous_hash = $1 and rotated_at > $3) s
  join organizations o on o.org_id = s.org_id
  join users u on u.org_id = s.org_id and u.id = s.user_id and u.active and u.blocked_at is null
              and u.deleted_at is null
 where s.ended_at is null and s.expires_at > $2
   and s.seen_at > $2::timestamptz - make_interval(mins => o.session_idle_minutes)
"""

_ROTATE = """
update sessions set previous_hash = hash, hash = $4, rotated_at = $5, seen_at = $5
 where org_id = $1 and id = $2 and hash = $3 and ended_at is null
returning true
"""

_TOUCH = "update sessions set seen_at = $3 where org_id = $1 and id = $2 and seen_at < $3"

_END = """
update sessions set ended_at = $3, ended_by = $4 where org_id = $1 and id = $2 and ended_at is null returning true
"""

_END_ALL = """
update sessions set ended_at = $3, ended_by = $4
 where org_id = $1 and user_id = $2 and ended_at is null and expires_at > $3 and id is distinct from $5
returning id
"""

_LIST = """
select s.id, s.user_id, u.user_name, s.method, s.created_at, s.seen_at, s.expires_at, s.address, s.agent
  from sessions s
  join organizations o on o.org_id = s.org_id
  join users u on u.org_id = s.org_id and u.id = s.user_id
 where s.org_id = $1 and s.ended_at is null and s.expires_at > $2
   and s.seen_at > $2::timestamptz - make_interval(mins => o.session_idle_minutes)
   and ($3::uuid is null or s.user_id = $3)
 order by s.id desc
 limit $4
"""

_LIMIT = """
with changed as (
    update organizations
       set session_minutes = coalesce($2, session_minutes), session_idle_minutes = coalesce($3, session_idle_minutes)
     where org_id = $1
    returning org_id, session_minutes, session_idle_minutes),
shortened as (
    update sessions s
       set expires_at = least(s.expires_at, s.created_at + make_interval(mins => c.session_minutes))
      from changed c
     where s.org_id = c.org_id and s.ended_at is null)
select session_minutes, session_idle_minutes from changed
"""

_END_OTHERS = """
update sessions s set ended_at = $2, ended_by = $3
  from users u
 where s.org_id = $1 and s.ended_at is null and s.method <> 'saml'
   and u.org_id = s.org_id and u.id = s.user_id and u.role <> 'owner'
"""

_FORGET = "delete from sessions where expires_at < $1"


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A live session in a list."""

    id: UUID
    user_id: UUID
    user_name: str
    method: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


async def insert(
    connection: Connection,
    org_id: UUID,
    *,
    session_id: UUID,
    user_id: UUID,
    digest: bytes,
    form_key: bytes,
    method: Method,
    now: datetime,
    until: datetime | None,
    address: str,
    agent: str,
) -> datetime | None:
    """Open a session that ends at the organization's limit, or `until` if that is sooner.

    Returns its end, or None when the person is not active in the organization (any more).
    """
    values = (session_id, user_id, digest, form_key, method.value, now, until, address, agent)
    ends: datetime | None = await connection.fetchval(_INSERT, org_id, *values)
    return ends


async def find(connection: Connection, digest: bytes, *, now: datetime, rotated_after: datetime) -> SignedIn | None:
    """The live session of a token; one that was replaced counts if that was after `rotated_after`."""
    row = await connection.fetchrow(_FIND, digest, now, rotated_after)
    return None if row is None else _signed_in(row)


async def rotate(
    connection: Connection, org_id: UUID, *, session_id: UUID, before: bytes, after: bytes, now: datetime
) -> bool:
    """Replace the token of a session; False when another request was faster."""
    return bool(await connection.fetchval(_ROTATE, org_id, session_id, before, after, now))


async def touch(connection: Connection, org_id: UUID, *, session_id: UUID, now: datetime) -> None:
    """Remember that the session was used."""
    await connection.execute(_TOUCH, org_id, session_id, now)


async def end(connection: Connection, org_id: UUID, *, session_id: UUID, now: datetime, by: str) -> bool:
    """End a session; whether it had not ended before."""
    return bool(await connection.fetchval(_END, org_id, session_id, now, by))


async def end_all(
    connection: Connection, org_id: UUID, *, user_id: UUID, now: datetime, by: str, besides: UUID | None = None
) -> list[UUID]:
    """End every session of a person, `besides` one; returns those that were live."""
    rows = await connection.fetch(_END_ALL, org_id, user_id, now, by, besides)
    return [row["id"] for row in rows]


async def limit(
    connection: Connection, org_id: UUID, *, minutes: int | None, idle_minutes: int | None
) -> tuple[int, int]:
    """Set how long sessions live, also those that there are; None leaves a limit. Returns both as they are then."""
    row = await connection.fetchrow(_LIMIT, org_id, minutes, idle_minutes)
    return row["session_minutes"], row["session_idle_minutes"]


async def end_others(connection: Connection, org_id: UUID, *, now: datetime, by: str) -> None:
    """End every session that did not begin by SAML, but those of owners."""
    await connection.execute(_END_OTHERS, org_id, now, by)


async def live(
    connection: Connection, org_id: UUID, *, now: datetime, user_id: UUID | None, limit: int
) -> list[SessionLine]:
    """The live sessions of an organization, or of one person, newest first."""
    return [SessionLine(**row) for row in await connection.fetch(_LIST, org_id, now, user_id, limit)]


async def forget(connection: Connection, *, older_than: datetime) -> None:
    """Delete the sessions of every organization that were over before that moment."""
    await connection.execute(_FORGET, older_than)


def _signed_in(row: Record) -> SignedIn:
    return SignedIn(
        **{**row, "plan": Plan(row["plan"]), "role": Role(row["role"]), "method": Method(row["method"])},
    )
