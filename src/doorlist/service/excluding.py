"""Exclusions: one person to whom groups give nothing in one place. A check, one transaction, an audit event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from doorlist.domain.events import Action
from doorlist.domain.tenancy import Administrator
from doorlist.errors import NotFound
from doorlist.service.acts import begin
from doorlist.service.authority import require_manager
from doorlist.store import exclusions, roster
from doorlist.store.db import Database
from doorlist.store.exclusions import ExcludedPerson, ExclusionLine


async def exclude_person(
    database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID, user_id: UUID
) -> bool:
    """Let what groups give a person on a resource count nothing; own grants and kept access are not touched.

    Whether it counted before; what is so already writes nothing. Raises `NotFound`, `Forbidden`.
    """
    async with database.transaction() as connection:
        act = await begin(connection, administrator, org_id, resource_id)
        if await roster.find_person(connection, org_id, user_id) is None:
            raise NotFound("There is no such person.", place="user")
        done = await exclusions.exclude(
            connection, org_id, resource_id=resource_id, user_id=user_id, by=administrator.name, now=act.at
        )
        if done:
            await act.tell(connection, Action.PERSON_EXCLUDED, {"user": str(user_id)})
    return done


async def lift_exclusion(
    database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID, user_id: UUID
) -> None:
    """Let what groups give a person on a resource count again. Raises `NotFound`, `Forbidden`."""
    async with database.transaction() as connection:
        act = await begin(connection, administrator, org_id, resource_id)
        if not await exclusions.lift(connection, org_id, resource_id=resource_id, user_id=user_id, now=act.at):
            raise NotFound("This person is not excluded there.", place="user")
        await act.tell(connection, Action.EXCLUSION_LIFTED, {"user": str(user_id)})


async def excluded_there(
    database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID
) -> list[ExcludedPerson]:
    """Who is excluded in one place, by user name, at most 200. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await exclusions.on_resource(connection, org_id, resource_id)


async def list_exclusions(database: Database, org_id: UUID) -> AsyncIterator[ExclusionLine]:
    """Every exclusion, by person and place."""
    async with database.transaction() as connection:
        async for line in exclusions.everything(connection, org_id):
            yield line
