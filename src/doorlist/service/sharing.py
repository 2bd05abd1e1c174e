"""Grants: who is given a level on a workspace or folder, and how it is taken away again.

Each verb is a check, one transaction and one audit event; a verb that finds things as they should be writes
nothing. Nobody acts above the own level, groups carry at most editor and only in Enterprise workspaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from doorlist.domain.events import Action
from doorlist.domain.levels import GROUP_CEILING, Level, Policy
from doorlist.domain.tenancy import PROVISIONING_PLAN, Administrator
from doorlist.errors import BadInput, Forbidden, NotFound, PlanTooLow
from doorlist.service import clock, succession
from doorlist.service.acts import Act, begin
from doorlist.store import access, exclusions, grants, retention, roster
from doorlist.store.access import GroupPath
from doorlist.store.db import Connection, Database
from doorlist.store.grants import Principal, Put, Removed
from doorlist.store.resources import Place
from doorlist.store.retention import Kept, Lost


@dataclass(frozen=True, slots=True)
class Ungranted:
    """A grant that was taken away; `kept` counts the members who keep its level as retained access."""

    level: Level
    kept: int


@dataclass(frozen=True, slots=True)
class PersonRemoved:
    """What a removal by hand deleted, and the groups that still lead the person there."""

    direct: int
    retained: int
    remaining: tuple[GroupPath, ...]


async def grant_group(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    resource_id: UUID,
    group_id: UUID,
    level: Level,
    policy: Policy | None = None,
) -> Put:
    """Give a group a level on a resource, or change the level it has; a policy of None leaves the policy alone.

    Members who had kept something of this group there follow the grant from now on.
    Raises `PlanTooLow`, `BadInput` above editor, `Forbidden`, `NotFound`.
    """
    async with database.transaction() as connection:
        return await grant_group_in(
            connection, administrator, org_id, resource_id=resource_id, group_id=group_id, level=level, policy=policy
        )


async def grant_group_in(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    *,
    resource_id: UUID,
    group_id: UUID,
    level: Level,
    policy: Policy | None = None,
) -> Put:
    """As `grant_group`, in a transaction of the caller."""
    if level > GROUP_CEILING:
        raise BadInput(f"Groups carry at most the level {GROUP_CEILING.label}.", place="level")
    act = await begin(connection, administrator, org_id, resource_id)
    _require_provisioning_plan(act.place)
    group = await _lock_group(connection, org_id, group_id)
    put = await _put(connection, act, group, level=level, policy=policy)
    if put.changed:
        await grants.supersede_retained_of_members(
            connection, org_id, resource_ids=[resource_id], group_ids=[group_id], now=act.at
        )
        await _tell_granted(connection, act, group, put)
    return put


async def grant_person(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    resource_id: UUID,
    user_id: UUID,
    level: Level,
) -> Put:
    """Give a person a level on a resource, or change the level given; an exclusion there is lifted.

    Raises `Forbidden` for a level above the own one, before or after; `NotFound`.
    """
    async with database.transaction() as connection:
        return await grant_person_in(
            connection, administrator, org_id, resource_id=resource_id, user_id=user_id, level=level
        )


async def grant_person_in(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    *,
    resource_id: UUID,
    user_id: UUID,
    level: Level,
) -> Put:
    """As `grant_person`, in a transaction of the caller."""
    act = await begin(connection, administrator, org_id, resource_id)
    _require_within(act.own, level)
    if await roster.find_person(connection, org_id, user_id) is None:
        raise NotFound("There is no such person.", place="user")
    person = Principal("user", user_id)
    put = await _put(connection, act, person, level=level, policy=None)
    if put.before is not None:
        _require_within(act.own, put.before[0])
    lifted = await exclusions.lift(connection, org_id, resource_id=resource_id, user_id=user_id, now=act.at)
    if put.changed or lifted:
        await _tell_granted(connection, act, person, put)
    if level is Level.OWNER:
        await succession.owned_again(connection, org_id, resource_id, by=administrator.name, now=act.at)
    elif put.before is not None and put.before[0] is Level.OWNER:
        await _note_ownerless(connection, act, [resource_id], user_id)
    return put


async def ungrant_group(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    resource_id: UUID,
    group_id: UUID,
    members: Policy,
) -> Ungranted:
    """Take a group's grant away; `members` says whether its present members keep the level. There is no default.

    The grant's own policy and the organization's do not count here: the administrator has decided. Raises
    `NotFound` where the group has no grant, `Forbidden`.
    """
    async with database.transaction() as connection:
        return await ungrant_group_in(
            connection, administrator, org_id, resource_id=resource_id, group_id=group_id, members=members
        )


async def ungrant_group_in(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    *,
    resource_id: UUID,
    group_id: UUID,
    members: Policy,
) -> Ungranted:
    """As `ungrant_group`, in a transaction of the caller."""
    act = await begin(connection, administrator, org_id, resource_id)
    group = await _lock_group(connection, org_id, group_id)
    removed = await _remove(connection, act, group)
    kept = None
    if members is Policy.KEEP:
        kept = await grants.retain_members(
            connection, org_id, group_id=group_id, resource_id=resource_id, level=removed.level, now=act.at
        )
    await _tell_ungranted(connection, act, group, removed, members=members, kept=kept)
    return Ungranted(removed.level, 0 if kept is None else kept.people)


async def ungrant_person(
    database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID, user_id: UUID
) -> Ungranted:
    """Take a person's own grant away; what groups give stays. Raises `NotFound`, `Forbidden`."""
    async with database.transaction() as connection:
        return await ungrant_person_in(connection, administrator, org_id, resource_id=resource_id, user_id=user_id)


