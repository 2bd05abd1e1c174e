"""Importing workspaces, folders and the grants of groups: all of it or, with every problem listed, nothing.

An import adds and changes levels; it takes nothing away, so repeating one changes nothing. The work is set-based: a
handful of statements whatever the size of the files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import PROVISIONING_PLAN, Administrator, Plan
from doorlist.domain.wishlist import HOME, WantedGrant, Wishlist
from doorlist.errors import BadInput, Conflict, NotFound
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import audit, details, grants, organizations, resources, roster
from doorlist.store.db import Connection, Database, UniqueViolation
from doorlist.store.grants import GroupGrant, Placed
from doorlist.store.organizations import Organization
from doorlist.store.resources import NewFolder, NewWorkspace

_MANY_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, in numbers."""

    workspaces_added: int
    folders_added: int
    grants_added: int
    grants_changed: int
    grants_unchanged: int

    @property
    def changed(self) -> bool:
        """Whether anything is different now."""
        return any((self.workspaces_added, self.folders_added, self.grants_added, self.grants_changed))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is there, by the folded names of the wishlist; the folder "" stands for the workspace itself."""

    plans: dict[str, Plan]
    places: dict[tuple[str, str], UUID]
    groups: dict[str, list[UUID]]


async def import_grants(database: Database, administrator: Administrator, org_id: UUID, wishlist: Wishlist) -> Imported:
    """Create the workspaces and folders that are missing and give groups the levels listed.

    A group is found by its display name among all live groups; new workspaces get the organization's plan; what
    present members had kept of a group follows its grant again.

    Raises:
        BadInput: `problems` lists every one of all files; nothing was changed.
        Forbidden: the person does not manage the organization.
        Conflict: somebody created the same workspace or folder meanwhile.
    """
    try:
        async with database.reporting() as connection:
            await require_manager(connection, administrator, org_id)
            organization = await organizations.lock(connection, org_id)
            if organization is None:
                raise NotFound("There is no such organization.")
            done = await _apply(connection, administrator, organization, wishlist)
    except UniqueViolation as violation:
        raise Conflict("Somebody created the same workspace or folder just now; repeat the import.") from violation
    if done.folders_added + done.grants_added >= _MANY_ROWS:
        async with database.reading() as connection:
            await grants.refresh_statistics(connection)
    return done


async def _apply(
    connection: Connection, administrator: Administrator, organization: Organization, wishlist: Wishlist
) -> Imported:
    org_id, at = organization.org_id, clock.now()
    known = await _look(connection, org_id, wishlist)
    _report_unknown(wishlist, known, organization.plan)
    if wishlist.problems:
        count = len(wishlist.problems)
        raise BadInput(f"{count} problem{'s' * (count > 1)}; nothing was imported.", problems=wishlist.problems)
    workspaces = await _add_workspaces(connection, organization, wishlist, known, at=at)
    folders = await _add_folders(connection, org_id, wishlist, known, at=at)
    placed = await _put_grants(connection, administrator, org_id, wishlist, known, at=at)
    added, total = sum(grant.before is None for grant in placed), len(wishlist.grants)
    done = Imported(len(workspaces), len(folders), added, len(placed) - added, total - len(placed))
    if done.changed:
        actor, request_id = Actor.administrator(administrator), clock.new_id(at)
        detail = await details.put(connection, org_id, request_id, _told(workspaces, folders, placed))
        change = {**asdict(done), "details": detail}
        event = Event(Action.GRANTS_IMPORTED, TargetKind.ORGANIZATION, org_id, actor, request_id, change)
        await audit.append(connection, org_id, event, at=at)
    return done


def _told(
    workspaces: Sequence[NewWorkspace], folders: Sequence[NewFolder], placed: Sequence[Placed]
) -> Iterator[dict[str, object]]:
    """The rows of the event: what was created, then every grant with the level before."""
    for workspace in workspaces:
        yield {"workspace": workspace.id, "home": workspace.home_id, "name": workspace.name}
    for folder in folders:
        yield {"folder": folder.id, "workspace": folder.workspace_id, "name": folder.name}
    for grant in placed:
        yield {"resource": grant.resource_id, "group": grant.group_id, "before": grant.before, "level": grant.level}


async def _look(connection: Connection, org_id: UUID, wishlist: Wishlist) -> _Known:
    """Everything that the wishlist names and the organization has; the groups stay as they are from here on."""
    workspaces = await resources.workspaces_by_key(connection, org_id, list(wishlist.workspace_keys))
    names = {place.id: key for key, place in workspaces.items()}
    places = {(key, ""): place.id for key, place in workspaces.items()}
    for (workspace_id, key), folder_id in (await resources.folder_ids(connection, org_id, list(names))).items():
        places[names[workspace_id], key] = folder_id
    groups: defaultdict[str, list[UUID]] = defaultdict(list)
    for group in await roster.lock_groups(connection, org_id, list(wishlist.group_keys)):
        groups[group.display_key].append(group.id)
    return _Known({key: place.plan for key, place in workspaces.items()}, places, dict(groups))


def _report_unknown(wishlist: Wishlist, known: _Known, plan: Plan) -> None:
    """Add the problems that only the organization shows to the sheets."""
    plans = dict.fromkeys(wishlist.workspaces, plan) | known.plans
    for (workspace, _), folder in wishlist.folders.items():
        if workspace not in plans:
            wishlist.folder_sheet.report(folder.line, f"there is no workspace {folder.workspace!r}")
    folders = known.places.keys() | wishlist.folders.keys()
    for (group, workspace, folder_key), grant in wishlist.grants.items():
        found = len(known.groups.get(group, ()))
        has_folder = folder_key in {"", HOME} or (workspace, folder_key) in folders
        for fault in _faults(grant, found=found, plan=plans.get(workspace), has_folder=has_folder):
            wishlist.grant_sheet.report(grant.line, fault)


def _faults(grant: WantedGrant, *, found: int, plan: Plan | None, has_folder: bool) -> Iterator[str]:
    group, workspace, folder, _ = grant.cells
    if found == 0:
        yield f"there is no group {group!r}"
    elif found > 1:
        yield f"{found} groups are called {group!r}"
    if plan is None:
        yield f"there is no workspace {workspace!r}"
    elif plan is not PROVISIONING_PLAN:
        yield f"the workspace {workspace!r} has the plan {plan}; groups need {PROVISIONING_PLAN}"
    elif not has_folder:
        yield f"there is no folder {folder!r} in the workspace {workspace!r}"


async def _add_workspaces(
    connection: Connection, organization: Organization, wishlist: Wishlist, known: _Known, *, at: datetime
) -> list[NewWorkspace]:
    missing = {key: name for key, name in wishlist.workspaces.items() if key not in known.plans}
    new = [NewWorkspace(clock.new_id(at), clock.new_id(at), name, key) for key, name in missing.items()]
    if new:
        await resources.insert_workspaces(connection, organization.org_id, new, plan=organization.plan, now=at)
    for workspace in new:
        known.places[workspace.name_key, ""] = workspace.id
        known.places[workspace.name_key, HOME] = workspace.home_id
    return new


async def _add_folders(
    connection: Connection, org_id: UUID, wishlist: Wishlist, known: _Known, *, at: datetime
) -> list[NewFolder]:
    missing = {key: folder.name for key, folder in wishlist.folders.items() if key not in known.places}
    ids = clock.new_ids(at, len(missing))
    new = [
        NewFolder(folder_id, known.places[workspace, ""], name, key)
        for folder_id, ((workspace, key), name) in zip(ids, missing.items(), strict=True)
    ]
    if new:
        await resources.insert_folders(connection, org_id, new, now=at)
    known.places.update(zip(missing, ids, strict=True))
    return new


async def _put_grants(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    wishlist: Wishlist,
    known: _Known,
    *,
    at: datetime,
) -> list[Placed]:
    wanted = [
        GroupGrant(grant_id, known.places[workspace, folder], known.groups[group][0], grant.level)
        for grant_id, ((group, workspace, folder), grant) in zip(
            clock.new_ids(at, len(wishlist.grants)), wishlist.grants.items(), strict=True
        )
    ]
    placed = await grants.put_for_groups(connection, org_id, wanted, created_by=administrator.name, now=at)
    if any(grant.before is None for grant in placed):
        await grants.supersede_retained_of_members(
            connection,
            org_id,
            resource_ids=list({grant.resource_id for grant in wanted}),
            group_ids=list({grant.group_id for grant in wanted}),
            now=at,
        )
    return placed
