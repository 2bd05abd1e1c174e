"""Passkeys in the browser: the page of one's own, and the two steps of a sign-in.

A script of the page talks to the authenticator and posts its answer as a form.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from doorlist.domain.ids import parse_id
from doorlist.errors import NotFound
from doorlist.service import finding, passkeys
from doorlist.service.passkeys import Site
from doorlist.web import pages, sso
from doorlist.web.addresses import local
from doorlist.web.browsers import bounded_form, browser_of, new_browser, remember_browser
from doorlist.web.sessions import (
    database_of,
    form_key,
    origin_of,
    require_own_form,
    require_same_origin,
    require_session,
    settings_of,
    start_session,
)


def routes() -> list[BaseRoute]:
    """The routes of passkeys."""
    return [
        Route("/passkeys", sso.answering(_own), methods=["GET", "POST"]),
        Route("/passkeys/options", sso.answering(_adding), methods=["POST"]),
        Route("/passkeys/remove", sso.answering(_remove), methods=["POST"]),
        Route("/signin/{org}/passkey/options", sso.answering(_asking), methods=["POST"]),
        Route("/signin/{org}/passkey", sso.answering(_sign_in), methods=["POST"]),
    ]


async def _own(request: Request) -> Response:
    """One's own passkeys; a POST adds the one that the authenticator made."""
    session, database = await require_session(request), database_of(request)
    if request.method == "GET":
        found = await passkeys.list_passkeys(database, session)
        return pages.render(request, "signin/passkeys.html", {"passkeys": found, "form_key": form_key(session)})
    form = await bounded_form(request, limit=64 << 10)
    require_own_form(request, session, form.get("form_key"))
    await passkeys.add(
        database,
        session,
        _site(request),
        browser=browser_of(request) or "",
        credential=form.get("credential", ""),
        label=form.get("label", ""),
    )
    return pages.secured(RedirectResponse("/passkeys", status_code=303))


async def _adding(request: Request) -> Response:
    session = await require_session(request)
    form = await bounded_form(request, limit=64 << 10)
    require_own_form(request, session, form.get("form_key"))
    browser = browser_of(request) or new_browser()
    options = await passkeys.begin_adding(database_of(request), session, _site(request), browser=browser)
    return _options(request, options, browser)


async def _remove(request: Request) -> Response:
    session = await require_session(request)
    form = await bounded_form(request, limit=64 << 10)
    require_own_form(request, session, form.get("form_key"))
    passkey_id = parse_id(form.get("id", ""))
    if passkey_id is None:
        raise NotFound("There is no such passkey.")
    await passkeys.remove(database_of(request), session, passkey_id)
    return pages.secured(RedirectResponse("/passkeys", status_code=303))


async def _asking(request: Request) -> Response:
    require_same_origin(request)
    database = database_of(request)
    organization = await finding.organization(database, str(request.path_params["org"]))
    browser = browser_of(request) or new_browser()
    options = await passkeys.begin_sign_in(database, organization, _site(request), browser=browser)
    return _options(request, options, browser)


async def _sign_in(request: Request) -> Response:
    require_same_origin(request)
    database = database_of(request)
    organization = await finding.organization(database, str(request.path_params["org"]))
    form = await bounded_form(request, limit=64 << 10)
    opened = await passkeys.sign_in(
        database,
        organization,
        _site(request),
        browser=browser_of(request) or "",
        credential=form.get("credential", ""),
        origin=origin_of(request),
    )
    response = pages.secured(RedirectResponse(local(form.get("next", ""), otherwise="/"), status_code=303))
    start_session(request, response, opened)
    return response


def _options(request: Request, options: str, browser: str) -> Response:
    response = pages.secured(Response(options, media_type="application/json"))
    remember_browser(request, response, browser)
    return response


def _site(request: Request) -> Site:
    return Site.of(settings_of(request).base_url)
