"""The application of the management API: its routes, its description (OpenAPI 3.1), and the page that shows it.

Stands on FastAPI; what is refused anywhere inside becomes a problem document here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from doorlist.errors import BadInput, MethodNotAllowed, NotFound, Refusal
from doorlist.web.management import (
    credential_routes,
    decision_routes,
    grant_routes,
    hook_routes,
    organization_routes,
    people_routes,
    place_routes,
    question_routes,
    record_routes,
    signin_routes,
    work_routes,
)
from doorlist.web.management.examples import illustrate
from doorlist.web.management.problems import MEDIA_TYPE, Problem, malformed, problem_response
from doorlist.web.replies import Fault

PREFIX: Final = "/api/v1"
_VENDOR: Final = Path(__file__).parents[1] / "static" / "vendor"
_ROUTERS: Final = (
    organization_routes.router,
    credential_routes.router,
    hook_routes.router,
    people_routes.router,
    place_routes.router,
    grant_routes.router,
    question_routes.router,
    work_routes.router,
    record_routes.router,
    signin_routes.router,
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Doorlist management API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<main id="interface"></main>
<script src="docs/swagger-ui.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#interface", deepLinking: true, persistAuthorization: false, validatorUrl: null,
});
"""
_DESCRIPTION: Final = """
Everything that administrators of an organization do, for programs; and decisions by the OpenID AuthZEN
Authorization API 1.0.

**Keys.** `doorlist key create --org SLUG --label NAME` makes a key. Send it as `Authorization: Bearer KEY`. A key has
scopes, may end by itself, and may act as one person, up to that person's levels.

**Refusals** are problem documents (RFC 9457) whose `code` is stable.

**Lists** come in pages: give `next` back as `cursor` until it is null.

**Repeating.** A POST with an `Idempotency-Key` is carried out once within a day; a repetition gets the first answer.

**Versions.** Projects and tasks have an ETag; with `If-Match` a change is made only from that version.
"""


def build_interface() -> FastAPI:
    """The application, with every route of the management API."""
    interface = FastAPI(
        title="Doorlist management API",
        version="1",
        description=_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        responses={"default": {"description": "A refusal.", "model": Problem}},
        redirect_slashes=False,
    )
    for router in _ROUTERS:
        interface.include_router(router, prefix=PREFIX)
    interface.include_router(decision_routes.router)
    interface.include_router(decision_routes.metadata_router)
    interface.add_exception_handler(Refusal, _refused)
    interface.add_exception_handler(RequestValidationError, _invalid)
    interface.add_exception_handler(HTTPException, _unknown)
    interface.add_exception_handler(Exception, _failed)
    _add_pages(interface)
    return interface


def describe(interface: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, in which every refusal is a problem document."""
    if interface.openapi_schema is None:
        document = get_openapi(
            title=interface.title,
            version=interface.version,
            description=interface.description,
            routes=interface.routes,
        )
        for operation in (one for path in document["paths"].values() for one in path.values()):
            illustrate(operation)
            operation["responses"].pop("422", None)
            refusal = operation["responses"]["default"]
            refusal["content"] = {MEDIA_TYPE: refusal["content"].pop("application/json")}
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        interface.openapi_schema = document
    return interface.openapi_schema


def _add_pages(interface: FastAPI) -> None:
    """The description and the page that shows it; the page's files are installed with the program."""

    async def description(_: Request) -> Response:
        return JSONResponse(describe(interface))

    async def page(_: Request) -> Response:
        return HTMLResponse(_PAGE)

    async def start(_: Request) -> Response:
        return Response(_START, media_type="text/javascript")

    async def vendor(request: Request) -> Response:
        return FileResponse(_VENDOR / request.url.path.rpartition("/")[2])

    interface.add_route(f"{PREFIX}/openapi.json", description, include_in_schema=False)
    interface.add_route(f"{PREFIX}/docs", page, include_in_schema=False)
    interface.add_route(f"{PREFIX}/docs/start.js", start, include_in_schema=False)
    for name in ("swagger-ui.js", "swagger-ui.css"):
        interface.add_route(f"{PREFIX}/docs/{name}", vendor, include_in_schema=False)


def _operation_id(route: APIRoute) -> str:
    return route.name


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem_response(error)


async def _failed(_: Request, __: Exception) -> Response:
    """The answer to a fault; the door logs it."""
    return problem_response(Fault("The server failed to handle the request."))


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(malformed(error))


async def _unknown(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        refusal: Refusal = MethodNotAllowed("This address does not take this method.", allow=tuple(allowed.split(", ")))
    elif error.status_code == 404:
        refusal = NotFound("There is no such address.")
    else:
        refusal = BadInput(str(error.detail))
    return problem_response(refusal)
