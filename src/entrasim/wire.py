"""A small HTTP/1.1 client: keep-alive connections, a bounded number of them, httptools for parsing.

It exists because a provisioning cycle is tens of thousands of tiny requests to one server, where a general client
costs more than the server does. It follows no redirect, keeps no cookie, asks for no compression, and knows
nothing of SCIM.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import SplitResult, urlsplit

import httptools

MAX_BODY = 64 * 1024 * 1024
IDEMPOTENT = frozenset({"GET", "DELETE", "PATCH"})  # how this client uses PATCH, a second one changes nothing


class WireError(Exception):
    """No HTTP answer came: the connection failed, or what came was not HTTP. `fault` names an injected fault."""

    def __init__(self, message: str, *, fault: str | None = None) -> None:
        super().__init__(message)
        self.fault = fault


class WireTimeoutError(WireError):
    """No answer came in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP response; header names are in lower case. `fault` names a fault that was injected."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    fault: str | None = None


class _Connection(asyncio.Protocol):
    """One keep-alive connection that carries one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self.usable = True
        self.heard = False
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._size = 0
        self._headed = False

    async def exchange(self, request: bytes) -> Answer:
        """Send one request and await its answer. Raises `WireError`."""
        if self._transport is None or not self.usable:
            raise WireError("The connection is closed.")
        self._begin()
        self.heard = False
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._waiter
        finally:
            self._waiter = None

    def close(self) -> None:
        """Close at once, whatever is under way."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        self.heard = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(WireError(f"The answer is not HTTP/1.1: {error}."))

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if self._headed and not ({"content-length", "transfer-encoding"} & self._headers.keys()):
            self._finish()  # RFC 9112 section 6.3: such a body ends with the connection
        else:
            self._fail(WireError(f"The server closed the connection{f' ({exc})' if exc else ''}."))

    # httptools calls these

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._headed = True

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MAX_BODY:
            self._fail(WireError(f"The answer is longer than {MAX_BODY} bytes."))
        else:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        if 100 <= self._parser.get_status_code() < 200:
            self._headers, self._headed = {}, False  # informational: the answer follows
            return
        self.usable = self.usable and self._parser.should_keep_alive()
        self._finish()

    def _finish(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            status = self._parser.get_status_code()
            self._waiter.set_result(Answer(status, self._headers, b"".join(self._chunks)))

    def _fail(self, fault: WireError) -> None:
        self.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(fault)


class Wire:
    """Connections to one origin, at most `connections` at a time.

    Args:
        url: any URL of the origin; only scheme, host and port are used.
        timeout: seconds that one exchange may take, connecting included.
        verify: TLS settings; None takes the system's trust store (and `SSL_CERT_FILE`).
    """

    def __init__(
        self, url: str, connections: int, *, timeout: float = 100.0, verify: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._tls = (verify or ssl.create_default_context()) if parts.scheme == "https" else None
        self._host = parts.hostname
        self._port = parts.port or (443 if self._tls else 80)
        self._netloc = _netloc(parts)
        self._timeout = timeout
        self._idle: list[_Connection] = []
        self._slots = asyncio.Semaphore(connections)
        self.requests = 0

    async def send(self, method: str, path: str, *, headers: bytes = b"", body: bytes | None = None) -> Answer:
        """Send one request; `headers` are complete header lines. Raises `WireError`, `WireTimeoutError`."""
        length = b"" if body is None else b"content-length: %d\r\n" % len(body)
        head = f"{method} {path} HTTP/1.1\r\nhost: {self._netloc}\r\n".encode("latin-1")
        request = b"".join((head, headers, length, b"\r\n", body or b""))
        self.requests += 1
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._exchange(request, repeatable=method in IDEMPOTENT)
            except TimeoutError as error:
                raise WireTimeoutError(f"No answer within {self._timeout:g} seconds.") from error

    async def _exchange(self, request: bytes, *, repeatable: bool) -> Answer:
        """Prefer an idle connection; one that the server closed meanwhile is replaced once, if that is safe."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.usable:
                continue
            try:
                return await self._on(connection, request)
            except WireError:
                if connection.heard or not repeatable:
                    raise
        return await self._on(await self._connect(), request)

    async def _on(self, connection: _Connection, request: bytes) -> Answer:
        try:
            answer = await connection.exchange(request)
        except BaseException:
            connection.close()  # an answer to a request that was given up must never meet the next one
            raise
        if connection.usable:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    async def _connect(self) -> _Connection:
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                _Connection, self._host, self._port, ssl=self._tls
            )
        except TimeoutError:
            raise
        except OSError as error:  # ssl.SSLError is one
            raise WireError(f"{self._netloc} cannot be reached: {error}.") from error
        return connection

    def close(self) -> None:
        """Close every idle connection."""
        while self._idle:
            self._idle.pop().close()


def _netloc(parts: SplitResult) -> str:
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else str(parts.hostname)
    return host if parts.port is None else f"{host}:{parts.port}"
