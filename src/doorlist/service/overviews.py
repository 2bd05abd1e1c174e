"""The figures that an organization is described by at a glance."""

from __future__ import annotations

from uuid import UUID

from doorlist.domain.tenancy import Administrator
from doorlist.service.authority import require_manager
from doorlist.store import census
from doorlist.store.census import Census
from doorlist.store.db import Database


async def figures(database: Database, administrator: Administrator, org_id: UUID) -> Census:
    """How many people, groups and places there are. Raises `Forbidden`."""
    async with database.reporting() as connection:
        await require_manager(connection, administrator, org_id)
        return await census.take(connection, org_id)
