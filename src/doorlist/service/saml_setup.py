"""Setting SAML up for an organization: from metadata, from a URL that is read again every day, or field by field.

What is not usable is refused as a whole, with the place. Certificates are pinned: an answer is verified with these and
never with one that it brings along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from doorlist.domain.samlsettings import SamlChoices
from doorlist.domain.tenancy import PROVISIONING_PLAN, Administrator
from doorlist.errors import BadInput, Conflict, NotFound, PlanTooLow
from doorlist.saml.certificates import Certificate, read_certificate
from doorlist.saml.checks import Wrong
from doorlist.saml.metadata import read_metadata, render_metadata
from doorlist.saml.names import FORMATS
from doorlist.saml.parties import Endpoint, IdentityProvider, ServiceProvider, check_address
from doorlist.service import clock
from doorlist.service.authority import require_manager, require_owner
from doorlist.service.saml_events import tell
from doorlist.service.saml_keys import ensure_key, key_ring
from doorlist.store import local_rows, organizations, saml_rows, session_rows
from doorlist.store.db import Connection, Database
from doorlist.store.organizations import Organization
from doorlist.store.saml_rows import CertificateLine, SamlRow

_LONGEST: Final = 1000
_CHOICES: Final = frozenset(field.name for field in fields(SamlChoices))


@dataclass(frozen=True, slots=True)
class Fields:
    """An identity provider as an administrator types it in."""

    entity_id: str
    sso_url: str
    sso_binding: str = "redirect"
    slo_url: str | None = None
    slo_binding: str = "redirect"
    certificates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """SAML of an organization as administrators see it."""

    provider: ServiceProvider
    settings: SamlRow | None
    certificates: tuple[CertificateLine, ...]


async def show(database: Database, administrator: Administrator, organization: Organization, base_url: str) -> Setup:
    """The two sides as they are set up; `settings` is None where there is no identity provider. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, organization.org_id)
        found = await saml_rows.find(connection, organization.org_id)
        certificates = await saml_rows.certificates(connection, organization.org_id)
    return Setup(ServiceProvider.of(base_url, organization.slug), found, tuple(certificates))


async def set_from_metadata(
    database: Database,
    administrator: Administrator,
    organization: Organization,
    data: bytes,
    *,
    entity_id: str | None = None,
    url: str | None = None,
) -> IdentityProvider:
    """Set the identity provider that metadata describe; with a `url` they are read again from there every day.

    Raises `BadInput`, `PlanTooLow`, `Forbidden`.
    """
    try:
        identity = read_metadata(data, now=clock.now(), entity_id=entity_id)
        url = None if url is None else check_address(url, place="metadata_url")
    except Wrong as wrong:
        raise BadInput(str(wrong), place="metadata") from None
    await _set(database, administrator, organization, identity, url=url, from_metadata=True)
    return identity


async def set_fields(
    database: Database, administrator: Administrator, organization: Organization, typed: Fields
) -> IdentityProvider:
    """Set the identity provider by single fields; certificates that are pinned by hand stay.

    Raises `BadInput`, `PlanTooLow`, `Forbidden`.
    """
    try:
        identity = _identity(typed)
    except Wrong as wrong:
        raise BadInput(str(wrong), place="saml") from None
    await _set(database, administrator, organization, identity, url=None, from_metadata=False)
    return identity


async def choose(
    database: Database, administrator: Administrator, organization: Organization, changes: Mapping[str, Any]
) -> SamlChoices:
    """Change some of the choices; what is so already writes nothing. Enforcing is for owners, and ends what it forbids.

    Raises `BadInput` for an unknown choice or value, `Conflict` for one that the organization cannot make now,
    `NotFound` where SAML is not set up, `Forbidden`.
    """
    _check_choices(changes)
    async with database.transaction() as connection:
        await require_manager(connection, administrator, organization.org_id)
        await saml_rows.lock(connection, organization.org_id)
        present = await _present(connection, organization.org_id)
        after = replace(present.choices, **changes)
        changed = {name: value for name, value in changes.items() if getattr(present.choices, name) != value}
        if changed:
            await _check_possible(connection, administrator, organization.org_id, changed)
            at, by = clock.now(), administrator.name
            await saml_rows.put(
                connection, organization.org_id, identity=present.identity, choices=after, now=at, by=by
            )
            if changed.get("enforced"):
                await session_rows.end_others(connection, organization.org_id, now=at, by="enforced SSO")
            before = {name: getattr(present.choices, name) for name in changed}
            await tell(connection, administrator, organization.org_id, {"before": before, "after": changed})
    return after


