"""The attack corpus: dishonest answers by name, each with the check that has to refuse it.

An attack takes an honest identity provider and gives the message that somebody made of its answers.
"""

from __future__ import annotations

import base64
from copy import deepcopy
from datetime import timedelta

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod

from doorlist.saml.checks import Check
from doorlist.saml.names import DSIG, ENVELOPED, EXCLUSIVE, XENC, ds, saml, samlp
from tests.saml.forge import Attack, Element, Forge, certify, child, evil_twin, rsa_key

CORPUS: dict[str, tuple[Attack, Check]] = {}


def attack(name: str, refused_at: Check):  # type: ignore[no-untyped-def] # a decorator of this table only
    def add(make: Attack) -> Attack:
        CORPUS[name] = (make, refused_at)
        return make

    return add


def simple(name: str, refused_at: Check, make: Attack) -> None:
    CORPUS[name] = (make, refused_at)


# Signature wrapping: the eight classic forms (Somorovsky and others, "On Breaking SAML", 2012).


def _signature(element: Element) -> Element:
    return child(element, ds("Signature"))


def _evil_response(forge: Forge) -> tuple[Element, Element]:
    """A response that names somebody else and carries the signature of the honest one, and the honest one."""
    honest = forge.signed_response()
    evil = deepcopy(honest)
    evil.set("ID", "_evil")
    child(evil, saml("Assertion")).set("ID", "_evil-assertion")
    child(evil, f"{saml('Assertion')}/{saml('Subject')}/{saml('NameID')}").text = "boss@example.com"
    honest.remove(_signature(honest))
    return evil, honest


@attack("XSW1: the honest response inside the signature of an evil one", Check.STRUCTURE)
def _xsw1(forge: Forge) -> Element:
    evil, honest = _evil_response(forge)
    _signature(evil).append(honest)
    return evil


@attack("XSW2: the honest response beside the signature in an evil one", Check.STRUCTURE)
def _xsw2(forge: Forge) -> Element:
    evil, honest = _evil_response(forge)
    _signature(evil).addprevious(honest)
    return evil


@attack("XSW3: an evil assertion before the honest one", Check.STRUCTURE)
def _xsw3(forge: Forge) -> Element:
    response = forge.signed_assertion()
    honest = child(response, saml("Assertion"))
    honest.addprevious(evil_twin(honest))
    return response


@attack("XSW4: the honest assertion inside an evil one", Check.STRUCTURE)
def _xsw4(forge: Forge) -> Element:
    response = forge.signed_assertion()
    honest = child(response, saml("Assertion"))
    evil = evil_twin(honest)
    honest.addprevious(evil)
    evil.append(honest)
    return response


@attack("XSW5: an evil assertion with the signature, the honest one after it", Check.STRUCTURE)
def _xsw5(forge: Forge) -> Element:
    response = forge.signed_assertion()
    honest = child(response, saml("Assertion"))
    evil = evil_twin(honest)
    honest.addprevious(evil)
    evil.insert(1, _signature(honest))
    return response


@attack("XSW6: an evil assertion with the signature, the honest one inside of that", Check.STRUCTURE)
def _xsw6(forge: Forge) -> Element:
    response = _xsw5(forge)
    evil, honest = response.findall(saml("Assertion"))
    _signature(evil).append(honest)
    return response


@attack("XSW7: an evil assertion in Extensions", Check.STRUCTURE)
def _xsw7(forge: Forge) -> Element:
    response = forge.signed_assertion()
    honest = child(response, saml("Assertion"))
    extensions = etree.Element(samlp("Extensions"))
    extensions.append(evil_twin(honest))
    child(response, saml("Issuer")).addnext(extensions)
    return response


@attack("XSW8: the honest assertion in an Object of the signature of an evil one", Check.STRUCTURE)
def _xsw8(forge: Forge) -> Element:
    response = forge.signed_assertion()
    honest = child(response, saml("Assertion"))
    evil = evil_twin(honest)
    honest.addprevious(evil)
    signature = _signature(honest)
    evil.insert(1, signature)
    etree.SubElement(signature, ds("Object")).append(honest)
    return response


@attack("wrapping: the signature covers another element with the same ID", Check.XML)
def _same_id(forge: Forge) -> Element:
    response = forge.signed_assertion()
    honest = child(response, saml("Assertion"))
    evil = evil_twin(honest)
    evil.set("ID", str(honest.get("ID")))
    honest.addprevious(evil)
    return response


@attack("wrapping: an evil assertion that refers to the response", Check.SIGNED)
def _foreign_reference(forge: Forge) -> Element:
    response = forge.signed_assertion()
    reference = next(response.iter(ds("Reference")))
    reference.set("URI", f"#{response.get('ID')}")
    return response


