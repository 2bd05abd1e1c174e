"""What the identity provider refuses to read, and what it publishes."""

from __future__ import annotations

import base64
import zlib
from datetime import timedelta
from urllib.parse import quote

import msgspec
import pytest
from lxml import etree

from entrasim.refusals import BadMessage, InvalidAttribute, NotConnected, UnknownName, WrongState
from entrasim.saml_idp import names
from entrasim.saml_idp.configuration import forget_application, load_saml_application, save_application
from entrasim.saml_idp.messages import Received, is_about_logout, read_logout_request, read_sign_in_request
from entrasim.saml_idp.metadata import describe_provider, read_application
from entrasim.saml_idp.mistakes import NONE
from entrasim.saml_idp.provider import plan_mistake, planned_mistake, take_mistake
from entrasim.saml_idp.signing_keys import activate_key, add_key, list_keys, make_key, remove_key
from entrasim.saml_idp.xml import LONGEST
from tests.entrasim.saml.conftest import SP, Stage

REQUEST = (
    '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{id}" Version="2.0"'
    ' IssueInstant="2026-11-23T08:00:00Z"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'
    f"{SP}/metadata</saml:Issuer>{{more}}</samlp:AuthnRequest>"
)


def _posted(text: str | bytes) -> Received:
    raw = text.encode() if isinstance(text, str) else text
    return Received.of_fields({"SAMLRequest": base64.b64encode(raw).decode()})


def _redirected(text: bytes) -> Received:
    deflater = zlib.compressobj(wbits=-15)
    packed = deflater.compress(text) + deflater.flush()
    return Received.of_query(f"SAMLRequest={quote(base64.b64encode(packed))}")


def test_a_request_comes_by_form_or_by_redirect(stage: Stage) -> None:
    text = REQUEST.format(id="_a1", more="")
    for received in (_posted(text), _redirected(text.encode())):
        request = read_sign_in_request(received, stage.provider.application)
        assert (request.id, request.acs_url) == ("_a1", f"{SP}/acs")
        assert not is_about_logout(received)


@pytest.mark.parametrize(
    "text",
    [
        REQUEST.format(id="1a", more=""),
        REQUEST.format(id="_a", more="").replace('Version="2.0"', 'Version="1.1"'),
        REQUEST.format(id="_a", more='<saml:Subject xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>'),
        REQUEST.format(id="_a", more="").replace("AuthnRequest", "ArtifactResolve"),
        '<!DOCTYPE a [<!ENTITY e "x">]>' + REQUEST.format(id="_a", more=""),
        "not xml",
        "",
        "<a>" * 100_000,
    ],
)
def test_a_request_that_is_none_is_refused(stage: Stage, text: str) -> None:
    received = _posted(text) if text else Received("SAMLRequest", "")
    with pytest.raises(BadMessage):
        read_sign_in_request(received, stage.provider.application)


def test_a_message_that_grows_when_it_is_unpacked_is_refused(stage: Stage) -> None:
    bomb = _redirected(b" " * (LONGEST * 20))
    assert len(bomb.text) < LONGEST
    with pytest.raises(BadMessage, match="longer"):
        read_sign_in_request(bomb, stage.provider.application)


@pytest.mark.parametrize(
    "query",
    ["", "RelayState=x", "SAMLRequest=%%%", "SAMLRequest=a&SAMLResponse=b", f"SAMLRequest=a&RelayState={'x' * 3000}"],
)
def test_a_query_without_exactly_one_message_is_refused(stage: Stage, query: str) -> None:
    with pytest.raises(BadMessage):
        read_sign_in_request(Received.of_query(query), stage.provider.application)


def test_a_logout_request_needs_a_name(stage: Stage) -> None:
    text = REQUEST.format(id="_a", more="").replace("AuthnRequest", "LogoutRequest")
    assert is_about_logout(_posted(text))
    with pytest.raises(BadMessage, match="NameID"):
        read_logout_request(_posted(text), stage.provider.application)


