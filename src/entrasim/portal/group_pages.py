"""Pages of groups and their direct members."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.clock import load_clock
from entrasim.entries import Group
from entrasim.links import load_group
from entrasim.people import find_person
from entrasim.portal.forms import asked_page, asked_text, text, texts
from entrasim.portal.guarding import posted
from entrasim.portal.listing import find_people, is_in_scope, link_state, list_groups, list_members
from entrasim.portal.rendering import new_id, page, state_of, went
from entrasim.refusals import Refusal
from entrasim.security_groups import add_group, add_member, delete_group, find_group, remove_member, rename_group

_FOUND = 8


async def groups(request: Request) -> Response:
    """`GET /groups`."""
    query = asked_text(request)
    return page(
        request, "groups.html", list=list_groups(state_of(request), query, number=asked_page(request)), query=query
    )


async def new_group(request: Request) -> Response:
    """`GET` and `POST /groups/new`."""
    if request.method == "GET":
        return page(request, "group_form.html", group=None, values={"name": "", "description": ""}, problem=None)
    form = await posted(request)
    values = {"name": text(form, "name"), "description": text(form, "description")}
    try:
        group = add_group(state_of(request), values["name"], new_id=new_id(), description=values["description"] or None)
    except Refusal as refusal:
        return page(request, "group_form.html", status=400, group=None, values=values, problem=refusal)
    return went(f"/groups/{group.id}", f"The group {group.name} was added.")


async def one_group(request: Request) -> Response:
    """`GET /groups/{id}`: members, and what the target knows; `add` finds people to add."""
    state, group = state_of(request), _group(request)
    query, adding = asked_text(request), asked_text(request, "add")
    subject = load_group(state, group.key)
    return page(
        request,
        "group.html",
        group=group,
        list=list_members(state, group.key, query=query, number=asked_page(request)),
        query=query,
        adding=adding,
        found=find_people(state, adding, limit=_FOUND) if adding else [],
        in_scope=is_in_scope(state, group),
        link=link_state(subject),
        target_id=subject.target_id,
    )


async def rename(request: Request) -> Response:
    """`POST /groups/{id}/rename`."""
    form = await posted(request)
    group = _group(request)
    try:
        renamed = rename_group(state_of(request), group.id, new_name=text(form, "name"))
    except Refusal as refusal:
        return went(f"/groups/{group.id}", refusal.detail, kind="danger")
    return went(f"/groups/{group.id}", f"The group is called {renamed.name} now.")


async def delete(request: Request) -> Response:
    """`POST /groups/{id}/delete`."""
    await posted(request)
    state, group = state_of(request), _group(request)
    delete_group(state, group.id, now=load_clock(state)())
    return went("/groups", f"The group {group.name} was deleted.")


async def add_members(request: Request) -> Response:
    """`POST /groups/{id}/members`: people by id."""
    form = await posted(request)
    state, group = state_of(request), _group(request)
    people = [find_person(state, name) for name in texts(form, "person")]
    added = sum(add_member(state, group.key, person=person.key) for person in people)
    said = f"{people[0].name} is a member now." if added == 1 == len(people) else f"{added} people were added."
    return went(f"/groups/{group.id}", said)


async def remove_members(request: Request) -> Response:
    """`POST /groups/{id}/members/remove`: people by id."""
    form = await posted(request)
    state, group = state_of(request), _group(request)
    people = [find_person(state, name) for name in texts(form, "person")]
    gone = sum(remove_member(state, group.key, person=person.key) for person in people)
    return went(f"/groups/{group.id}", f"{gone} {'person is' if gone == 1 else 'people are'} no member any more.")


def _group(request: Request) -> Group:
    return find_group(state_of(request), request.path_params["id"])


ROUTES: list[BaseRoute] = [
    Route("/groups", groups),
    Route("/groups/new", new_group, methods=["GET", "POST"]),
    Route("/groups/{id}", one_group),
    Route("/groups/{id}/rename", rename, methods=["POST"]),
    Route("/groups/{id}/delete", delete, methods=["POST"]),
    Route("/groups/{id}/members", add_members, methods=["POST"]),
    Route("/groups/{id}/members/remove", remove_members, methods=["POST"]),
]
