"""SQL of the set-up: how far an organization is, and the links that let an IT contact go on with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.tenancy import PROVISIONING_PLAN
from doorlist.store.db import Connection

_LOOK = f"""
select o.plan, o.scim_enabled,
       (select count(*) from resources w
         where w.org_id = o.org_id and w.kind = 'workspace' and w.deleted_at is null) as workspaces,
       (select count(*) from resources w
         where w.org_id = o.org_id and w.kind = 'workspace' and w.deleted_at is null
           and w.plan = '{PROVISIONING_PLAN.value}') as upgraded,
       (select count(*) from users u
         where u.org_id = o.org_id and u.role = 'owner' and u.active and u.deleted_at is null
           and u.connection_id is null) as local_owners,
       exists (select from saml_settings s where s.org_id = o.org_id) as saml,
       exists (select from signin_log l
                where l.org_id = o.org_id and l.method = 'saml' and l.accepted) as signed_in,
       (select count(*) from tokens t
         where t.org_id = o.org_id and t.revoked_at is null and (t.expires_at is null or t.expires_at > $2)) as tokens,
       (select max(t.last_used_at) from tokens t where t.org_id = o.org_id) as last_used_at,
       (select min(g.created_at) from groups g
         where g.org_id = o.org_id and g.connection_id is not null and g.deleted_at is null) as first_group_at,
       (select count(*) from groups g
         where g.org_id = o.org_id and g.connection_id is not null and g.deleted_at is null) as groups,
       exists (select from grants a
                 join groups g on g.org_id = a.org_id and g.id = a.principal_id and g.connection_id is not null
                where a.org_id = o.org_id and a.principal_kind = 'group') as granted
  from organizations o
 where o.org_id = $1
"""

_INSERT_LINK = """
insert into setup_links (org_id, id, hash, contact, created_at, created_by, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""

_FIND_LINK = """
update setup_links l set opened_at = coalesce(l.opened_at, $2)
  from organizations o
 where l.hash = $1 and l.revoked_at is null and l.expires_at > $2 and o.org_id = l.org_id
returning l.org_id, o.slug, l.contact
"""

_LIST_LINKS = """
select id, contact, created_at, created_by, expires_at, opened_at, revoked_at
  from setup_links where org_id = $1 and (revoked_at is null and expires_at > $2) order by created_at, id
"""

_REVOKE_LINK = """
update setup_links set revoked_at = $3 where org_id = $1 and id = $2 and revoked_at is null returning contact
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the steps of the set-up are judged by. Groups and grants are those of directories."""

    plan: str
    scim_enabled: bool
    workspaces: int
    upgraded: int
    local_owners: int
    saml: bool
    signed_in: bool
    tokens: int
    last_used_at: datetime | None
    first_group_at: datetime | None
    groups: int
    granted: bool


@dataclass(frozen=True, slots=True)
class SetupLink:
    """A link that still opens."""

    id: UUID
    contact: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    opened_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Opened:
    """Whose link was opened, and for which organization."""

    org_id: UUID
    slug: str
    contact: str


async def look(connection: Connection, org_id: UUID, *, now: datetime) -> Progress:
    """How far the organization is."""
    return Progress(**dict(await connection.fetchrow(_LOOK, org_id, now)))


async def insert_link(
    connection: Connection,
    org_id: UUID,
    *,
    link_id: UUID,
    digest: bytes,
    contact: str,
    by: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Remember a link."""
    await connection.execute(_INSERT_LINK, org_id, link_id, digest, contact, now, by, expires_at)


async def open_link(connection: Connection, digest: bytes, *, now: datetime) -> Opened | None:
    """Whose link a secret is, None for one that is over, revoked or made up."""
    row = await connection.fetchrow(_FIND_LINK, digest, now)
    return None if row is None else Opened(**row)


async def links(connection: Connection, org_id: UUID, *, now: datetime) -> list[SetupLink]:
    """The links that still open."""
    return [SetupLink(**row) for row in await connection.fetch(_LIST_LINKS, org_id, now)]


async def revoke_link(connection: Connection, org_id: UUID, link_id: UUID, *, now: datetime) -> str | None:
    """End a link; the contact it was for, None where it has ended already."""
    found: str | None = await connection.fetchval(_REVOKE_LINK, org_id, link_id, now)
    return found
