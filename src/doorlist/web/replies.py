"""Answers: status, headers and bytes, and how a refusal becomes one. The only place that catches everything.

No traceback, SQL or path of the server leaves the process; a fault is logged with the request's id and answered
with that id alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog

from doorlist.errors import Busy, ConnectionPaused, MethodNotAllowed, Refusal, Unauthenticated, Unavailable
from doorlist.scim.messages import render_error

SCIM_JSON: Final = b"application/scim+json"
Headers = tuple[tuple[bytes, bytes], ...]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. An empty body has no content type; `pieces` follow a body whose length nobody knows yet."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    media_type: bytes = SCIM_JSON
    pieces: AsyncIterator[bytes] | None = None


class Fault(Refusal):
    """Something went wrong here; nobody outside can mend it."""

    status, code = 500, "internal"
    hint = "The server's log has the cause under the request id of the X-Request-Id header."


class Gone(Refusal):
    """The client went away before its request was complete; nobody is there to be answered."""

    status, code = 499, "client-gone"


def json_reply(status: int, content: Any, headers: Headers = ()) -> Reply:
    """An answer with an object as JSON."""
    return Reply(status, msgspec.json.encode(content), headers)


def refusal_reply(refusal: Refusal) -> Reply:
    """The SCIM Error of a refusal, with the headers that its status demands."""
    return Reply(refusal.status, render_error(refusal), _headers(refusal))


def fault(error: BaseException, request_id: object) -> Fault:
    """Log an unexpected error and give the refusal that stands for it."""
    _log.error("a request failed", request_id=str(request_id), exc_info=error)
    return Fault("The server failed to handle the request.")


def _headers(refusal: Refusal) -> Headers:
    if isinstance(refusal, Unauthenticated):
        problem = f'Bearer realm="doorlist", error="invalid_token", error_description="{refusal.detail}"'
        return ((b"www-authenticate", problem.encode()),)
    if isinstance(refusal, MethodNotAllowed):
        return ((b"allow", ", ".join(refusal.allow).encode()),)
    if isinstance(refusal, ConnectionPaused):
        return ((b"retry-after", b"300"),)
    if isinstance(refusal, Busy):
        return ((b"retry-after", b"1"),)
    if isinstance(refusal, Unavailable):
        return ((b"retry-after", b"2"),)
    return ()
