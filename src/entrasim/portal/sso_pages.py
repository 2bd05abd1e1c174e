"""The Single sign-on page: what the application is, what it is told of people, certificates, and mistakes."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.clock import real_time
from entrasim.portal.application_pages import application_page, saml_settings
from entrasim.portal.forms import text, texts
from entrasim.portal.guarding import posted
from entrasim.portal.rendering import new_id, state_of, went
from entrasim.portal.signin_pages import base_of
from entrasim.refusals import BadMessage, Refusal, UnknownPage
from entrasim.saml_idp import names
from entrasim.saml_idp.configuration import (
    ENCRYPTIONS,
    GROUP_CLAIMS,
    SIGNING_OPTIONS,
    SOURCES,
    Addresses,
    Claim,
    SamlApplication,
    save_application,
    tenant_id,
)
from entrasim.saml_idp.metadata import read_application
from entrasim.saml_idp.mistakes import MISTAKES
from entrasim.saml_idp.provider import ensure_key, plan_mistake, planned_mistake
from entrasim.saml_idp.signing_keys import activate_key, add_key, list_keys, make_key, remove_key

HERE = "/application/single-sign-on"
SOON = timedelta(days=60)
_DONE = {
    "new": "A certificate was made; it is published and signs once it is activated.",
    "activate": "The certificate signs from now on.",
    "remove": "The certificate is not published any more.",
}
_BLANK = SamlApplication(entity_id="", acs_urls=())


async def single_sign_on(request: Request) -> Response:
    """`GET /application/single-sign-on`."""
    return _show(request, saml_settings(state_of(request)) or _BLANK)


async def save_basics(request: Request) -> Response:
    """`POST …/basics`: identifier, reply URLs, logout URL, relay state."""
    form = await posted(request)
    known = saml_settings(state_of(request)) or _BLANK
    wanted = msgspec.structs.replace(
        known,
        entity_id=text(form, "entity_id"),
        acs_urls=tuple(line.strip() for line in text(form, "acs_urls").splitlines() if line.strip()),
        logout_url=text(form, "logout_url") or None,
        relay_state=text(form, "relay_state") or None,
        assignment_required=text(form, "assignment_required") == "yes",
    )
    return _saved(request, wanted)


async def save_claims(request: Request) -> Response:
    """`POST …/claims`: the name, the claims, the groups."""
    form = await posted(request)
    known = saml_settings(state_of(request)) or _BLANK
    pairs = zip(texts(form, "claim"), texts(form, "source"), strict=False)
    wanted = msgspec.structs.replace(
        known,
        name_source=text(form, "name_source"),
        name_format=text(form, "name_format"),
        group_claim=text(form, "group_claim"),
        claims=tuple(Claim(name.strip(), source) for name, source in pairs if name.strip()),
    )
    return _saved(request, wanted)


async def save_security(request: Request) -> Response:
    """`POST …/security`: what is signed and encrypted, and whether requests must be."""
    form = await posted(request)
    known = saml_settings(state_of(request)) or _BLANK
    wanted = msgspec.structs.replace(
        known,
        signing=text(form, "signing"),
        encryption=text(form, "encryption"),
        encryption_certificate=text(form, "encryption_certificate", longest=16_384) or None,
        demands_signed_requests=text(form, "demands_signed_requests") == "yes",
    )
    return _saved(request, wanted)


async def upload_metadata(request: Request) -> Response:
    """`POST …/metadata`: the application's own."""
    form = await posted(request)
    try:
        learnt = read_application(await _file(form), known=saml_settings(state_of(request)))
        save_application(state_of(request), learnt)
    except Refusal as refusal:
        return went(HERE, refusal.detail, kind="danger")
    return went(HERE, f"{learnt.entity_id} was taken from its metadata.")


async def act_on_certificate(request: Request) -> Response:
    """`POST …/certificates/{verb}`: new, activate, remove."""
    form = await posted(request)
    state, verb = state_of(request), request.path_params["verb"]
    if verb not in _DONE:
        raise UnknownPage(f"A certificate cannot be told to {verb!r}.")
    try:
        if verb == "new":
            ended = text(form, "ended") == "yes"
            lifetime = timedelta(days=-1) if ended else timedelta(days=3 * 365)
            add_key(state, make_key(new_id(), now=real_time(), lifetime=lifetime))
        elif verb == "activate":
            activate_key(state, text(form, "id"))
        else:
            remove_key(state, text(form, "id"))
    except Refusal as refusal:
        return went(HERE, refusal.detail, kind="danger")
    return went(HERE, _DONE[verb])


async def plan(request: Request) -> Response:
    """`POST …/mistake`: what the next sign-in, or every one, gets wrong."""
    form = await posted(request)
    try:
        plan_mistake(state_of(request), text(form, "mistake"), always=text(form, "always") == "yes")
    except Refusal as refusal:
        return went(HERE, refusal.detail, kind="danger")
    return went(HERE, "The mistake was planned." if text(form, "mistake") != "none" else "No mistake is planned.")


def _saved(request: Request, wanted: SamlApplication) -> Response:
    try:
        save_application(state_of(request), wanted)
    except Refusal as refusal:
        return _show(request, wanted, problem=refusal)
    return went(HERE, "Single sign-on was saved.")


def _show(request: Request, saml: SamlApplication, *, problem: Refusal | None = None) -> Response:
    state, now = state_of(request), real_time()
    ensure_key(state, now=now, mint=new_id)
    mistake, always = planned_mistake(state)
    return application_page(
        request,
        "single_sign_on.html",
        status=400 if problem else 200,
        saml=saml,
        addresses=Addresses(base_of(request), tenant_id(state, new_id=new_id())),
        keys=list_keys(state),
        now=now,
        soon=now + SOON,
        problem=problem,
        choices={
            "name_source": SOURCES,
            "name_format": tuple(names.NAME_FORMATS),
            "group_claim": GROUP_CLAIMS,
            "signing": SIGNING_OPTIONS,
            "encryption": tuple(ENCRYPTIONS),
        },
        mistakes=MISTAKES.values(),
        planned=mistake,
        always=always,
    )


async def _file(form: FormData) -> bytes:
    file = form.get("metadata")
    if not isinstance(file, UploadFile) or not file.filename:
        raise BadMessage("Choose the application's metadata file.")
    content = await file.read()
    await file.close()
    return content


ROUTES: list[BaseRoute] = [
    Route(HERE, single_sign_on),
    Route(f"{HERE}/basics", save_basics, methods=["POST"]),
    Route(f"{HERE}/claims", save_claims, methods=["POST"]),
    Route(f"{HERE}/security", save_security, methods=["POST"]),
    Route(f"{HERE}/metadata", upload_metadata, methods=["POST"]),
    Route(f"{HERE}/mistake", plan, methods=["POST"]),
    Route(f"{HERE}/certificates/{{verb}}", act_on_certificate, methods=["POST"]),
]
