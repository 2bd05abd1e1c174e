"""Configuration as code: export an organization, plan what a configuration would change, apply exactly that.

Plan and apply are one code path, as for single changes: the steps are made, the difference in everybody's access is
measured, and a plan takes it all back. What a configuration does not name is left alone; of the workspaces and folders
that it names, the grants are exactly those that it lists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final
from uuid import UUID

from doorlist.domain.configuration import Configuration, write_configuration
from doorlist.domain.levels import Policy
from doorlist.domain.tenancy import Administrator
from doorlist.domain.wishlist import HOME
from doorlist.errors import BadInput, Conflict, NotFound, StalePlan
from doorlist.service import lifecycle, sharing, tenants, workspaces
from doorlist.service.authority import require_manager
from doorlist.service.blueprints import Key, Present, Steps, as_configuration, find_steps, read_present
from doorlist.service.planning import NAMES, Plan
from doorlist.service.tenants import Settings
from doorlist.store import difference, grants, organizations, ownership
from doorlist.store.db import Connection, Database, UniqueViolation
from doorlist.store.organizations import Organization

_MANY_STEPS: Final = 100
"""So many changes at once that the planner has to be told of them before it reads what they did."""


@dataclass(frozen=True, slots=True)
class ConfigurationPlan:
    """What a configuration changes: the steps in words, and their effect on everybody's access."""

    steps: tuple[str, ...]
    effect: Plan


async def export(database: Database, administrator: Administrator, org_id: UUID) -> Configuration:
    """The organization as a configuration. Raises `Forbidden`."""
    async with database.reporting() as connection:
        await require_manager(connection, administrator, org_id)
        return as_configuration(await read_present(connection, await _organization(connection, org_id)))


async def plan(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    wanted: Configuration,
    *,
    members: Policy | None = None,
) -> ConfigurationPlan:
    """What a configuration would change, without doing it; `members` says whether those of a group whose grant is
    taken away keep the level, and has no default.

    Raises `BadInput` with every name that nobody bears, and whatever the steps would.
    """

    async def rehearse() -> ConfigurationPlan:
        async with database.measuring(keep=False) as connection:
            return await _perform(connection, administrator, org_id, wanted, members=members)

    with _unique():
        return await database.retrying(rehearse)


async def apply(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    wanted: Configuration,
    plan_hash: str,
    *,
    members: Policy | None = None,
) -> ConfigurationPlan:
    """Do what was planned, exactly that. Raises `StalePlan` where it would do anything else by now."""

    async def perform() -> ConfigurationPlan:
        async with database.measuring(keep=True) as connection:
            done = await _perform(connection, administrator, org_id, wanted, members=members)
            if done.effect.plan_hash != plan_hash:
                raise StalePlan("The organization has changed since this was planned.", place="plan_hash")
            return done

    with _unique():
        return await database.retrying(perform)


@contextmanager
def _unique() -> Iterator[None]:
    try:
        yield
    except UniqueViolation as violation:
        raise Conflict("Somebody created the same workspace or folder just now; plan again.") from violation


async def _perform(
    connection: Connection, administrator: Administrator, org_id: UUID, wanted: Configuration, *, members: Policy | None
) -> ConfigurationPlan:
    await require_manager(connection, administrator, org_id)
    present = await read_present(connection, await _organization(connection, org_id))
    steps = await find_steps(connection, present, wanted)
    places, many = await _measure(connection, org_id, present, steps)
    ownerless = await ownership.ownerless(connection, org_id, places)
    ids = dict(present.ids)
    await _make_places(connection, administrator, org_id, steps, ids)
    kept = await _make_grants(connection, administrator, org_id, steps, ids, members=members)
    await _archive(connection, administrator, org_id, steps, ids)
    if len(words := tuple(steps.told(_names(present, wanted)))) >= _MANY_STEPS:
        await grants.refresh_statistics(connection)
    places = list({*places, *(identifier for key, identifier in ids.items() if key not in present.ids)})
    await difference.measure_after(connection, org_id, places, many=many)
    ownerless = max(await ownership.ownerless(connection, org_id, places) - ownerless, 0)
    return ConfigurationPlan(words, await _effect(connection, org_id, wanted, words, kept=kept, ownerless=ownerless))


