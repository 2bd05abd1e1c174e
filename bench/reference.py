"""The reference: an application that reads the body and answers a kilobyte, behind the server software of Doorlist."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Any

import uvicorn

ANSWER = b'{"padding":"' + b"x" * 980 + b'"}'
HEADERS = [(b"content-type", b"application/scim+json"), (b"content-length", str(len(ANSWER)).encode())]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every request with the same bytes."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


def serve_workers(application: Any, workers: int, name: str) -> None:
    """Serve on a free port of the loopback, with forked workers on one socket, until SIGTERM."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"{name} listens on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        children = []
        for _ in range(workers):
            child = os.fork()
            if child == 0:
                _serve(application, listener)
            children.append(child)
        signal.signal(signal.SIGTERM, lambda *_: [os.kill(child, signal.SIGTERM) for child in children])
        for child in children:
            os.waitpid(child, 0)


def _serve(application: Any, listener: socket.socket) -> None:
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        lifespan="off",
        http="httptools",
        loop="uvloop",
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])
    os._exit(0)


if __name__ == "__main__":
    serve_workers(app, int(sys.argv[1]), "the reference")
