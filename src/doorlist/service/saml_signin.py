"""Signing in by SAML: sending a browser to the identity provider, and taking its answer.

Every answer is logged with all its checks, accepted or not. What is accepted opens a session in the same transaction in
which the assertion is remembered as used, so that one assertion opens one session, on whichever process it arrives.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorlist.domain.signin import Method
from doorlist.domain.tenancy import PROVISIONING_PLAN
from doorlist.errors import Forbidden, NotFound, PlanTooLow, SignInRefused
from doorlist.saml.checks import Check, Checklist, Rejected, Wrong, require
from doorlist.saml.incoming import Accepted, read_response
from doorlist.saml.outgoing import Dispatch, authn_request, dispatch
from doorlist.saml.parties import Expectation, ServiceProvider
from doorlist.service import clock, linking, signin_log
from doorlist.service.linking import Claim, Unknown
from doorlist.service.saml_keys import KeyRing, key_ring
from doorlist.service.session_control import Opened, Origin, digest_of, open_session
from doorlist.service.signin_log import Attempt
from doorlist.store import saml_rows, signin_rows
from doorlist.store.db import Connection, Database, UniqueViolation
from doorlist.store.organizations import Organization
from doorlist.store.saml_rows import SamlRow
from doorlist.store.signin_rows import AtProvider, Known, Under

_REQUEST_LIVES: Final = timedelta(minutes=10)
MAX_RETURN: Final = 500


@dataclass(frozen=True, slots=True)
class Side:
    """An organization's side of a sign-in: who it is, and what is set up."""

    organization: Organization
    provider: ServiceProvider
    settings: SamlRow


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sign-in that was accepted. `opened` is None for a test, which shows checks and attributes instead."""

    opened: Opened | None
    return_to: str
    log_id: UUID
    kind: str


async def side_of(database: Database, organization: Organization, base_url: str) -> Side:
    """What signing in to an organization needs. Raises `NotFound` where SAML is not set up, `PlanTooLow`."""
    if organization.plan is not PROVISIONING_PLAN:
        raise PlanTooLow("Sign-in by SAML belongs to the Enterprise plan.")
    async with database.reading() as connection:
        settings = await saml_rows.find(connection, organization.org_id)
    if settings is None:
        raise NotFound("This organization has not set up sign-in by SAML.")
    return Side(organization, ServiceProvider.of(base_url, organization.slug), settings)


def new_message_id() -> str:
    """An ID that nobody can guess; xs:ID forbids a digit at its start."""
    return f"id-{secrets.token_hex(16)}"


async def begin(database: Database, side: Side, *, browser: str, return_to: str, test: bool = False) -> Dispatch:
    """A request for the identity provider, remembered for this browser; where to go with it.

    `return_to` is an address of this site, checked by the caller; it stays here and does not travel.
    """
    at, identifier = clock.now(), new_message_id()
    choices, identity = side.settings.choices, side.settings.identity
    under = Under(identifier, "test" if test else "signin", return_to[:MAX_RETURN])
    async with database.transaction() as connection:
        ring = await key_ring(connection, side.organization.org_id) if choices.sign_requests else None
        await signin_rows.add_request(
            connection,
            side.organization.org_id,
            request=under,
            browser=digest_of(browser),
            expires_at=at + _REQUEST_LIVES,
        )
    message = authn_request(
        side.provider,
        identity.sso.url,
        identifier=identifier,
        now=at,
        name_id_format=choices.name_id_format,
        force=choices.force_authn,
    )
    signer = None if ring is None else ring.signer
    return dispatch(message, identity.sso, name="SAMLRequest", relay_state="", signer=signer)


async def finish(database: Database, side: Side, *, response: str, browser: str | None, origin: Origin) -> Outcome:
    """Take the answer of the identity provider: a session for the person, or a refusal with its entry in the log.

    Raises `SignInRefused`, which says to the person only under which number the reason is logged.
    """
    at, checks = clock.now(), Checklist()
    under, ring = await _known_here(database, side, browser, at)
    kind = "test" if under and all(one.kind == "test" for one in under) else "signin"
    try:
        accepted = read_response(response, _expected(side, under), ring.deciphering, checks, now=at)
        kind = next((one.kind for one in under if one.id == accepted.in_response_to), "signin")
        taking = _Taking(side, accepted, kind, browser, origin, at)
        return await taking.take(database, checks)
    except Rejected as rejected:
        attempt = Attempt("saml", kind, rejected.steps, subject=_subject(rejected))
        async with database.reading() as connection:
            log_id = await signin_log.write(connection, side.organization.org_id, attempt, origin=origin, now=at)
        raise SignInRefused(log_id, test=kind == "test") from None


async def _known_here(database: Database, side: Side, browser: str | None, at: datetime) -> tuple[list[Under], KeyRing]:
    """What the browser has under way, and the keys that decipher."""
    org_id = side.organization.org_id
    async with database.reading() as connection:
        ring = await key_ring(connection, org_id)
        if browser is None:
            return [], ring
        under = await signin_rows.requests_of(connection, org_id, browser=digest_of(browser), now=at)
    return [one for one in under if one.kind != "signout"], ring


def _expected(side: Side, under: Sequence[Under]) -> Expectation:
    choices = side.settings.choices
    return Expectation(
        provider=side.provider,
        identity=side.settings.identity,
        requests=frozenset(one.id for one in under),
        unsolicited=choices.idp_initiated,
        encrypted=choices.require_encryption,
        skew=timedelta(seconds=choices.skew_seconds),
    )


@dataclass(frozen=True)
class _Taking:
    """An answer whose own checks passed, on its way to a session: the checks that need memory."""

    side: Side
    accepted: Accepted
    kind: str
    browser: str | None
    origin: Origin
    at: datetime

    async def take(self, database: Database, checks: Checklist) -> Outcome:
        """Use request and assertion up, find the person, open the session, log it: all of it or nothing."""
        try:
            async with database.transaction() as connection:
                return await self._in(connection, checks)
        except UniqueViolation:  # two first sign-ins of one new person at once: the other one made it
            checks.steps[:] = [step for step in checks.steps if step.check is not Check.REPLAY]
            async with database.transaction() as connection:
                return await self._in(connection, checks)

    async def _in(self, connection: Connection, checks: Checklist) -> Outcome:
        org_id = self.side.organization.org_id
        return_to = await self._use_up(connection, checks)
        with checks.step(Check.PERSON) as said:
            claim = linking.claim_of(self.accepted, self.side.settings.choices)
            person = await self._person(connection, claim)
            said.append(person.user_name)
        opened = None if self.kind == "test" else await self._open(connection, checks, person)
        attributes = {name: list(values) for name, values in self.accepted.attributes.items()}
        attempt = Attempt(
            "saml",
            self.kind,
            checks.steps,
            subject=self.accepted.name_id.value,
            user_id=person.id,
            attributes=attributes if self.kind == "test" else None,
        )
        log_id = await signin_log.write(connection, org_id, attempt, origin=self.origin, now=self.at)
        return Outcome(opened, return_to, log_id, self.kind)

    async def _use_up(self, connection: Connection, checks: Checklist) -> str:
        org_id, return_to = self.side.organization.org_id, ""
        with checks.step(Check.REPLAY):
            digest = hashlib.sha256(f"{self.accepted.issuer}\n{self.accepted.assertion_id}".encode()).digest()
            first = await signin_rows.is_first_seen(
                connection, org_id, digest=digest, expires_at=self.accepted.replay_until
            )
            require(first, "The assertion was used before.")
            answered = self.accepted.in_response_to
            if answered is not None:
                taken = await signin_rows.take_request(
                    connection, org_id, identifier=answered, browser=digest_of(self.browser or ""), now=self.at
                )
                require(taken is not None, "The request was answered before.")
                return_to = "" if taken is None else taken.return_to
        return return_to

    async def _person(self, connection: Connection, claim: Claim) -> Known:
        organization, choices = self.side.organization, self.side.settings.choices
        try:
            return await linking.find_person(connection, organization, claim, choices, now=self.at)
        except Unknown as unknown:
            if self.kind == "test":
                raise Wrong("Nobody is known by that name; a sign-in would make the person.") from None
            return await linking.create_person(connection, organization, claim, self.accepted, unknown, now=self.at)

    async def _open(self, connection: Connection, checks: Checklist, person: Known) -> Opened:
        org_id, accepted = self.side.organization.org_id, self.accepted
        with checks.step(Check.SESSION) as said:
            try:
                opened = await open_session(
                    connection,
                    org_id,
                    user_id=person.id,
                    method=Method.SAML,
                    origin=self.origin,
                    now=self.at,
                    until=accepted.session_until,
                )
            except Forbidden as refusal:
                raise Wrong(refusal.detail) from None
            said.append(f"until {opened.expires_at:%Y-%m-%d %H:%M:%S} UTC")
        name = accepted.name_id
        qualifiers = (name.format, name.qualifier, name.provider_qualifier)
        there = AtProvider(opened.id, accepted.issuer, name.value, *qualifiers, accepted.session_index)
        await signin_rows.remember_session(connection, org_id, there)
        return opened


def _subject(rejected: Rejected) -> str:
    return next((step.detail for step in rejected.steps if step.check is Check.PERSON and step.passed), "")
