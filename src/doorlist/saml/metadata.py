"""Metadata (SAML metadata 2.0): of the identity provider in, of this service provider out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from lxml import etree

from doorlist.saml.certificates import Certificate, read_certificate
from doorlist.saml.checks import Wrong, require
from doorlist.saml.documents import MAX_METADATA, Element, instant, needed_child, parse, text_of
from doorlist.saml.names import DSIG, FORMATS, METADATA, POST, PROTOCOL, REDIRECT, ds, md
from doorlist.saml.parties import Endpoint, IdentityProvider, ServiceProvider, check_address

_BINDINGS: Final = {REDIRECT: "redirect", POST: "post"}
_MAX_CERTIFICATES: Final = 10


def read_metadata(data: bytes, *, now: datetime, entity_id: str | None = None) -> IdentityProvider:
    """The identity provider that a document describes; of several, that of `entity_id`.

    Raises `Wrong` for a document that describes none or is over, and for addresses that are no https.
    """
    root = parse(data, limit=MAX_METADATA)
    entity = _entity(root, entity_id)
    role = needed_child(entity, md("IDPSSODescriptor"))
    require(PROTOCOL in (role.get("protocolSupportEnumeration") or "").split(), "The provider does not speak SAML 2.0.")
    valid_until = _valid_until(root, entity, role)
    require(valid_until is None or valid_until > now, "The metadata are no longer valid.")
    sso = _endpoint(role, "SingleSignOnService")
    if sso is None:
        raise Wrong("The provider has no sign-on address for redirect or POST.")
    slo = _endpoint(role, "SingleLogoutService")
    return IdentityProvider(
        entity_id=_entity_id(entity),
        sso=sso,
        slo=slo,
        slo_response_url=_response_location(role, slo),
        certificates=_certificates(role),
        valid_until=valid_until,
    )


def _entity(root: Element, entity_id: str | None) -> Element:
    entities = [root] if root.tag == md("EntityDescriptor") else root.findall(f".//{md('EntityDescriptor')}")
    require(root.tag in {md("EntityDescriptor"), md("EntitiesDescriptor")}, "This is no SAML metadata.")
    found = [
        entity
        for entity in entities
        if entity.find(md("IDPSSODescriptor")) is not None and entity_id in {None, entity.get("entityID")}
    ]
    require(found, "The metadata describe no identity provider, or not the one that is set up.")
    require(len(found) == 1, "The metadata describe several identity providers; give the entity id of one.")
    return found[0]


def _entity_id(entity: Element) -> str:
    name = entity.get("entityID") or ""
    require(0 < len(name) <= 1024, "The entity id is missing or too long.")
    return name


def _valid_until(*elements: Element) -> datetime | None:
    ends = [instant(element.get("validUntil"), "validUntil") for element in elements]
    return min((end for end in ends if end is not None), default=None)


def _endpoint(role: Element, name: str) -> Endpoint | None:
    """The redirect address of a service, else its POST address."""
    found: dict[str, str] = {}
    for service in role.findall(md(name)):
        binding = _BINDINGS.get(service.get("Binding") or "")
        if binding is not None:
            found.setdefault(binding, check_address(service.get("Location") or "", place=name))
    return next((Endpoint(found[binding], binding) for binding in _BINDINGS.values() if binding in found), None)


def _response_location(role: Element, slo: Endpoint | None) -> str | None:
    """Where answers to logouts go when that is another address."""
    for service in role.findall(md("SingleLogoutService")):
        elsewhere = service.get("ResponseLocation")
        if slo is not None and elsewhere and _BINDINGS.get(service.get("Binding") or "") == slo.binding:
            return check_address(elsewhere, place="ResponseLocation")
    return None


def _certificates(role: Element) -> tuple[Certificate, ...]:
    found: dict[str, Certificate] = {}
    for key in role.findall(md("KeyDescriptor")):
        if key.get("use", "signing") != "signing":
            continue
        for element in key.iter(ds("X509Certificate")):
            certificate = read_certificate(text_of(element))
            found[certificate.fingerprint] = certificate
    require(found, "The metadata hold no certificate to sign with.")
    require(len(found) <= _MAX_CERTIFICATES, f"The metadata hold more than {_MAX_CERTIFICATES} certificates.")
    return tuple(found.values())


def render_metadata(
    provider: ServiceProvider, certificates: Sequence[Certificate], *, signs_requests: bool, name_id_format: str | None
) -> bytes:
    """The metadata of this service provider; every certificate is for signing and for encryption, the first in use."""
    root = etree.Element(md("EntityDescriptor"), nsmap={"md": METADATA, "ds": DSIG})
    root.set("entityID", provider.entity_id)
    role = etree.SubElement(root, md("SPSSODescriptor"))
    role.set("AuthnRequestsSigned", "true" if signs_requests else "false")
    role.set("WantAssertionsSigned", "true")
    role.set("protocolSupportEnumeration", PROTOCOL)
    for use in ("signing", "encryption"):
        for certificate in certificates:
            _add_key(role, use, certificate)
    for binding in (REDIRECT, POST):
        service = etree.SubElement(role, md("SingleLogoutService"))
        service.set("Binding", binding)
        service.set("Location", provider.slo_url)
    if name_id_format is not None:
        etree.SubElement(role, md("NameIDFormat")).text = FORMATS[name_id_format]
    service = etree.SubElement(role, md("AssertionConsumerService"))
    service.set("Binding", POST)
    service.set("Location", provider.acs_url)
    service.set("index", "0")
    service.set("isDefault", "true")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add_key(role: Element, use: str, certificate: Certificate) -> None:
    key = etree.SubElement(role, md("KeyDescriptor"))
    key.set("use", use)
    data = etree.SubElement(etree.SubElement(key, ds("KeyInfo")), ds("X509Data"))
    etree.SubElement(data, ds("X509Certificate")).text = certificate.text
