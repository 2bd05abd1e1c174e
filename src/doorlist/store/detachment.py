"""SQL of who manages the groups of a directory: it does while provisioning is on, the plan includes it and a token is
alive; otherwise they are detached. No rules beside that one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.tenancy import PROVISIONING_PLAN
from doorlist.store.db import Connection

MANAGED: Final = f"""
(o.scim_enabled and o.plan = '{PROVISIONING_PLAN.value}'
 and exists (select from tokens t
              where t.org_id = o.org_id and t.connection_id = c.id and t.revoked_at is null
                and (t.expires_at is null or t.expires_at > {{now}})))
"""
"""Whether the connection `c` of the organization `o` manages its groups, at the moment put in the place of `now`."""

_LOOK: Final = f"""
select c.id, c.name, {MANAGED.format(now="$2")} as managed,
       case when not o.scim_enabled then 'switched-off' when o.plan <> '{PROVISIONING_PLAN.value}' then 'plan'
            else 'no-token' end as reason,
       (select count(*) from groups g
         where g.org_id = c.org_id and g.connection_id = c.id and g.deleted_at is null) as groups,
       (select max(least(t.revoked_at, t.expires_at)) from tokens t
         where t.org_id = c.org_id and t.connection_id = c.id) as ended_at
  from organizations o
  join connections c on c.org_id = o.org_id
 where o.org_id = $1
 order by c.created_at, c.id
"""

_TOLD = """
select exists (select from attention_items
                where org_id = $1 and kind = 'detached-groups' and target_id = $2 and raised_at >= $3)
"""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Whether a directory manages its groups; if not, why, and for want of a token since when."""

    id: UUID
    name: str
    managed: bool
    reason: str
    groups: int
    ended_at: datetime | None


async def look(connection: Connection, org_id: UUID, *, now: datetime) -> list[Attachment]:
    """Every directory of an organization, the oldest first."""
    return [Attachment(**row) for row in await connection.fetch(_LOOK, org_id, now)]


async def told_since(connection: Connection, org_id: UUID, target_id: UUID, moment: datetime) -> bool:
    """Whether somebody was asked about detached groups since a moment, open or decided."""
    return bool(await connection.fetchval(_TOLD, org_id, target_id, moment))
