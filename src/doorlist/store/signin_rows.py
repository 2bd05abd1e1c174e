"""SQL of sign-ins under way: requests of browsers, assertions that were seen, links to people, the sign-in log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from doorlist.store.db import Connection

_ADD_REQUEST = """
insert into saml_requests (org_id, id, browser, kind, return_to, expires_at) values ($1, $2, $3, $4, $5, $6)
"""

_REQUESTS = """
select id, kind, return_to from saml_requests
 where org_id = $1 and browser = $2 and expires_at > $3 order by expires_at desc limit 50
"""

_TAKE_REQUEST = """
delete from saml_requests where org_id = $1 and id = $2 and browser = $3 and expires_at > $4 returning kind, return_to
"""

_FIRST_SEEN = """
insert into saml_replays (org_id, digest, expires_at) values ($1, $2, $3)
on conflict (org_id, digest) do nothing
returning true
"""

_BY_LINK = """
select u.id, u.user_name, u.active and u.blocked_at is null and u.deleted_at is null as active,
       u.deleted_at is not null as deleted
  from saml_links l join users u on u.org_id = l.org_id and u.id = l.user_id
 where l.org_id = $1 and l.issuer = $2 and l.subject = $3 and u.connection_id = $4
"""

_BY_EXTERNAL_ID = """
select id, user_name, active and blocked_at is null as active, false as deleted
  from users where org_id = $1 and external_id = $2 and connection_id = $3 and deleted_at is null
 limit 2
"""

_BY_USER_NAME = """
select id, user_name, active and blocked_at is null as active, false as deleted
  from users where org_id = $1 and user_name_key = $2 and connection_id = $3 and deleted_at is null
"""

_BURIED = """
select exists (select from users where org_id = $1 and user_name_key = $2 and connection_id = $3
                  and deleted_at is not null)
"""

_LINK = """
insert into saml_links (org_id, issuer, subject, user_id, linked_at) values ($1, $2, $3, $4, $5)
on conflict (org_id, issuer, subject) do update set user_id = $4, linked_at = $5
 where saml_links.user_id <> $4
"""

_OTHER_LINK = """
select exists (select from saml_links where org_id = $1 and issuer = $2 and user_id = $3 and subject <> $4)
"""

_REMEMBER = """
insert into saml_sessions (org_id, session_id, issuer, name_id, format, qualifier, provider_qualifier, session_index)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_AT_PROVIDER = """
select s.session_id, s.issuer, s.name_id, s.format, s.qualifier, s.provider_qualifier, s.session_index
  from saml_sessions s where s.org_id = $1 and s.session_id = $2
"""

_END_NAMED = """
update sessions t set ended_at = $6, ended_by = 'identity provider'
  from saml_sessions s
 where s.org_id = $1 and s.issuer = $2 and s.name_id = $3
   and (cardinality($4::text[]) = 0 or s.session_index = any($4::text[]))
   and s.format is not distinct from coalesce($5, s.format)
   and t.org_id = s.org_id and t.id = s.session_id and t.ended_at is null
returning t.id
"""

_LOG = """
insert into signin_log (org_id, id, at, method, kind, accepted, check_name, detail, user_id, subject, steps, attributes,
                        address, agent)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12::jsonb, $13, $14
 where $6 or (select count(*) from (select from signin_log
                                     where org_id = $1 and id > $15 and not accepted limit $16) n) < $16
"""

_LIST = """
select l.id, l.at, l.method, l.kind, l.accepted, l.check_name, l.detail, l.user_id, l.subject, l.steps, l.attributes,
       l.address, l.agent
  from signin_log l
 where l.org_id = $1 and ($2::uuid is null or l.id < $2) and (not $3 or not l.accepted)
   and ($4::text is null or l.kind = $4)
 order by l.id desc
 limit $5
"""

_ONE = """
select id, at, method, kind, accepted, check_name, detail, user_id, subject, steps, attributes, address, agent
  from signin_log where org_id = $1 and id = $2
"""

_FORGET = """
with requests as (delete from saml_requests where expires_at < $1),
     replays as (delete from saml_replays where expires_at < $1),
     ended as (delete from saml_sessions s where not exists (
                   select from sessions t where t.org_id = s.org_id and t.id = s.session_id))
delete from signin_log where at < $2
"""


@dataclass(frozen=True, slots=True)
class Under:
    """A request that a browser has under way."""

    id: str
    kind: str
    return_to: str


@dataclass(frozen=True, slots=True)
class Known:
    """A person whom a sign-in names; `active` is false for one who is deactivated, blocked or deleted."""

    id: UUID
    user_name: str
    active: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class AtProvider:
    """The session at the identity provider that a session here belongs to."""

    session_id: UUID
    issuer: str
    name_id: str
    format: str | None
    qualifier: str | None
    provider_qualifier: str | None
    session_index: str | None


@dataclass(frozen=True, slots=True)
class SignInLine:
    """One sign-in that was tried; `steps` are check, passed, detail."""

    id: UUID
    at: datetime
    method: str
    kind: str
    accepted: bool
    check_name: str | None
    detail: str
    user_id: UUID | None
    subject: str
    steps: tuple[tuple[str, bool, str], ...]
    attributes: dict[str, list[str]] | None
    address: str
    agent: str


async def add_request(
    connection: Connection, org_id: UUID, *, request: Under, browser: bytes, expires_at: datetime
) -> None:
    """Remember a request that a browser was sent away with."""
    await connection.execute(_ADD_REQUEST, org_id, request.id, browser, request.kind, request.return_to, expires_at)