@attack("an evil assertion encrypted beside the honest one", Check.STRUCTURE)
def _encrypted_twin(forge: Forge) -> Element:
    response = forge.signed_assertion()
    honest = child(response, saml("Assertion"))
    honest.addnext(forge.encrypt(evil_twin(honest), certify(rsa_key(9))))
    return response


@attack("an unsigned assertion, encrypted", Check.SIGNED)
def _encrypted_unsigned(forge: Forge) -> Element:
    return forge.response(forge.encrypt(forge.assertion("boss@example.com"), certify(rsa_key(9))))


@attack("an encrypted assertion that holds another one", Check.DECRYPTION)
def _encrypted_nest(forge: Forge) -> Element:
    honest = forge.sign(forge.assertion())
    evil = evil_twin(honest)
    evil.append(honest)
    return forge.response(forge.encrypt(evil, certify(rsa_key(9))))


@attack("an assertion encrypted with the padding of PKCS#1 1.5", Check.DECRYPTION)
def _rsa15(forge: Forge) -> Element:
    return forge.response(forge.encrypt(forge.sign(forge.assertion()), certify(rsa_key(9)), rsa15=True))


@attack("an assertion encrypted for somebody else", Check.DECRYPTION)
def _wrong_recipient_key(forge: Forge) -> Element:
    return forge.response(forge.encrypt(forge.sign(forge.assertion()), certify(rsa_key(8))))


@attack("a ciphertext that was changed (CBC)", Check.DECRYPTION)
def _changed_ciphertext(forge: Forge) -> Element:
    encrypted = forge.encrypt(forge.sign(forge.assertion()), certify(rsa_key(9)), method=XENC + "aes256-cbc")
    value = encrypted.findall(f".//{{{XENC}}}CipherValue")[-1]
    content = bytearray(base64.b64decode(value.text or ""))
    content[5] ^= 0xFF
    value.text = base64.b64encode(bytes(content)).decode()
    return forge.response(encrypted)


# Changed, unsigned, twice signed.


@attack("a signed NameID that was changed", Check.SIGNATURE)
def _changed(forge: Forge) -> Element:
    response = forge.signed_assertion()
    child(response, f"{saml('Assertion')}/{saml('Subject')}/{saml('NameID')}").text = "boss@example.com"
    return response


@attack("an attribute added to a signed assertion", Check.SIGNATURE)
def _added_attribute(forge: Forge) -> Element:
    response = forge.signed_assertion()
    statement = etree.SubElement(child(response, saml("Assertion")), saml("AttributeStatement"))
    attribute = etree.SubElement(statement, saml("Attribute"), Name="role")
    etree.SubElement(attribute, saml("AttributeValue")).text = "owner"
    return response


simple("nothing signed", Check.SIGNED, lambda forge: forge.response(forge.assertion()))


@attack("an assertion signed twice", Check.STRUCTURE)
def _twice(forge: Forge) -> Element:
    response = forge.signed_assertion()
    signature = next(response.iter(ds("Signature")))
    signature.addnext(deepcopy(signature))
    return response


@attack("a signature removed from a response whose assertion is changed", Check.SIGNED)
def _stripped(forge: Forge) -> Element:
    response = forge.signed_response()
    response.remove(_signature(response))
    return response


@attack("a valid signature of the response, a broken one of the assertion", Check.SIGNATURE)
def _half_broken(forge: Forge) -> Element:
    assertion = forge.sign(forge.assertion(), key=rsa_key(5))
    return forge.sign(forge.response(assertion))


@attack("a signature whose value is empty", Check.SIGNATURE)
def _empty_value(forge: Forge) -> Element:
    response = forge.signed_assertion()
    next(response.iter(ds("SignatureValue"))).text = ""
    return response


@attack("two SignedInfo", Check.SIGNED)
def _two_signed_info(forge: Forge) -> Element:
    response = forge.signed_assertion()
    signed_info = next(response.iter(ds("SignedInfo")))
    signed_info.addprevious(deepcopy(signed_info))
    return response


@attack("two References", Check.SIGNED)
def _two_references(forge: Forge) -> Element:
    response = forge.signed_assertion()
    reference = next(response.iter(ds("Reference")))
    reference.addnext(deepcopy(reference))
    return response


@attack("a comment in the DigestValue", Check.XML)
def _digest_comment(forge: Forge) -> Element:
    response = forge.signed_assertion()
    next(response.iter(ds("DigestValue"))).append(etree.Comment("x"))
    return response


