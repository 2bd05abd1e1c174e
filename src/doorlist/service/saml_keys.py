"""The key pairs of an organization for SAML: made here, kept in the database, rolled over without a gap.

The active pair signs. The next pair is in the metadata before it signs, so that the identity provider knows it in time;
an old pair still deciphers until it is dropped.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from doorlist.domain.tenancy import Administrator
from doorlist.errors import Conflict
from doorlist.saml.certificates import Certificate, read_certificate
from doorlist.saml.outgoing import Signer
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.service.saml_events import tell
from doorlist.store import saml_rows
from doorlist.store.db import Connection, Database
from doorlist.store.saml_rows import KeyRow

_BITS: Final = 3072
_YEARS: Final = 5


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The pairs of an organization, loaded: what signs, what is published, what deciphers."""

    signer: Signer
    published: tuple[Certificate, ...]
    deciphering: tuple[rsa.RSAPrivateKey, ...]


async def ensure_key(database: Database, org_id: UUID, *, name: str) -> None:
    """Make the first pair of an organization, if it has none."""
    async with database.reading() as connection:
        if await saml_rows.keys(connection, org_id):
            return
    made = await asyncio.to_thread(_make, name, "active", clock.now())
    async with database.transaction() as connection:
        await saml_rows.add_key(connection, org_id, made)


async def key_ring(connection: Connection, org_id: UUID) -> KeyRing:
    """The organization's pairs. Raises `Conflict` where it has none."""
    rows = await saml_rows.keys(connection, org_id)
    if not rows or rows[0].state != "active":
        raise Conflict("The organization has no key pair for SAML; set SAML up again.")
    pairs = [(row.state, _load(row.private_key), read_certificate(row.certificate)) for row in rows]
    return KeyRing(
        Signer(pairs[0][1], pairs[0][2]),
        tuple(certificate for state, _, certificate in pairs if state != "old"),
        tuple(key for _, key, _ in pairs),
    )


async def list_keys(database: Database, administrator: Administrator, org_id: UUID) -> list[tuple[str, Certificate]]:
    """State and certificate of every pair. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        rows = await saml_rows.keys(connection, org_id)
    return [(row.state, read_certificate(row.certificate)) for row in rows]


async def begin_rollover(database: Database, administrator: Administrator, org_id: UUID, *, name: str) -> Certificate:
    """Make the next pair and publish it in the metadata; the active one goes on signing.

    Raises `Conflict` where there is a next pair already, `Forbidden`.
    """
    made = await asyncio.to_thread(_make, name, "next", clock.now())
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        await saml_rows.lock(connection, org_id)
        if any(row.state == "next" for row in await saml_rows.keys(connection, org_id)):
            raise Conflict("A rollover is under way: finish it first.")
        await saml_rows.add_key(connection, org_id, made)
        certificate = read_certificate(made.certificate)
        await tell(connection, administrator, org_id, {"rollover begun": certificate.fingerprint})
    return certificate


async def finish_rollover(database: Database, administrator: Administrator, org_id: UUID) -> None:
    """Sign with the next pair from now on; the pair before still deciphers, the one before that is dropped.

    Raises `Conflict` where no rollover was begun, `Forbidden`.
    """
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        await saml_rows.lock(connection, org_id)
        await saml_rows.drop_old_keys(connection, org_id)
        if not await saml_rows.promote_key(connection, org_id):
            raise Conflict("No rollover is under way: begin one first.")
        await tell(connection, administrator, org_id, {"rollover finished": True})


def _make(name: str, state: str, now: datetime) -> KeyRow:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:60])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return KeyRow(clock.new_id(now), state, private, certificate.public_bytes(Encoding.PEM).decode(), now)


@lru_cache(maxsize=256)
def _load(pem: str) -> rsa.RSAPrivateKey:
    """A private key from its text; kept, because checking one takes longer than using it."""
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey), "only such keys are made here"
    return key
