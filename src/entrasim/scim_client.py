"""The requests of Entra's provisioning service, one method each, and what it demands of the answers.

A `Conversation` holds the requests made for one object, in order, so that the log can show them raw. The token is
sent and never recorded. Every method raises `Failure` where the answer is not what the service expects.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from entrasim.oauth import TokenSource
from entrasim.outcomes import INCOMPATIBLE, INVALID_ANCHOR, PROTOCOL_ERROR, TIMEOUT, Failure, failure_of
from entrasim.people import timestamp
from entrasim.targets import ShapeError
from entrasim.wire import Answer, Wire, WireError, WireTimeoutError

USERS, GROUPS = "Users", "Groups"
KEPT_BODY = 16 * 1024  # bytes of a body that the log keeps
_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder()

Resource = dict[str, Any]


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request as the log keeps it; `status` is 0 where no answer came, bodies are the texts on the wire.

    `fault` names a fault that was injected between the job and the target.
    """

    method: str
    path: str
    status: int
    time: str
    milliseconds: float
    request: str | None = None
    response: str | None = None
    request_id: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A tenant URL taken apart: requests go to `base` + path, and carry the URL's own `query` every time."""

    base: str
    query: str

    @classmethod
    def of(cls, url: str) -> Endpoint:
        """Take a tenant URL apart; it may carry a feature flag as its query."""
        parts = urlsplit(url)
        return cls(parts.path.rstrip("/"), parts.query)

    def path(self, *segments: str, **query: str) -> str:
        """Spell a request target below the base."""
        own = [self.query] if self.query else []
        own += [f"{name}={quote(value, safe='')}" for name, value in query.items()]
        tail = f"?{'&'.join(own)}" if own else ""
        return "/".join((self.base, *(quote(segment, safe="") for segment in segments))) + tail


class ScimClient:
    """An application's SCIM endpoint behind a `Wire`; `clock` gives the times of the record."""

    def __init__(
        self,
        wire: Wire,
        endpoint: Endpoint,
        *,
        tokens: TokenSource,
        clock: Callable[[], datetime],
        agent: str = "entrasim",
    ) -> None:
        self.wire, self.endpoint, self.tokens, self.clock = wire, endpoint, tokens, clock
        self._agent = agent

    def headers(self, token: str, *, body: bool) -> bytes:
        """Spell the headers of a request that carries a token, and a body or not."""
        head = f"authorization: Bearer {token}\r\naccept: application/scim+json\r\nuser-agent: {self._agent}\r\n"
        if body:
            head += "content-type: application/scim+json; charset=utf-8\r\n"
        return head.encode("latin-1")

    def conversation(self) -> Conversation:
        """Begin the requests for one object."""
        return Conversation(self)


