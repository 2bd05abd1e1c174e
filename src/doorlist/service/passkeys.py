"""Passkeys (WebAuthn level 2) through the webauthn library: adding one to one's account, and signing in with it.

A challenge is answered once, within five minutes, by the browser that got it. The authenticator has to verify the
person, so a passkey stands for password and code together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from doorlist.domain.events import Action
from doorlist.domain.naming import clean_name
from doorlist.domain.signin import Method, SignedIn
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, NotFound, SignInRefused, Taken
from doorlist.saml.checks import Check, Checklist, Rejected, Wrong, require
from doorlist.service import clock, signin_log
from doorlist.service.local_signin import check_enforced, keep_a_way_in, tell
from doorlist.service.session_control import Opened, Origin, digest_of, open_session
from doorlist.service.signin_log import Attempt
from doorlist.store import passkey_rows
from doorlist.store.db import Connection, Database, UniqueViolation
from doorlist.store.organizations import Organization
from doorlist.store.passkey_rows import PasskeyLine, PasskeyRow

_LIVES: Final = timedelta(minutes=5)
_LONGEST: Final = 16_384
_FAILURES: Final = (WebAuthnException, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class Site:
    """This installation as authenticators know it: the host, and the origin of its pages."""

    host: str
    origin: str

    @classmethod
    def of(cls, base_url: str) -> Site:
        """That of the address of the installation."""
        parts = urlsplit(base_url)
        return cls(parts.hostname or "", f"{parts.scheme}://{parts.netloc}")


async def begin_adding(database: Database, session: SignedIn, site: Site, *, browser: str) -> str:
    """What the browser asks the authenticator for, as JSON."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=f"Doorlist {session.org_name}",
        user_name=session.user_name,
        user_id=session.user_id.bytes,
        user_display_name=session.display_name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )
    await _ask(database, session.org_id, browser, options.challenge, session.user_id)
    return webauthn.options_to_json(options)


async def add(database: Database, session: SignedIn, site: Site, *, browser: str, credential: str, label: str) -> None:
    """Keep the passkey that an authenticator made. Raises `BadInput`, `Taken`."""
    at, label = clock.now(), clean_name(label, place="label")
    async with database.reading() as connection:
        challenge = await passkey_rows.take_challenge(
            connection, session.org_id, browser=digest_of(browser), user_id=session.user_id, now=at
        )
    try:
        require(challenge is not None and len(credential) <= _LONGEST, "The challenge is over.")
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge or b"",
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (Wrong, *_FAILURES):
        raise BadInput("The passkey could not be added; try again.", place="passkey") from None
    try:
        async with database.transaction() as connection:
            await passkey_rows.insert(
                connection,
                session.org_id,
                passkey_id=clock.new_id(at),
                user_id=session.user_id,
                credential_id=made.credential_id,
                public_key=made.credential_public_key,
                sign_count=made.sign_count,
                label=label,
                now=at,
            )
            await _tell(connection, session, Action.CREDENTIALS_SET, label)
    except UniqueViolation:
        raise Taken("This passkey is known already.", place="passkey") from None


async def list_passkeys(database: Database, session: SignedIn) -> list[PasskeyLine]:
    """One's own passkeys."""
    async with database.reading() as connection:
        return await passkey_rows.of_person(connection, session.org_id, session.user_id)


async def remove(database: Database, session: SignedIn, passkey_id: UUID) -> None:
    """Delete one of one's own passkeys. Raises `NotFound`, `Conflict` for the last way in while SSO is enforced."""
    async with database.transaction() as connection:
        label = await passkey_rows.remove(connection, session.org_id, user_id=session.user_id, passkey_id=passkey_id)
        if label is None:
            raise NotFound("There is no such passkey.", place="passkey")
        await _tell(connection, session, Action.CREDENTIALS_REMOVED, label)
        await keep_a_way_in(connection, session.org_id)


async def begin_sign_in(database: Database, organization: Organization, site: Site, *, browser: str) -> str:
    """What the browser asks the authenticator to sign, as JSON; nobody is named, so nobody is told of."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host, user_verification=UserVerificationRequirement.REQUIRED
    )
    await _ask(database, organization.org_id, browser, options.challenge, None)
    return webauthn.options_to_json(options)


async def sign_in(
    database: Database, organization: Organization, site: Site, *, browser: str, credential: str, origin: Origin
) -> Opened:
    """Sign in with a passkey. Raises `SignInRefused`; logged either way."""
    at, org_id, checks = clock.now(), organization.org_id, Checklist()
    try:
        async with database.reading() as connection:
            challenge = await passkey_rows.take_challenge(
                connection, org_id, browser=digest_of(browser), user_id=None, now=at
            )
        async with database.transaction() as connection:
            with checks.step(Check.CREDENTIALS):
                require(challenge is not None, "The challenge was not given to this browser, or is over.")
                found = await _verified(connection, org_id, site, challenge or b"", credential, at=at)
            with checks.step(Check.PERSON):
                require(found.active, "This person is deactivated or blocked.")
                enforced = await check_enforced(connection, org_id, found.role)
            with checks.step(Check.SESSION):
                opened = await open_session(
                    connection, org_id, user_id=found.user_id, method=Method.PASSKEY, origin=origin, now=at
                )
            if enforced:
                acting = Administrator(found.user_name, "signin", org_id=org_id, user_id=found.user_id)
                await tell(connection, acting, org_id, found.user_id, action=Action.BREAK_GLASS_USED, change={})
            attempt = Attempt("passkey", "signin", checks.steps, subject=found.user_name, user_id=found.user_id)
            await signin_log.write(connection, org_id, attempt, origin=origin, now=at)
            return opened
    except Rejected as rejected:
        async with database.reading() as connection:
            attempt = Attempt("passkey", "signin", rejected.steps)
            log_id = await signin_log.write(connection, org_id, attempt, origin=origin, now=at)
        raise SignInRefused(log_id) from None


async def _verified(
    connection: Connection, org_id: UUID, site: Site, challenge: bytes, credential: str, *, at: datetime
) -> PasskeyRow:
    """The passkey that signed the challenge. Raises `Wrong`."""
    try:
        require(len(credential) <= _LONGEST, "The answer of the authenticator is too long.")
        answer = parse_authentication_credential_json(credential)
        found = await passkey_rows.find(connection, org_id, base64url_to_bytes(answer.id))
        if found is None:
            raise Wrong("The passkey is not known here.")
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=found.public_key,
            credential_current_sign_count=found.sign_count,
            require_user_verification=True,
        )
    except _FAILURES as error:
        raise Wrong(f"The passkey did not sign what was asked: {str(error)[:120]}") from None
    await passkey_rows.used(connection, org_id, passkey_id=found.id, sign_count=verified.new_sign_count, now=at)
    return found


async def _ask(database: Database, org_id: UUID, browser: str, challenge: bytes, user_id: UUID | None) -> None:
    async with database.reading() as connection:
        await passkey_rows.ask(
            connection,
            org_id,
            browser=digest_of(browser),
            challenge=challenge,
            user_id=user_id,
            expires_at=clock.now() + _LIVES,
        )


async def _tell(connection: Connection, session: SignedIn, action: Action, label: str) -> None:
    acting = session.acting("signin")
    await tell(connection, acting, session.org_id, session.user_id, action=action, change={"passkey": label})
