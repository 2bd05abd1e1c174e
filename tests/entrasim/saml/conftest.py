"""An identity provider with a small directory, and a service provider that nobody here wrote: python3-saml."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from entrasim.people import find_person
from entrasim.saml_idp.configuration import load_saml_application, save_application
from entrasim.saml_idp.messages import Received, read_sign_in_request
from entrasim.saml_idp.metadata import describe_provider, read_application
from entrasim.saml_idp.mistakes import mistake_called
from entrasim.saml_idp.provider import Delivery, Provider, open_provider, respond
from entrasim.saml_idp.sign_ins import SignIn, begin_sign_in
from entrasim.saml_idp.signing_keys import SigningKey, list_keys, make_key
from entrasim.scope import assign_user
from tests.entrasim.conftest import Company

BASE = "https://idp.example"
SP = "https://app.example"


@cache
def sp_key() -> SigningKey:
    return make_key("sp", now=datetime.now(UTC))


@dataclass
class Stage:
    """The provider and the foreign service provider, with short verbs."""

    company: Company
    ids: list[str] = field(default_factory=list)

    @property
    def provider(self) -> Provider:
        return open_provider(self.company.state, BASE, now=self.company.now, mint=self.company.mint)

    def change(self, **changes: Any) -> None:
        application = load_saml_application(self.company.state)
        save_application(self.company.state, msgspec.structs.replace(application, **changes))

    def settings(self, **security: Any) -> dict[str, Any]:
        """What the service provider knows, the identity provider's half read from its metadata."""
        provider = self.provider
        metadata = describe_provider(provider.addresses, list_keys(self.company.state))
        learnt: dict[str, Any] = OneLogin_Saml2_IdPMetadataParser.parse(metadata)
        return {"strict": True, **_sp(security), "idp": learnt["idp"]}

    def auth(self, data: dict[str, Any] | None = None, **security: Any) -> OneLogin_Saml2_Auth:
        """The service provider for one request of a browser."""
        request = {"https": "on", "http_host": "app.example", "script_name": "/acs", **(data or {})}
        return OneLogin_Saml2_Auth(request, self.settings(**security))

    def asked(self, **options: Any) -> str:
        """A redirect to the identity provider, as the service provider makes it; its request id is remembered."""
        auth = self.auth(**options)
        url: str = auth.login(return_to="/welcome")
        self.ids.append(auth.get_last_request_id())
        return url

    def sign_in(self, who: str = "ana") -> SignIn:
        state = self.company.state
        return begin_sign_in(state, self.company.mint(), person=find_person(state, who), now=self.company.now)

    def answer(self, who: str = "ana", *, mistake: str = "none", url: str | None = None) -> Delivery:
        provider = self.provider
        request = read_sign_in_request(Received.of_query(url or self.asked()), provider.application)
        return respond(provider, self.sign_in(who), request=request, mistake=mistake_called(mistake))

    def accept(self, delivery: Delivery, **security: Any) -> OneLogin_Saml2_Auth:
        """Let the service provider judge a response to the last request."""
        auth = self.auth({"post_data": delivery.fields}, **security)
        auth.process_response(request_id=self.ids[-1] if self.ids else None)
        return auth


def _sp(security: dict[str, Any]) -> dict[str, Any]:
    key = sp_key()
    return {
        "sp": {
            "entityId": f"{SP}/metadata",
            "assertionConsumerService": {"url": f"{SP}/acs"},
            "singleLogoutService": {"url": f"{SP}/slo"},
            "NameIDFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            "x509cert": key.certificate,
            "privateKey": key.private_key,
        },
        "security": {
            "requestedAuthnContext": False,
            "wantAssertionsSigned": True,
            "rejectDeprecatedAlgorithm": True,
            **security,
        },
    }


@pytest.fixture
def stage(company: Company) -> Stage:
    """Ana is assigned, bob is not; the application is registered by the service provider's own metadata."""
    company.now = datetime.now(UTC)  # the service provider reads the real clock
    company.person("ana", mail="ana@mail.example", given_name="Ana", surname="Ruiz", employee_id="77")
    company.person("bob")
    assign_user(company.state, find_person(company.state, "ana").key)
    metadata = OneLogin_Saml2_Settings(
        {
            "strict": False,
            **_sp({"wantAssertionsEncrypted": True, "authnRequestsSigned": True}),
            "idp": {"entityId": "x", "singleSignOnService": {"url": f"{BASE}/x"}},
        },
        sp_validation_only=True,
    ).get_sp_metadata()
    save_application(company.state, read_application(metadata.encode() if isinstance(metadata, str) else metadata))
    return Stage(company)


def message_of(url: str, kind: str) -> bytes:
    """The XML that a redirect carries."""
    text = parse_qs(urlsplit(url).query)[kind][0]
    return zlib.decompress(base64.b64decode(text), -15)


def xml_of(delivery: Delivery) -> bytes:
    """The XML that a form carries."""
    return base64.b64decode(delivery.fields["SAMLResponse"])
