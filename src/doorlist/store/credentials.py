"""SQL of tokens. A token is known by its SHA-256 only; nothing here could give it back.

Whoever creates or revokes a token announces the organization on the channel `doorlist_credentials`, in the same
transaction: servers keep callers in memory and drop them when they hear it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.behaviour import Behaviour, CreateOfInactive, EmptyMembers, NoMatch, PatchAnswer
from doorlist.domain.tenancy import Plan
from doorlist.store.db import Connection, Record
from doorlist.store.declarations import DECLARED

CHANNEL: Final = "doorlist_credentials"
"""LISTEN here; the payload is the org_id as text."""

_ANNOUNCE = "select pg_notify('doorlist_credentials', $1)"

_BY_HASH = f"""
select t.org_id, t.connection_id, t.id as token_id, t.scopes, o.plan, o.scim_enabled, t.expires_at, t.revoked_at,
       p.since as paused_at, c.patch_answer, c.no_match, c.create_of_inactive, c.empty_members,
       {DECLARED.format(org_id="t.org_id")} as declared
  from tokens t
  join connections c on c.org_id = t.org_id and c.id = t.connection_id
  join organizations o on o.org_id = t.org_id
  left join connection_pauses p on p.org_id = t.org_id and p.connection_id = t.connection_id
 where t.hash = $1
"""

_INSERT = """
insert into tokens (org_id, id, connection_id, label, hint, hash, scopes, created_at, created_by, expires_at, replaces)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

_LIST = """
select id, label, hint, scopes, created_at, created_by, expires_at, revoked_at, last_used_at, last_used_agent, replaces
  from tokens where org_id = $1 order by id
"""

_LOCK_ALL = "select id from tokens where org_id = $1 order by id for no key update"

_EXPIRING = """
select t.org_id, o.slug, t.id, t.label, t.hint, t.expires_at, t.last_used_at
  from tokens t join organizations o on o.org_id = t.org_id
 where t.revoked_at is null and t.expires_at > $1 and t.expires_at <= $2
 order by t.expires_at, t.id
"""

_TAKE_WARNINGS = """
update tokens t set warned_days = d.days
  from organizations o, (select unnest($2::smallint[]) as days) d
 where o.org_id = t.org_id and t.revoked_at is null and t.expires_at > $1
   and t.expires_at <= $1 + make_interval(days => d.days)
   and not exists (select from unnest($2::smallint[]) as e (days)
                    where e.days < d.days and t.expires_at <= $1 + make_interval(days => e.days))
   and (t.warned_days is null or t.warned_days > d.days)
returning t.org_id, o.slug, t.id, t.label, t.hint, t.expires_at, t.last_used_at
"""

_PAUSE = """
insert into connection_pauses (org_id, connection_id, since, paused_by)
select org_id, id, $2, $3 from connections where org_id = $1
on conflict do nothing
"""

_RESUME = "delete from connection_pauses where org_id = $1"

_PAUSED_SINCE = "select min(since) from connection_pauses where org_id = $1"

_LOCK_BEHAVIOUR = """
select patch_answer, no_match, create_of_inactive, empty_members
  from connections where org_id = $1 and id = $2 for no key update
"""

_SET_BEHAVIOUR = """
update connections set patch_answer = $3, no_match = $4, create_of_inactive = $5, empty_members = $6
 where org_id = $1 and id = $2
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
    paused_at: datetime | None
    behaviour: Behaviour
    declared: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """A token as an administrator sees it; `hint` is its visible start, `replaces` the one it takes over from."""

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
    replaces: UUID | None

    def state(self, now: datetime) -> str:
        """Whether it opens the door at that moment: valid, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


@dataclass(frozen=True, slots=True)
class Expiring:
    """A token whose end is near, with the slug of its organization."""

    org_id: UUID
    slug: str
    id: UUID
    label: str
    hint: str
    expires_at: datetime
    last_used_at: datetime | None


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
    replaces: UUID | None,
    now: datetime,
) -> None:
    """Store a token by its SHA-256."""
    values = (token_id, connection_id, label, hint, digest, list(scopes), now, created_by, expires_at, replaces)
    await connection.execute(_INSERT, org_id, *values)
    await announce(connection, org_id)


async def everyone(connection: Connection, org_id: UUID) -> list[Token]:
    """All tokens of an organization in the order of their creation, expired and revoked ones too."""
    return [_token(row) for row in await connection.fetch(_LIST, org_id)]


async def lock_all(connection: Connection, org_id: UUID) -> None:
    """Keep other administrators from changing the organization's tokens until the transaction ends."""
    await connection.execute(_LOCK_ALL, org_id)


async def expiring(connection: Connection, *, now: datetime, until: datetime) -> list[Expiring]:
    """Valid tokens of every organization that end after `now` and up to `until`, the next to end first."""
    return [Expiring(**row) for row in await connection.fetch(_EXPIRING, now, until)]


async def take_warnings(connection: Connection, *, now: datetime, days: Sequence[int]) -> list[Expiring]:
    """Tokens that have come within one more of these numbers of days of their end; each is returned once a number."""
    return [Expiring(**row) for row in await connection.fetch(_TAKE_WARNINGS, now, list(days))]


async def pause(connection: Connection, org_id: UUID, *, by: str, now: datetime) -> bool:
    """Put the organization's connections off; False where they are already."""
    status = await connection.execute(_PAUSE, org_id, now, by)
    await announce(connection, org_id)
    return bool(int(str(status).rpartition(" ")[2]))


async def resume(connection: Connection, org_id: UUID) -> bool:
    """Take requests again; False where they were taken already."""
    status = await connection.execute(_RESUME, org_id)
    await announce(connection, org_id)
    return bool(int(str(status).rpartition(" ")[2]))


async def paused_since(connection: Connection, org_id: UUID) -> datetime | None:
    """Since when the organization's connection is paused, or None."""
    since: datetime | None = await connection.fetchval(_PAUSED_SINCE, org_id)
    return since


async def lock_behaviour(connection: Connection, org_id: UUID, connection_id: UUID) -> Behaviour:
    """How a connection is answered; it stays so until the transaction ends."""
    return behaviour_of(await connection.fetchrow(_LOCK_BEHAVIOUR, org_id, connection_id))


async def set_behaviour(connection: Connection, org_id: UUID, connection_id: UUID, behaviour: Behaviour) -> None:
    """Answer a connection so from now on, and tell the servers."""
    values = [value.value for value in astuple(behaviour)]
    await connection.execute(_SET_BEHAVIOUR, org_id, connection_id, *values)
    await announce(connection, org_id)


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
    values = dict(row)
    behaviour = behaviour_of({field.name: values.pop(field.name) for field in fields(Behaviour)})
    return Credential(**{**values, "scopes": frozenset(row["scopes"]), "plan": Plan(row["plan"])}, behaviour=behaviour)


def behaviour_of(row: Mapping[str, str]) -> Behaviour:
    """The behaviour that the columns of a connection spell."""
    return Behaviour(
        PatchAnswer(row["patch_answer"]),
        NoMatch(row["no_match"]),
        CreateOfInactive(row["create_of_inactive"]),
        EmptyMembers(row["empty_members"]),
    )


def _token(row: Record) -> Token:
    return Token(**{**row, "scopes": tuple(row["scopes"])})
