"""The answer of an identity provider, read by the order of checks that docs/reference/saml.md lists.

First the whole is parsed and its shape checked; then the part that is signed is found and verified; then only that
part is read. What is outside of it serves to refuse, never to accept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from doorlist.saml.bindings import decode_post
from doorlist.saml.checks import Check, Checklist, Wrong, require
from doorlist.saml.documents import Element, instant, needed_child, only_child, parse, text_of
from doorlist.saml.encryption import decrypt
from doorlist.saml.names import BEARER, ENTITY_FORMAT, SUCCESS, ds, saml, samlp
from doorlist.saml.outgoing import NameId
from doorlist.saml.parties import Expectation
from doorlist.saml.signatures import signature_of, verified

_MAX_ATTRIBUTES: Final = 200
_MAX_VALUES: Final = 500
_LONGEST_VALUE: Final = 4000
_LONGEST_NAME: Final = 512
_RESPONSE: Final = (saml("Issuer"), samlp("Status"))
_STATEMENTS: Final = (saml("AuthnStatement"), saml("AttributeStatement"), saml("AuthzDecisionStatement"))
_ASSERTION: Final = (saml("Issuer"), saml("Subject"), saml("Conditions"))


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an identity provider says about a person, after every check that needs no memory.

    Attributes:
        in_response_to: the ID of the request that this answers; None when it was started at the identity provider.
        session_until: the SessionNotOnOrAfter, at which the session ends at the latest.
        replay_until: until when the assertion would be accepted, and so has to be remembered.
        attributes: values by name, in the order in which they came.
    """

    response_id: str
    assertion_id: str
    issuer: str
    name_id: NameId
    in_response_to: str | None
    session_index: str | None
    session_until: datetime | None
    replay_until: datetime
    authn_context: str | None
    attributes: dict[str, tuple[str, ...]]


def read_response(
    text: str,
    expected: Expectation,
    keys: Sequence[rsa.RSAPrivateKey],
    checks: Checklist,
    *,
    now: datetime,
) -> Accepted:
    """The person that a SAMLResponse form field vouches for. Raises `Rejected` at the first check that fails."""
    with checks.step(Check.TRANSPORT):
        data = decode_post(text)
    with checks.step(Check.XML):
        response = parse(data)
    _check_envelope(response, expected, checks)
    with checks.step(Check.STRUCTURE):
        _check_structure(response)
    trusted, assertion = _trusted(response, expected, keys, checks, now=now)
    return _read_assertion(trusted, assertion, expected, checks, now=now)


def _check_envelope(response: Element, expected: Expectation, checks: Checklist) -> None:
    """What the outer message says of itself; it may not be signed, so this refuses only."""
    with checks.step(Check.MESSAGE):
        require(response.tag == samlp("Response"), "The message is no Response.")
        require(response.get("Version") == "2.0", "The message is not SAML 2.0.")
        require(response.get("ID"), "The message has no ID.")
    with checks.step(Check.DESTINATION):
        destination = response.get("Destination")
        signed = signature_of(response) is not None
        require(destination or not signed, "The signed message has no Destination.")
        require(destination in {None, "", expected.provider.acs_url}, f"The Destination is {destination!r}.")
    with checks.step(Check.STATUS):
        _check_status(response)
    with checks.step(Check.ISSUER):
        issuer = only_child(response, saml("Issuer"))
        if issuer is not None:
            _check_issuer(issuer, expected)


def _check_status(response: Element) -> None:
    status = needed_child(response, samlp("Status"))
    codes = [code.get("Value", "").rpartition(":")[2][:60] for code in status.iter(samlp("StatusCode"))][:3]
    top = needed_child(status, samlp("StatusCode")).get("Value")
    require(top == SUCCESS, "The identity provider refused: " + " / ".join(codes))


def _check_issuer(issuer: Element, expected: Expectation) -> None:
    require(issuer.get("Format") in {None, ENTITY_FORMAT}, "The Issuer is not of the format entity.")
    name = text_of(issuer)
    require(name == expected.identity.entity_id, f"The Issuer is {name[:120]!r}.")


def _check_structure(response: Element) -> None:
    """One assertion, where it belongs, and signatures nowhere but where they count."""
    kinds = (saml("Assertion"), saml("EncryptedAssertion"))
    everywhere = [element for kind in kinds for element in response.iter(kind)]
    require(len(everywhere) == 1, f"The message holds {len(everywhere)} assertions.")
    require(everywhere[0].getparent() is response, "The assertion is not where it belongs.")
    _check_sequence(response, (*_RESPONSE, everywhere[0].tag))
    places = [response, *response.findall(saml("Assertion"))]
    counted = sum(signature_of(place) is not None for place in places)
    require(counted == sum(1 for _ in response.iter(ds("Signature"))), "A signature is not where it belongs.")
    if everywhere[0].tag == saml("Assertion"):
        _check_assertion_structure(everywhere[0])


