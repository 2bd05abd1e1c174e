"""Requests as they come in: headers, query, media types, and a body that is bounded while it is read."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec

from doorlist.errors import InvalidSyntax, InvalidValue, NotAcceptable, TooLarge, UnsupportedMediaType
from doorlist.scim.preconditions import Versions, read_versions

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_NESTING: Final = 64
BODY_SECONDS: Final = 60
MAX_PARAMETERS: Final = 50
_READ_AS_JSON: Final = frozenset({"application/scim+json", "application/json"})
_NAME_LIKE: Final = re.compile(rb'"[ \t\r\n]*:')
_ACCEPTED: Final = _READ_AS_JSON | {"*/*", "application/*"}


class Request:
    """One HTTP request of the SCIM interface."""

    def __init__(self, scope: Scope, receive: Receive, *, request_id: UUID, now: datetime) -> None:
        self._scope = scope
        self._receive = receive
        self.id = request_id
        self.now = now
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.body: bytes = b""  # what was read of it, for the log

    @cached_property
    def headers(self) -> dict[bytes, bytes]:
        """Header values by lower-case name; a repeated one is a list (RFC 9110 section 5.3)."""
        values: dict[bytes, bytes] = {}
        for name, value in self._scope["headers"]:
            values[name] = values[name] + b", " + value if name in values else value
        return values

    def header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def query_text(self) -> str:
        return str(self._scope["query_string"].decode("latin-1"))

    @property
    def client(self) -> str:
        return str(self._scope["client"][0]) if self._scope.get("client") else ""

    def parameters(self) -> dict[str, str]:
        """Query parameters by lower-case name; unknown ones are nobody's business (RFC 7644 section 3.4.2)."""
        try:
            pairs = parse_qsl(self.query_text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict")
        except UnicodeDecodeError as error:
            raise InvalidValue("The query is not UTF-8.", place="query") from error
        except ValueError as error:
            raise InvalidValue(f"The query has more than {MAX_PARAMETERS} parameters.", place="query") from error
        return {name.lower(): value for name, value in pairs}

    def versions(self) -> Versions:
        """What If-Match and If-None-Match demand."""
        return read_versions(self.header(b"if-match"), self.header(b"if-none-match"))

    def check_accept(self) -> None:
        """Raise `NotAcceptable` when the client takes no JSON."""
        accept = self.header(b"accept")
        if accept and not any(_is_accepted(part) for part in accept.split(",")):
            raise NotAcceptable("Answers are application/scim+json.", place="Accept")

    async def json(self, *, limit: int) -> Any:
        """The body as JSON. Raises `UnsupportedMediaType`, `TooLarge` or `InvalidSyntax`."""
        self._check_content_type()
        body = await self._body(limit)
        try:
            content = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidSyntax(f"The body is not JSON: {error}.") from error
        except RecursionError:
            raise InvalidSyntax("The body is nested too deeply.") from None
        _refuse_repeated_names(body, content)
        return content

    def _check_content_type(self) -> None:
        content_type = self.header(b"content-type")
        if content_type is None:
            return
        media_type, _, parameters = content_type.partition(";")
        charset = parameters.partition("charset=")[2].partition(";")[0].strip().strip('"').lower()
        if media_type.strip().lower() not in _READ_AS_JSON or charset not in ("", "utf-8", "utf8", "us-ascii"):
            raise UnsupportedMediaType(f"A body of type {content_type[:100]!r} is not read here.", place="Content-Type")

    async def _body(self, limit: int) -> bytes:
        too_large = TooLarge(f"The body is longer than {limit} bytes, the limit of this server.")
        length = self.header(b"content-length")
        if length is not None and length.isdigit() and int(length) > limit:
            raise too_large
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        raise Disconnected
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > limit:
                        raise too_large
                    if not message.get("more_body", False):
                        self.body = b"".join(parts)
                        return self.body
        except TimeoutError:
            raise InvalidSyntax(f"The body did not arrive within {BODY_SECONDS} seconds.") from None


class Disconnected(Exception):  # noqa: N818 - nobody is there to be told
    """The client went away before its body was complete."""


def _refuse_repeated_names(body: bytes, content: Any) -> None:
    """Raise `InvalidSyntax` where an object has a name twice: two readers could take different values (RFC 8259, 4).

    The decoder keeps the last. What looks like a name is counted in the text, which is cheap and never too few; only
    where the count differs from that of the decoded names is the text read again by a parser that tells.
    """
    if len(_NAME_LIKE.findall(body)) != _names(content):
        try:
            json.loads(body, object_pairs_hook=_pairs_once, parse_int=str)
        except RecursionError:
            raise InvalidSyntax("The body is nested too deeply.") from None


def _names(content: Any) -> int:
    """The names in all objects of decoded JSON, gone through level by level. Raises `InvalidSyntax` below the last."""
    count, level = 0, [content]
    for _ in range(MAX_NESTING):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                count += len(item)
                below += item.values()
            elif type(item) is list:
                below += item
        if not below:
            return count
        level = below
    raise InvalidSyntax(f"The body is nested more than {MAX_NESTING} deep.")


def _pairs_once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise InvalidSyntax("This name occurs twice in one object.", place=name[:200])
        seen.add(name)


def _is_accepted(part: str) -> bool:
    media_type, _, parameters = part.partition(";")
    weight = parameters.replace(" ", "").lower().partition("q=")[2].partition(";")[0]
    return media_type.strip().lower() in _ACCEPTED and weight not in ("0", "0.0", "0.00", "0.000")
