"""Reading access: the export, who reaches a place, what a person reaches, what people kept, and the lists of people
and groups. Everything streams; a verb's rows are valid while it is iterated, all from one snapshot.

Whoever stops early closes the iterator (`contextlib.aclosing`), because it holds a connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from doorlist.domain import explanation
from doorlist.domain.explanation import Explanation
from doorlist.errors import Forgotten, NotFound
from doorlist.store import access, bygone, cleanup, evidence, resources, retention, reviewing, roster
from doorlist.store.access import AccessLine, Key, Page
from doorlist.store.db import Connection, Database
from doorlist.store.difference import Line
from doorlist.store.resources import WorkspaceLine
from doorlist.store.retention import RetainedLine
from doorlist.store.reviewing import ReviewLine
from doorlist.store.roster import GroupGrantLine, GroupLine, MemberLine, PersonLine

_NOW: Final = datetime.max.replace(tzinfo=UTC)
"""The moment at which everything that lasts still lasts and nothing that is over counts."""


async def export_access(database: Database, org_id: UUID) -> AsyncIterator[AccessLine]:
    """Every effective level above none, by user name, workspace and folder, without a limit of size."""
    async with database.reporting() as connection:
        async for line in access.export(connection, org_id):
            yield line


async def who(
    database: Database, org_id: UUID, resource_id: UUID, *, at: datetime | None = None
) -> AsyncIterator[AccessLine]:
    """Everybody who reaches a workspace or folder, now or as of a moment, by user name."""
    async with database.transaction() as connection:
        await _require_known(connection, org_id, at)
        async for line in access.who(connection, org_id, resource_id, at=at):
            yield line


async def what(
    database: Database, org_id: UUID, user_id: UUID, *, at: datetime | None = None
) -> AsyncIterator[AccessLine]:
    """Every place that a person reaches, now or as of a moment, by workspace and folder."""
    async with database.transaction() as connection:
        await _require_known(connection, org_id, at)
        async for line in access.what(connection, org_id, user_id, at=at):
            yield line


async def page_of_who(
    database: Database,
    org_id: UUID,
    resource_id: UUID,
    *,
    after: Key | None = None,
    limit: int = 100,
    at: datetime | None = None,
) -> Page:
    """A page of `who`; the next one starts after the key that this one ends with."""
    async with database.reading() as connection:
        await _require_known(connection, org_id, at)
        return await access.page_of_who(connection, org_id, resource_id, after=after, limit=limit, at=at)


async def page_of_what(
    database: Database,
    org_id: UUID,
    user_id: UUID,
    *,
    after: Key | None = None,
    limit: int = 100,
    at: datetime | None = None,
) -> Page:
    """A page of `what`; the next one starts after the key that this one ends with."""
    async with database.reading() as connection:
        await _require_known(connection, org_id, at)
        return await access.page_of_what(connection, org_id, user_id, after=after, limit=limit, at=at)


async def compare(
    database: Database, org_id: UUID, *, earlier: datetime, later: datetime | None = None
) -> AsyncIterator[Line]:
    """Who gained and who lost what between two moments, the later one now where it is not named."""
    async with database.reporting() as connection:
        await _require_known(connection, org_id, earlier)
        async for line in reviewing.compare(connection, org_id, earlier=earlier, later=later or _NOW):
            yield line


async def review(database: Database, org_id: UUID) -> AsyncIterator[ReviewLine]:
    """Every level with the way that decides it, for an access review."""
    async with database.reporting() as connection:
        async for line in reviewing.review(connection, org_id):
            yield line


async def explain(
    database: Database, org_id: UUID, *, user_id: UUID, resource_id: UUID, at: datetime | None = None
) -> Explanation:
    """Why a person has a level on a resource or none, now or as of a moment, and what would change it.

    Deleted people and resources are explained too. Raises `NotFound` for ids that never were.
    """
    moment = at or _NOW
    async with database.transaction() as connection:
        await _require_known(connection, org_id, at)
        standing = await evidence.standing(connection, org_id, user_id=user_id, resource_id=resource_id, at=moment)
        if standing is None:
            raise NotFound("There is no such person, or no such workspace or folder.")
        ways = await evidence.ways(connection, org_id, user_id=user_id, resource_id=resource_id, at=moment)
        if at is not None:
            names = await bygone.renamed_since(connection, org_id, "group", at)
            ways = tuple(replace(way, group=names.get(way.group_id or org_id, way.group)) for way in ways)
    return explanation.explain(standing, ways)


async def _require_known(connection: Connection, org_id: UUID, at: datetime | None) -> None:
    """Raise `Forgotten` for a moment before what is still known."""
    if at is None:
        return
    since = await cleanup.known_since(connection, org_id)
    if since is not None and at < since:
        raise Forgotten(f"Access is known since {since:%Y-%m-%d %H:%M} UTC.", place="at")


async def retained(database: Database, org_id: UUID) -> AsyncIterator[RetainedLine]:
    """Everything that people kept after they left a group, live and held, by person and place."""
    async with database.transaction() as connection:
        async for line in retention.everything(connection, org_id):
            yield line


async def workspaces(database: Database, org_id: UUID) -> AsyncIterator[WorkspaceLine]:
    """Every workspace by name."""
    async with database.transaction() as connection:
        async for line in resources.workspaces(connection, org_id):
            yield line


async def people(database: Database, org_id: UUID) -> AsyncIterator[PersonLine]:
    """Every person by user name, with origin and number of groups."""
    async with database.transaction() as connection:
        async for line in roster.people(connection, org_id):
            yield line


async def groups(database: Database, org_id: UUID) -> AsyncIterator[GroupLine]:
    """Every group by name, with origin, members, grants and last change."""
    async with database.transaction() as connection:
        async for line in roster.groups(connection, org_id):
            yield line


async def group_members(database: Database, org_id: UUID, group_id: UUID) -> AsyncIterator[MemberLine]:
    """The members of a group by user name."""
    async with database.transaction() as connection:
        async for line in roster.group_members(connection, org_id, group_id):
            yield line


async def group_grants(database: Database, org_id: UUID, group_id: UUID) -> list[GroupGrantLine]:
    """Where a group is granted, and at which level."""
    async with database.reading() as connection:
        return await roster.group_grants(connection, org_id, group_id)
