"""Signatures: enveloped ones in XML by signxml, detached ones over a query by the rules of the redirect binding.

SAML core section 5.4: exclusive canonicalization, one reference to the element's own ID, the signature after the
issuer. Verification is of what applications send here. Pure.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidInput
from signxml.exceptions import InvalidSignature as InvalidXmlSignature
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from entrasim.refusals import BadSignature
from entrasim.saml_idp import names
from entrasim.saml_idp.signing_keys import SigningKey
from entrasim.saml_idp.xml import Element, element


class _OldSigner(XMLSigner):
    """Signs with SHA-1, which nobody may accept any more: for demonstrations of a refusal only."""

    def check_deprecated_methods(self) -> None:
        """Allow what the library refuses."""


def sign(root: Element, key: SigningKey, *, sha1: bool = False) -> Element:
    """Return a message or assertion with a signature after its issuer."""
    placeholder = element(names.DSIG, "Signature", Id="placeholder")
    root.insert(1, placeholder)
    maker = _OldSigner if sha1 else XMLSigner
    signer = maker(
        signature_algorithm=SignatureMethod.RSA_SHA1 if sha1 else SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA1 if sha1 else DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    # A copy stands alone, so that what surrounds it later changes nothing of what was signed.
    alone = etree.fromstring(etree.tostring(root))
    return signer.sign(alone, key=key.private_key, cert=key.certificate, id_attribute="ID")


def verify(root: Element, certificates: Iterable[str]) -> None:
    """Check an application's signed message against its certificates. Raises `BadSignature`."""
    configuration = SignatureConfiguration(location="./")
    for certificate in certificates:
        try:
            found = XMLVerifier().verify(
                etree.tostring(root), x509_cert=certificate, id_attribute="ID", expect_config=configuration
            )
        except (InvalidXmlSignature, InvalidInput):
            continue
        if not isinstance(found, list) and found.signed_xml is not None and found.signed_xml.tag == root.tag:
            return
    raise BadSignature("The message is not signed with a certificate of the application.")


def sign_query(query: list[tuple[str, str]], key: SigningKey) -> str:
    """Return a query string with SigAlg and Signature (SAML bindings section 3.4.4.1)."""
    signed = _spelled([*query, ("SigAlg", names.RSA_SHA256)])
    private = serialization.load_pem_private_key(key.private_key.encode(), password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    signature = private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}&Signature={quote(base64.b64encode(signature), safe='')}"


def unsigned_query(query: list[tuple[str, str]]) -> str:
    """Return a query string as the redirect binding spells it, without signature."""
    return _spelled(query)


def verify_query(query: str, kind: str, *, certificates: Iterable[str]) -> None:
    """Check the signature of a redirect as it was sent; `kind` is SAMLRequest or SAMLResponse. Raises `BadSignature`.

    The text that was signed is the sender's own spelling, so the parts are taken as they came.
    """
    parts = dict(part.partition("=")[::2] for part in query.split("&"))
    values = dict(parse_qsl(query))
    if values.get("SigAlg") != names.RSA_SHA256 or "Signature" not in values:
        raise BadSignature("The message is not signed with RSA and SHA-256.")
    signed = "&".join(f"{name}={parts[name]}" for name in (kind, "RelayState", "SigAlg") if name in parts)
    for certificate in certificates:
        public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
        try:
            assert isinstance(public, rsa.RSAPublicKey)
            signature = base64.b64decode(values["Signature"])
            public.verify(signature, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError, AssertionError):
            continue
        return
    raise BadSignature("The message is not signed with a certificate of the application.")


def _spelled(query: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
