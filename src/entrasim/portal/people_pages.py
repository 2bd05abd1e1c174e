"""Pages of people: list, recycle bin, one person, and what can be done to them."""

from __future__ import annotations

from typing import Any, Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.clock import load_clock
from entrasim.entries import ATTRIBUTES, Person
from entrasim.links import load_user
from entrasim.people import (
    add_person,
    change_person,
    delete_person,
    find_person,
    get_person,
    purge_person,
    restore_person,
    set_enabled,
)
from entrasim.portal.forms import asked_page, asked_text, choice, text
from entrasim.portal.guarding import posted
from entrasim.portal.listing import is_in_scope, link_state, list_groups_of, list_people
from entrasim.portal.rendering import new_id, page, state_of, went
from entrasim.refusals import Refusal, UnknownPage

_LABELS: Final = {
    "handle": "Mail nickname",
    "user_principal_name": "User principal name",
    "display_name": "Display name",
    "given_name": "Given name",
    "surname": "Surname",
    "mail": "E-mail",
    "job_title": "Job title",
    "department": "Department",
    "employee_id": "Employee id",
    "preferred_language": "Preferred language",
    "office": "Office",
    "street": "Street address",
    "city": "City",
    "state": "State or province",
    "postal_code": "Postal code",
    "country": "Country",
    "phone": "Business phone",
    "mobile": "Mobile phone",
    "fax": "Fax",
}
SECTIONS: Final = (
    ("Identity", ("display_name", "user_principal_name", "given_name", "surname", "mail", "handle")),
    ("Work", ("job_title", "department", "employee_id", "manager", "office", "preferred_language")),
    ("Contact", ("street", "city", "state", "postal_code", "country", "phone", "mobile", "fax")),
)
LABELS: Final = {**_LABELS, "manager": "Manager"}
_DONE: Final = {
    "disable": "disabled",
    "enable": "enabled",
    "delete": "moved to the recycle bin",
    "restore": "restored",
    "purge": "deleted for good",
}
_STATUSES: Final = ("all", "enabled", "disabled")


async def people(request: Request) -> Response:
    """`GET /people`: everybody but the recycle bin."""
    query = asked_text(request)
    status = choice(asked_text(request, "status"), _STATUSES, otherwise="all")
    found = list_people(state_of(request), query, status=status, number=asked_page(request))
    return page(request, "people.html", list=found, query=query, chosen=status, deleted=False)


async def recycle_bin(request: Request) -> Response:
    """`GET /people/deleted`: who can still be restored."""
    query = asked_text(request)
    found = list_people(state_of(request), query, status="deleted", number=asked_page(request))
    return page(request, "people.html", list=found, query=query, chosen="deleted", deleted=True)


async def new_person(request: Request) -> Response:
    """`GET` and `POST /people/new`."""
    if request.method == "GET":
        return _form(request, None, values={})
    form = await posted(request)
    values = _values(form)
    try:
        fields = {name: value for name, value in _changes(request, values).items() if value is not None}
        manager = fields.pop("manager", None)
        person = add_person(state_of(request), fields, new_id=new_id())
        if manager is not None:
            change_person(state_of(request), person.id, changes={"manager": manager})
    except Refusal as refusal:
        return _form(request, None, values=values, problem=refusal)
    return went(f"/people/{person.id}", f"{person.name} was added.")


async def one_person(request: Request) -> Response:
    """`GET /people/{id}`: attributes, groups, and what the target knows."""
    state, person = state_of(request), _person(request)
    manager = get_person(state, person.manager) if person.manager else None
    subject = load_user(state, person.key)
    return page(
        request,
        "person.html",
        person=person,
        manager=manager,
        sections=SECTIONS,
        labels=LABELS,
        list=list_groups_of(state, person.key, number=asked_page(request)),
        in_scope=is_in_scope(state, person),
        link=link_state(subject),
        target_id=subject.target_id,
    )


async def edit_person(request: Request) -> Response:
    """`GET` and `POST /people/{id}/edit`."""
    person = _person(request)
    if request.method == "GET":
        return _form(request, person, values=_known(request, person))
    values = _values(await posted(request))
    try:
        changed = change_person(state_of(request), person.id, changes=_changes(request, values))
    except Refusal as refusal:
        return _form(request, person, values=values, problem=refusal)
    return went(f"/people/{changed.id}", f"{changed.name} was saved. The next cycle sends what changed.")


async def act_on_person(request: Request) -> Response:
    """`POST /people/{id}/{verb}`: disable, enable, delete, restore, purge."""
    await posted(request)
    state, person, verb = state_of(request), _person(request), request.path_params["verb"]
    if verb not in _DONE:
        raise UnknownPage(f"Nobody can be {verb!r} here.")
    now = load_clock(state)()
    try:
        if verb in ("disable", "enable"):
            set_enabled(state, person.id, enabled=verb == "enable")
        elif verb == "delete":
            delete_person(state, person.id, now=now)
        elif verb == "restore":
            restore_person(state, person.id)
        else:
            purge_person(state, person.id, now=now)
    except Refusal as refusal:
        return went(f"/people/{person.id}", refusal.detail, kind="danger")
    return went("/people/deleted" if verb == "purge" else f"/people/{person.id}", f"{person.name} was {_DONE[verb]}.")


def _person(request: Request) -> Person:
    return find_person(state_of(request), request.path_params["id"])


def _values(form: FormData) -> dict[str, str]:
    return {name: text(form, name) for name in LABELS}


def _known(request: Request, person: Person) -> dict[str, str]:
    manager = get_person(state_of(request), person.manager) if person.manager else None
    values = {attribute.field: getattr(person, attribute.field) or "" for attribute in ATTRIBUTES}
    return {**values, "manager": manager.handle if manager else ""}


def _changes(request: Request, values: dict[str, str]) -> dict[str, Any]:
    """Spell a form as changes; a manager is named by handle, user name or id. Raises `UnknownName`."""
    changes: dict[str, Any] = {name: value or None for name, value in values.items()}
    if values["manager"]:
        changes["manager"] = find_person(state_of(request), values["manager"]).key
    return changes


def _form(
    request: Request, person: Person | None, *, values: dict[str, str], problem: Refusal | None = None
) -> Response:
    return page(
        request,
        "person_form.html",
        status=400 if problem else 200,
        person=person,
        values=values,
        sections=SECTIONS,
        labels=LABELS,
        problem=problem,
    )


ROUTES: list[BaseRoute] = [
    Route("/people", people),
    Route("/people/deleted", recycle_bin),
    Route("/people/new", new_person, methods=["GET", "POST"]),
    Route("/people/{id}", one_person),
    Route("/people/{id}/edit", edit_person, methods=["GET", "POST"]),
    Route("/people/{id}/{verb}", act_on_person, methods=["POST"]),
]
