"""The identity provider's pages: sign in by picking a person, sign out, metadata.

It is a stand-in: whoever reaches it may be anybody. The request travels in the page and is read again with every
form, so nothing is kept for a sign-in that was never finished.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from entrasim.clock import real_time
from entrasim.people import find_person
from entrasim.portal.guarding import posted
from entrasim.portal.listing import find_people
from entrasim.portal.rendering import new_id, page, state_of
from entrasim.refusals import BadMessage, SignInRefused, UnknownPage
from entrasim.saml_idp import names
from entrasim.saml_idp.configuration import Addresses, tenant_id
from entrasim.saml_idp.messages import (
    Received,
    SignInRequest,
    is_about_logout,
    read_logout_request,
    read_logout_response,
    read_sign_in_request,
)
from entrasim.saml_idp.metadata import describe_provider
from entrasim.saml_idp.mistakes import MISTAKES, NONE, Mistake, mistake_called
from entrasim.saml_idp.provider import (
    Delivery,
    Provider,
    ask_to_log_out,
    confirm_logout,
    ensure_key,
    may_sign_in,
    open_provider,
    planned_mistake,
    refuse,
    respond,
    take_mistake,
)
from entrasim.saml_idp.sign_ins import SignIn, begin_sign_in, end_sign_in, find_sign_in, newest_assertion
from entrasim.saml_idp.signing_keys import list_keys

COOKIE = "entrasim_sign_in"
_LEAVING = "entrasim_leaving"
_SHOWN = 8


def base_of(request: Request) -> str:
    """Return where this server is reached, without a slash at the end."""
    return str(request.base_url).rstrip("/")


def provider_of(request: Request) -> Provider:
    """Return the identity provider. Raises `NotConnected` before single sign-on is set up."""
    return open_provider(state_of(request), base_of(request), now=real_time(), mint=new_id)


def signed_in(request: Request) -> SignIn | None:
    """Return who this browser is signed in as."""
    return find_sign_in(state_of(request), request.cookies.get(COOKIE), now=real_time())


@dataclass(frozen=True, slots=True)
class Asked:
    """A sign-in that is under way: what the application asked, None where it begins here."""

    received: Received | None
    request: SignInRequest | None


async def metadata(request: Request) -> Response:
    """`GET /{tenant}/federationmetadata/…`: what the application needs to know."""
    state = state_of(request)
    _demand_tenant(request)
    ensure_key(state, now=real_time(), mint=new_id)
    addresses = Addresses(base_of(request), tenant_id(state, new_id=new_id()))
    return Response(describe_provider(addresses, list_keys(state)), media_type="application/samlmetadata+xml")


async def saml(request: Request) -> Response:
    """`GET` and `POST /{tenant}/saml2`: requests to sign in and out, and answers to logout, from the application."""
    _demand_tenant(request)
    received = await _received(request)
    provider = provider_of(request)
    if is_about_logout(received):
        return _logged_out(request, provider, received)
    asked = Asked(received, read_sign_in_request(received, provider.application))
    sign_in = signed_in(request)
    if asked.request is not None and asked.request.passive and sign_in is None:
        return _deliver(request, refuse(provider, asked.request, codes=(names.RESPONDER, names.NO_PASSIVE),
                                        message="Nobody is signed in."))  # fmt: skip
    if sign_in is None or (asked.request is not None and asked.request.force):
        return _pick(request, provider, asked, query=request.query_params.get("login_hint", ""))
    return _answer(request, provider, sign_in, asked=asked, mistake=take_mistake(provider.state))


async def start(request: Request) -> Response:
    """`GET /signin`: begin here, at nobody's request."""
    provider = provider_of(request)
    sign_in = signed_in(request)
    if sign_in is None or "as" in request.query_params:
        return _pick(request, provider, Asked(None, None), query=request.query_params.get("q", ""))
    return _answer(request, provider, sign_in, asked=Asked(None, None), mistake=take_mistake(provider.state))


