"""The Provisioning page: mode, credentials with Test Connection, settings, and the job with its status."""

from __future__ import annotations

from datetime import timedelta

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.application import (
    Application,
    keep_connection,
    load_application,
    with_credentials,
    with_token,
)
from entrasim.clock import load_clock
from entrasim.configuration import load_configuration, set_guard, set_notification, set_skip_out_of_scope
from entrasim.dialects import Dialect
from entrasim.job.connection_check import ConnectionReport, check_connection
from entrasim.job.control import allow_deletions, due_at, load_job, restart_job, start_job, stop_job
from entrasim.oauth import ClientCredentials
from entrasim.overview import Overview, overview
from entrasim.portal.application_pages import application_page
from entrasim.portal.forms import asked_text, text
from entrasim.portal.guarding import posted
from entrasim.portal.rendering import new_id, page, state_of, went
from entrasim.refusals import InvalidMapping, NotConnected, Refusal, UnknownPage
from entrasim.scope import assign_all, assign_selected, syncs_all
from entrasim.statefile import StateFile

HERE = "/application/provisioning"
_SOON = timedelta(minutes=1)


async def provisioning(request: Request) -> Response:
    """`GET /application/provisioning`."""
    return _show(request, automatic=asked_text(request, "mode") == "automatic")


async def status(request: Request) -> Response:
    """`GET /application/provisioning/status`: the part of the page that is asked for again while a cycle runs."""
    seen = overview(state_of(request))
    return page(request, "provisioning_status.html", seen=seen, moving=_moves(state_of(request), seen))


async def credentials(request: Request) -> Response:
    """`POST /application/provisioning/credentials`: test them, or test and save them."""
    form = await posted(request)
    state = state_of(request)
    saves = text(form, "do") == "save"
    try:
        given = _given(state, form)
        report = await check_connection(
            given, clock=load_clock(state), mint=new_id, configuration=load_configuration(state)
        )
    except Refusal as refusal:
        return _show(request, automatic=True, entered=_entered(form), problem=refusal, http=400)
    if saves and report.ok:
        keep_connection(state, given)
        return went(HERE, "The credentials were saved. Assign a group, then start provisioning or provision on demand.")
    return _show(request, automatic=True, entered={**_entered(form), "url": given.url}, report=report, unsaved=saves)


async def settings(request: Request) -> Response:
    """`POST /application/provisioning/settings`."""
    form = await posted(request)
    state = state_of(request)
    try:
        threshold = text(form, "threshold")
        if text(form, "guard") == "yes" and not (threshold.isascii() and threshold.isdigit()):
            raise InvalidMapping("The threshold of the deletion guard is a number.")
        set_guard(state, int(threshold) if text(form, "guard") == "yes" else None)
    except Refusal as refusal:
        return went(HERE, refusal.detail, kind="danger")
    set_notification(state, text(form, "notify", longest=320))
    set_skip_out_of_scope(state, text(form, "skip") == "yes")
    wants_all = text(form, "scope") == "all"
    if wants_all and not syncs_all(state):
        assign_all(state)
    elif not wants_all and syncs_all(state):
        assign_selected(state)
    return went(HERE, "The settings were saved.")


async def job(request: Request) -> Response:
    """`POST /application/provisioning/job/{verb}`: start, stop, restart, allow-deletions."""
    await posted(request)
    state, verb = state_of(request), request.path_params["verb"]
    now = load_clock(state)()
    try:
        if verb == "start":
            start_job(state, now=now)
        elif verb == "stop":
            stop_job(state)
        elif verb == "restart":
            restart_job(state, now=now)
        elif verb == "allow-deletions":
            allow_deletions(state, now=now)
        else:
            raise UnknownPage(f"The job cannot be told to {verb!r}.")
    except NotConnected as refusal:
        return went(HERE, refusal.detail, kind="danger")
    return went(HERE, _SAID[verb])


_SAID = {
    "start": "Provisioning was started. The first cycle begins at once.",
    "stop": "Provisioning was stopped. A cycle that is under way finishes.",
    "restart": "Provisioning was restarted: everything is evaluated again.",
    "allow-deletions": "The deletions were allowed. The next cycle does them.",
}


def _given(state: StateFile, form: FormData) -> Application:
    """Return what the form says; an empty secret is the saved one. Raises `Refusal`."""
    url, secret, flag = text(form, "url"), text(form, "secret"), text(form, "flag") == "yes"
    if text(form, "method") == "oauth":
        if not secret:
            known = load_application(state).credentials
            secret = known.client_secret if known else ""
        credentials = ClientCredentials(
            token_url=text(form, "token_url"),
            client_id=text(form, "client_id"),
            client_secret=secret,
            scope=text(form, "oauth_scope") or None,
        )
        return with_credentials(url, credentials, flag=flag)
    return with_token(url, secret or load_application(state).token, flag=flag)


def _entered(form: FormData) -> dict[str, str]:
    return {name: text(form, name) for name in ("url", "secret", "method", "token_url", "client_id", "oauth_scope")}


def _remembered(state: StateFile) -> dict[str, str]:
    """Return the saved credentials as the form shows them, without secrets."""
    try:
        known = load_application(state)
    except NotConnected:
        return dict.fromkeys(("url", "secret", "method", "token_url", "client_id", "oauth_scope"), "")
    oauth = known.credentials
    return {
        "url": known.url,
        "secret": "",
        "method": "oauth" if oauth else "token",
        "token_url": oauth.token_url if oauth else "",
        "client_id": oauth.client_id if oauth else "",
        "oauth_scope": (oauth.scope or "") if oauth else "",
    }


def _show(
    request: Request,
    *,
    automatic: bool,
    entered: dict[str, str] | None = None,
    report: ConnectionReport | None = None,
    problem: Refusal | None = None,
    unsaved: bool = False,
    http: int = 200,
) -> Response:
    state = state_of(request)
    seen = overview(state)
    saved = seen.connection
    return application_page(
        request,
        "provisioning.html",
        status=http,
        seen=seen,
        moving=_moves(state, seen),
        configuration=load_configuration(state),
        automatic=automatic or saved is not None,
        entered=entered or _remembered(state),
        flagged=saved is not None and saved.dialect == Dialect.FLAGGED.value,
        report=report,
        problem=problem,
        unsaved=unsaved,
    )


def _moves(state: StateFile, seen: Overview) -> bool:
    """Tell whether a cycle runs, or is about to."""
    due = due_at(load_job(state))
    return seen.job.running or (due is not None and due <= load_clock(state)() + _SOON)


ROUTES: list[BaseRoute] = [
    Route(HERE, provisioning),
    Route(f"{HERE}/status", status),
    Route(f"{HERE}/credentials", credentials, methods=["POST"]),
    Route(f"{HERE}/settings", settings, methods=["POST"]),
    Route(f"{HERE}/job/{{verb}}", job, methods=["POST"]),
]