@attack("an element in the DigestValue", Check.SIGNED)
def _digest_element(forge: Forge) -> Element:
    response = forge.signed_assertion()
    etree.SubElement(next(response.iter(ds("DigestValue"))), ds("DigestValue")).text = "AAAA"
    return response


@attack("a reference to nothing", Check.SIGNED)
def _no_uri(forge: Forge) -> Element:
    response = forge.signed_assertion()
    del next(response.iter(ds("Reference"))).attrib["URI"]
    return response


@attack("a reference to the whole document", Check.SIGNED)
def _empty_uri(forge: Forge) -> Element:
    response = forge.signed_assertion()
    next(response.iter(ds("Reference"))).set("URI", "")
    return response


@attack("a reference by xpointer", Check.SIGNED)
def _xpointer(forge: Forge) -> Element:
    response = forge.signed_assertion()
    next(response.iter(ds("Reference"))).set("URI", "#xpointer(/)")
    return response


@attack("a reference to a file", Check.SIGNED)
def _file_reference(forge: Forge) -> Element:
    response = forge.signed_assertion()
    next(response.iter(ds("Reference"))).set("URI", "file:///etc/hostname")
    return response


# Algorithms, transforms, keys.


def _with_transform(forge: Forge, algorithm: str, body: str = "") -> Element:
    response = forge.signed_assertion()
    transforms = next(response.iter(ds("Transforms")))
    text = f'<ds:Transform xmlns:ds="{DSIG}" Algorithm="{algorithm}">{body}</ds:Transform>'
    transforms.append(etree.fromstring(text))
    return response


_XSLT = '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"/>'
simple(
    "an XSLT transform",
    Check.SIGNED,
    lambda forge: _with_transform(forge, "http://www.w3.org/TR/1999/REC-xslt-19991116", _XSLT),
)
simple(
    "an XPath transform",
    Check.SIGNED,
    lambda forge: _with_transform(
        forge, "http://www.w3.org/TR/1999/REC-xpath-19991116", f'<d:XPath xmlns:d="{DSIG}">false()</d:XPath>'
    ),
)
simple("a base 64 transform", Check.SIGNED, lambda forge: _with_transform(forge, DSIG + "base64"))
simple("exclusive c14n twice", Check.SIGNED, lambda forge: _with_transform(forge, EXCLUSIVE))


@attack("no enveloped-signature transform", Check.SIGNED)
def _no_enveloped(forge: Forge) -> Element:
    response = forge.signed_assertion()
    transforms = next(response.iter(ds("Transforms")))
    transforms.remove(next(t for t in transforms if t.get("Algorithm") == ENVELOPED))
    return response


def _signed_by(forge: Forge, **over: object) -> Element:
    return forge.response(forge.sign(forge.assertion(), **over))  # type: ignore[arg-type] # as the test says


simple("RSA with SHA-1", Check.ALGORITHMS, lambda forge: _signed_by(forge, method=SignatureMethod.RSA_SHA1))
simple("a digest by SHA-1", Check.ALGORITHMS, lambda forge: _signed_by(forge, digest=DigestAlgorithm.SHA1))
simple("RSA with SHA-224", Check.ALGORITHMS, lambda forge: _signed_by(forge, method=SignatureMethod.RSA_SHA224))
simple(
    "inclusive canonical form",
    Check.SIGNED,
    lambda forge: _signed_by(forge, canonical=CanonicalizationMethod.CANONICAL_XML_1_1),
)
simple(
    "a canonical form with comments",
    Check.SIGNED,
    lambda forge: _signed_by(forge, canonical=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS),
)


@attack("HMAC with the public key as its secret", Check.ALGORITHMS)
def _hmac(forge: Forge) -> Element:
    response = forge.signed_assertion()
    method = next(response.iter(ds("SignatureMethod")))
    method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    secret = forge.certificate.loaded.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = hmac.HMAC(secret, hashes.SHA256())
    mac.update(etree.tostring(next(response.iter(ds("SignedInfo"))), method="c14n", exclusive=True))
    next(response.iter(ds("SignatureValue"))).text = base64.b64encode(mac.finalize()).decode()
    return response


@attack("a digest of nothing, as a canonical form that fails would give", Check.SIGNATURE)
def _void_digest(forge: Forge) -> Element:
    response = forge.signed_assertion()
    empty = hashes.Hash(hashes.SHA256()).finalize()
    next(response.iter(ds("DigestValue"))).text = base64.b64encode(empty).decode()
    child(response, f"{saml('Assertion')}/{saml('Subject')}/{saml('NameID')}").text = "boss@example.com"
    return response


