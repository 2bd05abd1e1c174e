"""SQL of an organization's SAML settings: the identity provider, its certificates, the own keys. No rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.domain.samlsettings import Refresh, SamlChoices
from doorlist.saml.certificates import Certificate, read_certificate
from doorlist.saml.parties import Endpoint, IdentityProvider
from doorlist.store.db import Connection, Record

_CHOICES: Final = tuple(field.name for field in fields(SamlChoices))

_FIND = """
select s.entity_id, s.sso_url, s.sso_binding, s.slo_url, s.slo_binding, s.slo_response_url, s.logout_issuer,
       s.metadata_url, s.metadata_until, s.refreshed_at, s.refresh_problem, s.idp_initiated, s.sign_requests,
       s.require_encryption, s.force_authn, s.create_people, s.enforced, s.name_id_format, s.stable_id_claim,
       s.user_name_claim, s.skew_seconds,
       (select coalesce(array_agg(c.pem order by c.added_at, c.fingerprint), '{}') from saml_certificates c
         where c.org_id = s.org_id) as certificates
  from saml_settings s
 where s.org_id = $1
"""

_PUT = """
insert into saml_settings (org_id, entity_id, sso_url, sso_binding, slo_url, slo_binding, slo_response_url,
                           metadata_until, idp_initiated, sign_requests, require_encryption, force_authn, create_people,
                           enforced, name_id_format, stable_id_claim, user_name_claim, skew_seconds, logout_issuer,
                           metadata_url, updated_at, updated_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
on conflict (org_id) do update
   set entity_id = $2, sso_url = $3, sso_binding = $4, slo_url = $5, slo_binding = $6, slo_response_url = $7,
       metadata_until = $8, idp_initiated = $9, sign_requests = $10, require_encryption = $11, force_authn = $12,
       create_people = $13, enforced = $14, name_id_format = $15, stable_id_claim = $16, user_name_claim = $17,
       skew_seconds = $18, logout_issuer = $19, metadata_url = $20, updated_at = $21, updated_by = $22
"""

_DELETE = "delete from saml_settings where org_id = $1 returning true"

_LOCK = "select org_id from organizations where org_id = $1 for no key update"

_EXCHANGE = """
with gone as (
    delete from saml_certificates where org_id = $1 and source = 'metadata' and fingerprint <> all($2::text[]))
insert into saml_certificates (org_id, fingerprint, pem, subject, not_before, not_after, source, added_at)
select $1, n.fingerprint, n.pem, n.subject, n.not_before, n.not_after, $7, $8
  from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
       as n (fingerprint, pem, subject, not_before, not_after)
on conflict (org_id, fingerprint) do nothing
"""

_ADD = """
insert into saml_certificates (org_id, fingerprint, pem, subject, not_before, not_after, source, added_at)
values ($1, $2, $3, $4, $5, $6, 'manual', $7)
on conflict (org_id, fingerprint) do update set source = 'manual'
"""

_REMOVE = "delete from saml_certificates where org_id = $1 and fingerprint like $2 || '%' returning fingerprint"

_CERTIFICATES = """
select fingerprint, subject, not_before, not_after, source, added_at
  from saml_certificates where org_id = $1 order by added_at, fingerprint
"""

_KEYS = """
select id, state, private_key, certificate, created_at from saml_keys
 where org_id = $1 order by case state when 'active' then 0 when 'next' then 1 else 2 end, created_at desc
"""

_ADD_KEY = """
insert into saml_keys (org_id, id, state, private_key, certificate, created_at) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""

_RETIRE = "update saml_keys set state = 'old' where org_id = $1 and state = 'active'"
_PROMOTE = "update saml_keys set state = 'active' where org_id = $1 and state = 'next' returning true"
_DROP_OLD = "delete from saml_keys where org_id = $1 and state = 'old' returning id"

_TO_REFRESH = """
select org_id from saml_settings
 where metadata_url is not null and (refreshed_at is null or refreshed_at < $1)
 order by refreshed_at nulls first limit $2
"""

_REFRESHED = """
update saml_settings set refreshed_at = $2, refresh_problem = $3, metadata_until = coalesce($4, metadata_until)
 where org_id = $1
"""

_TAKE_WARNINGS = """
update saml_certificates c set warned_days = d.days
  from organizations o, (select unnest($2::smallint[]) as days) d
 where o.org_id = c.org_id and c.not_after > $1::timestamptz
   and c.not_after <= $1::timestamptz + make_interval(days => d.days)
   and not exists (select from unnest($2::smallint[]) as e (days)
                    where e.days < d.days and c.not_after <= $1::timestamptz + make_interval(days => e.days))
   and (c.warned_days is null or c.warned_days > d.days)
returning c.org_id, o.slug, c.fingerprint, c.subject, c.not_after
"""


@dataclass(frozen=True, slots=True)
class SamlRow:
    """An organization's settings as they are stored: the provider, the choices, the state of its metadata."""

    identity: IdentityProvider
    choices: SamlChoices
    refresh: Refresh


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """A certificate of the identity provider in a list."""

    fingerprint: str
    subject: str
    not_before: datetime
    not_after: datetime
    source: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key pair of the organization; the private key is PEM without a passphrase."""

    id: UUID
    state: str
    private_key: str
    certificate: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate of an identity provider whose end is near."""

    org_id: UUID
    slug: str
    fingerprint: str
    subject: str
    not_after: datetime


async def find(connection: Connection, org_id: UUID) -> SamlRow | None:
    """The settings of an organization, with the certificates that it pins."""
    row = await connection.fetchrow(_FIND, org_id)
    return None if row is None else _saml_row(row)


async def put(
    connection: Connection,
    org_id: UUID,
    *,
    identity: IdentityProvider,
    choices: SamlChoices,
    now: datetime,
    by: str,
) -> None:
    """Store everything but certificates."""
    slo = identity.slo
    provider = (identity.entity_id, identity.sso.url, identity.sso.binding)
    logout = (None if slo is None else slo.url, None if slo is None else slo.binding, identity.slo_response_url)
    chosen = [getattr(choices, name) for name in _CHOICES]
    await connection.execute(_PUT, org_id, *provider, *logout, identity.valid_until, *chosen, now, by)


async def delete(connection: Connection, org_id: UUID) -> bool:
    """Forget the identity provider; whether there was one. Certificates and keys stay."""
    return bool(await connection.fetchval(_DELETE, org_id))


async def lock(connection: Connection, org_id: UUID) -> None:
    """Keep others from changing the settings until the transaction ends."""
    await connection.execute(_LOCK, org_id)


async def exchange_certificates(
    connection: Connection, org_id: UUID, certificates: Iterable[Certificate], *, now: datetime
) -> None:
    """Make the certificates of metadata exactly these; those added by hand stay."""
    found = list(certificates)
    columns = [
        [certificate.fingerprint for certificate in found],
        [certificate.pem for certificate in found],
        [certificate.subject for certificate in found],
        [certificate.not_before for certificate in found],
        [certificate.not_after for certificate in found],
    ]
    await connection.execute(_EXCHANGE, org_id, *columns, "metadata", now)


async def add_certificate(connection: Connection, org_id: UUID, certificate: Certificate, *, now: datetime) -> None:
    """Pin a certificate until it is removed by hand."""
    dates = (certificate.not_before, certificate.not_after)
    await connection.execute(_ADD, org_id, certificate.fingerprint, certificate.pem, certificate.subject, *dates, now)


async def remove_certificate(connection: Connection, org_id: UUID, fingerprint: str) -> list[str]:
    """Remove the certificates whose fingerprint begins so; returns them."""
    return [row["fingerprint"] for row in await connection.fetch(_REMOVE, org_id, fingerprint)]


async def certificates(connection: Connection, org_id: UUID) -> list[CertificateLine]:
    """What the identity provider may sign with, oldest first."""
    return [CertificateLine(**row) for row in await connection.fetch(_CERTIFICATES, org_id)]


async def keys(connection: Connection, org_id: UUID) -> list[KeyRow]:
    """The organization's key pairs: the active one, the next one, old ones."""
    return [KeyRow(**row) for row in await connection.fetch(_KEYS, org_id)]


async def add_key(connection: Connection, org_id: UUID, key: KeyRow) -> None:
    """Store a key pair, unless there is one in that state already."""
    values = (key.id, key.state, key.private_key, key.certificate, key.created_at)
    await connection.execute(_ADD_KEY, org_id, *values)


async def promote_key(connection: Connection, org_id: UUID) -> bool:
    """Make the next key the active one and the active one old; False where there is no next one."""
    await connection.execute(_RETIRE, org_id)
    return bool(await connection.fetchval(_PROMOTE, org_id))


async def drop_old_keys(connection: Connection, org_id: UUID) -> int:
    """Delete old keys; what was enciphered for them stays shut."""
    return len(await connection.fetch(_DROP_OLD, org_id))


async def to_refresh(connection: Connection, *, before: datetime, limit: int) -> list[UUID]:
    """Organizations whose metadata were read last before that moment."""
    return [row["org_id"] for row in await connection.fetch(_TO_REFRESH, before, limit)]


async def refreshed(
    connection: Connection, org_id: UUID, *, now: datetime, problem: str | None, valid_until: datetime | None
) -> None:
    """Remember how a reading of metadata went."""
    await connection.execute(_REFRESHED, org_id, now, problem, valid_until)


async def take_warnings(connection: Connection, *, now: datetime, days: Sequence[int]) -> list[Ending]:
    """Certificates that have come within so many days of their end since the last call, each once for each number."""
    return [Ending(**row) for row in await connection.fetch(_TAKE_WARNINGS, now, list(days))]


def _saml_row(row: Record) -> SamlRow:
    slo = None if row["slo_url"] is None else Endpoint(row["slo_url"], row["slo_binding"])
    identity = IdentityProvider(
        row["entity_id"],
        Endpoint(row["sso_url"], row["sso_binding"]),
        slo,
        row["slo_response_url"],
        tuple(read_certificate(pem) for pem in row["certificates"]),
        row["metadata_until"],
    )
    choices = SamlChoices(**{name: row[name] for name in _CHOICES})
    return SamlRow(identity, choices, Refresh(row["refreshed_at"], row["refresh_problem"], row["metadata_until"]))
