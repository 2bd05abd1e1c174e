"""Names of SAML 2.0, XML Signature and XML Encryption: namespaces, bindings, formats, algorithms, claims."""

from __future__ import annotations

from typing import Final

ASSERTION: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = DSIG + "enveloped-signature"

REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
RESPONDER: Final = "urn:oasis:names:tc:SAML:2.0:status:Responder"
REQUESTER: Final = "urn:oasis:names:tc:SAML:2.0:status:Requester"
ENTITY_FORMAT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

FORMATS: Final = {
    "unspecified": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "email": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "persistent": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "transient": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
}
"""NameID formats (SAML core section 8.3) under the words that settings use."""

_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNATURE_METHODS: Final = {
    _MORE + "rsa-sha256": "RSA_SHA256",
    _MORE + "rsa-sha384": "RSA_SHA384",
    _MORE + "rsa-sha512": "RSA_SHA512",
    _MORE + "ecdsa-sha256": "ECDSA_SHA256",
    _MORE + "ecdsa-sha384": "ECDSA_SHA384",
    _MORE + "ecdsa-sha512": "ECDSA_SHA512",
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1": "SHA256_RSA_MGF1",
}
"""Signatures that are accepted, by the name that the library has for them: RSA and ECDSA with SHA-2."""

DIGESTS: Final = {XENC + "sha256": "SHA256", _MORE + "sha384": "SHA384", XENC + "sha512": "SHA512"}
RSA_SHA256: Final = _MORE + "rsa-sha256"

CLAIM_OBJECT_ID: Final = "http://schemas.microsoft.com/identity/claims/objectidentifier"
CLAIM_DISPLAY_NAME: Final = "http://schemas.microsoft.com/identity/claims/displayname"
CLAIM_GIVEN_NAME: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"
CLAIM_SURNAME: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"
CLAIM_EMAIL: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"


def saml(name: str) -> str:
    """The tag of an element of the assertion namespace."""
    return f"{{{ASSERTION}}}{name}"


def samlp(name: str) -> str:
    """The tag of an element of the protocol namespace."""
    return f"{{{PROTOCOL}}}{name}"


def md(name: str) -> str:
    """The tag of an element of the metadata namespace."""
    return f"{{{METADATA}}}{name}"


def ds(name: str) -> str:
    """The tag of an element of XML Signature."""
    return f"{{{DSIG}}}{name}"


def xenc(name: str) -> str:
    """The tag of an element of XML Encryption."""
    return f"{{{XENC}}}{name}"
