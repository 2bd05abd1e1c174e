"""The two bindings that carry messages through a browser: redirect (SAML bindings section 3.4) and POST (3.5).

Everything is bounded before and after it is unpacked: a compressed message cannot grow beyond the limit.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from doorlist.saml.certificates import Certificate
from doorlist.saml.checks import Wrong, require
from doorlist.saml.documents import MAX_BYTES
from doorlist.saml.names import RSA_SHA256

_DEFLATE: Final = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
_LONGEST_TEXT: Final = MAX_BYTES * 4 // 3 + 4096
_MAX_RELAY_STATE: Final = 80  # bytes, SAML bindings sections 3.4.3 and 3.5.3
_HASHES: Final[Mapping[str, type[hashes.HashAlgorithm]]] = {
    "rsa-sha256": hashes.SHA256,
    "rsa-sha384": hashes.SHA384,
    "rsa-sha512": hashes.SHA512,
    "ecdsa-sha256": hashes.SHA256,
    "ecdsa-sha384": hashes.SHA384,
    "ecdsa-sha512": hashes.SHA512,
}
_SIGNATURES: Final = {f"http://www.w3.org/2001/04/xmldsig-more#{name}": name for name in _HASHES}


@dataclass(frozen=True, slots=True)
class RedirectMessage:
    """A message of the redirect binding, unpacked; `signed` is the text that the signature is over."""

    name: str
    message: bytes
    relay_state: str
    algorithm: str
    signature: bytes
    signed: bytes


def decode_post(text: str) -> bytes:
    """The message in a form field. Raises `Wrong`."""
    require(len(text) <= _LONGEST_TEXT, "The message is too long.")
    return _from_base64(text)


def encode_post(message: bytes) -> str:
    """A message as the value of a form field."""
    return base64.b64encode(message).decode()


def decode_redirect(query: str) -> RedirectMessage:
    """The message in a query. What was signed is taken from the query as it came. Raises `Wrong`."""
    require(len(query) <= _LONGEST_TEXT, "The message is too long.")
    raw: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        require(name not in raw, f"The query has {name[:40]!r} twice.")
        raw[name] = value
    names = [name for name in ("SAMLRequest", "SAMLResponse") if name in raw]
    require(len(names) == 1, "The query holds no SAMLRequest or SAMLResponse, or both.")
    require(unquote_plus(raw.get("SAMLEncoding", _DEFLATE)) == _DEFLATE, "The encoding is not DEFLATE.")
    signed = "&".join(f"{name}={raw[name]}" for name in (names[0], "RelayState", "SigAlg") if name in raw)
    return RedirectMessage(
        names[0],
        _inflate(_from_base64(unquote_plus(raw[names[0]]))),
        unquote_plus(raw.get("RelayState", "")),
        unquote_plus(raw.get("SigAlg", "")),
        _from_base64(unquote_plus(raw.get("Signature", ""))),
        signed.encode(),
    )


def redirect_address(
    address: str, name: str, message: bytes, *, relay_state: str, key: rsa.RSAPrivateKey | None
) -> str:
    """Where to send a browser with a message, signed when there is a key."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = base64.b64encode(packed.compress(message) + packed.flush()).decode()
    parts = [f"{name}={quote_plus(text)}"]
    if relay_state:
        parts.append(f"RelayState={quote_plus(relay_state)}")
    if key is not None:
        parts.append(f"SigAlg={quote_plus(RSA_SHA256)}")
        signature = key.sign("&".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
        parts.append(f"Signature={quote_plus(base64.b64encode(signature).decode())}")
    return address + ("&" if "?" in address else "?") + "&".join(parts)


def signer_of(message: RedirectMessage, certificates: Sequence[Certificate]) -> Certificate:
    """The pinned certificate whose key signed the query. Raises `Wrong`."""
    require(message.signature, "The message is not signed.")
    require(message.algorithm in _SIGNATURES, f"The signature method {message.algorithm[:80]!r} is not accepted.")
    for certificate in certificates:
        if _is_signed_by(certificate, message):
            return certificate
    raise Wrong("The signature is not of a certificate that is set up for this organization.")


def check_relay_state(text: str) -> str:
    """A RelayState within the limit of the specification. Raises `Wrong`."""
    require(len(text.encode("utf-8", "surrogatepass")) <= _MAX_RELAY_STATE, "RelayState is longer than 80 bytes.")
    return text


def _is_signed_by(certificate: Certificate, message: RedirectMessage) -> bool:
    key, name = certificate.loaded.public_key(), _SIGNATURES[message.algorithm]
    digest = _HASHES[name]()
    try:
        if isinstance(key, rsa.RSAPublicKey) and name.startswith("rsa-"):
            key.verify(message.signature, message.signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and name.startswith("ecdsa-"):
            key.verify(message.signature, message.signed, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Wrong("The message is not base 64.") from None


def _inflate(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(-15)
    try:
        message = unpacking.decompress(packed, MAX_BYTES)
    except zlib.error:
        raise Wrong("The message is not compressed as the binding asks.") from None
    require(
        not unpacking.unconsumed_tail and unpacking.eof, f"The message grows beyond {MAX_BYTES} bytes, or is cut off."
    )
    return message
