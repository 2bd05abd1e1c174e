"""scim2-server with its own storage in memory, below /scim/v2, on the server software of Doorlist."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage
from scim2_server.utils import load_default_provider

PROVIDER = load_default_provider()
SERVED = ASGIApplication(AsyncInMemoryStorage(), PROVIDER)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Hand the request on under the path that the peer expects."""
    await SERVED({**scope, "path": scope["path"].removeprefix("/scim/v2"), "root_path": ""}, receive, send)


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"scim2-server listens on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", http="httptools", loop="uvloop"
        )
        uvicorn.Server(config).run(sockets=[listener])
