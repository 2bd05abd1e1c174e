"""The application's sign-in settings: what an administrator fills in on the Single sign-on page.

One set a state file, kept as JSON in `settings`; saving checks every value. Pure apart from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
from cryptography import x509

from entrasim.entries import FIELD_OF_ENTRA
from entrasim.refusals import InvalidAttribute, NotConnected
from entrasim.saml_idp import names
from entrasim.statefile import StateFile

_APPLICATION = "saml.application"
_TENANT = "saml.tenant"
_PAIRWISE = "saml.pairwise"
_LONGEST = 2048

SIGNING_OPTIONS = ("assertion", "response", "both")
ENCRYPTIONS = {"none": None, "aes256-gcm": names.AES256_GCM, "aes256-cbc": names.AES256_CBC}
GROUP_CLAIMS = ("none", "assigned", "all")
SOURCES = (*FIELD_OF_ENTRA, "objectId")


class Claim(msgspec.Struct, frozen=True):
    """An attribute of the assertion: its name, and the directory's attribute that fills it."""

    name: str
    source: str


DEFAULT_CLAIMS = (
    Claim(names.CLAIM_OBJECT, "objectId"),
    Claim(names.CLAIM_DISPLAY_NAME, "displayName"),
    Claim(names.CLAIM_NAME, "userPrincipalName"),
    Claim(names.CLAIM_MAIL, "mail"),
    Claim(names.CLAIM_GIVEN_NAME, "givenName"),
    Claim(names.CLAIM_SURNAME, "surname"),
)


class SamlApplication(msgspec.Struct, frozen=True, kw_only=True):
    """What the identity provider knows of the application.

    `acs_urls` are the reply URLs, the first one the default. Certificates are PEM: `request_certificates` verify what
    the application signs, `encryption_certificate` is what assertions are encrypted to.
    """

    entity_id: str
    acs_urls: tuple[str, ...]
    logout_url: str | None = None
    relay_state: str | None = None
    name_source: str = "userPrincipalName"
    name_format: str = "emailAddress"
    signing: str = "assertion"
    encryption: str = "none"
    encryption_certificate: str | None = None
    request_certificates: tuple[str, ...] = ()
    demands_signed_requests: bool = False
    group_claim: str = "none"
    assignment_required: bool = True
    claims: tuple[Claim, ...] = DEFAULT_CLAIMS


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the identity provider is; `base` has no slash at its end. The issuer has one, as Entra's has."""

    base: str
    tenant: str

    @property
    def issuer(self) -> str:
        """The entity id: what assertions say they come from."""
        return f"{self.base}/sts/{self.tenant}/"

    @property
    def logout_issuer(self) -> str:
        """What logout messages say they come from; in Entra this is another text than the entity id."""
        return f"{self.base}/{self.tenant}/"

    @property
    def single_sign_on(self) -> str:
        """Where requests to sign in and out go."""
        return f"{self.base}/{self.tenant}/saml2"

    @property
    def metadata(self) -> str:
        """Where the federation metadata is."""
        return f"{self.base}/{self.tenant}/federationmetadata/2007-06/federationmetadata.xml"


def tenant_id(state: StateFile, *, new_id: str) -> str:
    """Return the directory's id; `new_id` becomes it when there is none yet."""
    return _kept(state, _TENANT, new=new_id)


def pairwise_secret(state: StateFile, *, new: str) -> str:
    """Return what persistent names are derived from; `new` becomes it when there is none yet."""
    return _kept(state, _PAIRWISE, new=new)


def save_application(state: StateFile, application: SamlApplication) -> None:
    """Check and keep the settings. Raises `InvalidAttribute`."""
    check(application)
    state.set_setting(_APPLICATION, msgspec.json.encode(application).decode())


def load_saml_application(state: StateFile) -> SamlApplication:
    """Return the settings. Raises `NotConnected` before they are saved."""
    found = state.setting(_APPLICATION)
    if found is None:
        raise NotConnected("Single sign-on is not set up yet; run `entrasim saml connect` first.")
    return msgspec.json.decode(found, type=SamlApplication)


def forget_application(state: StateFile) -> None:
    """Drop the settings; certificates stay."""
    state.set_setting(_APPLICATION, None)


def check(application: SamlApplication) -> None:
    """Refuse what could not work. Raises `InvalidAttribute` with the field."""
    _demand(0 < len(application.entity_id) <= 1024, "The identifier (entity ID) is 1 to 1024 characters long.")
    _demand(bool(application.acs_urls), "At least one reply URL is needed.")
    for url in (*application.acs_urls, application.logout_url):
        _demand(url is None or _is_web(url), f"{url!r} is no absolute http or https URL.")
    _demand(len((application.relay_state or "").encode()) <= 80, "The relay state is at most 80 bytes long.")
    choices = (
        (application.name_source, SOURCES, "source of the name"),
        (application.name_format, tuple(names.NAME_FORMATS), "format of the name"),
        (application.signing, SIGNING_OPTIONS, "signing option"),
        (application.encryption, tuple(ENCRYPTIONS), "encryption"),
        (application.group_claim, GROUP_CLAIMS, "groups claim"),
        *((claim.source, SOURCES, f"source of the claim {claim.name}") for claim in application.claims),
    )
    for value, allowed, what in choices:
        _demand(value in allowed, f"The {what} is one of {', '.join(allowed)}, not {value!r}.")
    _check_certificates(application)


def _check_certificates(application: SamlApplication) -> None:
    for pem in (*application.request_certificates, application.encryption_certificate):
        try:
            if pem is not None:
                x509.load_pem_x509_certificate(pem.encode())
        except ValueError as error:
            raise InvalidAttribute("A certificate of the application is not an X.509 certificate in PEM.") from error
    encrypts = application.encryption != "none"
    _demand(not encrypts or application.encryption_certificate is not None, "Encryption needs a certificate.")
    demanding = application.demands_signed_requests
    _demand(not demanding or bool(application.request_certificates), "Signed requests need a certificate to verify.")


def _demand(holds: bool, detail: str) -> None:
    if not holds:
        raise InvalidAttribute(detail)


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and len(url) <= _LONGEST
    except ValueError:
        return False


def _kept(state: StateFile, key: str, *, new: str) -> str:
    with state.transaction():
        state.run("insert or ignore into settings values (?, ?)", (key, new))
    return str(state.setting(key))
