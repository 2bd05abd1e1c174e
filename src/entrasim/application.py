"""The application that the directory is connected to: tenant URL, and secret token or OAuth client credentials.

A tenant URL may carry the feature flag as its query; the flag chooses the dialect. Pointing at another endpoint
makes every link void, because ids of one target mean nothing in another.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from entrasim.dialects import FLAG, Dialect
from entrasim.links import mark_everything_due
from entrasim.oauth import ClientCredentials, TokenSource
from entrasim.refusals import InvalidAttribute, InvalidTenantUrl, NotConnected
from entrasim.scim_client import Endpoint
from entrasim.statefile import StateFile

WATERMARK = "watermark"


@dataclass(frozen=True, slots=True)
class Application:
    """A saved connection."""

    url: str
    token: str
    credentials: ClientCredentials | None = None

    @property
    def dialect(self) -> Dialect:
        """How a cycle words its requests; provision on demand never asks."""
        names = {part.partition("=")[0].casefold() for part in urlsplit(self.url).query.split("&")}
        return Dialect.FLAGGED if FLAG.casefold() in names else Dialect.DEFAULT

    @property
    def endpoint(self) -> Endpoint:
        """The URL taken apart, with the token."""
        return Endpoint.of(self.url)

    def tokens(self) -> TokenSource:
        """Return where a run takes its bearer token from."""
        return TokenSource(self.token, self.credentials)


def with_token(url: str, token: str, *, flag: bool = False) -> Application:
    """Return a connection by secret token that is not saved; `flag` appends the feature flag to the URL.

    Raises `InvalidTenantUrl`, and `InvalidAttribute` for a token that no header can carry.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidAttribute("The token must be printable ASCII without blanks.")
    return Application(_flagged(checked_url(url), flag), token)


def with_credentials(url: str, credentials: ClientCredentials, *, flag: bool = False) -> Application:
    """Return a connection by OAuth client credentials that is not saved.

    Raises `InvalidTenantUrl`, `InvalidAttribute`.
    """
    checked_url(credentials.token_url)
    if not credentials.client_id or not credentials.client_secret:
        raise InvalidAttribute("Client credentials are an id and a secret.")
    return Application(_flagged(checked_url(url), flag), "", credentials)


def connect(state: StateFile, url: str, *, token: str, flag: bool = False) -> Application:
    """Save a tenant URL and token. Raises what `with_token` raises."""
    return keep_connection(state, with_token(url, token, flag=flag))


def connect_with_credentials(
    state: StateFile, url: str, *, credentials: ClientCredentials, flag: bool = False
) -> Application:
    """Save a tenant URL and OAuth client credentials. Raises what `with_credentials` raises."""
    return keep_connection(state, with_credentials(url, credentials, flag=flag))


def _flagged(url: str, flag: bool) -> str:
    if not flag or Application(url, "").dialect is Dialect.FLAGGED:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}{FLAG}"


def keep_connection(state: StateFile, application: Application) -> Application:
    """Save a connection; one to another endpoint makes every link void."""
    credentials = application.credentials
    packed = None if credentials is None else msgspec.json.encode(credentials).decode()
    with state.transaction():
        before = state.setting("url")
        if before is not None and _base(before) != _base(application.url):
            forget_target(state)
        state.set_setting("url", application.url)
        state.set_setting("token", application.token)
        state.set_setting("oauth", packed)
    return application


def load_application(state: StateFile) -> Application:
    """Return the saved connection. Raises `NotConnected`."""
    url, token = state.setting("url"), state.setting("token")
    if url is None or token is None:
        raise NotConnected("No application is connected yet; run `entrasim connect URL TOKEN` first.")
    packed = state.setting("oauth")
    credentials = None if packed is None else msgspec.json.decode(packed, type=ClientCredentials)
    return Application(url, token, credentials)


def forget_target(state: StateFile) -> None:
    """Drop every link inside the caller's transaction; the next cycle is an initial one."""
    state.run("delete from user_links")
    state.run("delete from group_links")
    state.run("delete from memberships where present = 0")
    mark_everything_due(state)
    state.set_setting(WATERMARK, None)


def checked_url(url: str) -> str:
    """Return a tenant URL that can be used. Raises `InvalidTenantUrl`."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url or "#" in url or "@" in parts.netloc:
        raise InvalidTenantUrl(f"{url!r} is no absolute http or https URL without fragment and user name.")
    return url


def _base(url: str) -> str:
    return url.partition("?")[0].rstrip("/")
