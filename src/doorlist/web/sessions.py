"""Who is signed in: the session cookie on the way in and out, and the check that a form is this site's own.

For every page and the management API:

    session = await current_session(request)     # None: nobody is signed in
    session = await require_session(request)     # raises SignedOut, which pages answer with a way to sign in
    await tenants.change_settings(database_of(request), session.acting(), session.org_id, ...)

A handler that changes something calls `require_own_form(request, session, form.get("form_key"))` first; templates put
`form_key(session)` into a hidden field. `SessionCookies` is the ASGI layer around all pages that sets the cookie anew
when the token was replaced; without it the functions still read.
"""

from __future__ import annotations

import base64
import hmac
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorlist.config import Settings
from doorlist.domain.signin import SignedIn
from doorlist.errors import ForeignForm, SignedOut
from doorlist.service import clock
from doorlist.service.session_control import Opened, Origin, find_session
from doorlist.store.db import Database

_FOUND: Final = "doorlist.session"
_FRESH: Final = "doorlist.session.token"
_LONGEST_TOKEN: Final = 100
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


async def current_session(request: Request) -> SignedIn | None:
    """The live session of the request, or None; read from the database once a request.

    It was live a moment ago: the person is active, not blocked and not deleted, the session neither revoked nor over.
    """
    if _FOUND not in request.scope:
        token = request.cookies.get(cookie_name(settings_of(request)), "")
        found, fresh = None, None
        if 0 < len(token) <= _LONGEST_TOKEN:
            found, fresh = await find_session(database_of(request), token, now=clock.now())
        request.scope[_FOUND] = found
        if fresh is not None:
            request.scope[_FRESH] = fresh
    session: SignedIn | None = request.scope[_FOUND]
    return session


async def require_session(request: Request) -> SignedIn:
    """As `current_session`. Raises `SignedOut` where there is none."""
    session = await current_session(request)
    if session is None:
        raise SignedOut("You are not signed in, or your session has ended.")
    return session


def form_key(session: SignedIn) -> str:
    """What a form of this session carries in its hidden field `form_key`."""
    return base64.urlsafe_b64encode(session.form_key).decode()


def require_own_form(request: Request, session: SignedIn, key: object) -> None:
    """Pass for a request that a form or script of this site made in this session. Raises `ForeignForm`."""
    require_same_origin(request)
    if not isinstance(key, str) or not hmac.compare_digest(key.encode(), form_key(session).encode()):
        raise ForeignForm("The form is not of this session; load the page again and repeat.")


def require_same_origin(request: Request) -> None:
    """Pass for a request that does not come from another site, for forms before there is a session.

    Browsers say where a form comes from, in Sec-Fetch-Site or Origin; a request that changes something and says
    neither, or `null`, is refused. Raises `ForeignForm`.
    """
    if request.method in _SAFE:
        return
    origin, fetched = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    own = origin is not None and origin == own_origin(request)
    if not (own if origin is not None else fetched == "same-origin"):
        raise ForeignForm("The request comes from another site.")


def start_session(request: Request, response: Response, opened: Opened) -> None:
    """Set the cookie of a session that was just opened."""
    request.scope.pop(_FRESH, None)
    _set_cookie(response.headers, settings_of(request), opened.token)


def stop_session(request: Request, response: Response) -> None:
    """Take the cookie away; the session itself is ended by `service.session_control.sign_out`."""
    request.scope.pop(_FRESH, None)
    request.scope[_FOUND] = None
    _set_cookie(response.headers, settings_of(request), "")


def origin_of(request: Request) -> Origin:
    """Where the request comes from, for the list of sessions and the sign-in log."""
    client = request.client.host if request.client is not None else ""
    return Origin(address=client, agent=request.headers.get("user-agent", ""))


def own_origin(request: Request) -> str:
    """Scheme and host of this installation as browsers name them: of the public URL, else of the request."""
    public = settings_of(request).public_url
    parts = urlsplit(public if public is not None else str(request.base_url))
    return f"{parts.scheme}://{parts.netloc}"


def database_of(request: Request) -> Database:
    """The database of the serving process."""
    database: Database = request.app.state.database
    return database


def settings_of(request: Request) -> Settings:
    """The settings of the serving process."""
    settings: Settings = request.app.state.settings
    return settings


def is_secure(settings: Settings) -> bool:
    """Whether browsers reach this installation over https."""
    return settings.base_url.startswith("https://")


def cookie_name(settings: Settings) -> str:
    """The `__Host-` prefix keeps other hosts of the domain from setting it (RFC 6265bis section 4.1.3.2)."""
    return "__Host-doorlist" if is_secure(settings) else "doorlist"


class SessionCookies:
    """ASGI layer: sets the session cookie when the token was replaced while a request was handled."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and _FRESH in scope:
                _set_cookie(MutableHeaders(scope=message), _settings_in(scope), scope[_FRESH])
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _set_cookie(headers: MutableHeaders, settings: Settings, token: str) -> None:
    name = cookie_name(settings)
    cookie: SimpleCookie = SimpleCookie({name: token})
    cookie[name].update({"path": "/", "samesite": "lax"})
    cookie[name]["httponly"] = True
    cookie[name]["secure"] = is_secure(settings)
    if not token:
        cookie[name]["max-age"] = 0
    headers.append("set-cookie", cookie.output(header="").strip())


def _settings_in(scope: Any) -> Settings:
    settings: Settings = scope["app"].state.settings
    return settings
