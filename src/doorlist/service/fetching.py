"""Reading a document from the web: bounded in time and size, without redirects, in a thread of its own."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any, Final

from doorlist.errors import BadInput

_SECONDS: Final = 15


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Metadata are pinned to their address: what answers from elsewhere is not asked."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


async def fetch(url: str, *, limit: int) -> bytes:
    """The document at an address that was checked before. Raises `BadInput`."""
    return await asyncio.to_thread(_read, url, limit)


def _read(url: str, limit: int) -> bytes:
    opener = urllib.request.build_opener(_NoRedirects)
    request = urllib.request.Request(url, headers={"User-Agent": "doorlist", "Accept": "application/samlmetadata+xml"})  # noqa: S310 - checked to be https
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            data: bytes = answer.read(limit + 1)
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        raise BadInput(f"The address could not be read: {str(error)[:200]}", place="url") from None
    if len(data) > limit:
        raise BadInput(f"The document is longer than {limit} bytes.", place="url")
    return data
