"""The application and the directory of the conversations over HTTP, and the administrator's side of it."""

from __future__ import annotations

from uuid import UUID

import pytest

from doorlist.domain.levels import Level, Policy
from doorlist.service import clock, finding, insight, resolving, sharing, workspaces
from doorlist.store.db import Database
from tests.http.conftest import OPERATOR, Directory, app, directory, enrol

__all__ = ["app", "directory", "enrol"]


class Office:
    """An organization as its administrator sees it."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self.database = database
        self.org_id = directory.org_id
        self.act = (database, OPERATOR, directory.org_id)

    async def workspace(self, name: str, *folders: str) -> dict[str, UUID]:
        """A workspace with folders: ids by name, the workspace's under the empty name."""
        made = {"": await workspaces.create_workspace(*self.act, name=name)}
        for folder in folders:
            made[folder] = await workspaces.create_folder(*self.act, workspace_id=made[""], name=folder)
        home = await finding.place(self.database, self.org_id, workspace=name, folder="Home")
        return {**made, "Home": home.id}

    async def grant(self, place: UUID, group: str, level: Level, policy: Policy | None = None) -> None:
        await sharing.grant_group(*self.act, resource_id=place, group_id=UUID(group), level=level, policy=policy)

    async def own(self, place: UUID, person: str, level: Level) -> None:
        await sharing.grant_person(*self.act, resource_id=place, user_id=UUID(person), level=level)

    async def what(self, person: str) -> dict[str, int]:
        """Level by folder name, the workspace itself under its own."""
        lines = insight.what(self.database, self.org_id, UUID(person))
        return {line.folder or line.workspace: line.level async for line in lines}

    async def who(self, place: UUID) -> set[str]:
        return {line.user_name async for line in insight.who(self.database, self.org_id, place)}

    async def kept(self) -> list[tuple[str, str]]:
        lines = insight.retained(self.database, self.org_id)
        return [(line.user_name, line.state) async for line in lines]

    async def waiting(self) -> list[str]:
        return [item.kind for item in await resolving.list_items(*self.act)]

    async def one(self, statement: str, *arguments: object) -> int:
        async with self.database.reading() as connection:
            found: int = await connection.fetchval(statement, self.org_id, *arguments)
        return found

    async def crowd(self, count: int) -> list[str]:
        """Many people of the directory at once, as the rows that their provisioning leaves."""
        ids = clock.new_ids(clock.now(), count)
        async with self.database.transaction() as connection:
            await connection.execute(
                """insert into users (org_id, id, connection_id, user_name, user_name_key, display_name, active, doc,
                                      search, created_at, modified_at)
                   select $1, n.id, c.id, n.id::text, n.id::text, 'x', true, '{}', '{}', now(), now()
                     from unnest($2::uuid[]) as n (id), connections c where c.org_id = $1""",
                self.org_id,
                ids,
            )
        return [str(identifier) for identifier in ids]


@pytest.fixture
def office(database: Database, directory: Directory) -> Office:
    return Office(database, directory)
