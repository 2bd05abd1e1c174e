"""The identity provider at work: responses for people who may sign in, messages that sign them out.

`Provider` carries what every message needs. Each verb answers with a `Delivery`: where the browser goes next, and
with what.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from entrasim.entries import Person
from entrasim.people import get_person
from entrasim.refusals import SignInRefused, WrongState
from entrasim.saml_idp import names
from entrasim.saml_idp.claims import attributes_of, name_of
from entrasim.saml_idp.configuration import (
    ENCRYPTIONS,
    Addresses,
    SamlApplication,
    load_saml_application,
    pairwise_secret,
    tenant_id,
)
from entrasim.saml_idp.drafts import (
    BEFORE,
    CONFIRMED,
    VALID,
    Draft,
    build_assertion,
    build_refusal,
    build_response,
)
from entrasim.saml_idp.encryption import encrypt_assertion
from entrasim.saml_idp.messages import LogoutMessage, SignInRequest
from entrasim.saml_idp.mistakes import NONE, Mistake, mistake_called
from entrasim.saml_idp.sign_ins import Given, SignIn, keep_assertion
from entrasim.saml_idp.signatures import sign, sign_query, unsigned_query
from entrasim.saml_idp.signing_keys import SigningKey, active_key, add_key, make_key
from entrasim.saml_idp.xml import Element, below, element, instant, serialize
from entrasim.scope import PERSON_ASSIGNED
from entrasim.statefile import StateFile

_MISTAKE = "saml.mistake"
_LAST = "saml.last_delivery"


class Delivery(msgspec.Struct, frozen=True):
    """What the browser is told to do: POST the fields to the URL, or (no fields) go to the URL."""

    url: str
    fields: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Provider:
    """The identity provider for one request: its state, addresses, settings, key and the time."""

    state: StateFile
    addresses: Addresses
    application: SamlApplication
    key: SigningKey
    now: datetime
    mint: Callable[[], str]

    def new_id(self) -> str:
        """Return an xs:ID, which must not begin with a digit."""
        return f"_{self.mint()}"


def open_provider(state: StateFile, base: str, *, now: datetime, mint: Callable[[], str]) -> Provider:
    """Return the provider at an address. Raises `NotConnected` before single sign-on is set up."""
    application = load_saml_application(state)
    addresses = Addresses(base, tenant_id(state, new_id=mint()))
    return Provider(state, addresses, application, ensure_key(state, now=now, mint=mint), now, mint)


def ensure_key(state: StateFile, *, now: datetime, mint: Callable[[], str]) -> SigningKey:
    """Return the key that signs; the first one is made when it is asked for."""
    return active_key(state) or add_key(state, make_key(mint(), now=now))


def plan_mistake(state: StateFile, name: str, *, always: bool) -> None:
    """Have the next sign-in, or every one from now on, make a mistake; `none` ends that. Raises `UnknownName`."""
    mistake = mistake_called(name)
    planned = None if mistake is NONE else f"{'always' if always else 'once'} {name}"
    state.set_setting(_MISTAKE, planned)


def planned_mistake(state: StateFile) -> tuple[Mistake, bool]:
    """Return the mistake that the next sign-in makes, and whether all later ones make it too."""
    often, _, name = (state.setting(_MISTAKE) or "once none").partition(" ")
    return mistake_called(name), often == "always"


def take_mistake(state: StateFile) -> Mistake:
    """Return the mistake to make now; one that was planned for one sign-in is used up."""
    mistake, always = planned_mistake(state)
    if not always:
        state.set_setting(_MISTAKE, None)
    return mistake


def may_sign_in(provider: Provider, person: Person) -> None:
    """Refuse people who are disabled, deleted or not assigned. Raises `SignInRefused`."""
    fresh = get_person(provider.state, person.key)
    if fresh is None or not fresh.active:
        raise SignInRefused(f"The account of {person.name} is disabled or deleted.")
    query = f"select 1 from people p where p.key = ? and {PERSON_ASSIGNED}"  # noqa: S608 - constants only
    if provider.application.assignment_required and provider.state.find(query, (person.key,)) is None:
        raise SignInRefused(f"{person.name} is not assigned to the application; assign them or a group of theirs.")


def respond(provider: Provider, sign_in: SignIn, *, request: SignInRequest | None, mistake: Mistake = NONE) -> Delivery:
    """Return the response for a signed-in person; without request it is one that nobody asked for.

    Raises `SignInRefused`, and `WrongState` for a replay before anything was sent.
    """
    if mistake.replays:
        return _replayed(provider.state)
    if not mistake.ignores_state:
        may_sign_in(provider, sign_in.person)
    asked = request.name_format if request else None
    if asked is not None and asked not in names.NAME_FORMATS.values():
        return refuse(provider, request, codes=(names.REQUESTER, names.INVALID_NAME_ID_POLICY),
                      message="The format of the name that the request asks for is not supported.")  # fmt: skip
    draft = mistake.draft(_drafted(provider, sign_in, request=request))
    text = mistake.spelled(serialize(_written(provider, draft, mistake=mistake)))
    keep_assertion(provider.state, sign_in, assertion_id=draft.assertion_id, name=draft.name, now=provider.now)
    delivery = _posted(_reply_url(provider, request), text, relay_state=_relay_state(provider, request))
    provider.state.set_setting(_LAST, msgspec.json.encode(delivery).decode())
    return delivery


def refuse(provider: Provider, request: SignInRequest | None, *, codes: tuple[str, str], message: str) -> Delivery:
    """Return a response that tells the application why nobody is signed in."""
    root = build_refusal(
        provider.new_id(),
        provider.addresses.issuer,
        issued=provider.now,
        destination=_reply_url(provider, request),
        in_response_to=request.id if request else None,
        codes=codes,
        message=message,
    )
    return _posted(_reply_url(provider, request), serialize(sign(root, provider.key)),
                   relay_state=_relay_state(provider, request))  # fmt: skip


def ask_to_log_out(provider: Provider, given: Given, *, request_id: str) -> Delivery:
    """Return the redirect that has the application end its session. Raises `WrongState` where it has no logout URL."""
    root = _logout_message(provider, "LogoutRequest", message_id=request_id)
    below(root, names.SAML, "NameID", given.name.text, Format=given.name.format)
    below(root, names.SAMLP, "SessionIndex", given.id)
    return _redirected(provider, "SAMLRequest", root, relay_state=None)


def confirm_logout(provider: Provider, request: LogoutMessage) -> Delivery:
    """Return the redirect that tells the application that its request to sign out was carried out."""
    root = _logout_message(provider, "LogoutResponse", message_id=provider.new_id())
    root.set("InResponseTo", request.id)
    below(below(root, names.SAMLP, "Status"), names.SAMLP, "StatusCode", Value=names.SUCCESS)
    return _redirected(provider, "SAMLResponse", root, relay_state=request.relay_state)


def _drafted(provider: Provider, sign_in: SignIn, *, request: SignInRequest | None) -> Draft:
    now, application = provider.now, provider.application
    secret = pairwise_secret(provider.state, new=provider.mint())
    asked = request.name_format if request else None
    return Draft(
        response_id=provider.new_id(),
        assertion_id=provider.new_id(),
        issued=now,
        authenticated=datetime.fromisoformat(sign_in.began),
        issuer=provider.addresses.issuer,
        destination=_reply_url(provider, request),
        recipient=_reply_url(provider, request),
        audience=application.entity_id,
        in_response_to=request.id if request else None,
        not_before=now - BEFORE,
        not_on_or_after=now + VALID,
        confirmed_until=now + CONFIRMED,
        name=name_of(
            sign_in.person,
            application,
            asked=None if asked == names.NAME_FORMATS["unspecified"] else asked,
            secret=secret,
            one_time=provider.new_id(),
        ),
        attributes=attributes_of(provider.state, sign_in.person, application, addresses=provider.addresses),
    )


def _written(provider: Provider, draft: Draft, *, mistake: Mistake) -> Element:
    """Build, sign and encrypt as the settings say, apart from the mistake."""
    application = provider.application
    key = make_key("other", now=provider.now) if mistake.signing == "other-key" else provider.key
    signs, sha1 = mistake.signing != "none", mistake.signing == "sha1"
    content = build_assertion(draft)
    mistake.assertion(content)
    if signs and application.signing in ("assertion", "both"):
        content = sign(content, key, sha1=sha1)
    algorithm = ENCRYPTIONS[application.encryption]
    if algorithm is not None and mistake.encrypts:
        content = encrypt_assertion(content, application.encryption_certificate or "", algorithm=algorithm)
    response = build_response(draft, content)
    if signs and application.signing in ("response", "both"):
        response = sign(response, key, sha1=sha1)
    mistake.response(response)
    return response


def _posted(url: str, text: bytes, *, relay_state: str | None) -> Delivery:
    fields = {"SAMLResponse": base64.b64encode(text).decode()}
    return Delivery(url, fields if relay_state is None else {**fields, "RelayState": relay_state})


def _redirected(provider: Provider, kind: str, root: Element, *, relay_state: str | None) -> Delivery:
    url = provider.application.logout_url
    if url is None:
        raise WrongState("The application has no logout URL.")
    root.set("Destination", url)
    deflater = zlib.compressobj(wbits=-15)
    text = base64.b64encode(deflater.compress(serialize(root)) + deflater.flush()).decode()
    query = [(kind, text)] + ([("RelayState", relay_state)] if relay_state is not None else [])
    mistake, _ = planned_mistake(provider.state)
    spelled = unsigned_query(query) if mistake.signing == "none" else sign_query(query, provider.key)
    return Delivery(f"{url}{'&' if '?' in url else '?'}{spelled}")


def _logout_message(provider: Provider, tag: str, *, message_id: str) -> Element:
    root = element(names.SAMLP, tag, ID=message_id, Version="2.0", IssueInstant=instant(provider.now))
    below(root, names.SAML, "Issuer", provider.addresses.logout_issuer)
    return root


def _reply_url(provider: Provider, request: SignInRequest | None) -> str:
    return request.acs_url if request else provider.application.acs_urls[0]


def _relay_state(provider: Provider, request: SignInRequest | None) -> str | None:
    return request.relay_state if request else provider.application.relay_state


def _replayed(state: StateFile) -> Delivery:
    last = state.setting(_LAST)
    if last is None:
        raise WrongState("Nothing was sent yet that could be sent once more.")
    return msgspec.json.decode(last, type=Delivery)