async def _measure(connection: Connection, org_id: UUID, present: Present, steps: Steps) -> tuple[list[UUID], bool]:
    """Note the levels on the places whose grants or state change, of those who are there or come there."""
    touched = {key for key, _, _ in steps.put} | {key for key, _ in steps.taken} | {key for key, _ in steps.archived}
    touched |= {(workspace, HOME) for workspace, folder in touched if not folder}
    touched |= {key for key in present.ids for workspace, folder in touched if not folder and key[0] == workspace}
    places = sorted(present.ids[key] for key in touched if key in present.ids)
    await difference.begin(connection)
    await difference.concern_everybody(connection, org_id, places)
    holders = [holder for _, holder, _ in steps.put] + [holder for _, holder in steps.taken]
    groups = sorted({holder.id for holder in holders if holder.kind == "group"})
    people = sorted({holder.id for holder in holders if holder.kind == "user"})
    await difference.concern_more(connection, org_id, groups=groups, people=people)
    return places, await difference.measure_before(connection, org_id, places)


async def _make_places(
    connection: Connection, administrator: Administrator, org_id: UUID, steps: Steps, ids: dict[Key, UUID]
) -> None:
    who = (connection, administrator, org_id)
    if steps.settings:
        await tenants.change_settings_in(*who, Settings(**steps.settings))
    for _, name, plan_ in steps.upgrades:
        await workspaces.upgrade_workspaces_in(*who, names=[name], plan=plan_)
    for key, entry in steps.workspaces:
        new = await workspaces.create_workspace_in(*who, name=entry.name, plan=entry.plan)
        ids[key], ids[key[0], HOME] = new.id, new.home_id
    for key, entry in steps.folders:
        ids[key] = await workspaces.create_folder_in(*who, workspace_id=ids[key[0], ""], name=entry.name)


async def _make_grants(
    connection: Connection,
    administrator: Administrator,
    org_id: UUID,
    steps: Steps,
    ids: Mapping[Key, UUID],
    *,
    members: Policy | None,
) -> int:
    """Give and take; returns how many levels are kept as retained access."""
    who, kept = (connection, administrator, org_id), 0
    for key, holder, given in steps.put:
        if holder.kind == "group":
            await sharing.grant_group_in(
                *who, resource_id=ids[key], group_id=holder.id, level=given.level, policy=given.policy
            )
        else:
            await sharing.grant_person_in(*who, resource_id=ids[key], user_id=holder.id, level=given.level)
    losing = sum(holder.kind == "group" for _, holder in steps.taken)
    if losing and members is None:
        told = f"{losing} grants of groups are taken away: say --keep-members or --remove-members."
        raise BadInput(told, place="members")
    for key, holder in steps.taken:
        if holder.kind == "group":
            assert members is not None
            kept += (
                await sharing.ungrant_group_in(*who, resource_id=ids[key], group_id=holder.id, members=members)
            ).kept
        else:
            await sharing.ungrant_person_in(*who, resource_id=ids[key], user_id=holder.id)
    return kept


async def _archive(
    connection: Connection, administrator: Administrator, org_id: UUID, steps: Steps, ids: Mapping[Key, UUID]
) -> None:
    for key, archived in steps.archived:
        verb = lifecycle.archive_in if archived else lifecycle.unarchive_in
        await verb(connection, administrator, org_id, resource_id=ids[key])


async def _effect(
    connection: Connection,
    org_id: UUID,
    wanted: Configuration,
    words: tuple[str, ...],
    *,
    kept: int,
    ownerless: int,
) -> Plan:
    """What the steps did to everybody's access; the hash goes by names, because new places have new ids each time."""
    counts = await difference.counts(connection)
    everything = await difference.lines(connection, org_id, names=None)
    basis = f"{org_id} {write_configuration(wanted)} {words} {sorted(counts.items())} {everything} {kept} {ownerless}"
    shown = [line for _, same in groupby(everything, key=lambda line: line.kind) for line in islice(same, NAMES)]
    return Plan(
        **{kind: counts.get(kind, 0) for kind in ("gained", "raised", "lowered", "lost", "unchanged")},
        retained=kept,
        ownerless=ownerless,
        lines=tuple(shown),
        keepers=(),
        warnings=(),
        plan_hash=hashlib.sha256(basis.encode()).hexdigest()[:32],
    )


def _names(present: Present, wanted: Configuration) -> dict[Key, str]:
    """Every place as people read it."""
    entries = {**present.entries, **wanted.places}
    return {
        key: f"{entries[key[0], ''].name} / {entry.name}" if key[1] else entry.name for key, entry in entries.items()
    }


async def _organization(connection: Connection, org_id: UUID) -> Organization:
    found = await organizations.lock(connection, org_id)
    if found is None:
        raise NotFound("There is no such organization.")
    return found
