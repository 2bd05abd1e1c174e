"""`doorlist serve`: the process that holds the database and the socket, and keeps the serving processes alive.

It handles no request itself: no event loop and no thread lives here, so that forking is safe at any time and the
memory of the imported program is shared. It brings back a worker that died and an embedded PostgreSQL that died.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import importlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from doorlist.config import Settings, http_address, remember_address
from doorlist.errors import BadInput, Refusal
from doorlist.store import embedded, migrate
from doorlist.web import logs
from doorlist.web.metrics import counting
from doorlist.web.worker import GRACE, work

APP: Final = "doorlist.web.app:create_app"
_TICK: Final = 1.0
_LOG_CARE: Final = 3600.0
_STABLE: Final = 5.0  # seconds after which a worker's death is no longer taken for a failing start
_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_WARM: Final = ("uvicorn.protocols.http.httptools_impl", "uvicorn.lifespan.on", "uvicorn.loops.auto")

_log = structlog.get_logger(__name__)


def serve(settings: Settings, *, app: str = APP, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests finish and stop what nobody else uses.

    Args:
        settings: where to listen, with how many workers, on which database.
        app: the application factory, as module:function.
        announce: takes each line meant for whoever started the server.

    Raises:
        BadInput: the address is taken, or the database cannot be used.
        Unavailable: the database cannot be reached.
    """
    logs.configure(level=settings.log_level, form=settings.log_format)
    with listening(settings.host, settings.port) as listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        with embedded.reachable(settings.database_url, settings.data) as url:
            applied = asyncio.run(migrate.ensure(url))
            if applied:
                announce(f"The database was brought to migration {applied[-1]}.")
            own = settings.data if settings.database_url is None else None
            if own is not None:
                remember_address(own, settings.base_url)
            with counting(settings.metrics_folder) as folder:
                given = {"database_url": url, "metrics_folder": folder}
                os.environ.update(settings.model_copy(update=given).environment())
                importlib.import_module(app.partition(":")[0])
                for module in _WARM:
                    importlib.import_module(module)
                Supervisor(app, listener, settings, own).run(announce)


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to an address, not yet accepting; waits a moment for a predecessor that is just leaving.

    Raises:
        BadInput: the address does not exist here, is taken, or is not this account's to use.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise BadInput(f"The address {host!r} is not known: {error.strerror}.") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deadline = time.monotonic() + 2
    while True:
        try:
            listener.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            listener.close()
            raise BadInput(_bind_problem(host, port, error)) from None
        return listener


def _bind_problem(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use by another program. Choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for root. Choose one from 1024 up with --port."
    return f"Doorlist cannot listen on {host}, port {port}: {error.strerror}."


class Supervisor:
    """Starts the workers, brings back what dies, and ends everything in order.

    Args:
        app: the application factory, as module:function.
        listener: the bound socket.
        settings: how many workers, and the address to tell.
        own: the data folder whose PostgreSQL to look after, None where the database is somebody else's.
    """

    def __init__(self, app: str, listener: socket.socket, settings: Settings, own: Path | None) -> None:
        self._app = app
        self._listener = listener
        self._settings = settings
        self._own = own
        self._workers: dict[int, float] = {}  # process id, and when it was started
        self._asked_to_leave = 0
        self._start_after = self._look_after = self._trim_after = 0.0

    def run(self, announce: Callable[[str], None]) -> None:
        """Supervise until a signal asks to leave, then see the workers out.

        Raises:
            BadInput: a worker did not start.
        """
        gc.collect()
        gc.freeze()  # what was imported stays in pages that the workers share
        with _pipe() as self._life, _pipe() as self._news, _signals(self._leave) as self._wakeup:
            try:
                if self._all_ready():
                    address = self._listener.getsockname()
                    announce(f"Doorlist listens on {http_address(address[0], address[1])}")
                    announce(f"Directories provision at {self._settings.base_url}/scim/v2")
                while not self._asked_to_leave:
                    self._wait()
                    self._reap()
                    self._fill()
                    self._care_for_database()
            finally:
                self._see_out()

    def _leave(self) -> None:
        self._asked_to_leave += 1

    def _all_ready(self) -> bool:
        """Start every worker and wait until each accepts requests; False when asked to leave meanwhile."""
        self._fill()
        ready = 0
        while ready < self._settings.workers and not self._asked_to_leave:
            ready += self._wait()
            if self._reap():
                raise BadInput("A serving process did not start. The lines above tell why.")
        return not self._asked_to_leave

    def _fill(self) -> None:
        while len(self._workers) < self._settings.workers and time.monotonic() >= self._start_after:
            pid = os.fork()
            if pid == 0:
                os.close(self._life[1])
                work(self._app, self._listener, parent=self._life[0], ready=self._news[1])
            self._workers[pid] = time.monotonic()

    def _wait(self) -> int:
        """Sleep until something happens or a tick has passed; the number of workers that became ready."""
        readable, _, _ = select.select([self._wakeup, self._news[0]], [], [], _TICK)
        if self._wakeup in readable:
            os.read(self._wakeup, 4096)
        return len(os.read(self._news[0], 4096)) if self._news[0] in readable else 0

    def _reap(self) -> int:
        """Note the workers that have ended, and hold the next start back if they had barely begun."""
        now, ended = time.monotonic(), 0
        for pid, since in list(self._workers.items()):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                ended += 1
                del self._workers[pid]
                if not self._asked_to_leave:
                    _log.warning("a worker ended", pid=pid, code=os.waitstatus_to_exitcode(status))
                if now - since < _STABLE:
                    self._start_after = now + _TICK
        return ended

    def _care_for_database(self) -> None:
        now = time.monotonic()
        if self._own is None or now < self._look_after:
            return
        self._look_after = now + _TICK
        try:
            if embedded.restart_if_down(self._own):
                _log.warning("PostgreSQL had died and was started again")
            if now > self._trim_after:
                embedded.trim_logs(self._own)
                self._trim_after = now + _LOG_CARE
        except Refusal as refusal:
            _log.error("PostgreSQL is down", detail=str(refusal), problems=getattr(refusal, "problems", ()))
            self._look_after = now + _STABLE

    def _see_out(self) -> None:
        """Let the workers finish what they are doing; whoever takes too long, or a second signal, ends it."""
        self._listener.close()  # or the kernel would take connections that nobody serves
        asked, deadline = self._asked_to_leave, time.monotonic() + GRACE + 2
        self._signal_workers(signal.SIGTERM)
        while self._workers and time.monotonic() < deadline and self._asked_to_leave <= max(asked, 1):
            self._reap()
            select.select([self._wakeup], [], [], 0.05)
        self._signal_workers(signal.SIGKILL)
        while self._workers:
            self._reap()
            time.sleep(0.01)

    def _signal_workers(self, number: signal.Signals) -> None:
        for pid in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


@contextmanager
def _signals(leave: Callable[[], None]) -> Iterator[int]:
    """Call `leave` on signals that ask for an end; the descriptor is readable after any signal."""
    with _pipe() as (reading, writing):
        os.set_blocking(writing, False)
        handlers: dict[int, Callable[..., None]] = dict.fromkeys(_ENDING, lambda *_: leave())
        handlers[signal.SIGCHLD] = lambda *_: None
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        previous = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(previous)
            for number, handler in before.items():
                signal.signal(number, handler)
