"""Workspaces and folders: creating them and putting workspaces on a plan. A check, one transaction, an audit event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.directory import fold
from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.levels import Level, Role
from doorlist.domain.naming import clean_name
from doorlist.domain.tenancy import Administrator, Plan
from doorlist.errors import BadInput, Conflict, Forbidden, NotFound, Taken
from doorlist.service import clock
from doorlist.service.authority import level_on, require_owner, role_of
from doorlist.store import audit, grants, organizations, resources
from doorlist.store.db import Connection, Database, UniqueViolation
from doorlist.store.grants import Principal
from doorlist.store.organizations import Organization
from doorlist.store.resources import NewFolder, NewWorkspace

MAKES_FOLDERS: Final = Level.EDITOR
"""The lowest level on a workspace that may make folders in it."""


async def create_workspace(
    database: Database, administrator: Administrator, org_id: UUID, *, name: str, plan: Plan | None = None
) -> UUID:
    """Create a workspace with its home folder; a person who does it becomes its owner by a direct grant.

    The plan is the organization's unless the operator says another. Raises `Forbidden` for members where the
    organization does not let them and for guests always, `Taken`, `BadInput`.
    """
    try:
        async with database.transaction() as connection:
            return (await create_workspace_in(connection, administrator, org_id, name=name, plan=plan)).id
    except UniqueViolation as violation:
        raise Taken(f"There is a workspace {name!r} already.", place="name") from violation


async def create_workspace_in(
    connection: Connection, administrator: Administrator, org_id: UUID, *, name: str, plan: Plan | None
) -> NewWorkspace:
    """As `create_workspace`, in a transaction of the caller. Raises `UniqueViolation` for a name that is taken."""
    name, at = clean_name(name, place="name"), clock.now()
    new = NewWorkspace(clock.new_id(at), clock.new_id(at), name, fold(name))
    organization = await _organization(connection, org_id)
    await _require_creator(connection, administrator, organization, plan)
    plan = plan or organization.plan
    await resources.insert_workspaces(connection, org_id, [new], plan=plan, now=at)
    await _own(connection, administrator, org_id, new.id, at)
    change = {"name": name, "plan": plan, "home": str(new.home_id), "owner": _person(administrator)}
    actor = Actor.administrator(administrator)
    event = Event(Action.WORKSPACE_CREATED, TargetKind.RESOURCE, new.id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
    return new


async def create_folder(
    database: Database, administrator: Administrator, org_id: UUID, *, workspace_id: UUID, name: str
) -> UUID:
    """Create a folder, private to begin with; a person who does it becomes its owner by a direct grant.

    Raises `Forbidden` below editor on the workspace, `NotFound`, `Taken`, `BadInput`.
    """
    try:
        async with database.transaction() as connection:
            return await create_folder_in(connection, administrator, org_id, workspace_id=workspace_id, name=name)
    except UniqueViolation as violation:
        raise Taken(f"There is a folder {name!r} in this workspace already.", place="name") from violation


async def create_folder_in(
    connection: Connection, administrator: Administrator, org_id: UUID, *, workspace_id: UUID, name: str
) -> UUID:
    """As `create_folder`, in a transaction of the caller. Raises `UniqueViolation` for a name that is taken."""
    name, at = clean_name(name, place="name"), clock.now()
    new = NewFolder(clock.new_id(at), workspace_id, name, fold(name))
    place = await resources.lock(connection, org_id, workspace_id)
    if place is None or place.kind != "workspace":
        raise NotFound("There is no such workspace.", place="workspace")
    if await level_on(connection, administrator, org_id, workspace_id) < MAKES_FOLDERS:
        raise Forbidden(f"Making folders needs the level {MAKES_FOLDERS.label} on the workspace.")
    await resources.insert_folders(connection, org_id, [new], now=at)
    await _own(connection, administrator, org_id, new.id, at)
    change = {"name": name, "workspace": str(workspace_id), "owner": _person(administrator)}
    actor = Actor.administrator(administrator)
    event = Event(Action.FOLDER_CREATED, TargetKind.RESOURCE, new.id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
    return new.id


async def upgrade_workspaces(
    database: Database, administrator: Administrator, org_id: UUID, *, names: Sequence[str], plan: Plan
) -> list[str]:
    """Put one or several workspaces on a higher plan; returns the names of those that were on a lower one.

    All or none: raises `BadInput` listing names that are no workspace and workspaces on a higher plan already,
    `Forbidden` for anybody but owners of the organization.
    """
    async with database.transaction() as connection:
        return await upgrade_workspaces_in(connection, administrator, org_id, names=names, plan=plan)


async def upgrade_workspaces_in(
    connection: Connection, administrator: Administrator, org_id: UUID, *, names: Sequence[str], plan: Plan
) -> list[str]:
    """As `upgrade_workspaces`, in a transaction of the caller."""
    at = clock.now()
    await require_owner(connection, administrator, org_id)
    keys = {fold(name.strip()): name for name in names}
    found = await resources.workspaces_by_key(connection, org_id, list(keys))
    problems = [f"There is no workspace {name!r}." for key, name in keys.items() if key not in found]
    problems += [f"{p.name!r} is on the plan {p.plan} already." for p in found.values() if _rank(p.plan) > _rank(plan)]
    if problems:
        raise BadInput("No workspace was upgraded.", problems=tuple(problems))
    ids = [place.id for place in found.values()]
    changed = set(await resources.set_plan(connection, org_id, ids, plan=plan))
    if changed:
        before = {str(place.id): place.plan for place in found.values() if place.id in changed}
        change = {"before": before, "after": plan}
        actor = Actor.administrator(administrator)
        event = Event(Action.WORKSPACES_UPGRADED, TargetKind.ORGANIZATION, org_id, actor, clock.new_id(at), change)
        await audit.append(connection, org_id, event, at=at)
    return [place.name for place in found.values() if place.id in changed]


async def _organization(connection: Connection, org_id: UUID) -> Organization:
    organization = await organizations.lock(connection, org_id)
    if organization is None:
        raise NotFound("There is no such organization.")
    return organization


async def _require_creator(
    connection: Connection, administrator: Administrator, organization: Organization, plan: Plan | None
) -> None:
    role = await role_of(connection, administrator, organization.org_id)
    if role is Role.GUEST:
        raise Forbidden("Guests do not create workspaces.")
    if not role.manages and not organization.members_create_workspaces:
        raise Forbidden("Members of this organization do not create workspaces; ask an owner or admin.")
    if plan is not None and administrator.org_id is not None and _rank(plan) > _rank(organization.plan):
        raise Conflict("A workspace starts on the organization's plan; upgrade it afterwards.", place="plan")


async def _own(
    connection: Connection, administrator: Administrator, org_id: UUID, resource_id: UUID, at: datetime
) -> None:
    if administrator.user_id is not None:
        await grants.put(
            connection,
            org_id,
            grant_id=clock.new_id(at),
            resource_id=resource_id,
            principal=Principal("user", administrator.user_id),
            level=Level.OWNER,
            policy=None,
            created_by=administrator.name,
            now=at,
        )


def _person(administrator: Administrator) -> str | None:
    return None if administrator.user_id is None else str(administrator.user_id)


def _rank(plan: Plan) -> int:
    return list(Plan).index(plan)
