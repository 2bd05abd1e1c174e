"""Assertions encrypted to the application's certificate: a fresh AES key, carried by RSA-OAEP (XML Encryption)."""

from __future__ import annotations

import base64
import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

from entrasim.refusals import InvalidAttribute
from entrasim.saml_idp import names
from entrasim.saml_idp.xml import Element, below, element, serialize


def encrypt_assertion(assertion: Element, certificate: str, *, algorithm: str) -> Element:
    """Return an EncryptedAssertion. `algorithm` is the URI of AES-256 in GCM or CBC.

    Raises `InvalidAttribute` where the certificate's key is not RSA.
    """
    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise InvalidAttribute("The encryption certificate has no RSA key.")
    key = secrets.token_bytes(32)
    wrapped = public.encrypt(key, padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None))  # noqa: S303
    cipher = _gcm if algorithm == names.AES256_GCM else _cbc
    return _envelope(cipher(key, serialize(assertion)), wrapped, algorithm=algorithm)


def _gcm(key: bytes, text: bytes) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, text, None)


def _cbc(key: bytes, text: bytes) -> bytes:
    vector = secrets.token_bytes(16)
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(vector)).encryptor()
    return vector + encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()


def _envelope(ciphered: bytes, wrapped: bytes, *, algorithm: str) -> Element:
    root = element(names.SAML, "EncryptedAssertion")
    data = below(root, names.XENC, "EncryptedData", Type=f"{names.XENC}Element")
    below(data, names.XENC, "EncryptionMethod", Algorithm=algorithm)
    key_info = below(data, names.DSIG, "KeyInfo")
    carried = below(key_info, names.XENC, "EncryptedKey")
    method = below(carried, names.XENC, "EncryptionMethod", Algorithm=names.RSA_OAEP)
    below(method, names.DSIG, "DigestMethod", Algorithm=names.SHA1)
    _cipher(carried, wrapped)
    _cipher(data, ciphered)
    return root


def _cipher(parent: Element, value: bytes) -> None:
    data = below(parent, names.XENC, "CipherData")
    below(data, names.XENC, "CipherValue", base64.b64encode(value).decode())
