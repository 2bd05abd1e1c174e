"""Encrypted assertions (XML Encryption 1.1): the key comes by RSA-OAEP, the content by AES in GCM or CBC mode.

RSA with the padding of PKCS#1 1.5 is refused. Whatever goes wrong while deciphering is told in one and the same way,
because telling padding from content would decipher messages for whoever may ask often enough.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import quoteattr

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from doorlist.saml.checks import Wrong, require
from doorlist.saml.documents import Element, needed_child, only_child, parse, serialize, text_of
from doorlist.saml.names import DSIG, XENC, XENC11, ds, saml, xenc

_OAEP_MGF1P: Final = XENC + "rsa-oaep-mgf1p"
_OAEP: Final = XENC11 + "rsa-oaep"
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    DSIG + "sha1": hashes.SHA1,
    XENC + "sha256": hashes.SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384,
    XENC + "sha512": hashes.SHA512,
}
_MASKS: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    XENC11 + "mgf1sha1": hashes.SHA1,
    XENC11 + "mgf1sha256": hashes.SHA256,
    XENC11 + "mgf1sha384": hashes.SHA384,
    XENC11 + "mgf1sha512": hashes.SHA512,
}
_GCM: Final = {XENC11 + "aes128-gcm": 16, XENC11 + "aes192-gcm": 24, XENC11 + "aes256-gcm": 32}
_CBC: Final = {XENC + "aes128-cbc": 16, XENC + "aes192-cbc": 24, XENC + "aes256-cbc": 32}
_KEY_SIZES: Final = _GCM | _CBC
_BLOCK: Final = 16
_MAX_KEYS: Final = 4
_FAILED: Final = "The assertion could not be deciphered with a key of this organization."


def decrypt(encrypted: Element, keys: Sequence[rsa.RSAPrivateKey]) -> Element:
    """The Assertion inside an EncryptedAssertion, by whichever of the keys opens it. Raises `Wrong`."""
    data = needed_child(encrypted, xenc("EncryptedData"))
    method = _algorithm(data)
    require(method in _KEY_SIZES, f"The cipher {method!r} is not accepted.")
    content = _cipher_value(data)
    wrapped = [*data.findall(f"{ds('KeyInfo')}/{xenc('EncryptedKey')}"), *encrypted.findall(xenc("EncryptedKey"))]
    require(0 < len(wrapped) <= _MAX_KEYS, "The assertion comes with no key, or with too many.")
    unpacked = [(_cipher_value(found), _padding(found)) for found in wrapped]
    for key in keys:
        for value, scheme in unpacked:
            secret = _unwrap(key, value, scheme)
            if secret is not None and len(secret) == _KEY_SIZES[method]:
                return _assertion(_decipher(method, secret, content), encrypted)
    raise Wrong(_FAILED)


def _assertion(plain: bytes | None, around: Element) -> Element:
    if plain is None:
        raise Wrong(_FAILED)
    try:
        root = _parsed(plain, around)
    except Wrong:
        raise Wrong(_FAILED) from None
    require(root.tag == saml("Assertion"), _FAILED)
    return root


def _parsed(plain: bytes, around: Element) -> Element:
    """The element that was enciphered: a document, or a piece that leans on the namespaces around it.

    Raises `Wrong`.
    """
    try:
        return parse(plain)
    except Wrong:
        names = {f"xmlns:{prefix}" if prefix else "xmlns": uri for prefix, uri in around.nsmap.items()}
        declared = " ".join(f"{name}={quoteattr(uri)}" for name, uri in names.items())
        inside = list(parse(f"<around {declared}>".encode() + plain + b"</around>"))
        require(len(inside) == 1, _FAILED)
        return parse(serialize(inside[0]))


def _padding(key: Element) -> padding.OAEP:
    method = needed_child(key, xenc("EncryptionMethod"))
    algorithm = method.get("Algorithm")
    require(algorithm in {_OAEP, _OAEP_MGF1P}, f"The key transport {algorithm!r} is not accepted.")
    require(only_child(method, xenc("OAEPparams")) is None, "OAEP parameters are not accepted.")
    digest = _chosen(method, ds("DigestMethod"), _HASHES)
    mask = _chosen(method, f"{{{XENC11}}}MGF", _MASKS)
    return padding.OAEP(mgf=padding.MGF1(mask()), algorithm=digest(), label=None)


def _chosen(method: Element, tag: str, known: dict[str, type[hashes.HashAlgorithm]]) -> type[hashes.HashAlgorithm]:
    """The hash that a child names, SHA-1 where there is none (XML Encryption 1.1 section 5.5.2)."""
    found = only_child(method, tag)
    if found is None:
        return hashes.SHA1
    algorithm = found.get("Algorithm") or ""
    require(algorithm in known, f"The hash {algorithm!r} is not accepted.")
    return known[algorithm]


def _unwrap(key: rsa.RSAPrivateKey, value: bytes, scheme: padding.OAEP) -> bytes | None:
    try:
        return key.decrypt(value, scheme)
    except ValueError:
        return None


def _decipher(method: str, secret: bytes, content: bytes) -> bytes | None:
    try:
        if method in _GCM:
            return AESGCM(secret).decrypt(content[:12], content[12:], None)
        decryptor = Cipher(algorithms.AES(secret), modes.CBC(content[:_BLOCK])).decryptor()
        return _without_padding(decryptor.update(content[_BLOCK:]) + decryptor.finalize())
    except (InvalidTag, ValueError):
        return None


def _without_padding(plain: bytes) -> bytes | None:
    """The last byte tells the length of the padding, whose other bytes may be anything (XML Encryption 5.2.1)."""
    if not plain or not 1 <= plain[-1] <= _BLOCK:
        return None
    return plain[: -plain[-1]]


def _algorithm(data: Element) -> str:
    return needed_child(data, xenc("EncryptionMethod")).get("Algorithm") or ""


def _cipher_value(element: Element) -> bytes:
    text = text_of(needed_child(needed_child(element, xenc("CipherData")), xenc("CipherValue")))
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Wrong("The cipher value is not base 64.") from None
