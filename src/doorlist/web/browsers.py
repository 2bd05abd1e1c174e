"""What a browser is known by before anybody is signed in: a secret in a cookie that comes along from other sites.

Answers of identity providers are posted from their site, so the session's cookie would not come with them. This one
does, and it binds an answer to the browser that asked; it opens nothing by itself.
"""

from __future__ import annotations

import secrets
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from doorlist.errors import BadInput, TooLarge, UnsupportedMediaType
from doorlist.web.sessions import is_secure, settings_of

MAX_FORM: Final = 512 << 10
_FIELDS: Final = 20
_LONGEST: Final = 100
_DAY: Final = 86_400


def browser_of(request: Request) -> str | None:
    """The secret of the browser, or None for one that has none yet."""
    found = request.cookies.get(_cookie_name(request), "")
    return found if 20 <= len(found) <= _LONGEST else None


def new_browser() -> str:
    """A secret for a browser that has none."""
    return secrets.token_urlsafe(32)


def remember_browser(request: Request, response: Response, browser: str) -> None:
    """Set the cookie. Without https browsers send none from site to site; a provider beside us is the same site."""
    secure = is_secure(settings_of(request))
    response.set_cookie(
        _cookie_name(request),
        browser,
        max_age=_DAY,
        path="/",
        httponly=True,
        secure=secure,
        samesite="none" if secure else "lax",
    )


async def bounded_form(request: Request, *, limit: int = MAX_FORM) -> dict[str, str]:
    """The fields of a form, each once. Raises `TooLarge`, `UnsupportedMediaType`, `BadInput`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("A form is expected.", place="Content-Type")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise TooLarge(f"The form is longer than {limit} bytes.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
    except ValueError:
        raise BadInput("The form could not be read.") from None
    if len(dict(pairs)) != len(pairs):
        raise BadInput("A field occurs twice.")
    return dict(pairs)


def _cookie_name(request: Request) -> str:
    return "__Host-doorlist-browser" if is_secure(settings_of(request)) else "doorlist-browser"
