"""The pages on which people sign in: first the address, which decides where; then a password, or a link's errand.

Nobody is told whether an address is known: an address of no verified domain leads to the same form as any other.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from doorlist.errors import BadInput, Forbidden, NotFound, Refusal, SignInRefused, TooManyTries
from doorlist.service import finding, local_signin, realms, saml_signin
from doorlist.store.organizations import Organization
from doorlist.web import pages, sso
from doorlist.web.addresses import local
from doorlist.web.browsers import bounded_form
from doorlist.web.sessions import (
    current_session,
    database_of,
    is_secure,
    origin_of,
    require_same_origin,
    settings_of,
    start_session,
)


def routes() -> list[BaseRoute]:
    """The routes below /signin."""
    return [
        Route("/signin", sso.answering(_address), methods=["GET", "POST"]),
        Route("/signin/link/{token}", sso.answering(_link), methods=["GET", "POST"]),
        Route("/signin/{org}", sso.answering(_password), methods=["GET", "POST"]),
    ]


async def _address(request: Request) -> Response:
    """Ask for the address, and send its owner to where people of its domain sign in."""
    if request.method == "GET":
        if await current_session(request) is not None:
            return _to(local(request.query_params.get("next", ""), otherwise="/"))
        return _ask(request, next_=request.query_params.get("next", ""))
    require_same_origin(request)
    form = await bounded_form(request)
    email, organization = form.get("email", "").strip(), form.get("organization", "").strip().lower()
    query = "?next=" + quote(local(form.get("next", ""), otherwise="/"))
    if organization:
        found = await finding.organization(database_of(request), organization)
        return _to(f"/signin/{found.slug}{query}&email={quote(email[:200])}")
    home = await realms.home_of(database_of(request), email)
    if home is None:
        return _ask(request, next_=form.get("next", ""), email=email[:200], unknown=True)
    if home.saml:
        return _to(f"/saml/{home.slug}/login{query}")
    return _to(f"/signin/{home.slug}{query}&email={quote(email[:200])}")


async def _password(request: Request) -> Response:
    """Sign in to one organization: by its identity provider, or with a password and a one-time code."""
    organization = await finding.organization(database_of(request), str(request.path_params["org"]))
    if request.method == "GET":
        query = request.query_params
        return await _local_form(request, organization, email=query.get("email", ""), next_=query.get("next", ""))
    require_same_origin(request)
    form = await bounded_form(request, limit=16 << 10)
    email, next_ = form.get("email", ""), form.get("next", "")
    try:
        opened = await local_signin.sign_in(
            database_of(request),
            organization,
            user_name=email,
            password=form.get("password", ""),
            code=form.get("code", ""),
            origin=origin_of(request),
        )
    except (SignInRefused, TooManyTries) as refusal:
        return await _local_form(request, organization, email=email, next_=next_, refusal=refusal)
    response = _to(local(next_, otherwise="/"))
    start_session(request, response, opened)
    return response


async def _link(request: Request) -> Response:
    """An invitation or recovery: set a password and one-time codes, then come in."""
    token, database = str(request.path_params["token"])[:100], database_of(request)
    invitation = await local_signin.open_link(database, token)
    if request.method == "GET":
        return pages.render(request, "signin/link.html", {"invitation": invitation, "refusal": None})
    require_same_origin(request)
    form = await bounded_form(request, limit=16 << 10)
    try:
        if form.get("password") != form.get("again"):
            raise BadInput("The two passwords are not the same.", place="again")
        opened = await local_signin.use_link(
            database, token, password=form.get("password", ""), code=form.get("code", ""), origin=origin_of(request)
        )
    except (BadInput, TooManyTries) as refusal:
        values = {"invitation": invitation, "refusal": refusal}
        return pages.render(request, "signin/link.html", values, status=refusal.status)
    response = _to("/")
    start_session(request, response, opened)
    return response


def _ask(request: Request, *, next_: str, email: str = "", unknown: bool = False) -> Response:
    """The form for the address. It may lead on to any identity provider, so its page lets forms go there."""
    targets = "https:" if is_secure(settings_of(request)) else "https: http:"
    values = {"next": local(next_, otherwise="/"), "email": email, "unknown": unknown}
    return pages.render(request, "signin/address.html", values, form_targets=targets)


async def _local_form(
    request: Request, organization: Organization, *, email: str, next_: str, refusal: Refusal | None = None
) -> Response:
    values = {
        "organization": organization,
        "email": email[:200],
        "next": local(next_, otherwise="/"),
        "refusal": refusal,
        "saml": await _has_saml(request, organization),
        "log_id": getattr(refusal, "log_id", None),
    }
    return pages.render(request, "signin/password.html", values, status=200 if refusal is None else refusal.status)


async def _has_saml(request: Request, organization: Organization) -> bool:
    try:
        await saml_signin.side_of(database_of(request), organization, settings_of(request).base_url)
    except (NotFound, Forbidden):
        return False
    return True


def _to(address: str) -> RedirectResponse:
    return pages.secured(RedirectResponse(address, status_code=303))
