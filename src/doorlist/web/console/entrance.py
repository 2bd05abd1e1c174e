"""Coming in and going out: the first page, the operator's link, the end of a session, the colours."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from doorlist.config import Settings
from doorlist.service import guiding, operating
from doorlist.store.db import Database
from doorlist.web import pages, sso
from doorlist.web.addresses import local
from doorlist.web.console.visits import OPERATOR_COOKIE, SETUP_COOKIE, Visit
from doorlist.web.sessions import is_secure, require_same_origin

_YEAR = 365 * 86_400


async def front(visit: Visit) -> Response:
    """The page that a visitor starts with: all organizations, the own one, or the own workspaces."""
    person = visit.person
    address = "/platform" if person is None else f"/o/{person.org_slug}" + "/home" * (not person.role.manages)
    return pages.secured(RedirectResponse(address, status_code=303))


async def operator_link(request: Request, database: Database, settings: Settings) -> Response:
    """Ask before a link is used up, because programs that preview links open them too; then open a session."""
    if request.method == "GET":
        return pages.render(request, "operator.html", {"spent": False})
    require_same_origin(request)
    secret = await operating.open_session(database, str(request.path_params["link"]))
    if secret is None:
        return pages.render(request, "operator.html", {"spent": True}, status=403)
    answer = pages.secured(RedirectResponse("/", status_code=303))
    answer.set_cookie(OPERATOR_COOKIE, secret, path="/", httponly=True, samesite="lax", secure=is_secure(settings))
    return answer


async def setup_link(request: Request, database: Database, settings: Settings) -> Response:
    """Let an IT contact into the set-up of the organization that a link is for."""
    link = str(request.path_params["link"])
    opened = await guiding.open_link(database, link)
    if opened is None:
        return pages.render(request, "setup_link.html", {"spent": True}, status=403)
    if request.method == "GET":
        return pages.render(request, "setup_link.html", {"spent": False, "opened": opened})
    require_same_origin(request)
    answer = pages.secured(RedirectResponse(f"/o/{opened.slug}/setup", status_code=303))
    answer.set_cookie(SETUP_COOKIE, link, path="/", httponly=True, samesite="lax", secure=is_secure(settings))
    return answer


async def sign_out(visit: Visit) -> Response:
    """End the session, the person's or the operator's; a person's also where it came from."""
    if visit.person is not None:
        return await sso.leave(visit.request, visit.person)
    answer = pages.secured(RedirectResponse("/signin", status_code=303))
    await operating.close_session(visit.database, visit.request.cookies.get(OPERATOR_COOKIE, ""))
    answer.delete_cookie(OPERATOR_COOKIE, path="/")
    return answer


async def choose_theme(visit: Visit) -> Response:
    """Remember light or dark for this browser."""
    theme = visit.field("theme")
    answer = pages.secured(RedirectResponse(local(visit.field("back"), otherwise="/"), status_code=303))
    if theme in {"light", "dark"}:
        answer.set_cookie("theme", theme, max_age=_YEAR, path="/", samesite="lax")
    return answer