async def sign_in_as(request: Request) -> Response:
    """`POST /signin`: look for people, or sign one in and answer the application."""
    form = await posted(request)
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    provider = provider_of(request)
    asked = _asked_again(provider, fields)
    if not fields.get("person"):
        return _pick(request, provider, asked, query=fields.get("q", ""))
    state = provider.state
    mistake = mistake_called(fields["mistake"]) if fields.get("mistake", "none") != "none" else take_mistake(state)
    person = find_person(state, fields["person"])
    if not mistake.ignores_state:
        try:
            may_sign_in(provider, person)
        except SignInRefused as refusal:
            return _pick(request, provider, asked, query=fields.get("q", ""), problem=refusal)
    cookie = secrets.token_urlsafe(32)
    sign_in = begin_sign_in(state, cookie, person=person, now=provider.now)
    answer = _answer(request, provider, sign_in, asked=asked, mistake=mistake)
    answer.set_cookie(COOKIE, cookie, httponly=True, samesite="lax", path="/")
    return answer


async def sign_out(request: Request) -> Response:
    """`GET /signout`: end the sign-in here, and have the application end its own."""
    provider, sign_in = provider_of(request), signed_in(request)
    given = None if sign_in is None else newest_assertion(provider.state, sign_in)
    if sign_in is not None:
        end_sign_in(provider.state, sign_in)
    if given is None or provider.application.logout_url is None:
        return page(request, "signed_out.html", confirmed=None)
    request_id = provider.new_id()
    answer = RedirectResponse(ask_to_log_out(provider, given, request_id=request_id).url, 303)
    answer.delete_cookie(COOKIE, path="/")
    answer.set_cookie(_LEAVING, request_id, max_age=600, httponly=True, samesite="lax", path="/")
    return answer


def _logged_out(request: Request, provider: Provider, received: Received) -> Response:
    if received.kind == "SAMLResponse":
        message = read_logout_response(received, provider.application)
        asked_for = request.cookies.get(_LEAVING)
        if asked_for is None or message.in_response_to != asked_for:
            raise BadMessage("The answer is to a request to sign out that this browser did not bring.")
        left = page(request, "signed_out.html", confirmed=message.succeeded)
        left.delete_cookie(_LEAVING, path="/")
        return left
    message = read_logout_request(received, provider.application)
    sign_in = signed_in(request)
    if sign_in is not None:
        end_sign_in(provider.state, sign_in)
    answer = RedirectResponse(confirm_logout(provider, message).url, 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def _pick(
    request: Request, provider: Provider, asked: Asked, *, query: str, problem: SignInRefused | None = None
) -> Response:
    found = find_people(provider.state, query, limit=_SHOWN)
    planned, always = planned_mistake(provider.state)
    return page(
        request,
        "sign_in.html",
        status=200 if problem is None else 403,
        form_targets=[asked.request.acs_url if asked.request else provider.application.acs_urls[0]],
        application=provider.application,
        asked=asked,
        people=found,
        query=query,
        problem=problem,
        mistakes=MISTAKES.values(),
        planned=planned,
        always=always,
    )


def _answer(
    request: Request, provider: Provider, sign_in: SignIn, *, asked: Asked, mistake: Mistake = NONE
) -> Response:
    return _deliver(request, respond(provider, sign_in, request=asked.request, mistake=mistake), mistake=mistake)


def _deliver(request: Request, delivery: Delivery, *, mistake: Mistake = NONE) -> Response:
    return page(request, "sign_in_post.html", form_targets=[delivery.url], delivery=delivery, mistake=mistake)


async def _received(request: Request) -> Received:
    if request.method == "GET":
        return Received.of_query(request.url.query)
    form = await request.form(max_files=0, max_fields=10)
    return Received.of_fields({name: value for name, value in form.items() if isinstance(value, str)})


def _asked_again(provider: Provider, fields: dict[str, str]) -> Asked:
    """Read the request that the page carried along, as strictly as the first time."""
    if fields.get("saml_query"):
        received = Received.of_query(fields["saml_query"])
    elif fields.get("SAMLRequest"):
        received = Received.of_fields(fields)
    else:
        return Asked(None, None)
    if received.kind != "SAMLRequest":
        raise BadMessage("A SAMLRequest is needed.")
    return Asked(received, read_sign_in_request(received, provider.application))


def _demand_tenant(request: Request) -> None:
    if request.path_params["tenant"] != tenant_id(state_of(request), new_id=new_id()):
        raise UnknownPage("No directory has this id here.")


ROUTES: list[BaseRoute] = [
    Route("/{tenant}/federationmetadata/2007-06/federationmetadata.xml", metadata),
    Route("/{tenant}/saml2", saml, methods=["GET", "POST"]),
    Route("/signin", start),
    Route("/signin", sign_in_as, methods=["POST"]),
    Route("/signout", sign_out),
]
