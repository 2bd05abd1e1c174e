"""SQL of the domains of organizations. A domain counts once it is verified, and then for one organization only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.store.db import Connection

_ADD = """
insert into domains (org_id, domain, token, added_at) values ($1, $2, $3, $4)
on conflict (org_id, domain) do nothing
returning true
"""

_LIST = """
select domain, token, added_at, verified_at, verified_by, checked_at from domains where org_id = $1 order by domain
"""

_FIND = """
select domain, token, added_at, verified_at, verified_by, checked_at from domains where org_id = $1 and domain = $2
"""

_VERIFY = """
update domains set verified_at = $3, verified_by = $4, checked_at = $3 where org_id = $1 and domain = $2
"""

_CHECKED = "update domains set checked_at = $3 where org_id = $1 and domain = $2"

_REMOVE = "delete from domains where org_id = $1 and domain = $2 returning true"

_HOME = """
select o.slug, s.org_id is not null as saml
  from domains d
  join organizations o on o.org_id = d.org_id
  left join saml_settings s on s.org_id = d.org_id
 where d.domain = $1 and d.verified_at is not null
"""


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A domain of an organization; `token` is what its TXT record has to hold."""

    domain: str
    token: str
    added_at: datetime
    verified_at: datetime | None
    verified_by: str | None
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Home:
    """Where people of a domain sign in."""

    slug: str
    saml: bool


async def add(connection: Connection, org_id: UUID, *, domain: str, token: str, now: datetime) -> bool:
    """Note a domain that is to be verified; False where it was noted before."""
    return bool(await connection.fetchval(_ADD, org_id, domain, token, now))


async def everyone(connection: Connection, org_id: UUID) -> list[DomainRow]:
    """The domains of an organization, verified or not."""
    return [DomainRow(**row) for row in await connection.fetch(_LIST, org_id)]


async def find(connection: Connection, org_id: UUID, domain: str) -> DomainRow | None:
    """One domain of an organization."""
    row = await connection.fetchrow(_FIND, org_id, domain)
    return None if row is None else DomainRow(**row)


async def verify(connection: Connection, org_id: UUID, *, domain: str, now: datetime, by: str) -> None:
    """Let a domain count. Raises `UniqueViolation` where it counts for another organization."""
    await connection.execute(_VERIFY, org_id, domain, now, by)


async def checked(connection: Connection, org_id: UUID, *, domain: str, now: datetime) -> None:
    """Remember that the record was looked for in vain."""
    await connection.execute(_CHECKED, org_id, domain, now)


async def remove(connection: Connection, org_id: UUID, *, domain: str) -> bool:
    """Forget a domain; whether it was there."""
    return bool(await connection.fetchval(_REMOVE, org_id, domain))


async def home_of(connection: Connection, domain: str) -> Home | None:
    """Where people of a verified domain sign in."""
    row = await connection.fetchrow(_HOME, domain)
    return None if row is None else Home(**row)
