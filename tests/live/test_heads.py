"""The head of a request is bounded before anybody has shown a credential: in bytes and in seconds."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from doorlist.web import protocol
from doorlist.web.protocol import BoundedProtocol
from tests.live.processes import serving

pytestmark = pytest.mark.live


def test_a_head_without_end_is_refused_while_it_comes(tmp_path: Path) -> None:
    with serving("--data", tmp_path / "data", "--port", "0") as served:
        (worker,) = served.workers()
        before = worker.memory_info().rss
        for line in (b"x-a: " + b"y" * (1 << 16), b"x-b: 1\r\n" * 9000, b"x" * (1 << 20)):
            with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n")
                answer = b""
                try:
                    for _ in range(200):
                        connection.sendall(line)
                    answer = connection.recv(1000)
                except OSError:
                    pass  # the server closed while more was sent
                assert answer[:12] in (b"", b"HTTP/1.1 431", b"HTTP/1.1 400")
        assert worker.memory_info().rss - before < 16 << 20
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
            for _ in range(3):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: " + b"y" * 30_000 + b"\r\n\r\n")
                answer = b""
                while not answer.endswith(b"}"):
                    answer += connection.recv(1000)
                assert answer.startswith(b"HTTP/1.1 200")


class Line:
    """A transport that remembers whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, _: str) -> Any:
        return None


async def test_a_head_that_does_not_come_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    import uvicorn
    from uvicorn.server import ServerState

    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.02)
    config = uvicorn.Config("tests.live.test_heads:Line", log_config=None, http=BoundedProtocol)
    for sent in (b"", b"GET / HTTP/1.1\r\nx: "):
        line: Any = Line()
        connection = BoundedProtocol(config, ServerState(), {})
        connection.connection_made(line)
        if sent:
            connection.data_received(sent)
        await asyncio.sleep(0.1)
        assert line.closed
