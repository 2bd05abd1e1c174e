"""A company to talk about: an Enterprise organization whose people and groups are stored as a directory leaves them."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from doorlist.domain.directory import fold
from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.levels import Level, Policy
from doorlist.domain.tenancy import Administrator, Plan
from doorlist.service import clock, finding, sharing, tenants, workspaces
from doorlist.store import access, groups, organizations, retention, users
from doorlist.store.audit import Entry
from doorlist.store.db import Database
from doorlist.store.grants import Put
from doorlist.store.users import UserRow

OPERATOR = Administrator(name="root", source="cli")

_PERSON = """
insert into users (org_id, id, connection_id, role, user_name, user_name_key, display_name, active, doc, search,
                   created_at, modified_at)
select $1, $2, c.id, $3, $4, $5, $4, $6, jsonb_build_object('userName', $4::text, 'active', $6::boolean)::text, '{}',
       now(), now()
  from connections c where c.org_id = $1
"""
_GROUP = """
insert into groups (org_id, id, connection_id, display_name, display_key, doc, search, created_at, modified_at)
select $1, $2, c.id, $3, $4, jsonb_build_object('displayName', $3::text)::text, '{}', now(), now()
  from connections c where c.org_id = $1
"""


@dataclass
class Company:
    """One organization with ids by name."""

    database: Database
    org_id: UUID
    people: dict[str, UUID] = field(default_factory=dict)
    groups: dict[str, UUID] = field(default_factory=dict)

    @classmethod
    async def create(cls, database: Database, *, name: str = "Acme", plan: Plan = Plan.ENTERPRISE) -> Company:
        organization = await tenants.create_organization(
            database, OPERATOR, name=name, plan=plan, owner_email="boss@acme.example"
        )
        return cls(database, organization.org_id)

    async def person(self, name: str, *, role: str = "member", active: bool = True) -> UUID:
        self.people[name] = clock.new_id(clock.now())
        async with self.database.transaction() as connection:
            await connection.execute(_PERSON, self.org_id, self.people[name], role, name, fold(name), active)
        return self.people[name]

    async def group(self, name: str, *members: str) -> UUID:
        self.groups[name] = clock.new_id(clock.now())
        async with self.database.transaction() as connection:
            await connection.execute(_GROUP, self.org_id, self.groups[name], name, fold(name))
        if members:
            await self.join(name, *members)
        return self.groups[name]

    async def join(self, group: str, *people: str) -> None:
        """What provisioning does when a directory adds members."""
        ids = [self.people[person] for person in people]
        async with self.database.transaction() as connection:
            await groups.add_members(
                connection,
                org_id=self.org_id,
                connection_id=await organizations.default_connection(connection, self.org_id),
                identifier=self.groups[group],
                people=ids,
                now=clock.now(),
            )

    async def leave(self, group: str, *people: str) -> int:
        """What provisioning does when a directory removes members; returns the number of levels kept."""
        ids, at = [self.people[person] for person in people], clock.now()
        async with self.database.transaction() as connection:
            left = await groups.remove_members(connection, self.org_id, self.groups[group], ids, now=at)
            kept = await retention.retain_after_leaving(connection, self.org_id, self.groups[group], left, at)
        return sum(path.people for path in kept)

    async def set_active(self, person: str, *, active: bool) -> None:
        """What provisioning does when a directory deactivates or reactivates a person."""
        at, identifier = clock.now(), self.people[person]
        async with self.database.transaction() as connection:
            await users.update_user(
                connection,
                UserRow(person, fold(person), None, person, active, "{}", "{}"),
                org_id=self.org_id,
                connection_id=await organizations.default_connection(connection, self.org_id),
                identifier=identifier,
                version=await connection.fetchval("select version from users where id = $1", identifier),
                transition="reactivated" if active else "deactivated",
                entry=Entry.of(
                    Event(Action.USER_CHANGED, TargetKind.USER, identifier, Actor("test", "", "test"), identifier)
                ),
                now=at,
            )

    async def grant(
        self, group: str, level: Level, workspace: str, folder: str = "", *, policy: Policy | None = None
    ) -> Put:
        return await sharing.grant_group(
            self.database,
            OPERATOR,
            self.org_id,
            resource_id=await self.place(workspace, folder),
            group_id=self.groups[group],
            level=level,
            policy=policy,
        )

    async def place(self, workspace: str, folder: str = "") -> UUID:
        return (await finding.place(self.database, self.org_id, workspace=workspace, folder=folder)).id

    async def workspace(self, name: str, *folders: str) -> UUID:
        workspace_id = await workspaces.create_workspace(self.database, OPERATOR, self.org_id, name=name)
        for folder in folders:
            await workspaces.create_folder(self.database, OPERATOR, self.org_id, workspace_id=workspace_id, name=folder)
        return workspace_id

    async def level(self, person: str, workspace: str, folder: str = "") -> str:
        """The name of the effective level, or none."""
        async with self.database.reading() as connection:
            level = await access.effective_level(
                connection,
                self.org_id,
                user_id=self.people[person],
                resource_id=await self.place(workspace, folder),
            )
        return Level(level).label if level else "none"

    async def acting(self, person: str) -> Administrator:
        return await finding.acting_as(self.database, self.org_id, person, source="console")

    async def events(self) -> list[str]:
        """The actions of the audit log, oldest first."""
        async with self.database.reading() as connection:
            rows = await connection.fetch("select action from audit_events where org_id = $1 order by seq", self.org_id)
        return [row["action"] for row in rows]
