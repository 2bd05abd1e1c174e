"""`entrasim serve`: the job that runs as time goes by, and what looks at it over HTTP.

One event loop, one connection to the state file: requests and the job take turns between requests to the target,
so no transaction is open while another runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from entrasim.job.loop import keep_running
from entrasim.overview import overview
from entrasim.portal.wiring import add_refusals, portal_middleware, portal_routes
from entrasim.statefile import StateFile


async def status(request: Request) -> Response:
    """`GET /api/status`: clock, job, progress and figures as JSON."""
    return _json(overview(request.app.state.file))


API_ROUTES: list[BaseRoute] = [Route("/api/status", status)]


def build_app(path: Path, *, hosts: Sequence[str] = (), run_job: bool = True) -> Starlette:
    """Return the application over a state file; `run_job` also runs cycles as they become due.

    It answers to `hosts` and to this machine's own names.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.file = file = StateFile.open(path)
        job = asyncio.create_task(keep_running(file, mint=lambda: str(uuid.uuid4()))) if run_job else None
        try:
            yield
        finally:
            if job is not None:
                job.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await job
            file.close()

    app = Starlette(routes=[*API_ROUTES, *portal_routes()], middleware=portal_middleware(hosts), lifespan=lifespan)
    add_refusals(app)
    return app


def serve(
    path: Path,
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
    hosts: Sequence[str] = (),
    run_job: bool = True,
) -> None:
    """Serve until interrupted; port 0 takes a free one.

    Args:
        announce: told the address before anything is asked.
        hosts: further host names that requests may use, such as that of a container.
    """
    app = build_app(path, hosts=(host, *hosts), run_job=run_job)
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", ws="none", server_header=False)
    listener = config.bind_socket()
    listener.listen(config.backlog)  # whoever hears the address may connect at once
    try:
        announce(f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        listener.close()


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json", headers={"cache-control": "no-store"})
