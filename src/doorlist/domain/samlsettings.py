"""What an organization chooses about sign-in by SAML. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SamlChoices:
    """The choices that are no fact about the identity provider.

    Attributes:
        idp_initiated: whether a sign-in may begin at the identity provider.
        create_people: whether a sign-in makes a person who is not known yet; it never does while SCIM is on.
        enforced: whether everybody but the owners has to sign in by SAML.
        stable_id_claim: the attribute that names a person for ever; held against externalId.
        user_name_claim: the attribute that is held against userName; None for the NameID.
    """

    idp_initiated: bool = False
    sign_requests: bool = True
    require_encryption: bool = False
    force_authn: bool = False
    create_people: bool = False
    enforced: bool = False
    name_id_format: str | None = None
    stable_id_claim: str = "http://schemas.microsoft.com/identity/claims/objectidentifier"
    user_name_claim: str | None = None
    skew_seconds: int = 90
    logout_issuer: str | None = None
    metadata_url: str | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    """How the metadata of a URL stand: when they were read last, what was wrong, when they end."""

    at: datetime | None
    problem: str | None
    valid_until: datetime | None
