"""The set-up guide: which steps are done, judged by what there is, and the links that an IT contact goes on with.

A step is never ticked by hand: it is done when the database or the request log shows it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.naming import clean_email
from doorlist.domain.setup import Stage, Step
from doorlist.domain.tenancy import PROVISIONING_PLAN, Administrator
from doorlist.errors import NotFound
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import audit, journal, setup
from doorlist.store.db import Database
from doorlist.store.journal import Logged
from doorlist.store.setup import Opened, Progress, SetupLink

LINK_LIFE: Final = timedelta(days=30)


async def steps(database: Database, administrator: Administrator, org_id: UUID) -> tuple[Step, ...]:
    """Every step of the set-up in its order. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        progress = await setup.look(connection, org_id, now=clock.now())
        contact = await journal.last_contact(connection, org_id)
        test = await journal.last_connection_test(connection, org_id)
    return (
        _workspaces(progress),
        _saml(progress),
        Step("owner", Stage.DONE if progress.local_owners else Stage.ATTENTION, str(progress.local_owners)),
        Step("token", Stage.DONE if progress.tokens else Stage.NOT_STARTED, str(progress.tokens)),
        _request(progress, contact),
        _test(progress, test),
        _group(progress),
        Step("grant", Stage.DONE if progress.granted else Stage.NOT_STARTED),
    )


async def make_link(database: Database, administrator: Administrator, org_id: UUID, *, contact: str) -> str:
    """The secret of a link for the IT contact of an address: thirty days, one organization, the set-up alone.

    Raises `BadInput` for the address, `Forbidden`.
    """
    contact, at, secret = clean_email(contact, place="contact"), clock.now(), secrets.token_urlsafe(32)
    link_id = clock.new_id(at)
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        await setup.insert_link(
            connection,
            org_id,
            link_id=link_id,
            digest=_digest(secret),
            contact=contact,
            by=administrator.name,
            now=at,
            expires_at=at + LINK_LIFE,
        )
        change = {"contact": contact}
        event = Event(
            Action.SETUP_LINK_CREATED,
            TargetKind.ORGANIZATION,
            org_id,
            Actor.administrator(administrator),
            clock.new_id(at),
            change,
        )
        await audit.append(connection, org_id, event, at=at)
    return secret


async def open_link(database: Database, secret: str) -> Opened | None:
    """Whose link it is; None for one that is over, revoked or made up."""
    async with database.reading() as connection:
        return await setup.open_link(connection, _digest(secret), now=clock.now())


async def list_links(database: Database, administrator: Administrator, org_id: UUID) -> list[SetupLink]:
    """The links that still open. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await setup.links(connection, org_id, now=clock.now())


async def revoke_link(database: Database, administrator: Administrator, org_id: UUID, link_id: UUID) -> None:
    """End a link at once. Raises `NotFound`, `Forbidden`."""
    at = clock.now()
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        contact = await setup.revoke_link(connection, org_id, link_id, now=at)
        if contact is None:
            raise NotFound("There is no such link.", place="link")
        event = Event(
            Action.SETUP_LINK_REVOKED,
            TargetKind.ORGANIZATION,
            org_id,
            Actor.administrator(administrator),
            clock.new_id(at),
            {"contact": contact},
        )
        await audit.append(connection, org_id, event, at=at)


def _workspaces(progress: Progress) -> Step:
    enterprise = progress.plan == PROVISIONING_PLAN.value
    stage = Stage.DONE if enterprise and progress.upgraded else Stage.NOT_STARTED if enterprise else Stage.ATTENTION
    return Step("workspaces", stage, f"{progress.upgraded}/{progress.workspaces}")


def _saml(progress: Progress) -> Step:
    """Set up is not enough: somebody has to have come in by it, at least as a test."""
    if not progress.saml:
        return Step("saml", Stage.NOT_STARTED)
    return Step("saml", Stage.DONE if progress.signed_in else Stage.ATTENTION)


def _request(progress: Progress, contact: Logged | None) -> Step:
    if contact is None:
        return Step("request", Stage.WAITING if progress.tokens else Stage.NOT_STARTED)
    return Step("request", Stage.DONE, contact.agent)


def _test(progress: Progress, test: Logged | None) -> Step:
    if test is None:
        return Step("test", Stage.WAITING if progress.tokens else Stage.NOT_STARTED)
    return Step("test", Stage.DONE if test.status == 200 else Stage.ATTENTION, str(test.status))


def _group(progress: Progress) -> Step:
    if progress.groups:
        return Step("group", Stage.DONE, str(progress.groups))
    return Step("group", Stage.WAITING if progress.last_used_at else Stage.NOT_STARTED)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