class Conversation:
    """The requests made for one object; `exchanges` is their record."""

    def __init__(self, client: ScimClient) -> None:
        self._client = client
        self.exchanges: list[Exchange] = []

    async def find(self, kind: str, attribute: str, *, value: str) -> list[Resource]:
        """Ask for resources whose attribute equals a value; groups are asked for without their members."""
        query = {"excludedAttributes": "members"} if kind == GROUPS else {}
        query["filter"] = f"{attribute} eq {literal(value)}"
        return await self._list(kind, query)

    async def read(self, kind: str, target_id: str) -> Resource | None:
        """Read a linked resource, groups without their members; None when it is gone."""
        query = {"excludedAttributes": "members"} if kind == GROUPS else {}
        answer = await self._send("GET", self._client.endpoint.path(kind, target_id, **query))
        if answer.status == 404:
            return None
        return self._resource(self._expect(answer, 200))

    async def create(self, kind: str, body: dict[str, Any]) -> Resource:
        """Create a resource and return it; its id becomes the link."""
        answer = await self._send("POST", self._client.endpoint.path(kind), body)
        return self._resource(self._expect(answer, 201, 200, creating=True))

    async def patch(self, kind: str, target_id: str, *, body: dict[str, Any]) -> None:
        """Change a linked resource."""
        answer = await self._send("PATCH", self._client.endpoint.path(kind, target_id), body)
        if answer.status == 404:
            raise Failure(INVALID_ANCHOR, "HTTP 404: the linked resource is gone from the target", 404)
        self._expect(answer, 204, 200)

    async def delete(self, kind: str, target_id: str) -> bool:
        """Delete a resource; False where it was not found, which may mean that it is gone already."""
        answer = await self._send("DELETE", self._client.endpoint.path(kind, target_id))
        if answer.status != 404:
            self._expect(answer, 204, 200)
        return answer.status != 404

    async def holds_reference(self, kind: str, target_id: str, *, attribute: str, value: str) -> bool:
        """Ask whether a reference attribute of a resource already holds a target id."""
        wanted = f"id eq {literal(target_id)} and {attribute} eq {literal(value)}"
        return bool(await self._list(kind, {"filter": wanted, "attributes": "id"}))

    async def schemas(self) -> list[Resource]:
        """Read what the endpoint says it supports."""
        return await self._list("Schemas", {})

    async def _list(self, kind: str, query: dict[str, str]) -> list[Resource]:
        answer = await self._send("GET", self._client.endpoint.path(kind, **query))
        if answer.status == 404:
            raise Failure(INCOMPATIBLE, "HTTP 404 where a list, if an empty one, was due", 404)
        listed = self._expect(answer, 200)
        total, found = (listed or {}).get("totalResults"), (listed or {}).get("Resources", [])
        if type(total) is not int or not isinstance(found, list) or (total and not found):
            raise Failure(INCOMPATIBLE, "the answer to a query is no ListResponse", answer.status)
        return [self._resource(one) for one in found]

    async def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        token = await self._client.tokens.current()
        answer = await self._exchange(method, path, body, token=token)
        if answer.status == 401 and self._client.tokens.renewable:
            self._client.tokens.refused(token)
            answer = await self._exchange(method, path, body, token=await self._client.tokens.current())
        return answer

    async def _exchange(self, method: str, path: str, body: dict[str, Any] | None, *, token: str) -> Answer:
        client = self._client
        content = None if body is None else _encoder.encode(body)
        started, ticks = client.clock(), time.perf_counter()
        answer, failure = Answer(0), None
        try:
            headers = client.headers(token, body=content is not None)
            answer = await client.wire.send(method, path, headers=headers, body=content)
        except WireError as error:
            answer = Answer(0, fault=error.fault)
            failure = Failure(TIMEOUT if isinstance(error, WireTimeoutError) else PROTOCOL_ERROR, str(error))
        self.exchanges.append(
            Exchange(
                method=method,
                path=path,
                status=answer.status,
                time=timestamp(started),
                milliseconds=round((time.perf_counter() - ticks) * 1000, 2),
                request=self._kept(content),
                response=self._kept(answer.body),
                request_id=answer.headers.get("x-request-id") or answer.headers.get("request-id"),
                fault=answer.fault,
            )
        )
        if failure is not None:
            raise failure
        return answer

    def _expect(self, answer: Answer, *statuses: int, creating: bool = False) -> Any:
        try:
            body = _decoder.decode(answer.body) if answer.body else None
        except msgspec.DecodeError as error:
            if answer.status in statuses:
                raise Failure(INCOMPATIBLE, f"the answer is not JSON: {error}", answer.status) from error
            body = None
        if answer.status not in statuses:
            raise failure_of(answer.status, body, creating=creating)
        if body is not None and not isinstance(body, dict):
            raise Failure(INCOMPATIBLE, "the answer is no JSON object", answer.status)
        return body

    def _resource(self, body: Any) -> Resource:
        if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not body["id"]:
            raise Failure(INCOMPATIBLE, "the answer carries no resource with an id")
        return body

    def _kept(self, content: bytes | None) -> str | None:
        if not content:
            return None
        text = content[:KEPT_BODY].decode("utf-8", "replace")
        if len(content) > KEPT_BODY:
            text += f" … ({len(content)} bytes in all)"
        return text.replace(self._client.tokens.token, "[token]") if self._client.tokens.token else text


def literal(value: str) -> str:
    """Quote a comparison value of a filter (RFC 7644 section 3.4.2.2: a JSON string)."""
    return json.dumps(value, ensure_ascii=False)


def incompatible(error: ShapeError) -> Failure:
    """Judge a resource whose attribute has the wrong JSON type."""
    return Failure(INCOMPATIBLE, str(error))