def test_the_metadata_lists_every_published_certificate_the_active_one_first(stage: Stage) -> None:
    state, provider = stage.company.state, stage.provider
    second = add_key(state, make_key("second", now=stage.company.now))
    activate_key(state, second.id)
    root = etree.fromstring(describe_provider(provider.addresses, list_keys(state)))
    found = ["".join(node.text.split()) for node in root.iter(f"{{{names.DSIG}}}X509Certificate")]
    kept = ["".join(key.certificate.splitlines()[1:-1]) for key in list_keys(state)]
    assert found == kept
    assert list_keys(state)[0].id == "second"
    assert root.get("entityID") == provider.addresses.issuer


def test_the_certificate_that_signs_cannot_be_removed_and_unknown_ones_neither(stage: Stage) -> None:
    key = stage.provider.key
    with pytest.raises(WrongState):
        remove_key(stage.company.state, key.id)
    for verb in (remove_key, activate_key):
        with pytest.raises(UnknownName):
            verb(stage.company.state, "nobody")


def test_a_certificate_can_be_made_that_has_ended(stage: Stage) -> None:
    key = make_key("old", now=stage.company.now, lifetime=timedelta(days=-3))
    assert key.expires < stage.company.now
    assert key.parsed.not_valid_before_utc < key.expires


def test_the_application_is_known_by_its_metadata_and_other_settings_stay(stage: Stage) -> None:
    stage.change(name_source="mail", signing="both")
    known = load_saml_application(stage.company.state)
    assert (known.entity_id, known.acs_urls, known.logout_url) == (f"{SP}/metadata", (f"{SP}/acs",), f"{SP}/slo")
    text = (
        f'<md:EntityDescriptor xmlns:md="{names.METADATA}" entityID="https://new.example">'
        f'<md:SPSSODescriptor protocolSupportEnumeration="{names.SAMLP}"><md:AssertionConsumerService index="0"'
        f' Binding="{names.POST}" Location="https://new.example/acs"/></md:SPSSODescriptor></md:EntityDescriptor>'
    )
    learnt = read_application(text.encode(), known=known)
    assert (learnt.entity_id, learnt.name_source, learnt.signing) == ("https://new.example", "mail", "both")
    assert learnt.logout_url is None


@pytest.mark.parametrize("text", ["<a/>", f'<md:EntityDescriptor xmlns:md="{names.METADATA}" entityID="x"/>'])
def test_metadata_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        read_application(text.encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"acs_urls": ()},
        {"acs_urls": ("javascript:alert(1)",)},
        {"logout_url": "ftp://x.example"},
        {"name_source": "shoeSize"},
        {"name_format": "x509"},
        {"signing": "nothing"},
        {"encryption": "aes256-gcm", "encryption_certificate": None},
        {"encryption_certificate": "no certificate"},
        {"demands_signed_requests": True, "request_certificates": ()},
        {"relay_state": "x" * 81},
        {"entity_id": ""},
    ],
)
def test_settings_that_could_not_work_are_refused(stage: Stage, changes: dict[str, object]) -> None:
    application = msgspec.structs.replace(load_saml_application(stage.company.state), **changes)
    with pytest.raises(InvalidAttribute):
        save_application(stage.company.state, application)


def test_without_settings_there_is_no_sign_in(stage: Stage) -> None:
    forget_application(stage.company.state)
    with pytest.raises(NotConnected, match="saml connect"):
        load_saml_application(stage.company.state)


def test_a_planned_mistake_is_made_once_or_until_it_is_ended(stage: Stage) -> None:
    state = stage.company.state
    plan_mistake(state, "expired", always=False)
    assert [take_mistake(state).name, take_mistake(state).name] == ["expired", "none"]
    plan_mistake(state, "sha1", always=True)
    assert [take_mistake(state).name, take_mistake(state).name] == ["sha1", "sha1"]
    plan_mistake(state, "none", always=True)
    assert planned_mistake(state) == (NONE, False)
    with pytest.raises(UnknownName):
        plan_mistake(state, "nonsense", always=False)
