"""What protects a portal that asks nobody for a password: it answers to its own names only, and to its own pages.

A page of another origin could reach a server on this machine through the visitor's browser. So a request must name a
host that is served (against rebinding of names), and a form must carry the token of the visitor's own cookie.
Messages of an application to the identity provider come from elsewhere by design and carry no token.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import FormData, Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrasim.refusals import ForeignForm

COOKIE = "entrasim_visitor"
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]", "::1")
_LONGEST_FORM = 64 * 1024 * 1024
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


class Guard:
    """Middleware: refuses foreign host names and long bodies, and has browsers load nothing from elsewhere."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = LOCAL_HOSTS) -> None:
        self._app, self._hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 400 or 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        left = _LONGEST_FORM

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413)
            return message

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, bounded, protected)

    def _refusal(self, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "").casefold()
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        if name not in self._hosts:
            return PlainTextResponse("This host name is not served here.\n", 400)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > _LONGEST_FORM:
            return PlainTextResponse("The request is too long.\n", 413)
        return None


def policy(form_targets: Iterable[str] = ()) -> str:
    """Return the content security policy; `form_targets` are URLs whose origins forms of the page may lead to."""
    origins = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, form_targets)}
    return " ".join((_POLICY, *sorted(origins)))


def visitor_token(request: Request) -> str:
    """Return the visitor's token: the cookie's, or a new one for `keep_visitor` to set."""
    known: str | None = request.cookies.get(COOKIE) or getattr(request.state, "visitor", None)
    if not known:
        known = request.state.visitor = secrets.token_urlsafe(24)
    return known


async def posted(request: Request) -> FormData:
    """Return the form of a visitor's own page. Raises `ForeignForm` for one that came from elsewhere."""
    form = await request.form(max_files=3, max_fields=500)
    given, kept = form.get("token"), request.cookies.get(COOKIE)
    if not kept or not isinstance(given, str) or not hmac.compare_digest(given.encode(), kept.encode()):
        await form.close()
        raise ForeignForm("The form did not come from a page of this portal, or is too old. Load the page again.")
    return form


def _protect(headers: MutableHeaders) -> None:
    headers.setdefault("content-security-policy", _POLICY)
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("referrer-policy", "same-origin")
    headers.setdefault("cross-origin-opener-policy", "same-origin")
    headers.setdefault("cache-control", "no-store")
