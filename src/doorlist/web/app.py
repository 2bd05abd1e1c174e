"""The application of one serving process: SCIM on the hot path, the management API behind its door, pages by Starlette.

`create_app` is the factory that the server calls; it reads the settings from the environment. The lifespan opens the
pool and starts the background tasks: credential announcements, the request log, the seals of the audit log, the
warnings of tokens that expire and the clean-up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import timedelta

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from doorlist.config import Settings, load
from doorlist.errors import Unavailable
from doorlist.service import clock
from doorlist.service.auditing import seal_for_ever
from doorlist.service.cleaning import Terms, clean_for_ever
from doorlist.service.delivering import deliver_for_ever
from doorlist.service.expiry import warn_for_ever
from doorlist.service.requestlog import RequestLog
from doorlist.service.saml_upkeep import keep_up_for_ever
from doorlist.service.vitals_seen import Watch
from doorlist.store.db import Database
from doorlist.web import doors, pages, passkey_pages, sso
from doorlist.web.auth import Authenticator
from doorlist.web.console.routes import routes as console_routes
from doorlist.web.management.door import PREFIXES, Door
from doorlist.web.management.interface import build_interface
from doorlist.web.metering import Tally, Watched, operation
from doorlist.web.metrics import Board, Gauges, Metrics, counting
from doorlist.web.outgoing import Outgoing
from doorlist.web.pacing import Crowd
from doorlist.web.requests import Receive, Scope, Send
from doorlist.web.scim_api import PREFIX, ScimApi
from doorlist.web.sessions import SessionCookies


class App:
    """The ASGI application: one door for all protocols."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._scim: ScimApi | None = None
        self._database: Database | None = None
        self._pages = Starlette(
            routes=[
                Route("/healthz", _alive),
                Route("/readyz", self._ready),
                *sso.routes(),
                *passkey_pages.routes(),
                *doors.routes(),
            ],
            middleware=[Middleware(SessionCookies)],
            exception_handlers={404: pages.missing, 500: pages.failed},
            lifespan=self._lifespan,
        )
        self._pages.state.settings = settings
        self._management = Door(
            build_interface(),
            per_second=settings.api_requests_per_second,
            most_waiting=settings.max_waiting,
            base_url=settings.base_url,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX + "/") and self._scim is not None:
            await self._scim(scope, receive, send)
        elif scope["type"] == "http" and self._scim is not None:
            inside = self._management if scope["path"].startswith(PREFIXES) else self._pages
            await _counted(inside, self._scim.tally, scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        settings = self._settings
        assert settings.database_url is not None, "the serving process is given a database"
        database = await Database.connect(settings.database_url, maximum=settings.pool_size)
        authenticator = Authenticator(database, Crowd(settings.max_waiting))
        log = RequestLog(database, days=settings.request_log_days, body_days=settings.request_body_days)
        self._pages.state.database = self._management.database = database
        self._database, self._scim = database, ScimApi(database, settings, authenticator, log)
        own = ExitStack()
        counts = settings.metrics_folder or own.enter_context(counting(None))
        board = Board(counts, self._scim.tally, lambda: self._gauges(log))
        metrics = Metrics(board, Watch(database), token=settings.metrics_token)
        self._pages.router.routes.append(Route("/metrics", metrics.answer))
        self._pages.router.routes.extend(console_routes(database, settings))
        authenticator.start()
        log.start()
        terms = Terms(timedelta(days=settings.deleted_days), timedelta(days=settings.history_days))
        outgoing = Outgoing(private_targets=settings.webhook_private_targets)
        work = (
            board.publish_for_ever(),
            seal_for_ever(database),
            warn_for_ever(database),
            clean_for_ever(database, terms),
            keep_up_for_ever(database),
            deliver_for_ever(database, outgoing.send),
        )
        chores = [asyncio.create_task(chore) for chore in work]
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
                with suppress(asyncio.CancelledError):
                    await chore
            await outgoing.close()
            await authenticator.close()
            await log.close()
            await database.close()
            own.close()

    def _gauges(self, log: RequestLog) -> Gauges:
        """What this process is at just now."""
        assert self._database is not None
        limit, opened, used = self._database.pool_use()
        waiting, oldest = log.lag(clock.now())
        return Gauges(limit, opened, used, self._database.waiting, waiting, oldest, log.lost)

    async def _ready(self, _: Request) -> JSONResponse:
        """Whether requests can be served: the database answers."""
        assert self._database is not None
        try:
            async with self._database.reading() as connection:
                await connection.fetchval("select 1")
        except Unavailable as refusal:
            return JSONResponse({"status": "unavailable", "detail": refusal.detail}, status_code=503)
        return JSONResponse({"status": "ready"})


async def _counted(inside: ASGIApp, tally: Tally, scope: Scope, receive: Receive, send: Send) -> None:
    started, watched = time.perf_counter_ns(), Watched(send)
    try:
        await inside(scope, receive, watched)
    finally:
        taken = (time.perf_counter_ns() - started) // 1000
        tally.note(operation(scope["method"], scope["path"]), watched.status, taken)


async def _alive(_: Request) -> JSONResponse:
    return JSONResponse({"status": "alive"})


def create_app() -> App:
    """The application with the settings of the environment."""
    return App(load())
