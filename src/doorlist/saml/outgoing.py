"""Messages that this service provider sends: a request to sign in, a request to sign out, the answer to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

from doorlist.saml.bindings import encode_post, redirect_address
from doorlist.saml.certificates import Certificate
from doorlist.saml.documents import Element, serialize
from doorlist.saml.names import ASSERTION, DSIG, FORMATS, POST, PROTOCOL, SUCCESS, ds, saml, samlp
from doorlist.saml.parties import Endpoint, ServiceProvider


@dataclass(frozen=True, slots=True)
class NameId:
    """The name of a person at the identity provider, with all that tells it from others (SAML core section 2.2.3)."""

    value: str
    format: str | None = None
    qualifier: str | None = None
    provider_qualifier: str | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """The key pair that is in use."""

    key: rsa.RSAPrivateKey
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A message on its way: an address to go to, or a form to post there (`fields` is then not empty)."""

    url: str
    fields: tuple[tuple[str, str], ...] = ()


def authn_request(
    provider: ServiceProvider,
    destination: str,
    *,
    identifier: str,
    now: datetime,
    name_id_format: str | None,
    force: bool = False,
) -> Element:
    """An AuthnRequest whose answer comes by POST (SAML core section 3.4.1). `identifier` starts with a letter."""
    root = _message("AuthnRequest", provider, destination, identifier=identifier, now=now)
    root.set("AssertionConsumerServiceURL", provider.acs_url)
    root.set("ProtocolBinding", POST)
    if force:
        root.set("ForceAuthn", "true")
    if name_id_format is not None:
        policy = etree.SubElement(root, samlp("NameIDPolicy"))
        policy.set("Format", FORMATS[name_id_format])
        policy.set("AllowCreate", "true")
    return root


def logout_request(
    provider: ServiceProvider,
    destination: str,
    *,
    identifier: str,
    now: datetime,
    name_id: NameId,
    session_index: str | None,
) -> Element:
    """A LogoutRequest for one session of a person (SAML core section 3.7.1)."""
    root = _message("LogoutRequest", provider, destination, identifier=identifier, now=now)
    named = etree.SubElement(root, saml("NameID"))
    named.text = name_id.value
    qualifiers = {"NameQualifier": name_id.qualifier, "SPNameQualifier": name_id.provider_qualifier}
    for attribute, value in {"Format": name_id.format, **qualifiers}.items():
        if value:
            named.set(attribute, value)
    if session_index:
        etree.SubElement(root, samlp("SessionIndex")).text = session_index
    return root


def logout_response(
    provider: ServiceProvider,
    destination: str,
    *,
    identifier: str,
    now: datetime,
    in_response_to: str,
    status: str = SUCCESS,
) -> Element:
    """The answer to a LogoutRequest (SAML core section 3.7.2)."""
    root = _message("LogoutResponse", provider, destination, identifier=identifier, now=now)
    root.set("InResponseTo", in_response_to)
    etree.SubElement(etree.SubElement(root, samlp("Status")), samlp("StatusCode")).set("Value", status)
    return root


def dispatch(message: Element, endpoint: Endpoint, *, name: str, relay_state: str, signer: Signer | None) -> Dispatch:
    """A message by the binding of an endpoint, signed when there is a signer."""
    if endpoint.binding == "redirect":
        key = None if signer is None else signer.key
        address = redirect_address(endpoint.url, name, serialize(message), relay_state=relay_state, key=key)
        return Dispatch(address)
    body = serialize(message if signer is None else signed(message, signer))
    fields = [(name, encode_post(body))]
    if relay_state:
        fields.append(("RelayState", relay_state))
    return Dispatch(endpoint.url, tuple(fields))


def signed(message: Element, signer: Signer) -> Element:
    """A message with a signature after its Issuer, where the schema has it."""
    issuer = message.find(saml("Issuer"))
    assert issuer is not None, "every message names its issuer"
    # signxml puts the signature in the place of the element of this Id, which the schema wants behind the issuer
    issuer.addnext(etree.Element(ds("Signature"), {"Id": "placeholder"}, nsmap={"ds": DSIG}))
    return XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0).sign(
        message,
        key=signer.key,
        cert=[signer.certificate.loaded],
        reference_uri=f"#{message.get('ID')}",
        id_attribute="ID",
    )


def _message(name: str, provider: ServiceProvider, destination: str, *, identifier: str, now: datetime) -> Element:
    root = etree.Element(samlp(name), nsmap={"samlp": PROTOCOL, "saml": ASSERTION})
    root.set("ID", identifier)
    root.set("Version", "2.0")
    root.set("IssueInstant", now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    root.set("Destination", destination)
    etree.SubElement(root, saml("Issuer")).text = provider.entity_id
    return root
