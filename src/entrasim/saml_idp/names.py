"""Names of SAML 2.0, XML Signature and XML Encryption, and of Entra's claims. Data only."""

from __future__ import annotations

from typing import Final

SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"

REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PASSWORD: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"  # noqa: S105 - a name, not a password
URI_NAMES: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"

SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
REQUESTER: Final = "urn:oasis:names:tc:SAML:2.0:status:Requester"
RESPONDER: Final = "urn:oasis:names:tc:SAML:2.0:status:Responder"
NO_PASSIVE: Final = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
INVALID_NAME_ID_POLICY: Final = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"
REQUEST_DENIED: Final = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"

RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
AES256_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
AES256_CBC: Final = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
RSA_OAEP: Final = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
SHA1: Final = "http://www.w3.org/2000/09/xmldsig#sha1"

NAME_FORMATS: Final = {
    "emailAddress": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "unspecified": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "persistent": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "transient": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
}

_XMLSOAP: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
_IDENTITY: Final = "http://schemas.microsoft.com/identity/claims"
CLAIM_TENANT: Final = f"{_IDENTITY}/tenantid"
CLAIM_OBJECT: Final = f"{_IDENTITY}/objectidentifier"
CLAIM_DISPLAY_NAME: Final = f"{_IDENTITY}/displayname"
CLAIM_PROVIDER: Final = f"{_IDENTITY}/identityprovider"
CLAIM_NAME: Final = f"{_XMLSOAP}/name"
CLAIM_MAIL: Final = f"{_XMLSOAP}/emailaddress"
CLAIM_GIVEN_NAME: Final = f"{_XMLSOAP}/givenname"
CLAIM_SURNAME: Final = f"{_XMLSOAP}/surname"
CLAIM_GROUPS: Final = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
CLAIM_GROUPS_LINK: Final = "http://schemas.microsoft.com/claims/groups.link"
