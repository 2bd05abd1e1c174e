"""The addresses of an organization's service provider: metadata, the way to the identity provider, its answers.

To anybody outside a refusal looks the same whatever failed: the number of the entry in the sign-in log is all that the
page shows. Only a test sign-in, which who manages the organization starts, shows its checks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from doorlist.domain.signin import SignedIn
from doorlist.errors import BadInput, Forbidden, NotFound, Refusal, SignInRefused
from doorlist.saml.bindings import check_relay_state
from doorlist.saml.checks import Wrong
from doorlist.saml.logout import Incoming
from doorlist.saml.outgoing import Dispatch
from doorlist.service import finding, saml_setup, saml_signin, saml_signout, session_control, signin_log
from doorlist.service.saml_signin import Side
from doorlist.store.organizations import Organization
from doorlist.web import pages
from doorlist.web.addresses import local
from doorlist.web.browsers import bounded_form, browser_of, new_browser, remember_browser
from doorlist.web.sessions import (
    current_session,
    database_of,
    origin_of,
    require_session,
    settings_of,
    start_session,
    stop_session,
)

Handler = Callable[[Request], Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """The routes below /saml/{org}."""
    return [
        Route("/saml/{org}/metadata", answering(_metadata), methods=["GET"]),
        Route("/saml/{org}/login", answering(_login), methods=["GET"]),
        Route("/saml/{org}/test", answering(_test), methods=["GET"]),
        Route("/saml/{org}/acs", answering(_acs), methods=["POST"]),
        Route("/saml/{org}/slo", answering(_slo), methods=["GET", "POST"]),
    ]


def answering(handler: Handler) -> Handler:
    """A handler whose refusals become pages."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            values = {"refusal": refusal, "log_id": getattr(refusal, "log_id", None)}
            return pages.render(request, "signin/refused.html", values, status=refusal.status)

    return answer


async def start(request: Request, organization: Organization, *, return_to: str, test: bool = False) -> Response:
    """Send the browser to the organization's identity provider; afterwards it comes to `return_to`, an own address.

    A test opens no session and shows every check: let only somebody who manages the organization start one.
    """
    side = await _side(request, organization)
    browser = browser_of(request) or new_browser()
    sent = await saml_signin.begin(database_of(request), side, browser=browser, return_to=return_to, test=test)
    response = dispatched(request, sent)
    remember_browser(request, response, browser)
    return response


async def leave(request: Request, session: SignedIn) -> Response:
    """Sign somebody out here, and at the identity provider where the session came from there."""
    database = database_of(request)
    organization = await finding.organization(database, session.org_slug)
    browser = browser_of(request) or new_browser()
    await session_control.sign_out(database, session)
    sent = None
    with suppress(NotFound, Forbidden):  # no identity provider (any more): the session ends here alone
        sent = await saml_signout.begin_logout(database, await _side(request, organization), session, browser=browser)
    response = _onward(request, sent) if sent is not None else RedirectResponse("/signin", status_code=303)
    stop_session(request, response)
    remember_browser(request, response, browser)
    return pages.secured(response)


def dispatched(request: Request, sent: Dispatch) -> Response:
    """A message on its way: a redirect, or a page with a form that the browser posts."""
    if not sent.fields:
        return pages.secured(RedirectResponse(sent.url, status_code=303))
    return _onward(request, sent)


def _onward(request: Request, sent: Dispatch) -> Response:
    """A page that leads on: browsers follow no redirect after a form that its page lets go nowhere else."""
    parts = urlsplit(sent.url)
    values = {"url": sent.url, "fields": sent.fields, "host": parts.netloc}
    return pages.render(request, "signin/onward.html", values, form_targets=f"{parts.scheme}://{parts.netloc}")


async def _metadata(request: Request) -> Response:
    organization = await _organization(request)
    text = await saml_setup.own_metadata(database_of(request), organization, settings_of(request).base_url)
    return pages.secured(Response(text, media_type="application/samlmetadata+xml"))


async def _login(request: Request) -> Response:
    return_to = local(request.query_params.get("next", ""), otherwise="/")
    return await start(request, await _organization(request), return_to=return_to)


async def _test(request: Request) -> Response:
    session = await require_session(request)
    organization = await _organization(request)
    if session.org_id != organization.org_id or not session.role.manages:
        raise Forbidden("Only owners and admins of the organization may test its sign-in.")
    return await start(request, organization, return_to="/", test=True)


async def _acs(request: Request) -> Response:
    """The assertion consumer service: an answer becomes a session, or a refusal that says nothing."""
    side = await _side(request, await _organization(request))
    form = await bounded_form(request)
    browser, database = browser_of(request), database_of(request)
    try:
        outcome = await saml_signin.finish(
            database, side, response=form.get("SAMLResponse", ""), browser=browser, origin=origin_of(request)
        )
    except SignInRefused as refused:
        if refused.test:
            return await _checks(request, side, refused.log_id)
        raise
    if outcome.opened is None:
        return await _checks(request, side, outcome.log_id)
    relayed = form.get("RelayState", "") if not outcome.return_to else outcome.return_to
    response = pages.secured(RedirectResponse(local(relayed, otherwise="/"), status_code=303))
    start_session(request, response, outcome.opened)
    return response


async def _checks(request: Request, side: Side, log_id: object) -> Response:
    """What came of a test sign-in."""
    line = await signin_log.find_attempt(database_of(request), side.organization.org_id, log_id)
    return pages.render(request, "signin/test.html", {"line": line, "organization": side.organization})


async def _slo(request: Request) -> Response:
    """Single logout: a demand of the identity provider, or its answer to ours."""
    side = await _side(request, await _organization(request))
    incoming, relay_state = await _logout_message(request)
    answered = await saml_signout.receive_logout(
        database_of(request),
        side,
        incoming,
        relay_state=relay_state,
        browser=browser_of(request),
        origin=origin_of(request),
    )
    session = await current_session(request)
    if answered.answer is None:
        response: Response = pages.render(request, "signin/left.html", {"organization": side.organization})
    else:
        response = dispatched(request, answered.answer)
    if session is None:
        stop_session(request, response)
    return response


async def _logout_message(request: Request) -> tuple[Incoming, str]:
    if request.method == "GET":
        relay_state, incoming = request.query_params.get("RelayState", ""), Incoming(query=request.url.query)
    else:
        form = await bounded_form(request)
        name = next((name for name in ("SAMLRequest", "SAMLResponse") if name in form), "")
        relay_state, incoming = form.get("RelayState", ""), Incoming(field=(name, form.get(name, "")))
    try:
        return incoming, check_relay_state(relay_state)
    except Wrong as wrong:
        raise BadInput(str(wrong), place="RelayState") from None


async def _organization(request: Request) -> Organization:
    return await finding.organization(database_of(request), str(request.path_params["org"]))


async def _side(request: Request, organization: Organization) -> Side:
    return await saml_signin.side_of(database_of(request), organization, settings_of(request).base_url)
