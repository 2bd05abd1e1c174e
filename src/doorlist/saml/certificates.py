"""X.509 certificates as values: what identity providers sign with. Read only; nothing here makes a key."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from doorlist.saml.checks import Wrong

_LONGEST: Final = 20_000
_LEAST_RSA: Final = 2048
_ARMOUR: Final = re.compile(r"-----(?:BEGIN|END) CERTIFICATE-----")


@dataclass(frozen=True)
class Certificate:
    """A certificate with what is shown of it. Two are equal when their bytes are."""

    der: bytes
    subject: str = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    fingerprint: str = field(compare=False)

    @cached_property
    def loaded(self) -> x509.Certificate:
        """For the library that verifies."""
        return x509.load_der_x509_certificate(self.der)

    @property
    def text(self) -> str:
        """Base 64 without armour, as metadata has it."""
        return base64.b64encode(self.der).decode()

    @property
    def pem(self) -> str:
        """With armour, as files have it."""
        return self.loaded.public_bytes(Encoding.PEM).decode()

    def is_valid(self, now: datetime) -> bool:
        """Whether that moment lies within its dates."""
        return self.not_before <= now <= self.not_after


def read_certificate(text: str) -> Certificate:
    """A certificate from PEM, or from base 64 alone. Raises `Wrong` for anything else, and for weak keys."""
    bare = re.sub(r"\s+", "", _ARMOUR.sub("", text))
    if not bare or len(bare) > _LONGEST:
        raise Wrong("This is no certificate.")
    try:
        return from_der(base64.b64decode(bare, validate=True))
    except (binascii.Error, ValueError):
        raise Wrong("This is no certificate in PEM or base 64.") from None


def from_der(der: bytes) -> Certificate:
    """A certificate from its bytes. Raises `ValueError` when it is none, `Wrong` for a weak or unknown kind of key."""
    loaded = x509.load_der_x509_certificate(der)
    key = loaded.public_key()
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise Wrong("The certificate's key is neither RSA nor elliptic.")
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA:
        raise Wrong(f"The certificate's key has {key.key_size} bits; {_LEAST_RSA} is the least.")
    return Certificate(
        der,
        subject=loaded.subject.rfc4514_string()[:200],
        not_before=loaded.not_valid_before_utc,
        not_after=loaded.not_valid_after_utc,
        fingerprint=loaded.fingerprint(hashes.SHA256()).hex(),
    )
