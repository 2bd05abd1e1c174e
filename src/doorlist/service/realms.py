"""Domains: which organization the address of somebody belongs to, and so where they sign in.

A domain is verified by a TXT record with a token that only its owner can publish, or by the word of the operator. It
decides where people are sent, never who they are.
"""

from __future__ import annotations

import re
import secrets
from typing import Final
from uuid import UUID

import dns.asyncresolver
import dns.exception
import dns.resolver

from doorlist.domain.events import Action, Actor, Event, TargetKind
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, Conflict, Forbidden, NotFound, Taken
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.store import audit, domain_rows
from doorlist.store.db import Connection, Database, UniqueViolation
from doorlist.store.domain_rows import DomainRow, Home

PREFIX: Final = "doorlist-verification="
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_SECONDS: Final = 10.0


def clean_domain(text: str) -> str:
    """A domain in lower case and ASCII, as DNS has it. Raises `BadInput`."""
    try:
        name = text.strip().rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        raise BadInput("This is no domain.", place="domain") from None
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadInput("This is no domain.", place="domain")
    return name


async def add_domain(database: Database, administrator: Administrator, org_id: UUID, text: str) -> DomainRow:
    """Note a domain; its TXT record has to hold `doorlist-verification=` and the token.

    Raises `BadInput`, `Forbidden`.
    """
    at, domain = clock.now(), clean_domain(text)
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        if await domain_rows.add(connection, org_id, domain=domain, token=secrets.token_hex(16), now=at):
            await _tell(connection, administrator, org_id, {"added": domain})
        return await _present(connection, org_id, domain)


async def verify_domain(database: Database, administrator: Administrator, org_id: UUID, text: str) -> DomainRow:
    """Look for the TXT record and let the domain count.

    Raises `Conflict` where it is not there, `Taken`, `NotFound`, `Forbidden`.
    """
    domain = clean_domain(text)
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        present = await _present(connection, org_id, domain)
    if PREFIX + present.token not in await _texts(domain):
        async with database.reading() as connection:
            await domain_rows.checked(connection, org_id, domain=domain, now=clock.now())
        raise Conflict(f"The TXT record {PREFIX}{present.token} is not there yet; DNS may take hours.", place=domain)
    return await _verify(database, administrator, org_id, domain, by="dns")


async def assert_domain(database: Database, administrator: Administrator, org_id: UUID, text: str) -> DomainRow:
    """Let a domain count without a record, on the operator's word. Raises `Forbidden` for anybody else, `Taken`."""
    if administrator.org_id is not None:
        raise Forbidden("Only the operator of the installation vouches for a domain.")
    row = await add_domain(database, administrator, org_id, text)
    return await _verify(database, administrator, org_id, row.domain, by=administrator.name)


async def remove_domain(database: Database, administrator: Administrator, org_id: UUID, text: str) -> None:
    """Forget a domain. Raises `NotFound`, `Forbidden`."""
    domain = clean_domain(text)
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        if not await domain_rows.remove(connection, org_id, domain=domain):
            raise NotFound(f"There is no domain {domain!r}.", place="domain")
        await _tell(connection, administrator, org_id, {"removed": domain})


async def list_domains(database: Database, administrator: Administrator, org_id: UUID) -> list[DomainRow]:
    """The domains of an organization. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await domain_rows.everyone(connection, org_id)


async def home_of(database: Database, email: str) -> Home | None:
    """Where somebody of that address signs in, or None where no organization has the domain."""
    _, _, text = email.strip().rpartition("@")
    try:
        domain = clean_domain(text)
    except BadInput:
        return None
    async with database.reading() as connection:
        return await domain_rows.home_of(connection, domain)


async def _verify(database: Database, administrator: Administrator, org_id: UUID, domain: str, *, by: str) -> DomainRow:
    try:
        async with database.transaction() as connection:
            await domain_rows.verify(connection, org_id, domain=domain, now=clock.now(), by=by)
            await _tell(connection, administrator, org_id, {"verified": domain, "by": by})
            return await _present(connection, org_id, domain)
    except UniqueViolation:
        raise Taken("The domain is verified for another organization.", place=domain) from None


async def _present(connection: Connection, org_id: UUID, domain: str) -> DomainRow:
    row = await domain_rows.find(connection, org_id, domain)
    if row is None:
        raise NotFound(f"There is no domain {domain!r}; add it first.", place="domain")
    return row


async def _texts(domain: str) -> set[str]:
    """The TXT records of a domain."""
    try:
        answer = await dns.asyncresolver.resolve(domain, "TXT", lifetime=_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return set()
    except (dns.exception.DNSException, OSError) as error:
        raise Conflict(f"DNS does not answer: {str(error)[:120]}", place=domain) from None
    return {b"".join(record.strings).decode("utf-8", "replace") for record in answer}


async def _tell(connection: Connection, administrator: Administrator, org_id: UUID, change: dict[str, object]) -> None:
    at = clock.now()
    actor = Actor.administrator(administrator)
    event = Event(Action.DOMAIN_CHANGED, TargetKind.ORGANIZATION, org_id, actor, clock.new_id(at), change)
    await audit.append(connection, org_id, event, at=at)
