"""The two sides of a sign-in as values: this service provider for one organization, and its identity provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from doorlist.saml.certificates import Certificate
from doorlist.saml.checks import require

_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """The names and addresses under which Doorlist stands before the identity provider of one organization."""

    entity_id: str
    acs_url: str
    slo_url: str
    login_url: str

    @classmethod
    def of(cls, base_url: str, slug: str) -> ServiceProvider:
        """Those of an organization, below the address of the installation."""
        base = f"{base_url.rstrip('/')}/saml/{slug}"
        return cls(f"{base}/metadata", f"{base}/acs", f"{base}/slo", f"{base}/login")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address of the identity provider and the binding that it takes, `redirect` or `post`."""

    url: str
    binding: str


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """What is known of an identity provider; `valid_until` is the end that its metadata give themselves."""

    entity_id: str
    sso: Endpoint
    slo: Endpoint | None
    slo_response_url: str | None
    certificates: tuple[Certificate, ...]
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an answer is held against: the two sides, what was asked, how far clocks may differ.

    Attributes:
        requests: IDs of the requests that this browser has under way.
        unsolicited: whether an answer to no request is taken (started at the identity provider).
        encrypted: whether an assertion in the clear is refused.
    """

    provider: ServiceProvider
    identity: IdentityProvider
    requests: frozenset[str]
    unsolicited: bool
    encrypted: bool
    skew: timedelta


def check_address(url: str, *, place: str) -> str:
    """A web address as it may be sent to a browser: https, or http on this very machine. Raises `Wrong`."""
    require(0 < len(url) <= _LONGEST, f"{place} is empty or too long.")
    require(url.isprintable() and " " not in url, f"{place} is no web address.")
    try:
        parts = urlsplit(url)
        local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        require(parts.port is None or parts.port > 0, f"{place} is no web address.")
    except ValueError:
        require(False, f"{place} is no web address.")
    require(parts.hostname and not parts.username, f"{place} is no web address.")
    require(parts.scheme == "https" or (parts.scheme == "http" and local), f"{place} does not begin with https://.")
    return url
