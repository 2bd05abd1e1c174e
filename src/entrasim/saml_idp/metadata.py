"""SAML metadata: the identity provider's own, and what can be learnt from the application's. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import msgspec

from entrasim.refusals import BadMessage
from entrasim.saml_idp import names
from entrasim.saml_idp.configuration import Addresses, SamlApplication
from entrasim.saml_idp.signing_keys import SigningKey
from entrasim.saml_idp.xml import Element, below, element, parse, serialize


def describe_provider(addresses: Addresses, keys: Iterable[SigningKey]) -> bytes:
    """Spell the federation metadata; every published certificate is listed, the one that signs first."""
    root = element(names.METADATA, "EntityDescriptor", ID=f"_{addresses.tenant}", entityID=addresses.issuer)
    role = below(root, names.METADATA, "IDPSSODescriptor", protocolSupportEnumeration=names.SAMLP)
    for key in keys:
        descriptor = below(role, names.METADATA, "KeyDescriptor", use="signing")
        data = below(below(descriptor, names.DSIG, "KeyInfo"), names.DSIG, "X509Data")
        below(data, names.DSIG, "X509Certificate", _bare(key.certificate))
    below(role, names.METADATA, "SingleLogoutService", Binding=names.REDIRECT, Location=addresses.single_sign_on)
    for name_format in names.NAME_FORMATS.values():
        below(role, names.METADATA, "NameIDFormat", name_format)
    for binding in (names.REDIRECT, names.POST):
        below(role, names.METADATA, "SingleSignOnService", Binding=binding, Location=addresses.single_sign_on)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + serialize(root)


def read_application(text: bytes, *, known: SamlApplication | None = None) -> SamlApplication:
    """Take identifier, reply URLs, logout URL and certificates from metadata; other settings stay as `known` has them.

    Raises `BadMessage` where the metadata describes no service provider.
    """
    root = parse(text)
    role = root.find(f"{{{names.METADATA}}}SPSSODescriptor")
    if root.tag != f"{{{names.METADATA}}}EntityDescriptor" or role is None or not root.get("entityID"):
        raise BadMessage("The metadata describes no service provider.")
    encryption = _certificates(role, "encryption")
    learnt = SamlApplication(
        entity_id=root.get("entityID"),
        acs_urls=_reply_urls(role),
        logout_url=_logout_url(role),
        request_certificates=_certificates(role, "signing"),
        encryption_certificate=encryption[0] if encryption else None,
    )
    return learnt if known is None else msgspec.structs.replace(known, **{f: getattr(learnt, f) for f in _LEARNT})


_LEARNT = ("entity_id", "acs_urls", "logout_url", "request_certificates", "encryption_certificate")


def _reply_urls(role: Element) -> tuple[str, ...]:
    services = [s for s in role.findall(f"{{{names.METADATA}}}AssertionConsumerService") if s.get("Location")]
    posts = [service for service in services if service.get("Binding") == names.POST]
    posts.sort(key=lambda service: service.get("isDefault") not in ("true", "1"))
    if not posts:
        raise BadMessage("The metadata has no AssertionConsumerService with HTTP-POST.")
    return tuple(dict.fromkeys(service.get("Location") for service in posts))


def _logout_url(role: Element) -> str | None:
    for service in role.findall(f"{{{names.METADATA}}}SingleLogoutService"):
        if service.get("Binding") == names.REDIRECT:
            location: str | None = service.get("ResponseLocation") or service.get("Location")
            return location
    return None


def _certificates(role: Element, use: str) -> tuple[str, ...]:
    found = []
    for descriptor in role.findall(f"{{{names.METADATA}}}KeyDescriptor"):
        if descriptor.get("use") in (use, None):
            found += [_pem(node.text or "") for node in descriptor.iter(f"{{{names.DSIG}}}X509Certificate")]
    return tuple(found)


def _pem(bare: str) -> str:
    body = "\n".join(textwrap.wrap("".join(bare.split()), 64))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def _bare(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if "-----" not in line)
