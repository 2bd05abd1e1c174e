"""A rehearsal under way: requests to the endpoint, what checks remember for one another, and what a check is."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from entrasim.clock import real_time
from entrasim.dialects import PATCH_OP, Dialect
from entrasim.oauth import TokenSource
from entrasim.people import timestamp
from entrasim.scim_client import KEPT_BODY, Endpoint, Exchange, literal
from entrasim.wire import Answer, Wire, WireError

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
Resource = dict[str, Any]


class UnmetError(Exception):
    """A check found something else than the client needs; the message says what."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    `next_step` is what the real client does where it fails; `must` is False where it copes. Checks that need one which
    failed are skipped, unless what it `provides` to them was made in another way.
    """

    id: str
    title: str
    next_step: str
    run: Callable[[Session], Awaitable[None]]
    needs: tuple[str, ...] = ()
    must: bool = True
    provides: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with its body decoded; `body` is None where there is none or it is no JSON."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def detail(self) -> str:
        """The status, and what an error says about itself."""
        error = self.body if isinstance(self.body, dict) else {}
        parts = [f"HTTP {self.status}", error.get("scimType"), error.get("detail")]
        return " ".join(str(part) for part in parts if part)


@dataclass
class Session:
    """Requests as one client sends them. `things` holds ids and names that later checks need."""

    wire: Wire
    endpoint: Endpoint
    tokens: TokenSource
    agent: str
    mark: str
    dialect: Dialect = Dialect.DEFAULT
    content_type: str = "application/scim+json; charset=utf-8"
    things: dict[str, str] = field(default_factory=dict)
    made: list[tuple[str, str]] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def name(self, person: str) -> str:
        """Return a user name that belongs to this rehearsal only."""
        return f"{person}.{self.mark}@rehearsal.example"

    async def get(self, *segments: str, **query: str) -> Reply:
        """Send a GET."""
        return await self.send("GET", self.endpoint.path(*segments, **query))

    async def post(self, kind: str, body: Resource) -> Reply:
        """Create something, and remember to clean it up."""
        reply = await self.send("POST", self.endpoint.path(kind), body)
        if isinstance(reply.body, dict) and isinstance(reply.body.get("id"), str):
            self.made.append((kind, reply.body["id"]))
        return reply

    async def patch(self, kind: str, target: str, *operations: Resource) -> Reply:
        """Send a PATCH of these operations."""
        body = {"schemas": [PATCH_OP], "Operations": list(operations)}
        return await self.send("PATCH", self.endpoint.path(kind, target), body)

    async def put(self, kind: str, target: str, *, body: Resource) -> Reply:
        """Send a PUT."""
        return await self.send("PUT", self.endpoint.path(kind, target), body)

    async def delete(self, kind: str, target: str) -> Reply:
        """Send a DELETE."""
        return await self.send("DELETE", self.endpoint.path(kind, target))

    async def find(self, kind: str, attribute: str, *, value: str, **query: str) -> list[Resource]:
        """Ask for resources by an attribute. Raises `UnmetError` unless a ListResponse comes."""
        reply = await self.get(kind, **query, filter=f"{attribute} eq {literal(value)}")
        return listed(reply)

    async def read(self, kind: str, target: str, **query: str) -> Resource:
        """Read a resource. Raises `UnmetError`."""
        return resource(expect(await self.get(kind, target, **query), 200))

    async def send(self, method: str, path: str, body: Resource | None = None, *, token: str | None = None) -> Reply:
        """Send a request and record it. Raises `UnmetError` where no HTTP answer comes."""
        bearer = await self.tokens.current() if token is None else token
        head = f"authorization: Bearer {bearer}\r\naccept: application/scim+json\r\nuser-agent: {self.agent}\r\n"
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            head += f"content-type: {self.content_type}\r\n"
        ticks = time.perf_counter()
        answer, fault = Answer(0), None
        try:
            answer = await self.wire.send(method, path, headers=head.encode("latin-1"), body=content)
        except WireError as error:
            fault = str(error)
        self.exchanges.append(
            Exchange(
                method=method,
                path=path,
                status=answer.status,
                time=timestamp(real_time()),
                milliseconds=round((time.perf_counter() - ticks) * 1000, 2),
                request=_kept(content),
                response=_kept(answer.body),
            )
        )
        if fault is not None:
            raise UnmetError(f"no answer: {fault}")
        return Reply(answer.status, answer.headers, _decoded(answer.body))


def expect(reply: Reply, *statuses: int) -> Reply:
    """Return the reply. Raises `UnmetError` where it has another status."""
    if reply.status not in statuses:
        raise UnmetError(f"{reply.detail} instead of {' or '.join(map(str, statuses))}")
    return reply


def resource(reply: Reply) -> Resource:
    """Return the resource of a reply. Raises `UnmetError` where it is none with an id."""
    body = reply.body
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not body["id"]:
        raise UnmetError("the answer carries no resource with an id")
    return body


def listed(reply: Reply) -> list[Resource]:
    """Return the resources of a ListResponse. Raises `UnmetError` where it is none."""
    body = expect(reply, 200).body
    if not isinstance(body, dict) or LIST_RESPONSE not in body.get("schemas", []):
        raise UnmetError("the answer to a query is no ListResponse")
    found, total = body.get("Resources", []), body.get("totalResults")
    if type(total) is not int or not isinstance(found, list):
        raise UnmetError("totalResults is no integer, or Resources no list")
    return found


def demand(truth: object, found: str) -> None:
    """Raise `UnmetError` unless something is true."""
    if not truth:
        raise UnmetError(found)


def only(found: list[Resource], what: str) -> Resource:
    """Return the only one of a list. Raises `UnmetError`."""
    demand(len(found) == 1, f"{what}: {len(found)} resources instead of one")
    return found[0]


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except msgspec.DecodeError:
        return None


def _kept(content: bytes | None) -> str | None:
    return content[:KEPT_BODY].decode("utf-8", "replace") if content else None
