"""Pages of the application: gallery, overview, and who is assigned to it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.clock import load_clock
from entrasim.gallery import GALLERY, add_application, added_application, entry_called, rename_application
from entrasim.overview import overview
from entrasim.people import find_person, timestamp
from entrasim.portal.forms import asked_page, asked_text, text, texts
from entrasim.portal.guarding import posted
from entrasim.portal.listing import assignable, list_assignments
from entrasim.portal.rendering import page, state_of, went
from entrasim.provisioning_log import LogQuery, search_entries
from entrasim.refusals import NotConnected, Refusal
from entrasim.saml_idp.configuration import SamlApplication, load_saml_application
from entrasim.scope import assign_group, assign_user, syncs_all, unassign_group, unassign_user
from entrasim.security_groups import find_group
from entrasim.statefile import StateFile

_FOUND = 6


async def applications(request: Request) -> Response:
    """`GET /applications`: the application of this directory, searched by name."""
    query = asked_text(request)
    added = added_application(state_of(request))
    fits = added is not None and query.casefold() in added.name.casefold()
    return page(request, "applications.html", added=added, shown=added if fits else None, query=query)


async def gallery(request: Request) -> Response:
    """`GET /applications/new`: what can be added."""
    query = asked_text(request).casefold()
    entries = [entry for entry in GALLERY if query in f"{entry.name} {entry.summary}".casefold()]
    added = added_application(state_of(request))
    return page(request, "gallery.html", entries=entries, query=asked_text(request), added=added)


async def add(request: Request) -> Response:
    """`POST /applications/new`."""
    form = await posted(request)
    state = state_of(request)
    entry = entry_called(text(form, "entry"))
    try:
        added = add_application(state, entry.key, name=text(form, "name"), now=timestamp(load_clock(state)()))
    except Refusal as refusal:
        return went("/applications/new", refusal.detail, kind="danger")
    return went("/application", f"{added.name} was added.")


async def application(request: Request) -> Response:
    """`GET /application`: what is set up, what is not, and what happened last."""
    state = state_of(request)
    seen = overview(state)
    recent = search_entries(state, LogQuery(), limit=6)
    return application_page(request, "application.html", seen=seen, saml=saml_settings(state), recent=recent)


async def rename(request: Request) -> Response:
    """`POST /application/rename`."""
    form = await posted(request)
    try:
        renamed = rename_application(state_of(request), text(form, "name"))
    except Refusal as refusal:
        return went("/application", refusal.detail, kind="danger")
    return went("/application", f"The application is called {renamed.name} now.")


async def assignments(request: Request) -> Response:
    """`GET /application/users-and-groups`."""
    state, query = state_of(request), asked_text(request)
    found = list_assignments(state, query, number=asked_page(request))
    return application_page(request, "assignments.html", list=found, query=query, syncs_all=syncs_all(state))


async def add_assignment(request: Request) -> Response:
    """`GET` and `POST /application/users-and-groups/add`: pick groups and people, then Assign."""
    state = state_of(request)
    if request.method == "GET":
        query = asked_text(request)
        return application_page(
            request, "assignment_form.html", query=query, found=assignable(state, query, limit=_FOUND)
        )
    form = await posted(request)
    chosen = [value.partition(":")[::2] for value in texts(form, "principal")]
    if not chosen:
        return went("/application/users-and-groups/add", "Choose at least one group or person.", kind="danger")
    for kind, identifier in chosen:
        if kind == "group":
            assign_group(state, find_group(state, identifier).key)
        else:
            assign_user(state, find_person(state, identifier).key)
    said = "1 assignment was added." if len(chosen) == 1 else f"{len(chosen)} assignments were added."
    return went("/application/users-and-groups", said)


async def remove_assignments(request: Request) -> Response:
    """`POST /application/users-and-groups/remove`."""
    form = await posted(request)
    state = state_of(request)
    chosen = [value.partition(":")[::2] for value in texts(form, "principal")]
    try:
        for kind, identifier in chosen:
            if kind == "group":
                unassign_group(state, find_group(state, identifier).key)
            else:
                unassign_user(state, find_person(state, identifier).key)
    except Refusal as refusal:
        return went("/application/users-and-groups", refusal.detail, kind="danger")
    return went("/application/users-and-groups", f"{len(chosen)} removed. The next cycle tells the target.")


def application_page(request: Request, template: str, **context: Any) -> Response:
    """Render a page of the application, or lead to the gallery before there is one."""
    added = added_application(state_of(request))
    if added is None:
        return went("/applications", "Add an application first.", kind="danger")
    return page(request, template, application=added, **context)


def saml_settings(state: StateFile) -> SamlApplication | None:
    """Return the sign-in settings, None before there are any."""
    try:
        return load_saml_application(state)
    except NotConnected:
        return None


ROUTES: list[BaseRoute] = [
    Route("/applications", applications),
    Route("/applications/new", gallery),
    Route("/applications/new", add, methods=["POST"]),
    Route("/application", application),
    Route("/application/rename", rename, methods=["POST"]),
    Route("/application/users-and-groups", assignments),
    Route("/application/users-and-groups/add", add_assignment, methods=["GET", "POST"]),
    Route("/application/users-and-groups/remove", remove_assignments, methods=["POST"]),
]