@attack("void canonical form: a relative namespace in the assertion", Check.XML)
def _void_canonical(forge: Forge) -> bytes:
    text = etree.tostring(forge.signed_assertion())
    return text.replace(b"<saml:Subject>", b'<saml:Subject xmlns:a="1">', 1)


@attack("void canonical form: a relative namespace in SignedInfo", Check.XML)
def _void_signed_info(forge: Forge) -> bytes:
    text = etree.tostring(forge.signed_assertion())
    return text.replace(b"<ds:SignedInfo>", b'<ds:SignedInfo xmlns:a="../x">', 1)


@attack("the prefix of SAML bound to another namespace", Check.STRUCTURE)
def _namespace_pollution(forge: Forge) -> bytes:
    text = etree.tostring(forge.signed_assertion())
    return text.replace(b"<saml:Subject>", b'<saml:Subject xmlns:saml="urn:evil">', 1)


@attack("an ID in a namespace of its own", Check.XML)
def _attribute_pollution(forge: Forge) -> bytes:
    response = forge.signed_assertion()
    identifier = child(response, saml("Assertion")).get("ID")
    return etree.tostring(response).replace(
        b"<saml:Subject>", f'<saml:Subject xmlns:e="urn:evil" e:ID="{identifier}">'.encode(), 1
    )


@attack("xml:id", Check.XML)
def _xml_id(forge: Forge) -> bytes:
    return etree.tostring(forge.signed_assertion()).replace(b"<saml:Subject>", b'<saml:Subject xml:id="_a">', 1)


simple(
    "a key that nobody knows, with its certificate in the message",
    Check.SIGNATURE,
    lambda f: Forge(key=rsa_key(6), entity_id=f.entity_id, provider=f.provider, now=f.now).signed_assertion(),
)


@attack("the certificate of another organization", Check.SIGNATURE)
def _other_organization(forge: Forge) -> Element:
    other = Forge(entity_id=forge.entity_id, key=rsa_key(7), provider=forge.provider, now=forge.now)
    return other.signed_response("boss@example.com")


# Text that two readers understand differently.


@attack("a comment inside the NameID", Check.XML)
def _comment(forge: Forge) -> bytes:
    text = etree.tostring(forge.signed_assertion("boss@example.com.evil.example"))
    return text.replace(b"boss@example.com.evil", b"boss@example.com<!-- -->.evil")


@attack("a processing instruction inside the NameID", Check.XML)
def _instruction(forge: Forge) -> bytes:
    text = etree.tostring(forge.signed_assertion("boss@example.com.evil.example"))
    return text.replace(b"boss@example.com.evil", b"boss@example.com<?x y?>.evil")


@attack("an element inside the NameID, signed", Check.NAME_ID)
def _mixed(forge: Forge) -> Element:
    assertion = forge.assertion("boss@example.com")
    etree.SubElement(child(assertion, f"{saml('Subject')}/{saml('NameID')}"), "b").tail = ".evil.example"
    return forge.response(forge.sign(assertion))


@attack("two NameIDs, signed", Check.NAME_ID)
def _two_names(forge: Forge) -> Element:
    assertion = forge.assertion()
    named = child(assertion, f"{saml('Subject')}/{saml('NameID')}")
    named.addnext(deepcopy(named))
    return forge.response(forge.sign(assertion))


# XML as a weapon.


def _with_prolog(prolog: bytes) -> Attack:
    return lambda forge: prolog + etree.tostring(forge.signed_assertion("&x;".replace("&x;", "ana")))


