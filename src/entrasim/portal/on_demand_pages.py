"""Provision on demand: one person, or one group with up to five of its members, and what came of it step by step."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.application import load_application
from entrasim.clock import load_clock
from entrasim.entries import Group, Person
from entrasim.job.on_demand import MEMBER_LIMIT, OnDemandResult, provision_group, provision_user
from entrasim.people import find_person
from entrasim.portal.application_pages import application_page
from entrasim.portal.forms import asked_page, asked_text, text, texts
from entrasim.portal.guarding import posted
from entrasim.portal.listing import find_people, list_groups, list_members
from entrasim.portal.rendering import new_id, state_of
from entrasim.provisioning_log import LogEntry, Step
from entrasim.refusals import Refusal
from entrasim.security_groups import find_group
from entrasim.statefile import StateFile

HERE = "/application/on-demand"
_FOUND = 6
_STEPS = (
    ("testConnection", "Test the connection"),
    ("import", "Import"),
    ("scope", "Determine if in scope"),
    ("match", "Match between source and target"),
    ("action", "Perform action"),
)


@dataclass(frozen=True, slots=True)
class Pane:
    """One step of a result; without `step` it was not reached."""

    title: str
    kind: str
    step: Step | None


async def on_demand(request: Request) -> Response:
    """`GET /application/on-demand`: choose an object, and members of a group."""
    return _choose(request, asked_text(request, "subject"))


async def provision(request: Request) -> Response:
    """`POST /application/on-demand`: do it, and show every step."""
    form = await posted(request)
    subject, members = text(form, "subject"), texts(form, "member")
    state = state_of(request)
    try:
        result = await _provisioned(state, subject, members=members)
    except Refusal as refusal:
        return _choose(request, subject, problem=refusal, chosen=members)
    return application_page(
        request,
        "on_demand_result.html",
        result=result,
        panes=panes(result.outcome),
        blocks=[(member, panes(member.user)) for member in result.members],
        subject=subject,
        members=members,
    )


def panes(entry: LogEntry) -> list[Pane]:
    """Return the documented steps in their order; the test of the connection only where it failed."""
    found = {step.kind: step for step in entry.steps}
    return [Pane(title, kind, found.get(kind)) for kind, title in _STEPS if kind != "testConnection" or kind in found]


async def _provisioned(state: StateFile, subject: str, *, members: list[str]) -> OnDemandResult:
    application, clock = load_application(state), load_clock(state)
    kind, _, identifier = subject.partition(":")
    if kind == "group":
        return await provision_group(state, application, name=identifier, members=members, clock=clock, mint=new_id)
    return await provision_user(state, application, name=identifier, clock=clock, mint=new_id)


def _choose(
    request: Request, subject: str, *, problem: Refusal | None = None, chosen: list[str] | None = None
) -> Response:
    state, query = state_of(request), asked_text(request)
    picked = _picked(state, subject)
    group = picked if isinstance(picked, Group) else None
    members = list_members(state, group.key, query=query, number=asked_page(request), size=10) if group else None
    searching = picked is None and bool(query)
    return application_page(
        request,
        "on_demand.html",
        status=400 if problem else 200,
        query=query,
        subject=subject if picked else "",
        picked=picked,
        is_group=group is not None,
        members=members,
        chosen=chosen or [],
        limit=MEMBER_LIMIT,
        people=find_people(state, query, limit=_FOUND) if searching else [],
        groups=list_groups(state, query, number=1, size=_FOUND).rows if searching or picked is None else [],
        problem=problem,
    )


def _picked(state: StateFile, subject: str) -> Person | Group | None:
    kind, _, identifier = subject.partition(":")
    if kind == "group":
        return find_group(state, identifier)
    return find_person(state, identifier) if kind == "user" else None


ROUTES: list[BaseRoute] = [Route(HERE, on_demand), Route(HERE, provision, methods=["POST"])]
