"""Pages from templates: what every page knows, short messages across a redirect, icons and words for figures."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from entrasim.clock import load_clock
from entrasim.portal.guarding import COOKIE, policy, visitor_token
from entrasim.statefile import StateFile

_SAID = "entrasim_said"
_THEME = "entrasim_theme"
THEMES = ("auto", "light", "dark")


def state_of(request: Request) -> StateFile:
    """Return the open state file of the server."""
    file: StateFile = request.app.state.file
    return file


def new_id() -> str:
    """Return a new GUID."""
    return str(uuid.uuid4())


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    form_targets: Iterable[str] = (),
    **context: Any,
) -> Response:
    """Render a page. `form_targets` are other origins that a form of it leads to."""
    said = _said(request)
    everything = {
        "path": request.url.path,
        "token": visitor_token(request),
        "theme": theme_of(request),
        "clock": load_clock(state_of(request)),
        "said": said,
        "partial": request.headers.get("hx-request") == "true" and "hx-boosted" not in request.headers,
        **context,
    }
    answer = HTMLResponse(environment().get_template(template).render(everything), status)
    answer.headers["content-security-policy"] = policy(form_targets)
    keep_visitor(request, answer)
    if said:
        answer.delete_cookie(_SAID, path="/")
    return answer


def went(url: str, said: str = "", *, kind: str = "success") -> Response:
    """Send the browser to a page after a form; `said` is shown there once. kind: success, danger."""
    answer = RedirectResponse(url, 303)
    if said:
        packed = base64.urlsafe_b64encode(json.dumps([kind, said[:1500]]).encode()).decode()
        answer.set_cookie(_SAID, packed, max_age=60, httponly=True, samesite="lax")
    return answer


def theme_of(request: Request) -> str:
    """Return the theme that the visitor chose: auto, light or dark."""
    chosen = request.cookies.get(_THEME, "auto")
    return chosen if chosen in THEMES else "auto"


def keep_theme(answer: Response, theme: str) -> None:
    """Remember a visitor's theme for a year."""
    answer.set_cookie(_THEME, theme, max_age=365 * 86_400, httponly=True, samesite="lax")


def keep_visitor(request: Request, answer: Response) -> None:
    """Give a new visitor the cookie that forms are checked against."""
    if COOKIE not in request.cookies:
        answer.set_cookie(COOKIE, visitor_token(request), httponly=True, samesite="lax")


@cache
def environment() -> Environment:
    """Return the templates of this package; a name that is missing is an error, and all text is escaped."""
    made = Environment(
        loader=PackageLoader("entrasim.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["icon"] = icon
    made.filters |= {"moment": moment, "number": number, "initials": initials, "pretty": pretty, "count_of": count_of}
    return made


def icon(name: str, *, label: str = "") -> Markup:
    """Return an icon as inline SVG; without a label it is decoration, which readers skip."""
    told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="icon" width="24" height="24" viewBox="0 0 24 24" stroke="currentColor" fill="none"'
        ' stroke-width="2" stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>'
    ).format(told, Markup(_shapes()[name]))  # noqa: S704 - shapes come from the package's own files


def moment(value: str | datetime | None) -> Markup:
    """Spell a time for people, with the exact one for machines; a hyphen for none."""
    if value is None:
        return Markup('<span class="text-secondary">-</span>')
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    found = found.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(found.isoformat(), f"{found:%d %b %Y, %H:%M:%S}")


def number(value: int) -> str:
    """Spell a number with thousands apart."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def count_of(value: int, one: str, several: str = "") -> str:
    """Spell how many there are of something; `several` is the plural where it is not `one` with an s."""
    return f"{number(value)} {one if value == 1 else several or one + 's'}"


def initials(name: str) -> str:
    """Return one or two letters that stand for a name."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words[:1])).upper() or "?"


def pretty(text: str) -> str:
    """Spell JSON over several lines; anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


@cache
def _shapes() -> dict[str, str]:
    file = resources.files("entrasim.portal").joinpath("static", "vendor", "icons.json")
    shapes: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return shapes


def _said(request: Request) -> tuple[str, str] | None:
    try:
        kind, text = json.loads(base64.urlsafe_b64decode(request.cookies[_SAID]))
    except (KeyError, ValueError):
        return None
    return ("danger" if kind == "danger" else "success", str(text))