async def remove(database: Database, administrator: Administrator, org_id: UUID) -> None:
    """Forget the identity provider; nobody signs in by SAML until one is set again. Raises `NotFound`, `Forbidden`."""
    async with database.transaction() as connection:
        await require_owner(connection, administrator, org_id)
        if not await saml_rows.delete(connection, org_id):
            raise NotFound("SAML is not set up.")
        await tell(connection, administrator, org_id, {"removed": True})


async def add_certificate(database: Database, administrator: Administrator, org_id: UUID, text: str) -> Certificate:
    """Pin one more certificate of the identity provider. Raises `BadInput`, also for an expired one; `Forbidden`."""
    at = clock.now()
    try:
        certificate = read_certificate(text)
    except Wrong as wrong:
        raise BadInput(str(wrong), place="certificate") from None
    if certificate.not_after <= at:
        raise BadInput(f"The certificate has expired on {certificate.not_after:%Y-%m-%d}.", place="certificate")
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        await saml_rows.add_certificate(connection, org_id, certificate, now=at)
        await tell(connection, administrator, org_id, {"certificate added": certificate.fingerprint})
    return certificate


async def remove_certificate(database: Database, administrator: Administrator, org_id: UUID, fingerprint: str) -> None:
    """Pin a certificate no longer, by the start of its fingerprint; the last one stays.

    Raises `NotFound`, `Conflict`, `Forbidden`.
    """
    if len(fingerprint) < 8 or not all(digit in "0123456789abcdef" for digit in fingerprint):
        raise BadInput("Give at least eight digits of the fingerprint.", place="certificate")
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        gone = await saml_rows.remove_certificate(connection, org_id, fingerprint)
        if not gone:
            raise NotFound("There is no such certificate.", place="certificate")
        if not await saml_rows.certificates(connection, org_id):
            raise Conflict("This is the last certificate; add another one first.", place="certificate")
        await tell(connection, administrator, org_id, {"certificates removed": gone})


async def own_metadata(database: Database, organization: Organization, base_url: str) -> bytes:
    """The metadata of this service provider for one organization; makes its key pair when there is none yet."""
    await ensure_key(database, organization.org_id, name=f"Doorlist {organization.slug}")
    async with database.reading() as connection:
        ring = await key_ring(connection, organization.org_id)
        found = await saml_rows.find(connection, organization.org_id)
    choices = SamlChoices() if found is None else found.choices
    provider = ServiceProvider.of(base_url, organization.slug)
    return render_metadata(
        provider, ring.published, signs_requests=choices.sign_requests, name_id_format=choices.name_id_format
    )


async def _set(
    database: Database,
    administrator: Administrator,
    organization: Organization,
    identity: IdentityProvider,
    *,
    url: str | None,
    from_metadata: bool,
) -> None:
    if organization.plan is not PROVISIONING_PLAN:
        raise PlanTooLow("Sign-in by SAML belongs to the Enterprise plan.")
    at, org_id = clock.now(), organization.org_id
    await ensure_key(database, org_id, name=f"Doorlist {organization.slug}")
    async with database.transaction() as connection:
        await require_manager(connection, administrator, org_id)
        await saml_rows.lock(connection, org_id)
        present = await saml_rows.find(connection, org_id)
        choices = replace(SamlChoices() if present is None else present.choices, metadata_url=url)
        await saml_rows.put(connection, org_id, identity=identity, choices=choices, now=at, by=administrator.name)
        await _pin(connection, org_id, identity, from_metadata=from_metadata, at=at)
        await saml_rows.refreshed(connection, org_id, now=at, problem=None, valid_until=identity.valid_until)
        told = {"identity provider": identity.entity_id, "from metadata": from_metadata, "url": url}
        await tell(connection, administrator, org_id, told)


