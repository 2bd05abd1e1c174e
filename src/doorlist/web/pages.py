"""Turns a template and its values into the answer of a page: one environment, one set of headers for all of them.

Templates escape everything by default and hold no inline script or style, so that the content security policy is
'self' alone. Every string for people goes through gettext. Knows nothing of organizations or of who is asking.
"""

from __future__ import annotations

import gettext
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from doorlist.domain.levels import Level

R = TypeVar("R", bound=Response)

_HERE: Final = Path(__file__).parent
_STATIC: Final = _HERE / "static"
_THEMES: Final = frozenset({"light", "dark"})
_SECURITY: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "cache-control": "no-store",
}


def render(
    request: Request,
    template: str,
    values: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    form_targets: str = "",
) -> HTMLResponse:
    """The page of a template.

    Args:
        values: what the template names, besides `request`, `theme` and the globals of the environment.
        form_targets: further origins that forms of this page may be sent to, as a content security policy lists them.
    """
    page = _environment().get_template(template)
    text = page.render(request=request, theme=_theme(request), **(values or {}))
    return secured(HTMLResponse(text, status_code=status), form_targets=form_targets)


def secured(response: R, *, form_targets: str = "") -> R:
    """The same answer with the headers that every page carries."""
    for name, value in _SECURITY.items():
        response.headers.setdefault(name, value)
    if form_targets:
        policy = _SECURITY["content-security-policy"]
        response.headers["content-security-policy"] = policy.replace("form-action", f"form-action {form_targets}")
    return response


async def missing(request: Request, _: Exception) -> Response:
    """The page for an address that is none."""
    return render(request, "missing.html", status=404)


async def failed(request: Request, _: Exception) -> Response:
    """The page for a fault of the program; the log has its traceback."""
    return render(request, "failed.html", status=500)


def is_partial(request: Request) -> bool:
    """Whether a script of the page asks for a part of it, not the browser for the whole."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"


class Assets(StaticFiles):
    """The files of the pages, kept by browsers for as long as their address stays: it carries their version."""

    def __init__(self) -> None:
        super().__init__(directory=_STATIC)

    async def get_response(self, path: str, scope: Any) -> Response:
        """A file, cached for a year; it is asked for by another address after every change."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        response.headers["x-content-type-options"] = "nosniff"
        return response


def icon(name: str, *, label: str = "") -> Markup:
    """An icon of the set; hidden from screen readers where the text beside it says the same.

    Raises:
        KeyError: the icon is not in the file that `make install` makes of the names in templates.
    """
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="icon" {} width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">{}</svg>'
    ).format(spoken, Markup(_icons()[name]))  # noqa: S704 - shapes of an icon package pinned by hash


def asset(name: str) -> str:
    """The address of a file of the pages, with the time of its last change."""
    return f"/static/{name}?v={_version(name)}"


def instant(value: datetime | None, *, missing: str = "") -> Markup:
    """A time as a `time` element: exact in UTC, which the page's script turns into the viewer's words and zone."""
    if value is None:
        return Markup("{}").format(missing)
    moment = value.astimezone(UTC)
    return Markup('<time datetime="{}" data-relative>{} UTC</time>').format(
        moment.isoformat(timespec="milliseconds"), moment.strftime("%Y-%m-%d %H:%M")
    )


def number(value: int) -> str:
    """An integer with its thousands apart."""
    return f"{value:,}"


def translated(text: str) -> str:
    """A text for people in the visitor's language."""
    return _translations().gettext(text)


def offer(**names: Any) -> None:
    """Make functions known to every template."""
    _environment().globals.update(names)


@cache
def _translations() -> gettext.NullTranslations:
    return gettext.translation("doorlist", _HERE / "locale", languages=["en"], fallback=True)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(_translations(), newstyle=True)  # type: ignore[attr-defined] # of the extension
    names = {int(level): level.label for level in Level}
    environment.globals.update(icon=icon, asset=asset, levels_by_number=names)
    environment.filters.update(instant=instant, number=number)
    return environment


@cache
def _icons() -> dict[str, str]:
    found: dict[str, str] = json.loads((_STATIC / "vendor/icons.json").read_text(encoding="utf-8"))
    return found


@cache
def _version(name: str) -> str:
    return f"{(_STATIC / name).stat().st_mtime_ns:x}"


def _theme(request: Request) -> str:
    """The colours that the visitor chose; empty for those of the device."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in _THEMES else ""
