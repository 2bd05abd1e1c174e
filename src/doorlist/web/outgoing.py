"""Sending webhooks: to the public internet only, to the address that was checked, without following anybody elsewhere.

A name is looked up once; every address that it has must be public, and the connection goes to one of those, so that a
name cannot change its meaning in between. Nothing of an answer but its status is used.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Final
from urllib.parse import urlsplit

import httpx2

from doorlist.domain.addresses import is_public
from doorlist.service.delivering import Letter, Receipt

_TIMEOUT: Final = 15.0


class Outgoing:
    """Sends letters; `private_targets` also to addresses that are not public, for tests and closed networks."""

    def __init__(self, *, private_targets: bool) -> None:
        self._private = private_targets
        self._client = httpx2.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)

    async def send(self, letter: Letter) -> Receipt:
        """Send one letter; whatever goes wrong is in the receipt."""
        start = time.perf_counter()
        try:
            async with asyncio.timeout(_TIMEOUT):
                status, detail = await self._post(letter)
        except TimeoutError:
            status, detail = None, f"no answer within {_TIMEOUT:.0f} seconds"
        except (httpx2.HTTPError, OSError, ValueError) as error:
            status, detail = None, f"{type(error).__name__}: {error}"
        return Receipt(status, detail, round((time.perf_counter() - start) * 1000))

    async def close(self) -> None:
        await self._client.aclose()

    async def _post(self, letter: Letter) -> tuple[int | None, str]:
        url = urlsplit(letter.url)
        host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        if url.scheme != "https" and not self._private:
            return None, "only https is told anything"
        address = await self._address(host, port)
        if address is None:
            return None, f"{host} is no public address"
        shown = f"[{address}]" if ":" in address else address
        request = self._client.build_request(
            "POST",
            f"{url.scheme}://{shown}:{port}{url.path or '/'}{'?' + url.query if url.query else ''}",
            headers={**letter.headers, "host": url.netloc},
            content=letter.body,
            extensions={"sni_hostname": host},
        )
        answer = await self._client.send(request, stream=True)
        await answer.aclose()
        return answer.status_code, answer.reason_phrase

    async def _address(self, host: str, port: int) -> str | None:
        """The address to connect to; None where the name has one that may not be told anything."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or (not self._private and not all(is_public(address) for address in addresses)):
            return None
        return addresses[0]