async def ungrant_person_in(
    connection: Connection, administrator: Administrator, org_id: UUID, *, resource_id: UUID, user_id: UUID
) -> Ungranted:
    """As `ungrant_person`, in a transaction of the caller."""
    act = await begin(connection, administrator, org_id, resource_id)
    person = Principal("user", user_id)
    removed = await _remove(connection, act, person)
    _require_within(act.own, removed.level)
    await _tell_ungranted(connection, act, person, removed)
    if removed.level is Level.OWNER:
        await _note_ownerless(connection, act, [resource_id], user_id)
    return Ungranted(removed.level, 0)


async def remove_retained(
    database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID, user_id: UUID
) -> int:
    """Delete what a person kept on a resource, live and held; returns the number of paths that ended.

    Raises `NotFound` where the person kept nothing there, `Forbidden`.
    """
    async with database.transaction() as connection:
        act = await begin(connection, administrator, org_id, resource_id)
        lost = await retention.delete_retained(
            connection, org_id, user_id=user_id, resource_id=resource_id, inside=False, now=act.at
        )
        if not lost:
            raise NotFound("This person kept nothing there.", place="user")
        await act.tell(connection, Action.RETAINED_REMOVED, _removal(user_id, direct=[], kept=lost))
    return len(lost)


async def remove_person(
    database: Database, administrator: Administrator, org_id: UUID, *, resource_id: UUID, user_id: UUID
) -> PersonRemoved:
    """Delete a person's direct and retained access to a folder, or to a workspace with all its folders.

    The groups that still lead there are returned: they are changed in the directory or by their grants. Raises
    `Forbidden` where a direct grant is above the own level.
    """
    async with database.transaction() as connection:
        return await remove_person_in(connection, administrator, org_id, resource_id=resource_id, user_id=user_id)


