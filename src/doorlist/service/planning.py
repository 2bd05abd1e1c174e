"""Plan and apply: one code path that makes a change, measures what it did, and keeps it or takes it back.

A plan cannot lie: it is the difference in effective access of everybody concerned before and after the change, made
in a transaction that is rolled back. Applying does the same and compares: where anything that the plan rests on has
moved, it is refused. The cost is that of the people and places concerned.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.changes import (
    Change,
    DeleteGroup,
    DeleteResource,
    GrantGroup,
    GrantPerson,
    RemovePerson,
    RestoreMembers,
    RestoreRemoved,
    SwitchPolicy,
    UngrantGroup,
    UngrantPerson,
)
from doorlist.domain.levels import Policy
from doorlist.domain.tenancy import Administrator
from doorlist.errors import NotFound, StalePlan
from doorlist.service import clock, grouping, lifecycle, recovering, sharing, tenants
from doorlist.service.tenants import Settings
from doorlist.store import difference, ownership, resources, undoing
from doorlist.store.db import Connection, Database
from doorlist.store.difference import Line

NAMES: Final = 100
"""How many lines of each kind a plan names; its counts are exact."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change does. The counts are of (person, place) and exact; `lines` and `keepers` are capped.

    Attributes:
        retained: how many levels are kept as retained access; `keepers` are the first people who keep one.
        ownerless: how many places have no active owner afterwards that have one now.
        plan_hash: names the change, its effect and all that it rests on.
    """

    gained: int
    raised: int
    lowered: int
    lost: int
    retained: int
    unchanged: int
    ownerless: int
    lines: tuple[Line, ...]
    keepers: tuple[str, ...]
    warnings: tuple[str, ...]
    plan_hash: str


@dataclass(frozen=True, slots=True)
class _Scope:
    """Whom and what a change concerns; `group_id` where it is a group's."""

    places: list[UUID]
    group_id: UUID | None = None
    user_id: UUID | None = None
    former_since: datetime | None = None
    people: list[UUID] | None = None


async def plan(
    database: Database, administrator: Administrator, org_id: UUID, change: Change, *, names: int | None = NAMES
) -> Plan:
    """What a change would do, without doing it; `names` None names everybody. Raises whatever the change would."""

    async def rehearse() -> Plan:
        async with database.measuring(keep=False) as connection:
            return await _perform(connection, administrator, org_id, change, names=names, rehearsal=True)

    return await database.retrying(rehearse)


async def apply(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    change: Change,
    plan_hash: str,
    *,
    names: int | None = NAMES,
) -> Plan:
    """Do what was planned, exactly that. Raises `StalePlan` where it would do anything else by now."""

    async def perform() -> Plan:
        async with database.measuring(keep=True) as connection:
            done = await _perform(connection, administrator, org_id, change, names=names, rehearsal=False)
            if done.plan_hash != plan_hash:
                raise StalePlan("The organization has changed since this was planned.", place="plan_hash")
            return done

    return await database.retrying(perform)


async def _perform(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    change: Change,
    *,
    names: int | None,
    rehearsal: bool,
) -> Plan:
    scope, started = await _scope(connection, org_id, change), clock.now()
    versions = await difference.versions(connection, org_id, scope.places, scope.group_id)
    followers = await difference.following(connection, org_id) if isinstance(change, SwitchPolicy) else 0
    many = await _measure(connection, org_id, scope)
    ownerless = await ownership.ownerless(connection, org_id, scope.places)
    notes = await _make(connection, administrator, org_id, change, rehearsal=rehearsal)
    await difference.measure_after(connection, org_id, scope.places, many=many)
    ownerless = max(await ownership.ownerless(connection, org_id, scope.places) - ownerless, 0)
    retained, keepers = await _retained(connection, org_id, scope, since=started, names=names)
    counts = await difference.counts(connection)
    print_ = await difference.fingerprint(connection, org_id)
    basis = f"{org_id} {change!r} {versions} {print_} {retained} {ownerless} {followers} {notes}"
    return Plan(
        **{kind: counts.get(kind, 0) for kind in ("gained", "raised", "lowered", "lost", "unchanged")},
        retained=retained,
        ownerless=ownerless,
        lines=tuple(await difference.lines(connection, org_id, names=names)),
        keepers=tuple(keepers),
        warnings=(
            *notes,
            *await _warnings(connection, org_id, change, scope, retained=retained, followers=followers),
        ),
        plan_hash=hashlib.sha256(basis.encode()).hexdigest()[:32],
    )


async def _measure(connection: Connection, org_id: UUID, scope: _Scope) -> bool:
    await difference.begin(connection)
    if scope.group_id is not None:
        await difference.concern_group(connection, org_id, scope.group_id, scope.places)
        if scope.former_since is not None:
            await difference.concern_former_members(connection, org_id, scope.group_id, scope.former_since)
    elif scope.people is not None:
        await difference.concern_people(connection, scope.people)
    elif scope.user_id is not None:
        await difference.concern_person(connection, scope.user_id)
    else:
        await difference.concern_everybody(connection, org_id, scope.places)
    return await difference.measure_before(connection, org_id, scope.places)