def _check_assertion_structure(assertion: Element) -> None:
    statements = [child for child in assertion if child.tag in _STATEMENTS]
    _check_sequence(assertion, (*_ASSERTION, *(str(statement.tag) for statement in statements)))
    require(assertion.get("Version") == "2.0", "The assertion is not SAML 2.0.")
    require(assertion.get("ID"), "The assertion has no ID.")
    needed_child(assertion, saml("Issuer"))


def _check_sequence(element: Element, allowed: Sequence[object]) -> None:
    """The children are those allowed, in that order; any may be missing, none may be another.

    The signature may stand anywhere among them: some providers put it last, and it is found by its parent alone.
    """
    rest = iter(allowed)
    for child in element:
        expected = child.tag == ds("Signature") or any(child.tag == tag for tag in rest)
        require(expected, f"{str(child.tag).rpartition('}')[2]} is not expected there.")


def _trusted(
    response: Element,
    expected: Expectation,
    keys: Sequence[rsa.RSAPrivateKey],
    checks: Checklist,
    *,
    now: datetime,
) -> tuple[Element | None, Element]:
    """The verified response, if it is signed, and the verified assertion: both from their canonical forms."""
    pinned = expected.identity.certificates
    trusted = verified(response, pinned, checks, now=now) if signature_of(response) is not None else None
    with checks.step(Check.DECRYPTION) as said:
        assertion = _readable(response if trusted is None else trusted, expected, keys)
        said.append("encrypted" if assertion.getparent() is None else "not encrypted")
    if trusted is None or signature_of(assertion) is not None:
        assertion = verified(assertion, pinned, checks, now=now)
    return trusted, assertion


def _readable(response: Element, expected: Expectation, keys: Sequence[rsa.RSAPrivateKey]) -> Element:
    """The assertion, deciphered if it has to be."""
    encrypted = only_child(response, saml("EncryptedAssertion"))
    if encrypted is None:
        require(not expected.encrypted, "The assertion is not encrypted, which the organization demands.")
        return needed_child(response, saml("Assertion"))
    assertion = decrypt(encrypted, keys)
    _check_assertion_structure(assertion)
    inner = sum(1 for _ in assertion.iter(ds("Signature")))
    require(inner == (signature_of(assertion) is not None), "A signature is not where it belongs.")
    require(sum(1 for _ in assertion.iter(saml("Assertion"))) == 1, "The assertion holds another one.")
    return assertion


def _read_assertion(
    response: Element | None, assertion: Element, expected: Expectation, checks: Checklist, *, now: datetime
) -> Accepted:
    with checks.step(Check.ASSERTION_ISSUER):
        _check_issuer(needed_child(assertion, saml("Issuer")), expected)
    with checks.step(Check.CONDITIONS):
        ends = _check_conditions(assertion, expected.skew, now)
    with checks.step(Check.AUDIENCE):
        _check_audience(assertion, expected.provider.entity_id)
    with checks.step(Check.CONFIRMATION):
        confirmation = _confirmation(assertion, expected, now)
        ends = max(ends, instant(confirmation.get("NotOnOrAfter"), "NotOnOrAfter") or ends)
    with checks.step(Check.REQUEST) as said:
        answered = _check_request(response, confirmation, expected)
        said.append("started at the identity provider" if answered is None else answered)
    with checks.step(Check.NAME_ID):
        name_id = _name_id(assertion)
    with checks.step(Check.AUTHENTICATION):
        index, until, context = _authentication(assertion, expected.skew, now)
        attributes = _attributes(assertion)
    return Accepted(
        response_id="" if response is None else response.get("ID", ""),
        assertion_id=assertion.get("ID", ""),
        issuer=expected.identity.entity_id,
        name_id=name_id,
        in_response_to=answered,
        session_index=index,
        session_until=until,
        replay_until=ends + expected.skew,
        authn_context=context,
        attributes=attributes,
    )


def _check_conditions(assertion: Element, skew: timedelta, now: datetime) -> datetime:
    """The end of the assertion's validity; both bounds are held against the clock."""
    conditions = needed_child(assertion, saml("Conditions"))
    begins = instant(conditions.get("NotBefore"), "NotBefore")
    ends = instant(conditions.get("NotOnOrAfter"), "NotOnOrAfter")
    if ends is None:
        raise Wrong("The assertion has no end.")
    require(begins is None or begins <= now + skew, f"The assertion is valid from {begins} only; it is {now}.")
    require(now < ends + skew, f"The assertion was valid until {ends}; it is {now}.")
    known = {saml("AudienceRestriction"), saml("OneTimeUse"), saml("ProxyRestriction")}
    require(all(child.tag in known for child in conditions), "The assertion has a condition that is not known here.")
    return ends


