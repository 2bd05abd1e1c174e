"""What the application sends: requests to sign in, requests to sign out and answers to them, decoded and checked.

Refused: what is too long, no XML, of another kind, without what the profile needs, from an issuer that is not
registered, or unsigned where a signature is demanded. Pure.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from entrasim.refusals import BadMessage, UnknownApplication
from entrasim.saml_idp import names
from entrasim.saml_idp.configuration import SamlApplication
from entrasim.saml_idp.signatures import verify, verify_query
from entrasim.saml_idp.xml import LONGEST, Element, parse

RELAY_STATE_LIMIT: Final = 2048
"""Bytes; the specification says 80, which real applications exceed."""
_ID: Final = re.compile(r"[A-Za-z_][\w.-]{0,255}", re.ASCII)
_SIGNATURE: Final = f"{{{names.DSIG}}}Signature"


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came: `kind` is SAMLRequest or SAMLResponse, `query` the raw query of a redirect or None."""

    kind: str
    text: str
    relay_state: str | None = None
    query: str | None = None

    @classmethod
    def of_query(cls, query: str) -> Received:
        """Take a redirect's query apart, or a whole URL. Raises `BadMessage` where it carries no message."""
        query = query.partition("?")[2] or query
        return cls.of_fields(dict(parse_qsl(query, keep_blank_values=True)), query=query)

    @classmethod
    def of_fields(cls, fields: Mapping[str, str], *, query: str | None = None) -> Received:
        """Take the fields of a form, or of a query. Raises `BadMessage` where they carry no message, or two."""
        kinds = [kind for kind in ("SAMLRequest", "SAMLResponse") if fields.get(kind)]
        if len(kinds) != 1:
            raise BadMessage("A SAMLRequest or a SAMLResponse is needed.")
        relay_state = fields.get("RelayState")
        if relay_state is not None and len(relay_state.encode()) > RELAY_STATE_LIMIT:
            raise BadMessage(f"The relay state is longer than {RELAY_STATE_LIMIT} bytes.")
        return cls(kinds[0], fields[kinds[0]], relay_state, query)


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """An AuthnRequest that may be answered at `acs_url`."""

    id: str
    acs_url: str
    relay_state: str | None
    name_format: str | None
    force: bool
    passive: bool


@dataclass(frozen=True, slots=True)
class LogoutMessage:
    """A LogoutRequest (with whom it is about), or a LogoutResponse (with what it answers and whether it succeeded)."""

    id: str
    relay_state: str | None
    session_index: str | None = None
    name_id: str | None = None
    in_response_to: str | None = None
    succeeded: bool = False


def is_about_logout(received: Received) -> bool:
    """Tell whether a message ends sign-ins rather than begins one. Raises `BadMessage`."""
    return str(_decoded(received).tag).rpartition("}")[2] in ("LogoutRequest", "LogoutResponse")


def read_sign_in_request(received: Received, application: SamlApplication) -> SignInRequest:
    """Read an AuthnRequest. Raises `BadMessage`, `BadSignature`, `UnknownApplication`."""
    root = _checked(received, application, tag="AuthnRequest", demand=application.demands_signed_requests)
    if root.find(f"{{{names.SAML}}}Subject") is not None:
        raise BadMessage("A request with a Subject is not supported; name the person by login_hint.")
    policy = root.find(f"{{{names.SAMLP}}}NameIDPolicy")
    return SignInRequest(
        id=root.get("ID"),
        acs_url=_reply_url(root, application),
        relay_state=received.relay_state,
        name_format=None if policy is None else policy.get("Format"),
        force=root.get("ForceAuthn") in ("true", "1"),
        passive=root.get("IsPassive") in ("true", "1"),
    )


def read_logout_request(received: Received, application: SamlApplication) -> LogoutMessage:
    """Read a LogoutRequest. Raises `BadMessage`, `BadSignature`, `UnknownApplication`."""
    root = _checked(received, application, tag="LogoutRequest", demand=application.demands_signed_requests)
    name, index = root.find(f"{{{names.SAML}}}NameID"), root.find(f"{{{names.SAMLP}}}SessionIndex")
    if name is None:
        raise BadMessage("A request to sign out needs a NameID.")
    return LogoutMessage(
        id=root.get("ID"),
        relay_state=received.relay_state,
        name_id=name.text,
        session_index=None if index is None else index.text,
    )


def read_logout_response(received: Received, application: SamlApplication) -> LogoutMessage:
    """Read a LogoutResponse. Raises `BadMessage`, `BadSignature`, `UnknownApplication`."""
    root = _checked(received, application, tag="LogoutResponse", demand=False)
    code = root.find(f"{{{names.SAMLP}}}Status/{{{names.SAMLP}}}StatusCode")
    return LogoutMessage(
        id=root.get("ID"),
        relay_state=received.relay_state,
        in_response_to=root.get("InResponseTo"),
        succeeded=code is not None and code.get("Value") == names.SUCCESS,
    )


def _checked(received: Received, application: SamlApplication, *, tag: str, demand: bool) -> Element:
    root = _decoded(received)
    if root.tag != f"{{{names.SAMLP}}}{tag}":
        raise BadMessage(f"Expected {tag}, found {str(root.tag).rpartition('}')[2]}.")
    if root.get("Version") != "2.0" or not root.get("IssueInstant"):
        raise BadMessage(f"{tag} needs Version 2.0 and an IssueInstant.")
    if not _ID.fullmatch(root.get("ID") or ""):
        raise BadMessage(f"The ID of {tag} must begin with a letter or an underscore.")
    issuer = root.findtext(f"{{{names.SAML}}}Issuer")
    if issuer != application.entity_id:
        raise UnknownApplication(f"No application with the identifier {issuer!r} is registered in this directory.")
    if demand:
        _demand_signature(received, root, application)
    return root


def _demand_signature(received: Received, root: Element, application: SamlApplication) -> None:
    if received.query is not None and root.find(_SIGNATURE) is None:
        verify_query(received.query, received.kind, certificates=application.request_certificates)
    else:
        verify(root, application.request_certificates)


def _reply_url(root: Element, application: SamlApplication) -> str:
    asked: str | None = root.get("AssertionConsumerServiceURL")
    if asked is None:
        return application.acs_urls[0]
    if asked not in application.acs_urls:
        raise UnknownApplication(f"The reply URL {asked!r} is not registered for the application.")
    return asked


def _decoded(received: Received) -> Element:
    if len(received.text) > LONGEST:
        raise BadMessage(f"The message is longer than {LONGEST} characters.")
    try:
        text = base64.b64decode("".join(received.text.split()), validate=True)
        return parse(_inflated(text) if received.query is not None else text)
    except (binascii.Error, zlib.error) as error:
        raise BadMessage(f"The message is not encoded as its binding says: {error}.") from error


def _inflated(text: bytes) -> bytes:
    """Undo DEFLATE, and refuse what grows beyond the limit."""
    inflater = zlib.decompressobj(-15)
    inflated = inflater.decompress(text, LONGEST + 1)
    if len(inflated) > LONGEST:
        raise BadMessage(f"The message is longer than {LONGEST} bytes.")
    return inflated
