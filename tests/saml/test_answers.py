"""Honest answers are read: signed here or there, encrypted or not, by any of several certificates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from signxml.algorithms import DigestAlgorithm, SignatureMethod

from doorlist.saml.certificates import Certificate
from doorlist.saml.checks import Check, Checklist, Rejected
from doorlist.saml.incoming import Accepted, read_response
from doorlist.saml.names import CLAIM_OBJECT_ID, XENC, XENC11
from tests.saml.forge import NOW, REQUEST, Element, Forge, certify, field_of, rsa_key

OURS = rsa_key(9)


def read(forge: Forge, message: Element | bytes, **over: Any) -> Accepted:
    return read_response(field_of(message), forge.expectation(**over), [OURS], Checklist(), now=NOW)


@pytest.fixture
def forge() -> Forge:
    return Forge()


@pytest.mark.parametrize("kind", ["assertion", "response", "both"])
def test_the_assertion_is_read_whatever_part_is_signed(kind: str, forge: Forge) -> None:
    claims = {CLAIM_OBJECT_ID: ["a-77"], "groups": ["one", "two"]}
    assertion = forge.assertion(attributes=claims, session=timedelta(hours=2))
    if kind != "response":
        assertion = forge.sign(assertion)
    response = forge.response(assertion)
    accepted = read(forge, response if kind == "assertion" else forge.sign(response))
    assert accepted.name_id.value == "ana@example.com"
    assert accepted.attributes == {CLAIM_OBJECT_ID: ("a-77",), "groups": ("one", "two")}
    assert accepted.in_response_to == REQUEST
    assert accepted.session_until == NOW + timedelta(hours=2)
    assert accepted.session_index == "_s1"
    assert accepted.replay_until == NOW + timedelta(minutes=65, seconds=90)


@pytest.mark.parametrize(
    "method", [XENC11 + "aes256-gcm", XENC11 + "aes128-gcm", XENC + "aes256-cbc", XENC + "aes128-cbc"]
)
@pytest.mark.parametrize("outside", [False, True])
def test_an_encrypted_assertion_is_read(method: str, outside: bool, forge: Forge) -> None:
    ours = certify(OURS)
    inner = forge.assertion() if outside else forge.sign(forge.assertion())
    response = forge.response(forge.encrypt(inner, ours, method=method))
    message = forge.sign(response) if outside else response
    assert read(forge, message, encrypted=True).name_id.value == "ana@example.com"


def test_the_checks_are_listed_in_their_order(forge: Forge) -> None:
    checks = Checklist()
    read_response(field_of(forge.signed_assertion()), forge.expectation(), [], checks, now=NOW)
    assert [step.check for step in checks.steps] == [
        Check.TRANSPORT,
        Check.XML,
        Check.MESSAGE,
        Check.DESTINATION,
        Check.STATUS,
        Check.ISSUER,
        Check.STRUCTURE,
        Check.DECRYPTION,
        Check.SIGNED,
        Check.ALGORITHMS,
        Check.SIGNATURE,
        Check.CERTIFICATE,
        Check.ASSERTION_ISSUER,
        Check.CONDITIONS,
        Check.AUDIENCE,
        Check.CONFIRMATION,
        Check.REQUEST,
        Check.NAME_ID,
        Check.AUTHENTICATION,
    ]
    assert all(step.passed for step in checks.steps)


def test_any_of_several_certificates_may_have_signed(forge: Forge) -> None:
    old, new = certify(rsa_key(1)), certify(rsa_key(2))
    identity = _pinning(forge, old, new)
    for number in (1, 2):
        message = forge.response(forge.sign(forge.assertion(), key=rsa_key(number)))
        assert read(forge, message, identity=identity).name_id.value == "ana@example.com"


@pytest.mark.parametrize(
    "method", [SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512, SignatureMethod.SHA256_RSA_MGF1]
)
def test_stronger_signatures_are_accepted(method: SignatureMethod, forge: Forge) -> None:
    message = forge.response(forge.sign(forge.assertion(), method=method, digest=DigestAlgorithm.SHA512))
    assert read(forge, message).name_id.value == "ana@example.com"


def test_elliptic_signatures_are_accepted() -> None:
    forge = Forge(key=ec.generate_private_key(ec.SECP256R1()))
    assert read(forge, forge.signed_response()).name_id.value == "ana@example.com"


def test_an_answer_to_no_request_is_read_where_it_is_allowed(forge: Forge) -> None:
    message = forge.response(forge.sign(forge.assertion(answers=None)), answers=None)
    assert read(forge, message, unsolicited=True).in_response_to is None
    with pytest.raises(Rejected) as refused:
        read(forge, message)
    assert refused.value.check is Check.REQUEST


def test_clocks_may_differ_by_the_skew_and_no_more(forge: Forge) -> None:
    late = forge.signed_assertion(ends=timedelta(seconds=-89), confirmed_for=timedelta(seconds=-89))
    assert read(forge, late).name_id.value == "ana@example.com"
    early = forge.signed_assertion(begins=timedelta(seconds=90))
    assert read(forge, early).name_id.value == "ana@example.com"


def _pinning(forge: Forge, *certificates: Certificate) -> Any:
    from dataclasses import replace

    return replace(forge.identity, certificates=certificates)
