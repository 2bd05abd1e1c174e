"""SQL of organizations and the directory connection that comes with each. No rules.

A change of plan or of provisioning is announced on the channel of the credentials in the same transaction, because
servers keep callers in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.levels import Policy
from doorlist.domain.tenancy import Plan
from doorlist.store import credentials
from doorlist.store.db import Connection, Record

_INSERT = """
with organization as (
    insert into organizations (org_id, slug, name, plan, created_at) values ($1, $2, $3, $4, $5) returning org_id)
insert into connections (org_id, id, name, created_at) select org_id, $6, 'directory', $5 from organization
"""

_TAKEN_SLUGS = "select slug from organizations where slug = $1 or slug like $1 || '-%'"

_FIND = """
select org_id, slug, name, plan, removal_policy, members_create_workspaces, scim_enabled, created_at
  from organizations where slug = $1
"""

_LOCK = """
select org_id, slug, name, plan, removal_policy, members_create_workspaces, scim_enabled, created_at
  from organizations where org_id = $1 for no key update
"""

_LIST = """
select org_id, slug, name, plan, removal_policy, members_create_workspaces, scim_enabled, created_at
  from organizations order by slug
"""

_CHANGE = """
update organizations
   set plan = $2, removal_policy = $3, members_create_workspaces = $4, scim_enabled = $5
 where org_id = $1
returning org_id, slug, name, plan, removal_policy, members_create_workspaces, scim_enabled, created_at
"""

_DEFAULT_CONNECTION = "select id from connections where org_id = $1 order by created_at, id limit 1"


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization with its settings."""

    org_id: UUID
    slug: str
    name: str
    plan: Plan
    removal_policy: Policy
    members_create_workspaces: bool
    scim_enabled: bool
    created_at: datetime


async def insert(
    connection: Connection, org_id: UUID, *, slug: str, name: str, plan: Plan, connection_id: UUID, now: datetime
) -> None:
    """Create an organization and its connection named directory. Raises `UniqueViolation` for a taken slug."""
    await connection.execute(_INSERT, org_id, slug, name, plan.value, now, connection_id)


async def taken_slugs(connection: Connection, stem: str) -> set[str]:
    """The slugs that are the stem, or the stem with a hyphen and more."""
    return {row["slug"] for row in await connection.fetch(_TAKEN_SLUGS, stem)}


async def find(connection: Connection, slug: str) -> Organization | None:
    """The organization of that slug."""
    row = await connection.fetchrow(_FIND, slug)
    return None if row is None else _organization(row)


async def lock(connection: Connection, org_id: UUID) -> Organization | None:
    """The organization as it is now; it stays so until the transaction ends."""
    row = await connection.fetchrow(_LOCK, org_id)
    return None if row is None else _organization(row)


async def everyone(connection: Connection) -> list[Organization]:
    """All organizations, by slug."""
    return [_organization(row) for row in await connection.fetch(_LIST)]


async def change(
    connection: Connection,
    org_id: UUID,
    *,
    plan: Plan,
    removal_policy: Policy,
    members_create_workspaces: bool,
    scim_enabled: bool,
) -> Organization:
    """Store the settings, all of them, and tell the servers."""
    row = await connection.fetchrow(
        _CHANGE, org_id, plan.value, removal_policy.value, members_create_workspaces, scim_enabled
    )
    await credentials.announce(connection, org_id)
    return _organization(row)


async def default_connection(connection: Connection, org_id: UUID) -> UUID:
    """The directory connection that new tokens belong to: the oldest."""
    found: UUID = await connection.fetchval(_DEFAULT_CONNECTION, org_id)
    return found


def _organization(row: Record) -> Organization:
    return Organization(
        **{**row, "plan": Plan(row["plan"]), "removal_policy": Policy(row["removal_policy"])},
    )
