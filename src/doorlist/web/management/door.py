"""The door of the management API: who asks, how often, how much, and whether it was asked before.

A request that has no valid key is refused before a byte of its body is read. A POST with an Idempotency-Key is carried
out once. Whatever goes wrong inside is answered as a problem document; no traceback and no SQL leaves the process.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from doorlist.domain.api_keys import Program
from doorlist.errors import BadInput, Refusal, TooLarge, Unauthenticated
from doorlist.service import clock, keys, repeating
from doorlist.store.db import Database
from doorlist.store.reply_rows import KeptReply
from doorlist.web.management.problems import problem_response
from doorlist.web.pacing import Crowd, Pace
from doorlist.web.replies import fault

PREFIXES: Final = ("/api/", "/access/v1/", "/.well-known/authzen-configuration")
"""What the paths begin with that lead through this door."""

PUBLIC: Final = frozenset(
    {
        "/api/v1/openapi.json",
        "/api/v1/docs",
        "/api/v1/docs/start.js",
        "/api/v1/docs/swagger-ui.js",
        "/api/v1/docs/swagger-ui.css",
        "/.well-known/authzen-configuration",
    }
)
"""The paths that ask for no key: the description of the interface, and where decisions are made."""

LONGEST_BODY: Final = 1 << 20
_SECRET: Final = "doorlist-secret"  # noqa: S105 - the name of a header
_REQUEST_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
_SEEN: Final = frozenset({"content-type", "location", "etag"})


class Door:
    """Wraps the application of the management API."""

    def __init__(self, inside: ASGIApp, *, per_second: int, most_waiting: int, base_url: str) -> None:
        self._inside = inside
        self._base_url = base_url
        self._pace = Pace(per_second)
        self._crowd = Crowd(most_waiting)
        self.database: Database | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _request_id(Headers(scope=scope))
        bind_contextvars(request_id=request_id)
        sent = _Sent(send, request_id)
        try:
            await self._admit(scope, receive, sent)
        except Refusal as refusal:
            await problem_response(refusal)(scope, receive, sent)
        except Exception as error:  # the edge: whatever it is, it is logged and answered without its text
            failed = fault(error, request_id)
            if not sent.started:
                await problem_response(failed)(scope, receive, sent)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.database is not None, "the lifespan gives the door its database"
        scope["state"] = {"database": self.database, "base_url": self._base_url}
        if scope["path"] in PUBLIC:
            await self._inside(scope, receive, send)
            return
        self._crowd.admit(self.database)
        program = await keys.admit(self.database, _credential(Headers(scope=scope)))
        self._pace.admit(program.key_id)
        scope["state"]["program"] = program
        body = await _body(Request(scope, receive))
        again = _Again(body, receive)
        name = Headers(scope=scope).get("idempotency-key")
        if name is None or scope["method"] != "POST":
            await self._inside(scope, again, send)
        else:
            await self._once(scope, again, send, program=program, name=name, body=body)

    async def _once(
        self, scope: Scope, receive: Receive, send: Send, *, program: Program, name: str, body: bytes
    ) -> None:
        """Carry a request out, or repeat the answer that it was given."""
        assert self.database is not None
        told = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}\n".encode()
        kept = await repeating.begin(self.database, program, name, hashlib.sha256(told + body).digest())
        if kept is not None:
            await _replay(kept)(scope, receive, send)
            return
        recorder = _Recorder(send)
        try:
            await self._inside(scope, receive, recorder)
        finally:
            await repeating.finish(self.database, program, name, recorder.reply())


class _Sent:
    """Passes an answer on with the request's id; knows whether it was begun, and keeps marks for this side back."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id.encode()
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            kept = [pair for pair in message["headers"] if pair[0] != _SECRET.encode()]
            headers = [*kept, (b"x-request-id", self._request_id), (b"cache-control", b"no-store")]
            message = {**message, "headers": headers}
        await self._send(message)


class _Again:
    """Gives a body that was read to who reads it next."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Recorder:
    """Passes an answer on and remembers it; one that holds a secret, or is too long, only by its status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._status: int | None = None
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {key.decode(): value.decode() for key, value in message["headers"]}
        elif len(self._body) <= repeating.LONGEST_KEPT:
            self._body += message.get("body", b"")
        await self._send(message)

    def reply(self) -> KeptReply:
        secret = _SECRET in self._headers or len(self._body) > repeating.LONGEST_KEPT
        seen: dict[str, Any] = {name: self._headers.get(name) for name in _SEEN}
        return KeptReply(
            b"",
            self._status,
            None if secret else bytes(self._body),
            seen["content-type"],
            seen["location"],
            seen["etag"],
        )


def holds_secret(response: Response) -> None:
    """Mark an answer as one that must not be kept."""
    response.headers[_SECRET] = "true"


def _replay(kept: KeptReply) -> Response:
    headers = {"Idempotent-Replayed": "true"}
    headers |= {"Location": kept.location} if kept.location else {}
    headers |= {"ETag": kept.etag} if kept.etag else {}
    return Response(kept.body, kept.status or 200, headers, kept.media_type)


def _request_id(headers: Headers) -> str:
    """The id that the request names itself by (AuthZEN section 10), or a new one."""
    own = headers.get("x-request-id", "")
    return own if _REQUEST_ID.fullmatch(own) else str(clock.new_id(clock.now()))


def _credential(headers: Headers) -> str:
    scheme, _, text = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthenticated("The request has no key.")
    return text.strip()


async def _body(request: Request) -> bytes:
    """The body, up to the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:18]) > LONGEST_BODY:
        raise TooLarge(f"A body has at most {LONGEST_BODY} bytes.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise TooLarge(f"A body has at most {LONGEST_BODY} bytes.")
    if b"\\u0000" in body:
        raise BadInput("The text holds a character that cannot be stored: U+0000.", place="body")
    return bytes(body)
