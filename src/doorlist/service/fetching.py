"""Reading a document from the web: bounded in time and size, without redirects, in a thread of its own.

Whoever manages an organization names the address, so over https only public ones are asked, and the connection goes to
the very address that was checked. Without https only this machine is asked, where a stand-in may run.
"""

from __future__ import annotations

import asyncio
import socket
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, urlsplit

from doorlist.domain.addresses import is_public
from doorlist.errors import BadInput

_SECONDS: Final = 15
_HEADERS: Final = {"User-Agent": "doorlist", "Accept": "application/samlmetadata+xml"}


class _Pinned(HTTPSConnection):
    """A connection to an address that was checked, under the name that the certificate is for."""

    def __init__(self, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=_SECONDS)
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), timeout=_SECONDS)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)  # type: ignore[attr-defined] # of the base


async def fetch(url: str, *, limit: int) -> bytes:
    """The document at an address that was checked before. Raises `BadInput`, also for an address that is not public."""
    return await asyncio.to_thread(_read, url, limit)


def _read(url: str, limit: int) -> bytes:
    try:
        parts = urlsplit(url)
        connection = _connection(parts)
        try:
            connection.request(
                "GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers=_HEADERS
            )
            answer = connection.getresponse()
            data = answer.read(limit + 1)
        finally:
            connection.close()
    except (HTTPException, OSError, ValueError) as error:
        raise BadInput(f"The address could not be read: {str(error)[:200]}", place="url") from None
    if answer.status != 200:
        raise BadInput(f"The address answers {answer.status}; redirects are not followed.", place="url")
    if len(data) > limit:
        raise BadInput(f"The document is longer than {limit} bytes.", place="url")
    return data


def _connection(parts: SplitResult) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme != "https":
        return HTTPConnection(host, parts.port or 80, timeout=_SECONDS)
    port = parts.port or 443
    addresses = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not addresses or not all(is_public(address) for address in addresses):
        raise BadInput(f"{host} is no public address.", place="url")
    return _Pinned(host, port, addresses[0])
