"""A service provider that nobody here wrote signs people in by the stand-in, and refuses what is wrong."""

from __future__ import annotations

import pytest
from onelogin.saml2.xmlparser import DTDForbidden

from entrasim.people import delete_person, find_person, set_enabled
from entrasim.refusals import BadSignature, SignInRefused, UnknownApplication
from entrasim.saml_idp import names
from entrasim.saml_idp.messages import Received, read_sign_in_request
from entrasim.saml_idp.mistakes import MISTAKES, NONE
from entrasim.saml_idp.provider import respond
from entrasim.saml_idp.signing_keys import activate_key, add_key, list_keys, make_key, remove_key
from entrasim.scope import assign_group
from entrasim.security_groups import find_group
from tests.entrasim.saml.conftest import SP, Stage, sp_key, xml_of


def test_a_person_signs_in_with_name_and_claims(stage: Stage) -> None:
    ana = find_person(stage.company.state, "ana")
    auth = stage.accept(stage.answer())
    assert (auth.get_errors(), auth.is_authenticated()) == ([], True)
    assert auth.get_nameid() == "ana@contoso.example"
    assert auth.get_nameid_format() == names.NAME_FORMATS["emailAddress"]
    claims = auth.get_attributes()
    assert claims[names.CLAIM_OBJECT] == [ana.id]
    assert claims[names.CLAIM_NAME] == ["ana@contoso.example"]
    assert claims[names.CLAIM_MAIL] == ["ana@mail.example"]
    assert (claims[names.CLAIM_GIVEN_NAME], claims[names.CLAIM_SURNAME]) == (["Ana"], ["Ruiz"])
    assert claims[names.CLAIM_TENANT] == [stage.provider.addresses.tenant]
    assert auth.get_session_index()


def test_the_relay_state_comes_back(stage: Stage) -> None:
    assert stage.answer().fields["RelayState"] == "/welcome"


@pytest.mark.parametrize("signing", ["assertion", "response", "both"])
@pytest.mark.parametrize("encryption", ["none", "aes256-gcm", "aes256-cbc"])
def test_every_way_to_sign_and_encrypt_is_understood(stage: Stage, signing: str, encryption: str) -> None:
    stage.change(signing=signing, encryption=encryption)
    delivery = stage.answer()
    wanted = {"wantAssertionsSigned": signing != "response", "wantMessagesSigned": signing != "assertion"}
    auth = stage.accept(delivery, wantAssertionsEncrypted=encryption != "none", **wanted)
    assert (auth.get_last_error_reason(), auth.get_nameid()) == (None, "ana@contoso.example")
    assert (b"ana@contoso.example" in xml_of(delivery)) == (encryption == "none")


def test_a_sign_in_that_begins_here_carries_no_request_and_the_configured_relay_state(stage: Stage) -> None:
    stage.change(relay_state="/home")
    delivery = respond(stage.provider, stage.sign_in(), request=None)
    assert delivery.fields["RelayState"] == "/home"
    assert b"InResponseTo" not in xml_of(delivery)
    assert stage.accept(delivery).get_nameid() == "ana@contoso.example"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name_source": "mail"}, "ana@mail.example"),
        ({"name_source": "employeeId", "name_format": "unspecified"}, "77"),
        ({"name_source": "mailNickname"}, "ana"),
    ],
)
def test_the_source_of_the_name_is_a_setting(stage: Stage, changes: dict[str, str], expected: str) -> None:
    stage.change(**changes)
    assert stage.accept(stage.answer()).get_nameid() == expected


def test_a_persistent_name_stays_and_is_another_for_another_application(stage: Stage) -> None:
    stage.change(name_format="persistent")
    first, second = (stage.accept(stage.answer()).get_nameid() for _ in range(2))
    assert first == second != "ana@contoso.example"
    stage.change(entity_id="https://other.example")
    delivery = respond(stage.provider, stage.sign_in(), request=None)
    assert first.encode() not in xml_of(delivery)


def test_a_transient_name_is_another_each_time(stage: Stage) -> None:
    stage.change(name_format="transient")
    assert stage.accept(stage.answer()).get_nameid() != stage.accept(stage.answer()).get_nameid()


@pytest.mark.parametrize(("claim", "expected"), [("none", 0), ("assigned", 1), ("all", 2)])
def test_the_groups_claim_has_the_groups_that_the_settings_say(stage: Stage, claim: str, expected: int) -> None:
    design = stage.company.group("Design", "ana")
    stage.company.group("Sales", "ana")
    assign_group(stage.company.state, find_group(stage.company.state, "Design").key)
    stage.change(group_claim=claim)
    sent = stage.accept(stage.answer()).get_attributes().get(names.CLAIM_GROUPS, [])
    assert len(sent) == expected
    assert claim == "none" or design.id in sent


def test_above_150_groups_a_link_takes_the_place_of_the_claim(stage: Stage) -> None:
    for number in range(151):
        stage.company.group(f"G{number}", "ana")
    stage.change(group_claim="all")
    sent = stage.accept(stage.answer()).get_attributes()
    assert names.CLAIM_GROUPS not in sent
    assert len(sent[names.CLAIM_GROUPS_LINK]) == 1


# Whatever the service provider leaves to its owner to check: replays, names it does not know, who is disabled.
_NOT_FOR_THE_SERVICE_PROVIDER = {"none", "replay", "unknown-person", "ignore-state"}
# Known limits of this service provider, not of the response: each was looked at.
_TOLERATED_THERE = {"no-in-response-to", "comment-in-name", "no-audience"}


