"""Access tokens by OAuth 2.0 client credentials (RFC 6749 section 4.4), renewed before they end or when refused.

The secret goes in the form, as the real service does; tokens are kept in memory only.
"""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlencode, urlsplit

import msgspec

from entrasim.outcomes import PROTOCOL_ERROR, TIMEOUT, UNAUTHORIZED, Failure
from entrasim.wire import Wire, WireError, WireTimeoutError

EARLY = 60  # seconds before its end that a token is renewed
_FORM = b"content-type: application/x-www-form-urlencoded\r\naccept: application/json\r\nuser-agent: entrasim\r\n"


class ClientCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """What an access token is asked for with."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str | None = None


class TokenAnswer(msgspec.Struct, frozen=True):
    """The part of a token answer that matters (RFC 6749 section 5.1)."""

    access_token: str
    expires_in: int = 3600


class TokenSource:
    """The bearer token of a run: one that was saved, or one that is asked for with client credentials."""

    def __init__(self, token: str, credentials: ClientCredentials | None = None) -> None:
        self.token, self._credentials = token, credentials
        self._ends = float("inf") if credentials is None else 0.0
        self._renewing = asyncio.Lock()

    @property
    def renewable(self) -> bool:
        """True where a refused token can be replaced."""
        return self._credentials is not None

    async def current(self) -> str:
        """Return a token that has not ended. Raises `Failure` where none is given out."""
        if time.monotonic() >= self._ends:
            async with self._renewing:
                if time.monotonic() >= self._ends:
                    await self._renew()
        return self.token

    def refused(self, token: str) -> None:
        """Take note that a token was refused; the next one asked for is new, unless another was given out since."""
        if token == self.token and self.renewable:
            self._ends = 0.0

    async def _renew(self) -> None:
        assert self._credentials is not None
        answer = await ask_for_token(self._credentials)
        self.token = answer.access_token
        self._ends = time.monotonic() + max(answer.expires_in - EARLY, 1)


async def ask_for_token(credentials: ClientCredentials) -> TokenAnswer:
    """Ask a token endpoint for an access token. Raises `Failure`."""
    form = {"grant_type": "client_credentials", "client_id": credentials.client_id}
    form["client_secret"] = credentials.client_secret
    if credentials.scope:
        form["scope"] = credentials.scope
    parts = urlsplit(credentials.token_url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    wire = Wire(credentials.token_url, 1)
    try:
        answer = await wire.send("POST", path, headers=_FORM, body=urlencode(form).encode())
    except WireTimeoutError as error:
        raise Failure(TIMEOUT, f"the token endpoint: {error}") from error
    except WireError as error:
        raise Failure(PROTOCOL_ERROR, f"the token endpoint: {error}") from error
    finally:
        wire.close()
    if answer.status != 200:
        raise Failure(UNAUTHORIZED, f"the token endpoint answered HTTP {answer.status}", answer.status)
    try:
        return _usable(msgspec.json.decode(answer.body, type=TokenAnswer))
    except msgspec.MsgspecError as error:
        raise Failure(UNAUTHORIZED, f"the token endpoint's answer carries no token: {error}") from error


def _usable(answer: TokenAnswer) -> TokenAnswer:
    token = answer.access_token
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Failure(UNAUTHORIZED, "the token endpoint's token cannot be carried by a header")
    return answer
