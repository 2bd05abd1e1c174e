"""Messages of single logout that come in, by redirect or POST (SAML profiles section 4.4). Both must be signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from doorlist.saml.bindings import RedirectMessage, decode_post, decode_redirect, signer_of
from doorlist.saml.certificates import Certificate
from doorlist.saml.checks import Check, Checklist, require
from doorlist.saml.documents import Element, instant, needed_child, parse, text_of
from doorlist.saml.names import SUCCESS, saml, samlp
from doorlist.saml.outgoing import NameId
from doorlist.saml.parties import ServiceProvider
from doorlist.saml.signatures import signature_of, verified

_MAX_INDEXES: Final = 50
_LONGEST_NAME: Final = 512


@dataclass(frozen=True, slots=True)
class LogoutDemand:
    """A LogoutRequest: sign this person out, everywhere here or in the sessions of those indexes."""

    id: str
    name_id: NameId
    session_indexes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogoutAnswer:
    """A LogoutResponse: what became of our request."""

    in_response_to: str
    success: bool


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as a browser brought it: the query of a redirect, or the field of a form."""

    query: str | None = None
    field: tuple[str, str] | None = None


def read_logout(
    incoming: Incoming,
    provider: ServiceProvider,
    issuers: frozenset[str],
    certificates: Sequence[Certificate],
    checks: Checklist,
    *,
    skew: timedelta,
    now: datetime,
) -> LogoutDemand | LogoutAnswer:
    """The demand or answer that came in, signed by the identity provider. Raises `Rejected`.

    `issuers` are the names under which it may sign: Entra answers logouts under another one than it signs people in.
    """
    redirect: RedirectMessage | None = None
    with checks.step(Check.TRANSPORT):
        if incoming.query is not None:
            redirect = decode_redirect(incoming.query)
        data = (
            redirect.message
            if redirect is not None
            else decode_post("" if incoming.field is None else incoming.field[1])
        )
    with checks.step(Check.XML):
        message = parse(data)
    with checks.step(Check.MESSAGE):
        kinds = {samlp("LogoutRequest"), samlp("LogoutResponse")}
        require(message.tag in kinds, "The message is no LogoutRequest or LogoutResponse.")
        require(message.get("Version") == "2.0" and message.get("ID"), "The message is not SAML 2.0, or has no ID.")
    message = _signed(message, redirect, certificates, checks, now=now)
    with checks.step(Check.DESTINATION):
        require(message.get("Destination") == provider.slo_url, f"The Destination is {message.get('Destination')!r}.")
    with checks.step(Check.ISSUER):
        issuer = text_of(needed_child(message, saml("Issuer")))
        require(issuer in issuers, f"The Issuer is {issuer[:120]!r}.")
    with checks.step(Check.CONDITIONS):
        _check_time(message, skew, now)
    with checks.step(Check.NAME_ID):
        return _demand(message) if message.tag == samlp("LogoutRequest") else _answer(message)


def _signed(
    message: Element,
    redirect: RedirectMessage | None,
    certificates: Sequence[Certificate],
    checks: Checklist,
    *,
    now: datetime,
) -> Element:
    """The message as it was signed: over the query in the redirect binding, else inside of it."""
    if redirect is None:
        return verified(message, certificates, checks, now=now)
    with checks.step(Check.SIGNATURE):
        require(signature_of(message) is None, "A message by redirect is signed in the query, not inside.")
        certificate = signer_of(redirect, certificates)
    with checks.step(Check.CERTIFICATE):
        require(
            certificate.is_valid(now), f"The certificate is not valid now, but until {certificate.not_after:%Y-%m-%d}."
        )
    return message


def _check_time(message: Element, skew: timedelta, now: datetime) -> None:
    issued = instant(message.get("IssueInstant"), "IssueInstant")
    ends = instant(message.get("NotOnOrAfter"), "NotOnOrAfter")
    require(issued is not None, "The message has no time.")
    require(issued is not None and abs(now - issued) < timedelta(minutes=10) + skew, f"The message is of {issued}.")
    require(ends is None or now < ends + skew, f"The message was valid until {ends}.")


def _demand(message: Element) -> LogoutDemand:
    named = needed_child(message, saml("NameID"))
    value = text_of(named)
    require(0 < len(value) <= _LONGEST_NAME, "The NameID is empty or too long.")
    indexes = tuple(text_of(index) for index in message.findall(samlp("SessionIndex")))
    require(len(indexes) <= _MAX_INDEXES, "The message names too many sessions.")
    name_id = NameId(value, named.get("Format"), named.get("NameQualifier"), named.get("SPNameQualifier"))
    return LogoutDemand(message.get("ID", ""), name_id, indexes)


def _answer(message: Element) -> LogoutAnswer:
    answered = message.get("InResponseTo") or ""
    require(0 < len(answered) <= _LONGEST_NAME, "The message answers nothing.")
    code = needed_child(needed_child(message, samlp("Status")), samlp("StatusCode")).get("Value")
    return LogoutAnswer(answered, code == SUCCESS)