@pytest.mark.parametrize("name", sorted(set(MISTAKES) - _NOT_FOR_THE_SERVICE_PROVIDER - _TOLERATED_THERE))
def test_a_mistake_is_refused_by_the_service_provider(stage: Stage, name: str) -> None:
    delivery = stage.answer(mistake=name)
    if name == "doctype":
        with pytest.raises(DTDForbidden):
            stage.accept(delivery)
        return
    auth = stage.accept(delivery)
    assert auth.get_errors(), name
    assert not auth.is_authenticated()


def test_a_comment_in_the_name_is_signed_and_stays_in_the_message(stage: Stage) -> None:
    text = xml_of(stage.answer(mistake="comment-in-name"))
    assert b"ana@contoso.example<!---->.forged.example" in text
    assert stage.accept(stage.answer()).get_nameid() == "ana@contoso.example"


def test_a_response_for_nobody_in_particular_has_no_audience(stage: Stage) -> None:
    assert b"Audience" not in xml_of(stage.answer(mistake="no-audience"))


def test_a_replay_is_the_last_response_byte_for_byte(stage: Stage) -> None:
    first = stage.answer()
    assert stage.answer(mistake="replay") == first


def test_a_response_that_names_no_request_looks_as_if_nobody_had_asked(stage: Stage) -> None:
    assert b"InResponseTo" not in xml_of(stage.answer(mistake="no-in-response-to"))


@pytest.mark.parametrize("change", [lambda state, now: set_enabled(state, "ana", enabled=False),
                                    lambda state, now: delete_person(state, "ana", now=now)])  # fmt: skip
def test_somebody_disabled_or_deleted_is_signed_in_by_mistake_only(stage: Stage, change: object) -> None:
    sign_in = stage.sign_in()
    assert callable(change)
    change(stage.company.state, stage.company.now)
    with pytest.raises(SignInRefused, match="disabled or deleted"):
        respond(stage.provider, sign_in, request=None)
    wrong = respond(stage.provider, sign_in, request=None, mistake=MISTAKES["ignore-state"])
    assert stage.accept(wrong).get_nameid() == "ana@contoso.example"


def test_somebody_who_is_not_assigned_is_refused_unless_assignment_is_not_required(stage: Stage) -> None:
    with pytest.raises(SignInRefused, match="not assigned"):
        stage.answer("bob")
    stage.change(assignment_required=False)
    assert stage.accept(stage.answer("bob")).get_nameid() == "bob@contoso.example"


def test_certificates_roll_over_without_a_gap(stage: Stage) -> None:
    state, now = stage.company.state, stage.company.now
    before = stage.settings()
    (old,) = list_keys(state)
    new = add_key(state, make_key("second", now=now))
    assert new.state == "inactive"
    assert stage.accept(stage.answer()).is_authenticated()
    activate_key(state, new.id)
    assert [key.state for key in list_keys(state)] == ["active", "retired"]
    auth = stage.accept(stage.answer())
    assert (auth.get_errors(), auth.is_authenticated()) == ([], True)
    assert stage.settings()["idp"] != before["idp"]
    remove_key(state, old.id)
    assert stage.accept(stage.answer()).is_authenticated()


def test_signed_requests_are_verified_when_they_are_demanded(stage: Stage) -> None:
    stage.change(demands_signed_requests=True)
    assert stage.accept(stage.answer(url=stage.asked(authnRequestsSigned=True))).is_authenticated()
    unsigned = stage.asked()
    with pytest.raises(BadSignature):
        stage.answer(url=unsigned)
    changed = stage.asked(authnRequestsSigned=True).replace("RelayState=%2Fwelcome", "RelayState=%2Felsewhere")
    assert "elsewhere" in changed
    with pytest.raises(BadSignature):
        stage.answer(url=changed)


def test_a_request_signed_by_somebody_else_is_refused(stage: Stage) -> None:
    stage.change(demands_signed_requests=True, request_certificates=(make_key("x", now=stage.company.now).certificate,))
    assert sp_key().certificate not in stage.provider.application.request_certificates
    with pytest.raises(BadSignature):
        stage.answer(url=stage.asked(authnRequestsSigned=True))


def test_an_unknown_application_or_reply_url_is_refused(stage: Stage) -> None:
    url = stage.asked()
    stage.change(acs_urls=(f"{SP}/elsewhere",))
    with pytest.raises(UnknownApplication, match="reply URL"):
        stage.answer(url=url)
    stage.change(entity_id="https://somebody.example")
    with pytest.raises(UnknownApplication, match="identifier"):
        stage.answer(url=url)


def test_force_and_passive_are_read_from_the_request(stage: Stage) -> None:
    auth = stage.auth()
    for forced, passive in ((True, False), (False, True)):
        url = auth.login(force_authn=forced, is_passive=passive)
        request = read_sign_in_request(Received.of_query(url), stage.provider.application)
        assert (request.force, request.passive) == (forced, passive)


def test_no_mistake_has_nothing_wrong_and_every_other_has_a_summary(stage: Stage) -> None:
    assert MISTAKES["none"] is NONE
    assert len({mistake.summary for mistake in MISTAKES.values()}) == len(MISTAKES) >= 20