simple("XXE", Check.XML, _with_prolog(b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'))
simple("an external DTD", Check.XML, _with_prolog(b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">'))
simple("a parameter entity", Check.XML, _with_prolog(b'<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/">%x;]>'))


@attack("an entity bomb", Check.XML)
def _bomb(forge: Forge) -> bytes:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE r [<!ENTITY l0 "lol">{levels}]><r>&l11;</r>'.encode()


@attack("a document type in UTF-16", Check.XML)
def _utf16(forge: Forge) -> bytes:
    return '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r [<!ENTITY x "y">]><r>&x;</r>'.encode("utf-16")


@attack("a document type in UTF-7", Check.XML)
def _utf7(forge: Forge) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE r+AD4-<r/>'


simple("a message that is too long", Check.TRANSPORT, lambda forge: b"<r>" + b"x" * (1 << 20) + b"</r>")
simple("a message of a hundred thousand levels", Check.XML, lambda forge: b"<r>" * 80_000)
simple("a message of very many elements", Check.XML, lambda forge: b"<r>" + b"<r/>" * 60_000 + b"</r>")
simple(
    "a message of very many attributes",
    Check.XML,
    lambda forge: b"<r " + b" ".join(b'a%d=""' % n for n in range(25_000)) + b"/>",
)
simple(
    "a message of very many namespaces",
    Check.XML,
    lambda forge: b"<r " + b" ".join(b'xmlns:a%d="u:%d"' % (n, n) for n in range(9_000)) + b"/>",
)
simple("an empty message", Check.XML, lambda forge: b"")
simple("no XML at all", Check.XML, lambda forge: b"hello")

# Honest signatures under something that is meant for somebody else, or over.

simple("a wrong audience", Check.AUDIENCE, lambda f: f.signed_assertion(audience="https://other.example/saml/x"))
simple("a wrong recipient", Check.CONFIRMATION, lambda f: f.signed_assertion(recipient="https://other.example/acs"))
simple("no recipient", Check.CONFIRMATION, lambda f: f.signed_assertion(recipient=""))
simple(
    "a wrong issuer of the assertion",
    Check.ASSERTION_ISSUER,
    lambda f: f.signed_assertion(issuer="https://evil.example"),
)
simple(
    "a wrong issuer of the response",
    Check.ISSUER,
    lambda f: f.sign(f.response(f.assertion(), issuer="https://evil.example")),
)
simple(
    "a wrong destination",
    Check.DESTINATION,
    lambda f: f.sign(f.response(f.assertion(), destination="https://other.example/acs")),
)
simple("an answer to another browser's request", Check.REQUEST, lambda f: f.signed_assertion(answers="_other"))
simple("an answer to no request", Check.REQUEST, lambda f: f.signed_assertion(answers=None))
simple(
    "a response and an assertion that answer different requests",
    Check.REQUEST,
    lambda f: f.sign(f.response(f.assertion(), answers="_other")),
)
simple("an expired assertion", Check.CONDITIONS, lambda f: f.signed_assertion(ends=timedelta(minutes=-2)))
simple("an assertion of the future", Check.CONDITIONS, lambda f: f.signed_assertion(begins=timedelta(minutes=2)))
simple("an expired confirmation", Check.CONFIRMATION, lambda f: f.signed_assertion(confirmed_for=timedelta(minutes=-2)))
simple("a session that is over", Check.AUTHENTICATION, lambda f: f.signed_assertion(session=timedelta(seconds=-1)))
simple(
    "a refusal of the identity provider",
    Check.STATUS,
    lambda f: f.response(status="urn:oasis:names:tc:SAML:2.0:status:Responder"),
)
simple("an assertion on its own", Check.MESSAGE, lambda f: f.sign(f.assertion()))


def _without(forge: Forge, path: str) -> Element:
    assertion = forge.assertion()
    lost = child(assertion, path)
    parent = lost.getparent()
    assert parent is not None
    parent.remove(lost)
    return forge.response(forge.sign(assertion))


simple("no audience", Check.AUDIENCE, lambda f: _without(f, f"{saml('Conditions')}/{saml('AudienceRestriction')}"))
simple("no conditions", Check.CONDITIONS, lambda f: _without(f, saml("Conditions")))
simple("no confirmation", Check.CONFIRMATION, lambda f: _without(f, f"{saml('Subject')}/{saml('SubjectConfirmation')}"))
simple("no sign-in told of", Check.AUTHENTICATION, lambda f: _without(f, saml("AuthnStatement")))


@attack("a holder-of-key confirmation only", Check.CONFIRMATION)
def _holder_of_key(forge: Forge) -> Element:
    assertion = forge.assertion()
    confirmation = child(assertion, f"{saml('Subject')}/{saml('SubjectConfirmation')}")
    confirmation.set("Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")
    return forge.response(forge.sign(assertion))


@attack("an unknown condition", Check.CONDITIONS)
def _unknown_condition(forge: Forge) -> Element:
    assertion = forge.assertion()
    etree.SubElement(child(assertion, saml("Conditions")), saml("Condition"))
    return forge.response(forge.sign(assertion))


@attack("an expired certificate", Check.CERTIFICATE)
def _expired_certificate(forge: Forge) -> Element:
    forge.certificate = certify(forge.key, begins=forge.now - timedelta(days=9), ends=forge.now - timedelta(seconds=1))  # type: ignore[arg-type]
    return forge.signed_assertion()


@attack("a certificate of the future", Check.CERTIFICATE)
def _future_certificate(forge: Forge) -> Element:
    forge.certificate = certify(forge.key, begins=forge.now + timedelta(days=1), ends=forge.now + timedelta(days=9))  # type: ignore[arg-type]
    return forge.signed_assertion()
