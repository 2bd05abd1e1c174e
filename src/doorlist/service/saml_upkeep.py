"""What SAML needs over time: metadata read again, warnings of certificates that end, old rows forgotten."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from doorlist.errors import BadInput, Unavailable
from doorlist.saml.checks import Wrong
from doorlist.saml.documents import MAX_METADATA
from doorlist.saml.metadata import read_metadata
from doorlist.saml.parties import IdentityProvider
from doorlist.service import clock
from doorlist.service.expiry import WARNED_AT, days_left
from doorlist.service.fetching import fetch
from doorlist.store import local_rows, saml_rows, session_rows, signin_rows
from doorlist.store.db import Database
from doorlist.store.saml_rows import Ending

REFRESHED_EVERY: Final = timedelta(hours=24)
_PAUSE: Final = 600.0
_AT_ONCE: Final = 20
_KEPT: Final = timedelta(days=30)
_WARNED_AT: Final = (60, *WARNED_AT)

_log = structlog.get_logger(__name__)


async def refresh(database: Database, org_id: UUID) -> str | None:
    """Read an organization's metadata again and take over addresses and certificates; what was wrong, or None.

    Nothing is changed when they cannot be read, when they describe another provider or when they are over.
    """
    async with database.reading() as connection:
        present = await saml_rows.find(connection, org_id)
    if present is None or present.choices.metadata_url is None:
        return "No metadata URL is set."
    identity, problem = await _read(present.choices.metadata_url, present.identity.entity_id)
    at = clock.now()
    async with database.transaction() as connection:
        await saml_rows.lock(connection, org_id)
        present = await saml_rows.find(connection, org_id)
        if present is not None and identity is not None and present.identity.entity_id == identity.entity_id:
            choices = present.choices
            await saml_rows.put(connection, org_id, identity=identity, choices=choices, now=at, by="metadata")
            await saml_rows.exchange_certificates(connection, org_id, identity.certificates, now=at)
        ends = None if identity is None else identity.valid_until
        await saml_rows.refreshed(connection, org_id, now=at, problem=problem, valid_until=ends)
    if problem is not None:
        _log.warning("metadata could not be read again", organization=str(org_id), problem=problem)
    return problem


async def refresh_due(database: Database, now: datetime) -> int:
    """Read again whatever was read a day ago or before; how many organizations that were."""
    async with database.reading() as connection:
        due = await saml_rows.to_refresh(connection, before=now - REFRESHED_EVERY, limit=_AT_ONCE)
    for org_id in due:
        await refresh(database, org_id)
    return len(due)


async def warn(database: Database, now: datetime) -> list[Ending]:
    """Log a line for each certificate that has come within 60, 30, 14, 7 or 1 days of its end since the last call."""
    async with database.reading() as connection:
        found = await saml_rows.take_warnings(connection, now=now, days=_WARNED_AT)
    for ending in found:
        _log.warning(
            "a certificate of an identity provider expires soon",
            organization=ending.slug,
            subject=ending.subject,
            fingerprint=ending.fingerprint[:16],
            days=days_left(ending.not_after, now),
        )
    return found


async def forget(database: Database, now: datetime) -> None:
    """Delete what is over: requests, replays, throttles, sessions and sign-ins older than thirty days."""
    async with database.reading() as connection:
        await signin_rows.forget(connection, over=now, logged_before=now - _KEPT)
        await session_rows.forget(connection, older_than=now - _KEPT)
        await local_rows.forget(connection, over=now)


async def keep_up_for_ever(database: Database) -> None:
    """All of it every ten minutes, as a task of a serving process."""
    while True:
        with suppress(Unavailable):
            now = clock.now()
            await refresh_due(database, now)
            await warn(database, now)
            await forget(database, now)
        await asyncio.sleep(_PAUSE)


async def _read(url: str, entity_id: str) -> tuple[IdentityProvider | None, str | None]:
    try:
        data = await fetch(url, limit=MAX_METADATA)
        identity = read_metadata(data, now=clock.now(), entity_id=entity_id)
    except (BadInput, Wrong) as refusal:
        return None, str(refusal)[:300]
    return identity, None