async def remove_person_in(
    connection: Connection, administrator: Administrator, org_id: UUID, *, resource_id: UUID, user_id: UUID
) -> PersonRemoved:
    """As `remove_person`, in a transaction of the caller."""
    act = await begin(connection, administrator, org_id, resource_id)
    inside = act.place.kind == "workspace"
    direct = await access.delete_direct(
        connection, org_id, user_id=user_id, resource_id=resource_id, inside=inside, now=act.at
    )
    _require_within(act.own, max((path.level for path in direct), default=0))
    kept = await retention.delete_retained(
        connection, org_id, user_id=user_id, resource_id=resource_id, inside=inside, now=act.at
    )
    remaining = await access.group_paths(connection, org_id, user_id=user_id, resource_id=resource_id, inside=inside)
    if direct or kept:
        await act.tell(connection, Action.PERSON_REMOVED, _removal(user_id, direct=direct, kept=kept))
    owned = [path.resource_id for path in direct if path.level == Level.OWNER]
    if owned:
        await _note_ownerless(connection, act, owned, user_id)
    return PersonRemoved(len(direct), len(kept), tuple(remaining))


async def _note_ownerless(connection: Connection, act: Act, resource_ids: Sequence[UUID], lost: UUID) -> None:
    """Ask about places whose last owner an administrator took away."""
    await succession.note_ownerless(connection, act.org_id, resource_ids=resource_ids, lost=lost, now=act.at)


async def _lock_group(connection: Connection, org_id: UUID, group_id: UUID) -> Principal:
    if await roster.lock_group(connection, org_id, group_id) is None:
        raise NotFound("There is no such group.", place="group")
    return Principal("group", group_id)


def _require_provisioning_plan(place: Place) -> None:
    if place.plan is not PROVISIONING_PLAN:
        raise PlanTooLow(
            f"Groups are granted in workspaces of the plan {PROVISIONING_PLAN}; this one has {place.plan}.",
            place=place.name,
        )


def _require_within(own: int, level: int) -> None:
    if level > own:
        raise Forbidden(f"The level {Level(level).label} is above your own there.", place="level")


async def _put(connection: Connection, act: Act, principal: Principal, *, level: Level, policy: Policy | None) -> Put:
    return await grants.put(
        connection,
        act.org_id,
        grant_id=clock.new_id(act.at),
        resource_id=act.place.id,
        principal=principal,
        level=level,
        policy=policy,
        created_by=act.administrator.name,
        now=act.at,
    )


async def _remove(connection: Connection, act: Act, principal: Principal) -> Removed:
    removed = await grants.remove(connection, act.org_id, resource_id=act.place.id, principal=principal, now=act.at)
    if removed is None:
        raise NotFound("There is no such grant.")
    return removed


async def _tell_granted(connection: Connection, act: Act, principal: Principal, put: Put) -> None:
    change = {
        "principal": {"kind": principal.kind, "id": str(principal.id)},
        "before": None if put.before is None else {"level": put.before[0].value, "policy": put.before[1]},
        "after": {"grant": str(put.id), "level": put.level.value, "policy": put.policy},
    }
    await act.tell(connection, Action.GRANT_ADDED if put.before is None else Action.GRANT_CHANGED, change)


async def _tell_ungranted(
    connection: Connection,
    act: Act,
    principal: Principal,
    removed: Removed,
    *,
    members: Policy | None = None,
    kept: Kept | None = None,
) -> None:
    change = {
        "principal": {"kind": principal.kind, "id": str(principal.id)},
        "before": {"grant": str(removed.id), "level": removed.level.value, "policy": removed.policy},
        "members": members,
        "retained": [kept.told()] if kept is not None and kept.people else [],
    }
    await act.tell(connection, Action.GRANT_REMOVED, change)


def _removal(user_id: UUID, *, direct: Sequence[Lost], kept: Sequence[Lost]) -> Mapping[str, object]:
    return {
        "user": str(user_id),
        "direct": [{"resource": str(path.resource_id), "level": path.level} for path in direct],
        "retained": [
            {"resource": str(path.resource_id), "group": str(path.group_id), "level": path.level} for path in kept
        ],
    }
