"""The clock of the simulated world: look at it, stop it, set it, move it forward through everything that is due."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.clock import hold_clock, load_clock, parse_moment, parse_span, release_clock, reset_clock, set_clock
from entrasim.job.loop import advance
from entrasim.overview import overview
from entrasim.portal.forms import text
from entrasim.portal.guarding import posted
from entrasim.portal.rendering import new_id, page, state_of, went
from entrasim.refusals import Refusal, UnknownPage

HERE = "/clock"


async def show(request: Request) -> Response:
    """`GET /clock`."""
    return page(request, "clock.html", seen=overview(state_of(request)))


async def act_on_clock(request: Request) -> Response:
    """`POST /clock/{verb}`: hold, release, reset, set, advance."""
    form = await posted(request)
    state, verb = state_of(request), request.path_params["verb"]
    if verb not in ("hold", "release", "reset", "set", "advance"):
        raise UnknownPage(f"The clock cannot be told to {verb!r}.")
    try:
        if verb == "hold":
            hold_clock(state)
        elif verb == "release":
            release_clock(state)
        elif verb == "reset":
            reset_clock(state)
        elif verb == "set":
            set_clock(state, parse_moment(text(form, "moment")))
        else:
            return await _advanced(request, text(form, "span"))
    except Refusal as refusal:
        return went(HERE, refusal.detail, kind="danger")
    return went(HERE, f"The clock shows {load_clock(state)():%d %b %Y, %H:%M:%S} UTC.")


async def _advanced(request: Request, span: str) -> Response:
    report = await advance(state_of(request), parse_span(span), mint=new_id)
    busy, failures = len(report.cycles), sum(cycle.failures for cycle in report.cycles)
    said = (
        f"{span} have passed: {busy} cycles with something to do, {report.idle} without, "
        f"{report.purged} people gone from the recycle bin, {failures} failures."
    )
    return went(HERE, said, kind="danger" if failures else "success")


ROUTES: list[BaseRoute] = [Route(HERE, show), Route(f"{HERE}/{{verb}}", act_on_clock, methods=["POST"])]