async def _pin(
    connection: Connection, org_id: UUID, identity: IdentityProvider, *, from_metadata: bool, at: datetime
) -> None:
    await saml_rows.exchange_certificates(connection, org_id, identity.certificates if from_metadata else (), now=at)
    for certificate in () if from_metadata else identity.certificates:
        await saml_rows.add_certificate(connection, org_id, certificate, now=at)
    if not await saml_rows.certificates(connection, org_id):
        raise BadInput("Give the certificate that the identity provider signs with.", place="certificate")


async def _present(connection: Connection, org_id: UUID) -> SamlRow:
    present = await saml_rows.find(connection, org_id)
    if present is None:
        raise NotFound("SAML is not set up; give the identity provider's metadata first.")
    return present


def _check_choices(changes: Mapping[str, Any]) -> None:
    unknown = sorted(set(changes) - _CHOICES)
    if unknown:
        raise BadInput(f"There is no choice {unknown[0]!r}.", place="saml")
    if changes.get("name_id_format") not in {None, *FORMATS}:
        raise BadInput(f"The formats are {', '.join(FORMATS)}.", place="name_id_format")
    if not 0 <= int(changes.get("skew_seconds", 0)) <= 180:
        raise BadInput("Clocks may differ by 0 to 180 seconds.", place="skew_seconds")
    for name, value in changes.items():
        if isinstance(value, str) and not (0 < len(value) <= _LONGEST and value.isprintable()):
            raise BadInput("This is empty, too long or not printable.", place=name)


async def _check_possible(
    connection: Connection, administrator: Administrator, org_id: UUID, changed: Mapping[str, Any]
) -> None:
    """Enforcing needs an owner who gets in without SAML; making people needs SCIM to be off."""
    if "enforced" in changed:
        await require_owner(connection, administrator, org_id)
    if changed.get("enforced") and not await local_rows.owners_who_get_in(connection, org_id):
        raise Conflict(
            "No owner could get in without SAML. Let one set up a passkey, or a password with one-time codes, first.",
            place="enforced",
        )
    if changed.get("create_people"):
        organization = await organizations.lock(connection, org_id)
        if organization is None or organization.scim_enabled:
            raise Conflict(
                "People come by SCIM here; switch it off before sign-ins may make people.", place="create_people"
            )


def _identity(typed: Fields) -> IdentityProvider:
    certificates: Sequence[str] = typed.certificates
    entity_id = typed.entity_id.strip()
    if not 0 < len(entity_id) <= 1024:
        raise Wrong("The entity id is missing or too long.")
    if typed.sso_binding not in {"redirect", "post"} or typed.slo_binding not in {"redirect", "post"}:
        raise Wrong("The bindings are redirect and post.")
    slo = None if not typed.slo_url else Endpoint(check_address(typed.slo_url, place="slo_url"), typed.slo_binding)
    return IdentityProvider(
        entity_id,
        Endpoint(check_address(typed.sso_url, place="sso_url"), typed.sso_binding),
        slo,
        None,
        tuple(read_certificate(text) for text in certificates),
    )


def as_document(settings: SamlRow) -> dict[str, object]:
    """The settings for people and programs, without certificates."""
    identity = settings.identity
    return {
        "entity_id": identity.entity_id,
        "sso_url": identity.sso.url,
        "sso_binding": identity.sso.binding,
        "slo_url": None if identity.slo is None else identity.slo.url,
        **asdict(settings.choices),
        "refreshed_at": settings.refresh.at,
        "refresh_problem": settings.refresh.problem,
        "metadata_until": settings.refresh.valid_until,
    }
