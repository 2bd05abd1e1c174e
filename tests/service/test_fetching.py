"""Documents from the web: only from public addresses, or without https from this machine; bounded; no redirects."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from doorlist.errors import BadInput
from doorlist.service.fetching import fetch


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/here")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * (2000 if self.path == "/long" else 20))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def here() -> Iterator[str]:
    """The address of a server on this machine."""
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_document_of_this_machine_is_read(here: str) -> None:
    assert await fetch(f"{here}/here?a=b", limit=1000) == b"x" * 20


@pytest.mark.parametrize("path", ["/elsewhere", "/long"])
async def test_redirects_and_documents_without_end_are_refused(here: str, path: str) -> None:
    with pytest.raises(BadInput):
        await fetch(here + path, limit=1000)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "[::1]", "localhost", "192.168.1.1"])
async def test_over_https_no_address_of_the_own_network_is_asked(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("it was asked"))
    with pytest.raises(BadInput, match="no public address"):
        await fetch(f"https://{host}/metadata", limit=1000)
