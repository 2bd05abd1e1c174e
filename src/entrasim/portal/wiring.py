"""Every page of the portal with its address, and what answers when something goes wrong."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from entrasim.portal import (
    application_pages,
    clock_pages,
    directory_pages,
    fault_pages,
    group_pages,
    log_pages,
    mapping_pages,
    on_demand_pages,
    people_pages,
    provisioning_pages,
    signin_pages,
    sso_pages,
)
from entrasim.portal.guarding import LOCAL_HOSTS, Guard
from entrasim.portal.rendering import page
from entrasim.refusals import ForeignForm, Refusal, UnknownName, UnknownPage

_STATUS: dict[type[Refusal], int] = {UnknownPage: 404, UnknownName: 404, ForeignForm: 403}


class _Assets(StaticFiles):
    """Files of the pages, which browsers keep and ask about each time, so that an upgrade is seen at once."""

    def file_response(self, *args: object, **options: object) -> Response:
        """Answer with a file that may be kept and has to be asked about."""
        answer: Response = super().file_response(*args, **options)  # type: ignore[arg-type]
        answer.headers["cache-control"] = "no-cache"
        return answer


async def refused(request: Request, error: Exception) -> Response:
    """Tell what the stand-in refuses; a page of its own, with the code."""
    assert isinstance(error, Refusal)
    status = _STATUS.get(type(error), 400)
    return page(request, "refused.html", status=status, refusal=error, title="This cannot be done")


async def failed(request: Request, error: Exception) -> Response:
    """Tell that there is no such page, or that it cannot be asked for in that way."""
    assert isinstance(error, HTTPException)
    refusal = UnknownPage(f"{error.detail}: {request.method} {request.url.path}")
    return page(request, "refused.html", status=error.status_code, refusal=refusal, title=error.detail)


def portal_routes() -> list[BaseRoute]:
    """Return the routes of all pages."""
    static = Path(str(resources.files("entrasim.portal").joinpath("static")))
    pages = (
        directory_pages,
        people_pages,
        group_pages,
        application_pages,
        sso_pages,
        provisioning_pages,
        mapping_pages,
        on_demand_pages,
        log_pages,
        clock_pages,
        fault_pages,
        signin_pages,
    )
    assets = Mount("/static", _Assets(directory=static), name="static")
    return [assets, *(route for module in pages for route in module.ROUTES)]


def portal_middleware(hosts: Iterable[str]) -> list[Middleware]:
    """Return what stands before every request; `hosts` are names that are served beside this machine's own."""
    return [Middleware(Guard, hosts=(*LOCAL_HOSTS, *(host.casefold() for host in hosts)))]


def add_refusals(app: Starlette) -> None:
    """Have refusals and unknown addresses answered by pages."""
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(HTTPException, failed)
