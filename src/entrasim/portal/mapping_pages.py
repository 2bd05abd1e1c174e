"""Attribute mapping of people and of groups: the table, one mapping at a time, object actions, scoping filters."""

from __future__ import annotations

from typing import Literal, cast, get_args

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.configuration import (
    Kind,
    load_configuration,
    put_mapping,
    remove_mapping,
    restore_mappings,
    save_filters,
    set_actions,
)
from entrasim.expressions import compile_expression
from entrasim.filters import Clause, Operator, ScopingFilter
from entrasim.flows import GROUP_SOURCES, USER_SOURCES, group_source, user_source
from entrasim.mappings import Mapping
from entrasim.people import find_person
from entrasim.portal.application_pages import application_page
from entrasim.portal.forms import asked_text, choice, text
from entrasim.portal.guarding import posted
from entrasim.portal.rendering import state_of, went
from entrasim.refusals import InvalidMapping, Refusal, UnknownPage
from entrasim.security_groups import find_group

HERE = "/application/mappings"
OPERATORS: tuple[str, ...] = get_args(Operator)
_CLAUSES = 4
_HOW = ("direct", "constant", "expression")


async def mappings(request: Request) -> Response:
    """`GET /application/mappings/{kind}`."""
    kind = _kind(request)
    rules = load_configuration(state_of(request)).rules(kind)
    return application_page(request, "mappings.html", kind=kind, rules=rules, operators=OPERATORS,
                            sources=_sources(kind), clauses=_CLAUSES)  # fmt: skip


async def edit_mapping(request: Request) -> Response:
    """`GET` and `POST /application/mappings/{kind}/edit`: the mapping of `target`, or a new one."""
    kind, target = _kind(request), asked_text(request, "target")
    known = next((m for m in load_configuration(state_of(request)).rules(kind).mappings if m.target == target), None)
    if request.method == "GET":
        return _form(request, kind, known or Mapping("", ""), old=known)
    form = await posted(request)
    wanted = _mapping(kind, form)
    state = state_of(request)
    try:
        if text(form, "do") == "try":
            return _form(request, kind, wanted, old=known, tried=_tried(request, kind, form))
        put_mapping(state, kind, mapping=wanted)
        if known is not None and known.target != wanted.target:
            remove_mapping(state, kind, target=known.target)
    except (Refusal, ValueError) as error:
        problem = error if isinstance(error, Refusal) else InvalidMapping(f"The expression cannot be used: {error}.")
        return _form(request, kind, wanted, old=known, problem=problem, tried_as=text(form, "tried_as"))
    return went(f"{HERE}/{kind}", f"{wanted.target} was saved. The next cycle evaluates everything again.")


async def act_on_mappings(request: Request) -> Response:
    """`POST /application/mappings/{kind}/{verb}`: remove one, restore the defaults, actions, filters."""
    form = await posted(request)
    kind, verb, state = _kind(request), request.path_params["verb"], state_of(request)
    try:
        if verb == "remove":
            remove_mapping(state, kind, target=text(form, "target"))
        elif verb == "restore":
            restore_mappings(state, kind)
        elif verb == "actions":
            ticked = {name: text(form, name) == "yes" for name in ("enabled", "create", "update", "delete")}
            set_actions(state, kind, **ticked)
        elif verb == "add-filter":
            known = load_configuration(state).rules(kind).filters
            wanted = _filter(form)
            save_filters(state, kind, filters=[*(f for f in known if f.title != wanted.title), wanted])
        elif verb == "remove-filter":
            known = load_configuration(state).rules(kind).filters
            save_filters(state, kind, filters=[f for f in known if f.title != text(form, "title")])
        else:
            raise UnknownPage(f"Mappings cannot be told to {verb!r}.")
    except InvalidMapping as refusal:
        return went(f"{HERE}/{kind}", refusal.detail, kind="danger")
    return went(f"{HERE}/{kind}", "Saved. The next cycle evaluates everything again.")


def _kind(request: Request) -> Kind:
    kind = request.path_params["kind"]
    if kind not in ("users", "groups"):
        raise UnknownPage(f"There are no mappings of {kind!r}.")
    return cast(Kind, kind)


def _sources(kind: Kind) -> list[str]:
    return sorted(USER_SOURCES if kind == "users" else GROUP_SOURCES, key=str.casefold)


def _mapping(kind: Kind, form: FormData) -> Mapping:
    how = cast(Literal["direct", "constant", "expression"], choice(text(form, "how"), _HOW, otherwise="direct"))
    source, precedence = text(form, "source"), text(form, "precedence")
    return Mapping(
        source,
        text(form, "target"),
        kind=how,
        default=text(form, "default") or None,
        precedence=int(precedence) if precedence.isascii() and precedence.isdigit() and len(precedence) < 4 else 0,
        apply="creation" if text(form, "apply") == "creation" else "always",
        reference=how == "direct" and (kind, source) in {("users", "manager"), ("groups", "members")},
    )


def _tried(request: Request, kind: Kind, form: FormData) -> tuple[str, str]:
    """Return whom the expression was tried on, and what came out. Raises `Refusal` and `ValueError`."""
    name, state = text(form, "tried_as"), state_of(request)
    if kind == "users":
        person = find_person(state, name)
        source = user_source(person, soft_deleted=not person.active)
    else:
        source = group_source(find_group(state, name))
    value = compile_expression(text(form, "source")).evaluate(source)
    return name, str(value or "")


def _filter(form: FormData) -> ScopingFilter:
    """Read a filter with the clauses that have an attribute. Raises `InvalidMapping`."""
    clauses = []
    for number in range(_CLAUSES):
        attribute, operator = text(form, f"attribute{number}"), text(form, f"operator{number}")
        if attribute and operator not in OPERATORS:
            raise InvalidMapping(f"{operator!r} is no operator.")
        if attribute:
            value = text(form, f"value{number}")
            clauses.append(Clause(attribute=attribute, operator=cast(Operator, operator), value=value))
    title = text(form, "title", longest=200)
    if not title:
        raise InvalidMapping("A filter needs a title.")
    return ScopingFilter(title=title, clauses=clauses)


def _form(
    request: Request,
    kind: Kind,
    mapping: Mapping,
    *,
    old: Mapping | None,
    problem: Refusal | None = None,
    tried: tuple[str, str] | None = None,
    tried_as: str = "",
) -> Response:
    return application_page(
        request,
        "mapping_form.html",
        status=400 if problem else 200,
        kind=kind,
        mapping=mapping,
        old=old,
        problem=problem,
        sources=_sources(kind),
        tried=tried,
        tried_as=tried[0] if tried else tried_as,
    )


ROUTES: list[BaseRoute] = [
    Route(f"{HERE}/{{kind}}", mappings),
    Route(f"{HERE}/{{kind}}/edit", edit_mapping, methods=["GET", "POST"]),
    Route(f"{HERE}/{{kind}}/{{verb}}", act_on_mappings, methods=["POST"]),
]
