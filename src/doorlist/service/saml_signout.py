"""Single logout: telling the identity provider that somebody signs out here, and doing what it demands.

Both ways go through browsers and may get lost; a session ends here first and for certain. A demand ends only sessions
that this identity provider opened, of the organization whose address it came to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorlist.domain.signin import SignedIn
from doorlist.errors import SignInRefused
from doorlist.saml.checks import Check, Checklist, Rejected, require
from doorlist.saml.logout import Incoming, LogoutAnswer, LogoutDemand, read_logout
from doorlist.saml.outgoing import Dispatch, NameId, dispatch, logout_request, logout_response
from doorlist.saml.parties import Endpoint
from doorlist.service import clock, signin_log
from doorlist.service.saml_keys import key_ring
from doorlist.service.saml_signin import Side, new_message_id
from doorlist.service.session_control import Origin, digest_of
from doorlist.service.signin_log import Attempt
from doorlist.store import session_rows, signin_rows
from doorlist.store.db import Connection, Database
from doorlist.store.signin_rows import Under

_REQUEST_LIVES: Final = timedelta(minutes=10)
_REMEMBERED: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a message: an answer to send back with the browser, or nothing more to do."""

    answer: Dispatch | None
    ended: int


async def begin_logout(database: Database, side: Side, session: SignedIn, *, browser: str) -> Dispatch | None:
    """End a session here and give the request that ends it at the identity provider as well.

    None where there is nothing to tell: the session did not begin by SAML, or the provider takes no logouts.
    """
    at, org_id, slo = clock.now(), session.org_id, side.settings.identity.slo
    identifier = new_message_id()
    async with database.transaction() as connection:
        await session_rows.end(connection, org_id, session_id=session.session_id, now=at, by=session.user_name)
        there = await signin_rows.at_provider(connection, org_id, session.session_id)
        if there is None or slo is None or there.issuer != side.settings.identity.entity_id:
            return None
        ring = await key_ring(connection, org_id)
        under = Under(identifier, "signout", "")
        await signin_rows.add_request(
            connection, org_id, request=under, browser=digest_of(browser), expires_at=at + _REQUEST_LIVES
        )
    name_id = NameId(there.name_id, there.format, there.qualifier, there.provider_qualifier)
    message = logout_request(
        side.provider, slo.url, identifier=identifier, now=at, name_id=name_id, session_index=there.session_index
    )
    return dispatch(message, slo, name="SAMLRequest", relay_state="", signer=ring.signer)


async def receive_logout(
    database: Database, side: Side, incoming: Incoming, *, relay_state: str, browser: str | None, origin: Origin
) -> Answered:
    """Do what a logout message of the identity provider demands, or take note of its answer; both are logged.

    Raises `SignInRefused` for a message that fails a check.
    """
    at, checks, identity = clock.now(), Checklist(), side.settings.identity
    issuers = frozenset({identity.entity_id, side.settings.choices.logout_issuer or identity.entity_id})
    skew = timedelta(seconds=side.settings.choices.skew_seconds)
    try:
        message = read_logout(incoming, side.provider, issuers, identity.certificates, checks, skew=skew, now=at)
        receiving = _Receiving(side, browser, origin, at)
        async with database.transaction() as connection:
            if isinstance(message, LogoutAnswer):
                return await receiving.note(connection, message, checks)
            return await receiving.obey(connection, message, checks, relay_state)
    except Rejected as rejected:
        async with database.reading() as connection:
            attempt = Attempt("saml", "signout", rejected.steps)
            log_id = await signin_log.write(connection, side.organization.org_id, attempt, origin=origin, now=at)
        raise SignInRefused(log_id) from None


@dataclass(frozen=True)
class _Receiving:
    """A logout message whose own checks passed: what needs memory."""

    side: Side
    browser: str | None
    origin: Origin
    at: datetime

    @property
    def org_id(self) -> UUID:
        return self.side.organization.org_id

    async def note(self, connection: Connection, answer: LogoutAnswer, checks: Checklist) -> Answered:
        """Use up the request that is answered; the session ended when it was made."""
        with checks.step(Check.REQUEST):
            taken = await signin_rows.take_request(
                connection,
                self.org_id,
                identifier=answer.in_response_to,
                browser=digest_of(self.browser or ""),
                now=self.at,
            )
            require(taken is not None and taken.kind == "signout", "The logout was not asked for by this browser.")
        await self._log(connection, checks, subject="")
        return Answered(None, 0)

    async def obey(self, connection: Connection, demand: LogoutDemand, checks: Checklist, relay_state: str) -> Answered:
        """End the sessions that are named, and answer."""
        identity = self.side.settings.identity
        with checks.step(Check.REPLAY):
            digest = hashlib.sha256(f"{identity.entity_id}\n{demand.id}".encode()).digest()
            ends = self.at + _REMEMBERED
            first = await signin_rows.is_first_seen(connection, self.org_id, digest=digest, expires_at=ends)
            require(first, "The request was used before.")
        with checks.step(Check.SESSION) as said:
            ended = await signin_rows.end_named(
                connection,
                self.org_id,
                issuer=identity.entity_id,
                name_id=demand.name_id.value,
                format_=demand.name_id.format,
                indexes=list(demand.session_indexes),
                now=self.at,
            )
            said.append(f"{len(ended)} ended")
        await self._log(connection, checks, subject=demand.name_id.value)
        return Answered(await self._answer(connection, demand, relay_state), len(ended))

    async def _answer(self, connection: Connection, demand: LogoutDemand, relay_state: str) -> Dispatch | None:
        identity = self.side.settings.identity
        if identity.slo is None:
            return None
        target = Endpoint(identity.slo_response_url or identity.slo.url, identity.slo.binding)
        ring = await key_ring(connection, self.org_id)
        identifier = new_message_id()
        message = logout_response(
            self.side.provider, target.url, identifier=identifier, now=self.at, in_response_to=demand.id
        )
        return dispatch(message, target, name="SAMLResponse", relay_state=relay_state, signer=ring.signer)

    async def _log(self, connection: Connection, checks: Checklist, *, subject: str) -> None:
        attempt = Attempt("saml", "signout", checks.steps, subject=subject)
        await signin_log.write(connection, self.org_id, attempt, origin=self.origin, now=self.at)
