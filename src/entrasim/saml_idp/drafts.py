"""A response before it is signed: every value as a field, so that a mistake is one changed field. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from entrasim.saml_idp import names
from entrasim.saml_idp.claims import Attributes, Name
from entrasim.saml_idp.xml import Element, below, element, instant

BEFORE = timedelta(minutes=5)
VALID = timedelta(minutes=65)
CONFIRMED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a response and its assertion say. None leaves an element or attribute out."""

    response_id: str
    assertion_id: str
    issued: datetime
    authenticated: datetime
    issuer: str
    destination: str
    recipient: str
    audience: str | None
    in_response_to: str | None
    not_before: datetime
    not_on_or_after: datetime
    confirmed_until: datetime
    name: Name
    attributes: Attributes


def build_assertion(draft: Draft) -> Element:
    """Spell the assertion (SAML core section 2.3.3, with the subject of the web browser profile, 4.1.4.2)."""
    root = element(names.SAML, "Assertion", ID=draft.assertion_id, Version="2.0", IssueInstant=instant(draft.issued))
    below(root, names.SAML, "Issuer", draft.issuer)
    _subject(root, draft)
    conditions = below(
        root,
        names.SAML,
        "Conditions",
        NotBefore=instant(draft.not_before),
        NotOnOrAfter=instant(draft.not_on_or_after),
    )
    if draft.audience is not None:
        restriction = below(conditions, names.SAML, "AudienceRestriction")
        below(restriction, names.SAML, "Audience", draft.audience)
    statement = below(root, names.SAML, "AttributeStatement")
    for name, values in draft.attributes:
        attribute = below(statement, names.SAML, "Attribute", Name=name)
        for value in values:
            below(attribute, names.SAML, "AttributeValue", value)
    _authentication(root, draft)
    return root


def build_response(draft: Draft, *contents: Element) -> Element:
    """Spell a successful response around assertions, encrypted or not."""
    root = _response(draft.response_id, draft.issuer, issued=draft.issued, destination=draft.destination,
                     in_response_to=draft.in_response_to)  # fmt: skip
    status = below(root, names.SAMLP, "Status")
    below(status, names.SAMLP, "StatusCode", Value=names.SUCCESS)
    for content in contents:
        root.append(content)
    return root


def build_refusal(
    response_id: str, issuer: str, *, issued: datetime, destination: str, in_response_to: str | None,
    codes: tuple[str, str], message: str
) -> Element:  # fmt: skip
    """Spell a response that says no: top-level and second status code, and a sentence (SAML core section 3.2.2)."""
    root = _response(response_id, issuer, issued=issued, destination=destination, in_response_to=in_response_to)
    status = below(root, names.SAMLP, "Status")
    below(below(status, names.SAMLP, "StatusCode", Value=codes[0]), names.SAMLP, "StatusCode", Value=codes[1])
    below(status, names.SAMLP, "StatusMessage", message)
    return root


def _response(
    response_id: str, issuer: str, *, issued: datetime, destination: str, in_response_to: str | None
) -> Element:
    root = element(
        names.SAMLP,
        "Response",
        ID=response_id,
        Version="2.0",
        IssueInstant=instant(issued),
        Destination=destination,
        InResponseTo=in_response_to,
    )
    below(root, names.SAML, "Issuer", issuer)
    return root


def _subject(root: Element, draft: Draft) -> None:
    subject = below(root, names.SAML, "Subject")
    below(subject, names.SAML, "NameID", draft.name.text, Format=draft.name.format)
    confirmation = below(subject, names.SAML, "SubjectConfirmation", Method=names.BEARER)
    below(
        confirmation,
        names.SAML,
        "SubjectConfirmationData",
        InResponseTo=draft.in_response_to,
        NotOnOrAfter=instant(draft.confirmed_until),
        Recipient=draft.recipient,
    )


def _authentication(root: Element, draft: Draft) -> None:
    statement = below(
        root,
        names.SAML,
        "AuthnStatement",
        AuthnInstant=instant(draft.authenticated),
        SessionIndex=draft.assertion_id,
    )
    context = below(statement, names.SAML, "AuthnContext")
    below(context, names.SAML, "AuthnContextClassRef", names.PASSWORD)
