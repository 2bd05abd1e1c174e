"""Signatures over elements: their shape is checked here, their mathematics by signxml.

A signature counts when it is a child of the element that it signs, has one reference, to that element's own ID, and
nothing but the two usual transforms. The caller gets what was verified, read again from its canonical form; the
unsigned original is of no more use.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from doorlist.saml.certificates import Certificate
from doorlist.saml.checks import Check, Checklist, Wrong, require
from doorlist.saml.documents import Element, local_name, needed_child, only_child, parse, serialize
from doorlist.saml.names import DIGESTS, ENVELOPED, EXCLUSIVE, SIGNATURE_METHODS, ds

_INCLUSIVE: Final = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
_SHAPE: Final = (ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo"))
_SIGNED_INFO: Final = (ds("CanonicalizationMethod"), ds("SignatureMethod"), ds("Reference"))
_REFERENCE: Final = (ds("Transforms"), ds("DigestMethod"), ds("DigestValue"))
_FAILURES: Final = (SignXMLException, InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, etree.LxmlError)
_METHODS: Final = frozenset(SignatureMethod[name] for name in SIGNATURE_METHODS.values())
_DIGESTS: Final = frozenset(DigestAlgorithm[name] for name in DIGESTS.values())


def signature_of(element: Element) -> Element | None:
    """The signature that is a child of an element, or None. Raises `Wrong` for several."""
    return only_child(element, ds("Signature"))


def verified(element: Element, certificates: Sequence[Certificate], checks: Checklist, *, now: datetime) -> Element:
    """What the signature of an element covers: the element without the signature, from its canonical form.

    Raises `Rejected` at signed, algorithms, signature or certificate.
    """
    with checks.step(Check.SIGNED) as said:
        signature = signature_of(element)
        if signature is None:
            raise Wrong(f"{local_name(element)} is not signed.")
        _check_shape(signature, element)
        said.append(f"{local_name(element)} {element.get('ID', '')}")
    with checks.step(Check.ALGORITHMS) as said:
        said.append(_check_algorithms(signature))
    with checks.step(Check.SIGNATURE) as said:
        found, certificate = _verify(element, signature, certificates)
        said.append(f"with the certificate {certificate.fingerprint[:16]}")
    with checks.step(Check.CERTIFICATE) as said:
        require(now >= certificate.not_before, f"The certificate is valid from {certificate.not_before:%Y-%m-%d} only.")
        require(now <= certificate.not_after, f"The certificate has expired on {certificate.not_after:%Y-%m-%d}.")
        said.append(f"until {certificate.not_after:%Y-%m-%d}")
    return found


def _check_shape(signature: Element, element: Element) -> None:
    _check_children(signature, _SHAPE, least=2)
    signed_info = needed_child(signature, ds("SignedInfo"))
    _check_children(signed_info, _SIGNED_INFO, least=3)
    reference = needed_child(signed_info, ds("Reference"))
    _check_children(reference, _REFERENCE, least=3)
    identifier = element.get("ID")
    require(identifier, f"{local_name(element)} has no ID.")
    require(reference.get("URI") == f"#{identifier}", "The reference is to another element.")
    _check_transforms(needed_child(reference, ds("Transforms")))
    for value in (needed_child(signature, ds("SignatureValue")), needed_child(reference, ds("DigestValue"))):
        require(len(value) == 0, f"{local_name(value)} holds more than text.")


def _check_children(element: Element, tags: tuple[str, ...], *, least: int) -> None:
    found = tuple(str(child.tag) for child in element)
    require(least <= len(found) and found == tags[: len(found)], f"{local_name(element)} is not of the usual shape.")


def _check_transforms(transforms: Element) -> None:
    algorithms = [transform.get("Algorithm") for transform in transforms]
    require(algorithms == [ENVELOPED, EXCLUSIVE], "The transforms are not enveloped-signature and exclusive c14n.")
    for transform in transforms:
        _check_only_prefixes(transform)
    require(len(transforms[0]) == 0, "The transforms are not of the usual shape.")


def _check_only_prefixes(element: Element) -> None:
    require(all(child.tag == _INCLUSIVE and len(child) == 0 for child in element), "A transform has parameters.")


def _check_algorithms(signature: Element) -> str:
    signed_info = needed_child(signature, ds("SignedInfo"))
    canonical = needed_child(signed_info, ds("CanonicalizationMethod"))
    require(canonical.get("Algorithm") == EXCLUSIVE, "The canonical form is not exclusive c14n without comments.")
    _check_only_prefixes(canonical)
    method = needed_child(signed_info, ds("SignatureMethod"))
    digest = needed_child(needed_child(signed_info, ds("Reference")), ds("DigestMethod"))
    for chosen, known in ((method, SIGNATURE_METHODS), (digest, DIGESTS)):
        require(len(chosen) == 0, f"{local_name(chosen)} has parameters.")
        require(chosen.get("Algorithm") in known, f"{local_name(chosen)} {chosen.get('Algorithm')!r} is not accepted.")
    return SIGNATURE_METHODS[method.get("Algorithm") or ""]


def _verify(element: Element, signature: Element, certificates: Sequence[Certificate]) -> tuple[Element, Certificate]:
    """Try the pinned certificates, that which the signature names first; the key never comes from the message."""
    require(certificates, "No certificate of the identity provider is known.")
    hint = _hinted(signature)
    data = serialize(element)
    for certificate in sorted(certificates, key=lambda pinned: pinned.der != hint):
        found = _signed_part(data, certificate)
        if found is not None:
            require(found.tag == element.tag and found.get("ID") == element.get("ID"), "Another element was signed.")
            return found, certificate
    raise Wrong(
        "The signature is not of a certificate that is set up for this organization, or the content was changed."
    )


def _signed_part(data: bytes, certificate: Certificate) -> Element | None:
    """The verified part of a document, None where this certificate did not sign it as it is.

    Dates of certificates are a check of their own, so the library is told of a moment within them.
    """
    config = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        ignore_ambiguous_key_info=True,
        verification_time=certificate.not_before,
    )
    try:
        result = XMLVerifier().verify(
            data, x509_cert=certificate.loaded, expect_config=config, validate_schema=False, id_attribute="ID"
        )
    except _FAILURES:
        return None
    assert isinstance(result, VerifyResult), "one reference was asked for"
    return parse(result.signed_data) if result.signed_data else None


def _hinted(signature: Element) -> bytes:
    found = signature.find(f"{ds('KeyInfo')}/{ds('X509Data')}/{ds('X509Certificate')}")
    try:
        return base64.b64decode("" if found is None else found.text or "")
    except binascii.Error:
        return b""
