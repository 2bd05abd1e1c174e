"""An identity provider that says whatever a test wants: honest answers, and every kind of dishonest one."""

from __future__ import annotations

import base64
import functools
import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from doorlist.saml.certificates import Certificate, from_der
from doorlist.saml.names import BEARER, DSIG, POST, REDIRECT, SUCCESS, XENC, XENC11, ds, md, saml, samlp, xenc
from doorlist.saml.parties import Endpoint, Expectation, IdentityProvider, ServiceProvider

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PROVIDER = ServiceProvider.of("https://doorlist.example", "acme")
REQUEST = "id-of-the-request"
Element = etree._Element
Keys = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@functools.cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key for each number, made once a run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def certify(
    key: Keys, *, name: str = "idp", begins: datetime | None = None, ends: datetime | None = None
) -> Certificate:
    """A self-signed certificate around a key; valid around NOW unless told otherwise."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or NOW - timedelta(days=365))
        .not_valid_after(ends or NOW + timedelta(days=365))
    )
    return from_der(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Forge:
    """An identity provider with its key; `now` is what its clock says."""

    entity_id: str = "https://idp.example/metadata"
    key: Keys = field(default_factory=rsa_key)
    certificate: Certificate = field(default=None)  # type: ignore[assignment] # made of the key
    provider: ServiceProvider = PROVIDER
    now: datetime = NOW

    def __post_init__(self) -> None:
        if self.certificate is None:
            self.certificate = certify(
                self.key, begins=self.now - timedelta(days=9), ends=self.now + timedelta(days=99)
            )

    @property
    def identity(self) -> IdentityProvider:
        return IdentityProvider(
            self.entity_id,
            Endpoint("https://idp.example/sso", "redirect"),
            Endpoint("https://idp.example/slo", "redirect"),
            None,
            (self.certificate,),
        )

    def expectation(self, **over: Any) -> Expectation:
        known: dict[str, Any] = {
            "provider": self.provider,
            "identity": self.identity,
            "requests": frozenset({REQUEST}),
            "unsolicited": False,
            "encrypted": False,
            "skew": timedelta(seconds=90),
        }
        return Expectation(**{**known, **over})

    def assertion(
        self,
        name_id: str = "ana@example.com",
        *,
        identifier: str | None = None,
        audience: str | None = None,
        recipient: str | None = None,
        answers: str | None = REQUEST,
        issuer: str | None = None,
        begins: timedelta = timedelta(minutes=-5),
        ends: timedelta = timedelta(minutes=65),
        confirmed_for: timedelta = timedelta(minutes=5),
        session: timedelta | None = None,
        attributes: dict[str, list[str]] | None = None,
        name_format: str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    ) -> Element:
        """An unsigned assertion as Entra words it."""
        root = etree.Element(saml("Assertion"), nsmap={"saml": saml("").strip("{}")})
        root.set("ID", identifier or f"_a{os.urandom(8).hex()}")
        root.set("Version", "2.0")
        root.set("IssueInstant", stamp(self.now))
        etree.SubElement(root, saml("Issuer")).text = issuer or self.entity_id
        subject = etree.SubElement(root, saml("Subject"))
        etree.SubElement(subject, saml("NameID"), Format=name_format).text = name_id
        confirmation = etree.SubElement(subject, saml("SubjectConfirmation"), Method=BEARER)
        data = etree.SubElement(confirmation, saml("SubjectConfirmationData"))
        data.set("Recipient", self.provider.acs_url if recipient is None else recipient)
        data.set("NotOnOrAfter", stamp(self.now + confirmed_for))
        if answers is not None:
            data.set("InResponseTo", answers)
        conditions = etree.SubElement(root, saml("Conditions"))
        conditions.set("NotBefore", stamp(self.now + begins))
        conditions.set("NotOnOrAfter", stamp(self.now + ends))
        restriction = etree.SubElement(conditions, saml("AudienceRestriction"))
        etree.SubElement(restriction, saml("Audience")).text = audience or self.provider.entity_id
        statement = etree.SubElement(root, saml("AuthnStatement"))
        statement.set("AuthnInstant", stamp(self.now))
        statement.set("SessionIndex", "_s1")
        if session is not None:
            statement.set("SessionNotOnOrAfter", stamp(self.now + session))
        context = etree.SubElement(statement, saml("AuthnContext"))
        etree.SubElement(context, saml("AuthnContextClassRef")).text = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
        if attributes:
            told = etree.SubElement(root, saml("AttributeStatement"))
            for name, values in attributes.items():
                attribute = etree.SubElement(told, saml("Attribute"), Name=name)
                for value in values:
                    etree.SubElement(attribute, saml("AttributeValue")).text = value
        return root

    def response(
        self,
        *parts: Element,
        status: str = SUCCESS,
        destination: str | None = None,
        answers: str | None = REQUEST,
        issuer: str | None = None,
    ) -> Element:
        """An unsigned response around assertions."""
        root = etree.Element(samlp("Response"), nsmap={"samlp": samlp("").strip("{}"), "saml": saml("").strip("{}")})
        root.set("ID", f"_r{os.urandom(8).hex()}")
        root.set("Version", "2.0")
        root.set("IssueInstant", stamp(self.now))
        root.set("Destination", self.provider.acs_url if destination is None else destination)
        if answers is not None:
            root.set("InResponseTo", answers)
        etree.SubElement(root, saml("Issuer")).text = issuer or self.entity_id
        code = etree.SubElement(etree.SubElement(root, samlp("Status")), samlp("StatusCode"))
        code.set("Value", status)
        for part in parts:
            root.append(part)
        return root

    def sign(
        self,
        element: Element,
        *,
        key: Keys | None = None,
        method: SignatureMethod | None = None,
        digest: DigestAlgorithm = DigestAlgorithm.SHA256,
        canonical: CanonicalizationMethod = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        **over: Any,
    ) -> Element:
        """The element with a signature after its Issuer."""
        key = key or self.key
        if method is None:
            elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
            method = SignatureMethod.ECDSA_SHA256 if elliptic else SignatureMethod.RSA_SHA256
        issuer = element.find(saml("Issuer"))
        assert issuer is not None
        issuer.addnext(etree.Element(ds("Signature"), {"Id": "placeholder"}, nsmap={"ds": DSIG}))
        signer = _Signer(signature_algorithm=method, digest_algorithm=digest, c14n_algorithm=canonical)
        return signer.sign(
            element,
            key=key,
            cert=[self.certificate.loaded],
            **{"reference_uri": f"#{element.get('ID')}", "id_attribute": "ID", **over},
        )

    def signed_assertion(self, *arguments: Any, **over: Any) -> Element:
        """A response whose assertion is signed, as Entra answers by default."""
        return self.response(self.sign(self.assertion(*arguments, **over)))

    def signed_response(self, *arguments: Any, **over: Any) -> Element:
        """A response that is signed as a whole."""
        return self.sign(self.response(self.assertion(*arguments, **over)))

    def encrypt(
        self, assertion: Element, to: Certificate, *, method: str = XENC11 + "aes256-gcm", rsa15: bool = False
    ) -> Element:
        """An assertion for the eyes of one key."""
        secret, plain = os.urandom(32 if "256" in method else 16), etree.tostring(assertion)
        if method.endswith("gcm"):
            nonce = os.urandom(12)
            content = nonce + AESGCM(secret).encrypt(nonce, plain, None)
        else:
            vector, rest = os.urandom(16), 16 - len(plain) % 16
            encryptor = Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
            content = vector + encryptor.update(plain + os.urandom(rest - 1) + bytes([rest])) + encryptor.finalize()
        public = to.loaded.public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        scheme = padding.PKCS1v15() if rsa15 else padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
        outer = etree.Element(saml("EncryptedAssertion"))
        data = etree.SubElement(outer, xenc("EncryptedData"), Type=XENC + "Element")
        etree.SubElement(data, xenc("EncryptionMethod"), Algorithm=method)
        wrapped = etree.SubElement(etree.SubElement(data, ds("KeyInfo")), xenc("EncryptedKey"))
        transport = XENC + ("rsa-1_5" if rsa15 else "rsa-oaep-mgf1p")
        etree.SubElement(wrapped, xenc("EncryptionMethod"), Algorithm=transport)
        _cipher(wrapped, public.encrypt(secret, scheme))
        _cipher(data, content)
        return outer

    def metadata(self) -> bytes:
        """What the provider publishes about itself."""
        root = etree.Element(md("EntityDescriptor"), entityID=self.entity_id)
        role = etree.SubElement(root, md("IDPSSODescriptor"))
        role.set("protocolSupportEnumeration", samlp("").strip("{}"))
        data = etree.SubElement(
            etree.SubElement(etree.SubElement(role, md("KeyDescriptor"), use="signing"), ds("KeyInfo")), ds("X509Data")
        )
        etree.SubElement(data, ds("X509Certificate")).text = self.certificate.text
        for name, path in (("SingleLogoutService", "slo"), ("SingleSignOnService", "sso")):
            for binding in (REDIRECT, POST):
                etree.SubElement(role, md(name), Binding=binding, Location=f"https://idp.example/{path}")
        return etree.tostring(root)


class _Signer(XMLSigner):
    """Signs with what has been given up, too."""

    def check_deprecated_methods(self) -> None:
        return None


def field_of(message: Element | bytes | str) -> str:
    """A message as the form field SAMLResponse."""
    if isinstance(message, str):
        message = message.encode()
    return base64.b64encode(message if isinstance(message, bytes) else etree.tostring(message)).decode()


def evil_twin(assertion: Element, name_id: str = "boss@example.com") -> Element:
    """A copy of an assertion that names somebody else, under another ID and without the signature."""
    twin = deepcopy(assertion)
    twin.set("ID", "_evil")
    for signature in twin.findall(ds("Signature")):
        twin.remove(signature)
    named = twin.find(f"{saml('Subject')}/{saml('NameID')}")
    assert named is not None
    named.text = name_id
    return twin


def child(element: Element, tag: str) -> Element:
    found = element.find(tag)
    assert found is not None
    return found


def _cipher(element: Element, value: bytes) -> None:
    data = etree.SubElement(element, xenc("CipherData"))
    etree.SubElement(data, xenc("CipherValue")).text = base64.b64encode(value).decode()


Attack = Callable[[Forge], Any]