async def requests_of(connection: Connection, org_id: UUID, *, browser: bytes, now: datetime) -> list[Under]:
    """What a browser has under way, the newest fifty."""
    return [Under(**row) for row in await connection.fetch(_REQUESTS, org_id, browser, now)]


async def take_request(
    connection: Connection, org_id: UUID, *, identifier: str, browser: bytes, now: datetime
) -> Under | None:
    """Use a request up; None when it is not this browser's, is over or was used."""
    row = await connection.fetchrow(_TAKE_REQUEST, org_id, identifier, browser, now)
    return None if row is None else Under(identifier, row["kind"], row["return_to"])


async def is_first_seen(connection: Connection, org_id: UUID, *, digest: bytes, expires_at: datetime) -> bool:
    """Remember a message; False when it was seen before, by whichever process."""
    return bool(await connection.fetchval(_FIRST_SEEN, org_id, digest, expires_at))


async def by_link(
    connection: Connection, org_id: UUID, *, issuer: str, subject: str, connection_id: UUID
) -> Known | None:
    """The person who signed in under a stable id before, a deleted one too."""
    row = await connection.fetchrow(_BY_LINK, org_id, issuer, subject, connection_id)
    return None if row is None else Known(**row)


async def by_external_id(connection: Connection, org_id: UUID, *, external_id: str, connection_id: UUID) -> list[Known]:
    """The live people of a directory with that externalId; more than one is nobody in particular."""
    return [Known(**row) for row in await connection.fetch(_BY_EXTERNAL_ID, org_id, external_id, connection_id)]


async def by_user_name(connection: Connection, org_id: UUID, *, key: str, connection_id: UUID) -> Known | None:
    """The live person of a directory with that userName, in comparison form."""
    row = await connection.fetchrow(_BY_USER_NAME, org_id, key, connection_id)
    return None if row is None else Known(**row)


async def was_buried(connection: Connection, org_id: UUID, *, key: str, connection_id: UUID) -> bool:
    """Whether a person of that userName was deleted and is still remembered."""
    return bool(await connection.fetchval(_BURIED, org_id, key, connection_id))


async def has_other_link(connection: Connection, org_id: UUID, *, issuer: str, subject: str, user_id: UUID) -> bool:
    """Whether a person signed in under another stable id before."""
    return bool(await connection.fetchval(_OTHER_LINK, org_id, issuer, user_id, subject))


async def link(
    connection: Connection, org_id: UUID, *, issuer: str, subject: str, user_id: UUID, now: datetime
) -> None:
    """Remember who a stable id is."""
    await connection.execute(_LINK, org_id, issuer, subject, user_id, now)


async def remember_session(connection: Connection, org_id: UUID, session: AtProvider) -> None:
    """Remember what a logout has to name."""
    names = (session.issuer, session.name_id, session.format, session.qualifier, session.provider_qualifier)
    await connection.execute(_REMEMBER, org_id, session.session_id, *names, session.session_index)


async def at_provider(connection: Connection, org_id: UUID, session_id: UUID) -> AtProvider | None:
    """What a logout of a session has to name, or None for a session that did not begin by SAML."""
    row = await connection.fetchrow(_AT_PROVIDER, org_id, session_id)
    return None if row is None else AtProvider(**row)


async def end_named(
    connection: Connection,
    org_id: UUID,
    *,
    issuer: str,
    name_id: str,
    format_: str | None,
    indexes: list[str],
    now: datetime,
) -> list[UUID]:
    """End the live sessions that a logout names: those of the indexes, or all of the person where there are none."""
    rows = await connection.fetch(_END_NAMED, org_id, issuer, name_id, indexes, format_, now)
    return [row["id"] for row in rows]


async def log(connection: Connection, org_id: UUID, line: SignInLine, *, since: UUID, most: int) -> None:
    """Remember a sign-in that was tried; a refused one only if there are fewer than so many `since` that id."""
    attributes = None if line.attributes is None else json.dumps(line.attributes)
    outcome = (line.accepted, line.check_name, line.detail, line.user_id, line.subject)
    await connection.execute(
        _LOG,
        org_id,
        line.id,
        line.at,
        line.method,
        line.kind,
        *outcome,
        json.dumps(line.steps),
        attributes,
        line.address,
        line.agent,
        since,
        most,
    )


async def logged(
    connection: Connection, org_id: UUID, *, before: UUID | None, refused: bool, kind: str | None, limit: int
) -> list[SignInLine]:
    """The newest sign-ins, those before an id for the next page."""
    rows = await connection.fetch(_LIST, org_id, before, refused, kind, limit)
    return [_line(dict(row)) for row in rows]


async def logged_one(connection: Connection, org_id: UUID, log_id: UUID) -> SignInLine | None:
    """One entry of the log."""
    row = await connection.fetchrow(_ONE, org_id, log_id)
    return None if row is None else _line(dict(row))


async def forget(connection: Connection, *, over: datetime, logged_before: datetime) -> None:
    """Delete, of every organization, what is over and what was logged before that moment."""
    await connection.execute(_FORGET, over, logged_before)


def _line(row: dict[str, Any]) -> SignInLine:
    steps = tuple((str(check), bool(passed), str(detail)) for check, passed, detail in json.loads(row["steps"]))
    attributes = None if row["attributes"] is None else json.loads(row["attributes"])
    return SignInLine(**{**row, "steps": steps, "attributes": attributes})
