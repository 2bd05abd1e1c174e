"""One serving process: uvicorn on a socket that the supervisor opened.

It tells the supervisor when it is ready, and leaves by itself when the supervisor is gone, so that the address is
free for the next one. The settings reach the application through the environment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from typing import NoReturn

import uvicorn

from doorlist.web.protocol import BoundedProtocol

GRACE = 10  # seconds that running requests have to finish


class Worker(uvicorn.Server):
    """A uvicorn server between two pipes of its supervisor.

    Args:
        parent: readable as soon as the supervisor has died.
        ready: takes a byte when requests are accepted.
    """

    def __init__(self, config: uvicorn.Config, *, parent: int, ready: int) -> None:
        super().__init__(config)
        self._parent = parent
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then tell the supervisor."""
        await super().startup(sockets=sockets)
        asyncio.get_running_loop().add_reader(self._parent, self._orphaned)
        os.write(self._ready, b".")

    def _orphaned(self) -> None:
        asyncio.get_running_loop().remove_reader(self._parent)
        self.should_exit = True


def work(app: str, listener: socket.socket, *, parent: int, ready: int) -> NoReturn:
    """Serve the application that a factory makes, until SIGTERM or until the supervisor is gone; never returns."""
    code = 1
    try:
        os.setpgid(0, 0)  # the terminal's Ctrl-C is the supervisor's to pass on
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it once more after a clean end
        Worker(_config(app), parent=parent, ready=ready).run(sockets=[listener])
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # the end of a process: whatever it was, the supervisor has to know
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)  # not through the frames inherited from the supervisor, which would stop the database


def _config(app: str) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=True,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=GRACE,
    )