def _check_audience(assertion: Element, entity_id: str) -> None:
    """Every restriction names this service provider, and there is one (SAML core section 2.5.1.4)."""
    restrictions = needed_child(assertion, saml("Conditions")).findall(saml("AudienceRestriction"))
    require(restrictions, "The assertion is for no audience.")
    for restriction in restrictions:
        named = [text_of(audience) for audience in restriction.findall(saml("Audience"))]
        require(entity_id in named, f"The assertion is for {', '.join(named)[:200] or 'nobody'}.")


def _confirmation(assertion: Element, expected: Expectation, now: datetime) -> Element:
    """The data of the first bearer confirmation that holds (SAML profiles section 4.1.4.2)."""
    subject = needed_child(assertion, saml("Subject"))
    reasons: list[str] = []
    for confirmation in subject.findall(saml("SubjectConfirmation")):
        if confirmation.get("Method") != BEARER:
            continue
        try:
            return _check_confirmation(confirmation, expected, now)
        except Wrong as wrong:
            reasons.append(str(wrong))
    raise Wrong(reasons[0] if reasons else "The assertion has no bearer confirmation.")


def _check_confirmation(confirmation: Element, expected: Expectation, now: datetime) -> Element:
    data = needed_child(confirmation, saml("SubjectConfirmationData"))
    recipient = data.get("Recipient")
    require(recipient == expected.provider.acs_url, f"The Recipient is {recipient!r}.")
    require(data.get("NotBefore") is None, "A bearer confirmation has no NotBefore.")
    ends = instant(data.get("NotOnOrAfter"), "NotOnOrAfter")
    if ends is None:
        raise Wrong("The confirmation has no end.")
    require(now < ends + expected.skew, f"The confirmation was valid until {ends}; it is {now}.")
    return data


def _check_request(response: Element | None, confirmation: Element, expected: Expectation) -> str | None:
    """The request of this browser that is answered, or None where an answer to none is taken."""
    named = confirmation.get("InResponseTo")
    outer = None if response is None else response.get("InResponseTo")
    require(response is None or outer == named, "The response and its assertion answer different requests.")
    if named is None:
        require(expected.unsolicited, "The assertion answers no request, which the organization does not allow.")
        return None
    require(named in expected.requests, f"The request {named[:80]!r} was not made by this browser, or is over.")
    return named


def _name_id(assertion: Element) -> NameId:
    subject = needed_child(assertion, saml("Subject"))
    require(only_child(subject, saml("EncryptedID")) is None, "An encrypted NameID is not read.")
    named = needed_child(subject, saml("NameID"))
    value = text_of(named)
    require(0 < len(value) <= _LONGEST_NAME and value.isprintable(), "The NameID is empty, too long or not printable.")
    return NameId(value, named.get("Format"), named.get("NameQualifier"), named.get("SPNameQualifier"))


def _authentication(
    assertion: Element, skew: timedelta, now: datetime
) -> tuple[str | None, datetime | None, str | None]:
    """Session index, the end of the session, and how the person proved to be who it is."""
    statements = assertion.findall(saml("AuthnStatement"))
    require(statements, "The assertion tells of no sign-in.")
    ends: list[datetime] = []
    for statement in statements:
        happened = instant(statement.get("AuthnInstant"), "AuthnInstant")
        require(happened is not None and happened <= now + skew, "The sign-in lies in the future, or has no time.")
        until = instant(statement.get("SessionNotOnOrAfter"), "SessionNotOnOrAfter")
        require(until is None or now < until, f"The session ended at {until}.")
        ends += [] if until is None else [until]
    context = statements[0].findtext(f"{saml('AuthnContext')}/{saml('AuthnContextClassRef')}")
    return statements[0].get("SessionIndex"), min(ends, default=None), context and context.strip()[:200]


def _attributes(assertion: Element) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    elements = assertion.findall(f"{saml('AttributeStatement')}/{saml('Attribute')}")
    require(len(elements) <= _MAX_ATTRIBUTES, f"The assertion has more than {_MAX_ATTRIBUTES} attributes.")
    for attribute in elements:
        name = attribute.get("Name") or ""
        require(0 < len(name) <= _LONGEST_NAME, "An attribute has no name, or one that is too long.")
        values = attribute.findall(saml("AttributeValue"))
        require(len(values) <= _MAX_VALUES, f"The attribute {name[:80]} has more than {_MAX_VALUES} values.")
        found[name] = (*found.get(name, ()), *(_value(value) for value in values))
    return found


def _value(element: Element) -> str:
    """The text of a value; one that holds elements (a NameID) is read as the text of all of them."""
    text = "".join(str(part) for part in element.itertext()).strip()
    require(len(text) <= _LONGEST_VALUE, "A value of an attribute is too long.")
    return text
