"""Organizations: creating one, its plan and settings. Each verb is a check, one transaction and an audit event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from doorlist.domain.directory import fold
from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.levels import Policy, Role
from doorlist.domain.naming import clean_email, clean_name, clean_slug, derive_slug, slug_stem
from doorlist.domain.tenancy import Administrator, Plan
from doorlist.errors import Forbidden, NotFound, Taken
from doorlist.scim.core import USER_TYPE
from doorlist.scim.values import comparison_form
from doorlist.service import clock, detaching
from doorlist.service.authority import require_manager, require_owner
from doorlist.store import audit, organizations, roster
from doorlist.store.db import Connection, Database, UniqueViolation
from doorlist.store.organizations import Organization

_SCIM_PATH: Final = "/scim/v2"


@dataclass(frozen=True, slots=True)
class Settings:
    """What to change of an organization; None leaves a setting as it is."""

    plan: Plan | None = None
    removal_policy: Policy | None = None
    members_create_workspaces: bool | None = None
    scim_enabled: bool | None = None


def scim_url(public_url: str) -> str:
    """The tenant URL that goes into a directory's provisioning settings."""
    return public_url.rstrip("/") + _SCIM_PATH


async def create_organization(
    database: Database,
    administrator: Administrator,
    *,
    name: str,
    plan: Plan,
    owner_email: str,
    slug: str | None = None,
) -> Organization:
    """Create an organization with its directory connection and, as a local person, its owner. For the operator.

    Without a slug one is made of the name. Raises `BadInput` for a bad name, address or slug, `Taken` for a slug
    that is in use.
    """
    if administrator.org_id is not None:
        raise Forbidden("Only the operator of the installation creates organizations.")
    name, owner_email = clean_name(name, place="name"), clean_email(owner_email, place="owner")
    at = clock.now()
    org_id, owner_id = clock.new_id(at), clock.new_id(at)
    try:
        async with database.transaction() as connection:
            free = await _free_slug(connection, name, slug)
            await organizations.insert(
                connection, org_id, slug=free, name=name, plan=plan, connection_id=clock.new_id(at), now=at
            )
            await _insert_owner(connection, org_id, owner_id, owner_email)
            event = Event(
                Action.ORGANIZATION_CREATED,
                TargetKind.ORGANIZATION,
                org_id,
                Actor.administrator(administrator),
                clock.new_id(at),
                {"name": name, "slug": free, "plan": plan, "owner": str(owner_id)},
            )
            await audit.append(connection, org_id, event, at=at)
            return await _present(connection, org_id)
    except UniqueViolation as violation:
        raise Taken("This slug is in use.", place="slug") from violation


async def change_settings(
    database: Database, administrator: Administrator, org_id: UUID, settings: Settings
) -> Organization:
    """Change plan and settings; returns the organization as it is then. What is so already writes nothing.

    The plan is for owners, the rest for owners and admins. Raises `Forbidden`, `NotFound`.
    """
    async with database.transaction() as connection:
        return await change_settings_in(connection, administrator, org_id, settings)


async def change_settings_in(
    connection: Connection, administrator: Administrator, org_id: UUID, settings: Settings
) -> Organization:
    """As `change_settings`, in a transaction of the caller."""
    at = clock.now()
    wanted = {name: value for name, value in asdict(settings).items() if value is not None}
    await require_manager(connection, administrator, org_id)
    if settings.plan is not None:
        await require_owner(connection, administrator, org_id)
    present = await _present(connection, org_id)
    before = {name: getattr(present, name) for name in wanted if getattr(present, name) != wanted[name]}
    if not before:
        return present
    changed = await organizations.change(
        connection,
        org_id,
        plan=settings.plan or present.plan,
        removal_policy=settings.removal_policy or present.removal_policy,
        members_create_workspaces=wanted.get("members_create_workspaces", present.members_create_workspaces),
        scim_enabled=wanted.get("scim_enabled", present.scim_enabled),
    )
    if before.keys() & {"plan", "scim_enabled"}:
        await detaching.note(connection, org_id, now=at)
    after = {name: wanted[name] for name in before}
    event = _change_event(administrator, org_id, clock.new_id(at), before=before, after=after)
    await audit.append(connection, org_id, event, at=at)
    return changed


async def list_organizations(database: Database) -> list[Organization]:
    """Every organization of the installation, by slug."""
    async with database.reading() as connection:
        return await organizations.everyone(connection)


async def _free_slug(connection: Connection, name: str, slug: str | None) -> str:
    if slug is not None:
        return clean_slug(slug)
    return derive_slug(name, await organizations.taken_slugs(connection, slug_stem(name)))


async def _insert_owner(connection: Connection, org_id: UUID, owner_id: UUID, email: str) -> None:
    document = {
        "schemas": [USER_TYPE.schema.urn],
        "userName": email,
        "displayName": email,
        "active": True,
        "emails": [{"value": email, "type": "work", "primary": True}],
    }
    await roster.insert_person(
        connection,
        org_id,
        user_id=owner_id,
        role=Role.OWNER,
        user_name=email,
        user_name_key=fold(email),
        display_name=email,
        doc=json.dumps(document, separators=(",", ":"), ensure_ascii=False),
        search=json.dumps(comparison_form(USER_TYPE, document)),
        now=clock.now(),
    )


async def _present(connection: Connection, org_id: UUID) -> Organization:
    present = await organizations.lock(connection, org_id)
    if present is None:
        raise NotFound("There is no such organization.")
    return present


def _change_event(
    administrator: Administrator,
    org_id: UUID,
    request_id: UUID,
    *,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> Event:
    return Event(
        Action.ORGANIZATION_CHANGED,
        TargetKind.ORGANIZATION,
        org_id,
        Actor.administrator(administrator),
        request_id,
        {"before": dict(before), "after": dict(after)},
    )