async def _scope(connection: Connection, org_id: UUID, change: Change) -> _Scope:
    match change:
        case SwitchPolicy():
            return _Scope([])
        case DeleteGroup(group_id):
            places = await difference.granted(connection, org_id, group_id)
            return _Scope(await difference.with_homes(connection, org_id, places), group_id=group_id)
        case RestoreMembers(group_id, since):
            places = await difference.granted(connection, org_id, group_id)
            return _Scope(await difference.with_homes(connection, org_id, places), group_id, former_since=since)
        case RestoreRemoved(since, request_id, token_id, user_id):
            chosen = {"request_id": request_id, "token_id": token_id, "user_id": user_id}
            await undoing.collect(connection, org_id, since=since, **chosen)
            places = await difference.with_homes(connection, org_id, await undoing.places(connection, org_id))
            return _Scope(places, people=await undoing.concerned(connection))
        case GrantGroup(resource_id, group_id) | UngrantGroup(resource_id, group_id):
            return _Scope(await difference.with_homes(connection, org_id, [resource_id]), group_id=group_id)
        case GrantPerson(resource_id, user_id) | UngrantPerson(resource_id, user_id):
            return _Scope(await difference.with_homes(connection, org_id, [resource_id]), user_id=user_id)
        case RemovePerson(resource_id, user_id):
            return _Scope(await _inside(connection, org_id, resource_id), user_id=user_id)
        case DeleteResource(resource_id):
            return _Scope(await _inside(connection, org_id, resource_id))


async def _inside(connection: Connection, org_id: UUID, resource_id: UUID) -> list[UUID]:
    place = await resources.lock(connection, org_id, resource_id)
    if place is None:
        raise NotFound("There is no such workspace or folder.")
    return await difference.inside(connection, org_id, resource_id) if place.kind == "workspace" else [resource_id]


async def _make(
    connection: Connection, administrator: Administrator, org_id: UUID, change: Change, *, rehearsal: bool
) -> list[str]:
    """Make the change by the verb that makes it everywhere else; what it says beside the numbers."""
    who = (connection, administrator, org_id)
    match change:
        case GrantGroup(place, group, level, policy):
            await sharing.grant_group_in(*who, resource_id=place, group_id=group, level=level, policy=policy)
        case UngrantGroup(place, group, members):
            await sharing.ungrant_group_in(*who, resource_id=place, group_id=group, members=members)
        case GrantPerson(place, person, level):
            await sharing.grant_person_in(*who, resource_id=place, user_id=person, level=level)
        case UngrantPerson(place, person):
            await sharing.ungrant_person_in(*who, resource_id=place, user_id=person)
        case RemovePerson(place, person):
            await sharing.remove_person_in(*who, resource_id=place, user_id=person)
        case DeleteResource(place):
            await lifecycle.delete_in(*who, resource_id=place)
        case DeleteGroup(group):
            await grouping.delete_group_in(*who, group_id=group, rehearsal=rehearsal)
        case RestoreMembers(group, since):
            await grouping.restore_members_in(*who, group_id=group, since=since)
        case RestoreRemoved():
            return await recovering.undo_in(*who, change)
        case SwitchPolicy(policy):
            await tenants.change_settings_in(*who, Settings(removal_policy=policy))
    return []


async def _retained(
    connection: Connection, org_id: UUID, scope: _Scope, *, since: datetime, names: int | None
) -> tuple[int, list[str]]:
    if scope.group_id is None:
        return 0, []
    return await difference.newly_retained(connection, org_id, scope.group_id, scope.places, since=since, names=names)


async def _warnings(
    connection: Connection, org_id: UUID, change: Change, scope: _Scope, *, retained: int, followers: int
) -> list[str]:
    """What the numbers do not say."""
    found: list[str] = []
    if scope.group_id is not None:
        shut = await difference.shut(connection, org_id)
        excluded = await difference.excluded(connection, org_id, scope.places)
        found += [f"{shut} of the people are inactive or blocked: it reaches them when they return."] * bool(shut)
        found += [f"{excluded} of the people are excluded there."] * bool(excluded)
    if retained:
        found.append(f"{retained} levels stay until somebody removes them by hand.")
    if isinstance(change, DeleteGroup):
        found.append("The grants of the group are parked: they wait thirty days for a group of the same external id.")
    if isinstance(change, SwitchPolicy):
        keep = change.policy is Policy.KEEP
        effect = "keep what they had" if keep else "lose it"
        found.append(f"Nothing changes now; whoever leaves a group will {effect}, on {followers} grants.")
    return found
