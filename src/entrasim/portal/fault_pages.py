"""Faults between the job and the target: which are in force, what they hit, add and remove."""

from __future__ import annotations

from typing import cast, get_args

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.clock import load_clock, parse_span
from entrasim.faults import FaultRule, Kind, add_fault, clear_faults, list_faults, remove_fault
from entrasim.portal.forms import text
from entrasim.portal.guarding import posted
from entrasim.portal.rendering import page, state_of, went
from entrasim.refusals import InvalidFault, Refusal
from entrasim.statefile import StateFile

HERE = "/faults"
KINDS: tuple[str, ...] = get_args(Kind)
METHODS = ("GET", "POST", "PATCH", "DELETE")


async def faults(request: Request) -> Response:
    """`GET /faults`."""
    return page(request, "faults.html", faults=list_faults(state_of(request)), methods=METHODS)


async def add(request: Request) -> Response:
    """`POST /faults`."""
    form = await posted(request)
    try:
        fault = add_fault(state_of(request), _rule(state_of(request), form))
    except Refusal as refusal:
        return went(HERE, refusal.detail, kind="danger")
    return went(HERE, f"Fault {fault.id} is in force: {fault.rule}.")


async def remove(request: Request) -> Response:
    """`POST /faults/remove`: one by its number, or all."""
    form = await posted(request)
    number = text(form, "id")
    if number.isascii() and number.isdigit():
        remove_fault(state_of(request), int(number))
        return went(HERE, f"Fault {number} is gone.")
    return went(HERE, f"{clear_faults(state_of(request))} faults are gone.")


def _rule(state: StateFile, form: FormData) -> FaultRule:
    """Read the form. Raises `InvalidFault`, `InvalidTime`."""
    what, lasting, method = text(form, "what"), text(form, "lasting"), text(form, "method")
    status = int(what) if what.isascii() and what.isdigit() and len(what) == 3 else None
    if status is None and what not in KINDS:
        raise InvalidFault(f"{what!r} is no fault.")
    share = _number(form, "share", otherwise=100)
    return FaultRule(
        kind="status" if status is not None else cast(Kind, what),
        status=status,
        retry_after=(text(form, "retry_after") or None) if status is not None else None,
        late=text(form, "late") == "yes",
        probability=share / 100,
        every=_number(form, "every") or None,
        times=_number(form, "times") or None,
        method=method if method in METHODS else None,
        path=text(form, "path") or None,
        until=load_clock(state)() + parse_span(lasting) if lasting else None,
        milliseconds=_number(form, "milliseconds", otherwise=3000) if what == "slow" else 0,
    )


def _number(form: FormData, name: str, *, otherwise: int = 0) -> int:
    value = text(form, name)
    if not value:
        return otherwise
    if not (value.isascii() and value.isdigit() and len(value) < 8):
        raise InvalidFault(f"{value!r} is no whole number.")
    return int(value)


ROUTES: list[BaseRoute] = [
    Route(HERE, faults),
    Route(HERE, add, methods=["POST"]),
    Route(f"{HERE}/remove", remove, methods=["POST"]),
]
