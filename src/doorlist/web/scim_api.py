"""The SCIM 2.0 interface at /scim/v2 (RFC 7644): addresses and methods to verbs, outcomes to answers.

A plain ASGI application, because it is the hot path. The order of a request: credential, address, method, media
types, body, verb, answer, log. Nothing before the credential reads the body.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from structlog.contextvars import bind_contextvars

from doorlist.config import Settings
from doorlist.domain.behaviour import EmptyMembers
from doorlist.domain.ids import parse_id
from doorlist.errors import (
    InvalidVersion,
    NotFound,
    NotImplementedHere,
    Refusal,
    Unauthenticated,
)
from doorlist.scim.bulk import BULK_RESPONSE_URN, parse_bulk
from doorlist.scim.core import GROUP_TYPE
from doorlist.scim.messages import Stored, etag, etags, location, render, render_error, render_list
from doorlist.scim.projection import Projection
from doorlist.scim.schema import ResourceType
from doorlist.service.batch import Result, run_bulk
from doorlist.service.clock import new_id
from doorlist.service.endpoints import Endpoint, Endpoints, endpoints
from doorlist.service.provisioning import Call, Outcome, get_resource
from doorlist.service.requestlog import RequestLog
from doorlist.service.rosters import list_members
from doorlist.service.searching import Limits, Page, Query, list_all, list_resources
from doorlist.store.conflicts import Collision
from doorlist.store.db import Database
from doorlist.store.journal import Line
from doorlist.web import collisions, requests
from doorlist.web.auth import Authenticator, Refused, visible_hint
from doorlist.web.discovery_api import Discovery
from doorlist.web.metering import Tally, scim_operation
from doorlist.web.methods import allow, options
from doorlist.web.pacing import Crowd, Pace
from doorlist.web.parameters import read_query, read_search, read_selection
from doorlist.web.replies import Gone, Headers, Reply, fault, json_reply, refusal_reply
from doorlist.web.requests import Disconnected, Receive, Request, Send
from doorlist.web.streams import Item, list_pieces, resource_pieces

PREFIX: Final = "/scim"
BASE: Final = "/scim/v2"
PIECE_SECONDS: Final = 60


@dataclass(slots=True)
class Trace:
    """What the log will say of a request, gathered on its way."""

    org_id: UUID | None = None
    connection_id: UUID | None = None
    token_id: UUID | None = None
    token_hint: str | None = None
    operation: str = "scim other"
    change: Mapping[str, Any] = field(default_factory=dict)
    collisions: tuple[Collision, ...] = ()


class ScimApi:
    """The ASGI application of one process."""

    def __init__(self, database: Database, settings: Settings, authenticator: Authenticator, log: RequestLog) -> None:
        self.tally = Tally()
        self._database = database
        self._pace = Pace(settings.scim_requests_per_second)
        self._crowd = Crowd(settings.max_waiting)
        self._authenticator = authenticator
        self._log = log
        self._base = settings.base_url + BASE
        self._max_body = settings.max_body_bytes
        self._limits = Limits(
            settings.default_page_size, settings.max_page_size, settings.max_filter_length, settings.max_search_seconds
        )
        self._about = Discovery(self._base, self._limits, max_body=self._max_body)

    async def __call__(self, scope: requests.Scope, receive: Receive, send: Send) -> None:
        started, now = time.perf_counter_ns(), datetime.now(UTC)
        request_id = new_id(now)
        bind_contextvars(request_id=str(request_id))
        request, trace = Request(scope, receive, request_id=request_id, now=now), Trace()
        refusal: Refusal | None = None
        try:
            reply = await self._answer(request, trace)
        except Disconnected:
            refusal, reply = (gone := Gone("The client went away before its request was complete.")), Reply(gone.status)
        except Refused as error:
            credential, refusal = error.credential, error.reason
            trace.org_id, trace.connection_id = credential.org_id, credential.connection_id
            trace.token_id, reply = credential.token_id, refusal_reply(refusal)
        except Refusal as error:
            refusal, reply = error, refusal_reply(error)
            trace.collisions = collisions.of_request(error, method=request.method, path=request.path)
            if isinstance(error, Unauthenticated):
                trace.token_hint = visible_hint(request.header(b"authorization"))
        except Exception as error:  # the edge of the process: whatever it is, the client gets an answer
            refusal, reply = (failed := fault(error, request_id)), refusal_reply(failed)
        if not isinstance(refusal, Gone):
            await _send(send, reply, head=request.method == "HEAD", request_id=request_id)
        duration = (time.perf_counter_ns() - started) // 1000
        self.tally.note(trace.operation, reply.status, duration)
        self._log.add(_line(request, trace, reply, refusal, duration), request.body, reply.body)

    async def _answer(self, request: Request, trace: Trace) -> Reply:
        parts = _parts(request.path)
        trace.operation = scim_operation(request.method, parts)
        if parts == ["ServiceProviderConfig"]:
            return self._about.configuration(request)
        caller = await self._authenticator.caller(request.header(b"authorization"), now=request.now)
        trace.org_id, trace.connection_id, trace.token_id = caller.org_id, caller.connection_id, caller.token_id
        self._pace.admit(caller.token_id)
        self._crowd.admit(self._database)
        request.check_accept()
        call = Call(caller, request.now, request.id, self._base)
        served = endpoints(self._base, call.catalogue)
        if parts and parts[0] in served:
            return await self._resources(request, served[parts[0]], parts[1:], call, trace)
        if parts and parts[0] in ("ResourceTypes", "Schemas"):
            return self._about.discover(request, parts, call.catalogue)
        if parts == ["Bulk"]:
            return await self._bulk(request, call, served, trace)
        if parts in ([], [".search"]):
            return await self._list_all(request, call, served, searched=bool(parts))
        raise _unknown(parts)

    async def _resources(
        self, request: Request, endpoint: Endpoint, rest: list[str], call: Call, trace: Trace
    ) -> Reply:
        if rest == [".search"]:
            if allow(request, "POST") == "OPTIONS":
                return options("POST")
            return await self._search(request, call, endpoint)
        if not rest:
            return await self._collection(request, endpoint, call, trace)
        if rest[1:] == ["members"] and endpoint.resource_type is call.catalogue.group:
            return await self._members(request, call, parse_id(rest[0]))
        if len(rest) == 1:
            return await self._resource(request, endpoint, call, parse_id(rest[0]), trace)
        raise NotFound("There is nothing at this address.")

    async def _bulk(self, request: Request, call: Call, served: Endpoints, trace: Trace) -> Reply:
        if allow(request, "POST") == "OPTIONS":
            return options("POST")
        asked = parse_bulk(await request.json(limit=self._max_body))
        results = await run_bulk(self._database, call, served, asked)
        refused = sum(result.refusal is not None for result in results)
        trace.change = {"operations": len(results), "refused": refused}
        trace.collisions = collisions.of_bulk(results) if refused else ()
        return json_reply(200, bulk_response(results, base=self._base))

    async def _collection(self, request: Request, endpoint: Endpoint, call: Call, trace: Trace) -> Reply:
        method = allow(request, "GET", "POST")
        if method == "OPTIONS":
            return options("GET", "POST")
        parameters = request.parameters()
        if method == "GET":
            return await self._list(call, endpoint, read_query(parameters, endpoint.resource_type))
        projection = read_selection(parameters, endpoint.resource_type)
        request.versions().check(())
        body = await request.json(limit=self._max_body)
        outcome = await endpoint.create(self._database, call, body)
        trace.change = outcome.change
        return await self._written(endpoint, call, outcome, projection, status=201)

    async def _resource(
        self, request: Request, endpoint: Endpoint, call: Call, identifier: UUID | None, trace: Trace
    ) -> Reply:
        methods = ("GET", "PUT", "PATCH", "DELETE")
        method = allow(request, *methods)
        if method == "OPTIONS":
            return options(*methods)
        parameters = request.parameters()
        projection = read_selection(parameters, endpoint.resource_type)
        if method == "GET":
            return await self._get(request, endpoint, call, identifier, projection)
        versions = request.versions()
        if method == "DELETE":
            outcome = await endpoint.delete(self._database, call, identifier, versions)
            trace.change = outcome.change
            return Reply(204)
        body = await request.json(limit=self._max_body)
        verb = endpoint.replace if method == "PUT" else endpoint.patch
        outcome = await verb(self._database, call, identifier, body, versions)
        trace.change = outcome.change
        empty = call.caller.behaviour.empties(usually_told=endpoint.patch_body)
        if method == "PATCH" and empty and not projection.asked:
            return Reply(204, headers=_tag(endpoint.resource_type, outcome.stored))
        return await self._written(endpoint, call, outcome, projection, status=200)

    async def _get(
        self, request: Request, endpoint: Endpoint, call: Call, identifier: UUID | None, projection: Projection
    ) -> Reply:
        stored = await get_resource(
            self._database, call, endpoint.table, identifier, scope=endpoint.reading, projection=projection
        )
        versions, kind = request.versions(), endpoint.resource_type
        versions.check_read(etags(kind, stored))
        tag = _tag(kind, stored)
        if versions.knows((etag(kind, stored),)):
            return Reply(304, headers=tag)
        return self._one(call, (endpoint, stored, projection), tag)

    async def _written(
        self, endpoint: Endpoint, call: Call, outcome: Outcome, projection: Projection, *, status: int
    ) -> Reply:
        """The answer to a write. A group with members is read again: a write never reads the member list."""
        stored = outcome.stored
        assert stored is not None
        if outcome.reread and projection.wants("members"):
            stored = await get_resource(
                self._database, call, endpoint.table, stored.id, scope=None, projection=projection
            )
        headers = _tag(endpoint.resource_type, stored)
        if status == 201:
            address = location(endpoint.resource_type, self._base, stored.id)
            headers = (*headers, (b"location", address.encode()))
        return self._one(call, (endpoint, stored, projection), headers, status=status)

    def _one(self, call: Call, item: Item, headers: Headers, *, status: int = 200) -> Reply:
        """One resource, in one piece where it fits into memory."""
        endpoint, stored, projection = _told(call, item)
        if stored.more:
            return Reply(status, headers=headers, pieces=resource_pieces(self._database, call, item))
        return Reply(status, render(endpoint.resource_type, stored, base=self._base, projection=projection), headers)

    def _many(self, call: Call, page: Page, items: list[Item]) -> Reply:
        """A list of resources, in one piece where it fits into memory."""
        told = [_told(call, item) for item in items]
        if any(stored.more for _, stored, _ in told):
            return Reply(200, pieces=list_pieces(self._database, call, page, told))
        rendered = [
            render(endpoint.resource_type, stored, base=self._base, projection=projection)
            for endpoint, stored, projection in told
        ]
        return Reply(
            200,
            render_list(
                rendered,
                total=page.total,
                start_index=page.start_index,
                following=page.following,
                preceding=page.preceding,
            ),
        )

    async def _members(self, request: Request, call: Call, group: UUID | None) -> Reply:
        """The members of a group in pages of their own (docs/reference/scim.md)."""
        if allow(request, "GET") == "OPTIONS":
            return options("GET")
        query = read_query(request.parameters(), call.catalogue.group)
        found = await list_members(
            self._database, call, group, cursor=query.cursor, count=query.count, limits=self._limits
        )
        body = render_list(found.members, total=found.total, start_index=None, following=found.following)
        return Reply(200, body)

    async def _list(self, call: Call, endpoint: Endpoint, query: Query) -> Reply:
        page = await list_resources(
            self._database, call, endpoint.table, query, scope=endpoint.reading, limits=self._limits
        )
        return self._many(call, page, [(endpoint, stored, query.projection) for stored in page.resources])

    async def _list_all(self, request: Request, call: Call, served: Endpoints, *, searched: bool) -> Reply:
        """People and groups in one list (RFC 7644 section 3.4.2.1), by query or by POST /.search."""
        method = "POST" if searched else "GET"
        if allow(request, method) == "OPTIONS":
            return options(method)
        body = await request.json(limit=self._max_body) if searched else None
        queries = {}
        for name, endpoint in served.items():
            kind = endpoint.resource_type
            query = read_search(body, kind) if searched else read_query(request.parameters(), kind)
            queries[name] = (endpoint, query)
        page = await list_all(self._database, call, queries, limits=self._limits)
        projections = {id(endpoint): query.projection for endpoint, query in queries.values()}
        items = [(endpoint, stored, projections[id(endpoint)]) for endpoint, stored in page.resources]
        return self._many(call, Page([], page.total, page.start_index), items)

    async def _search(self, request: Request, call: Call, endpoint: Endpoint) -> Reply:
        body = await request.json(limit=self._max_body)
        return await self._list(call, endpoint, read_search(body, endpoint.resource_type))


def _told(call: Call, item: Item) -> Item:
    """A resource as this connection is told it: some clients compare an empty list of members, not a missing one."""
    endpoint, stored, projection = item
    if call.caller.behaviour.empty_members is EmptyMembers.OMITTED or stored.related is not None:
        return item
    if endpoint.resource_type.name != GROUP_TYPE.name or not projection.wants("members"):
        return item
    return endpoint, replace(stored, related="[]"), projection


def _parts(path: str) -> list[str]:
    """The segments of an address below /scim/v2. Raises `InvalidVersion` for other versions of the protocol."""
    parts = [part for part in path.removeprefix(PREFIX).split("/") if part]
    if parts and parts[0].lower() == "v2":
        return parts[1:]
    if parts and parts[0].lower() in ("v1", "v1.1", "v3"):
        raise InvalidVersion(f"SCIM {parts[0][1:]} is not spoken here.", place=path[:100])
    raise NotFound("There is nothing at this address; the base address ends in /scim/v2.")


def _unknown(parts: list[str]) -> Refusal:
    if parts == ["Me"]:
        return NotImplementedHere("A directory's token stands for no person, so there is no /Me.")
    return NotFound("There is nothing at this address.")


def bulk_response(results: list[Result], *, base: str) -> dict[str, Any]:
    """A BulkResponse (RFC 7644 section 3.7): a status each, an address where there is one, an Error where refused."""
    return {"schemas": [BULK_RESPONSE_URN], "Operations": [_bulk_result(result, base) for result in results]}


def _bulk_result(result: Result, base: str) -> dict[str, Any]:
    operation = result.operation
    shown: dict[str, Any] = {
        "method": operation.method if operation else _text(result.raw.get("method")),
        "bulkId": operation.bulk_id if operation else _text(result.raw.get("bulkId")),
        "status": str(result.status),
    }
    if result.stored is not None and result.endpoint is not None:
        shown["location"] = location(result.endpoint.resource_type, base, result.stored.id)
        shown["version"] = etag(result.endpoint.resource_type, result.stored)
    elif operation is not None and operation.target is not None:
        shown["location"] = f"{base}/{operation.collection}/{operation.target}"
    if result.refusal is not None:
        shown["response"] = msgspec.json.decode(render_error(result.refusal))
    return {name: value for name, value in shown.items() if value is not None}


def _text(value: Any) -> str | None:
    """What a malformed operation says, where it can be said back."""
    return value[:200] if isinstance(value, str) else None


def _tag(resource_type: ResourceType, stored: Stored | None) -> Headers:
    return () if stored is None else ((b"etag", etag(resource_type, stored).encode()),)


async def _send(send: Send, reply: Reply, *, head: bool, request_id: UUID) -> None:
    headers = [*reply.headers, (b"x-request-id", str(request_id).encode())]
    if reply.body or reply.pieces is not None:
        headers.append((b"content-type", reply.media_type))
    if reply.status not in (204, 304) and reply.pieces is None:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.pieces is not None and not head:
        async for piece in reply.pieces:
            async with asyncio.timeout(PIECE_SECONDS):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


def _line(request: Request, trace: Trace, reply: Reply, refusal: Refusal | None, duration: int) -> Line:
    return Line(
        at=request.now,
        request_id=request.id,
        method=request.method[:20],
        path=_logged(request.path, 500),
        query=_logged(request.query_text, 2000),
        status=reply.status,
        duration_us=duration,
        client=request.client,
        agent=_logged(request.header(b"user-agent") or "", 300),
        org_id=trace.org_id,
        connection_id=trace.connection_id,
        token_id=trace.token_id,
        token_hint=trace.token_hint,
        target_id=_target(request, reply),
        code=None if refusal is None else refusal.code,
        detail=None if refusal is None else _logged(str(refusal), 2000),
        change=msgspec.json.encode(trace.change).decode() if trace.change else None,
        collisions=trace.collisions,
    )


def _target(request: Request, reply: Reply) -> UUID | None:
    """The id of the resource that was created, or that the address names."""
    address = dict(reply.headers)[b"location"].decode() if reply.status == 201 else request.path
    return parse_id(address.rstrip("/").rpartition("/")[2])


def _logged(text: str, length: int) -> str:
    """A text of a client as PostgreSQL stores it: bounded, without NUL."""
    return text[:length].replace("\x00", "\N{REPLACEMENT CHARACTER}")
