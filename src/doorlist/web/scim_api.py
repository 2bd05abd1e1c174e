"""The SCIM 2.0 interface at /scim/v2 (RFC 7644): addresses and methods to verbs, outcomes to answers.

A plain ASGI application, because it is the hot path. The order of a request: credential, address, method, media
types, body, verb, answer, log. Nothing before the credential reads the body.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from doorlist.config import Settings
from doorlist.domain.ids import parse_id
from doorlist.domain.tenancy import Caller, Scope
from doorlist.errors import (
    Forbidden,
    InvalidSyntax,
    InvalidValue,
    InvalidVersion,
    MethodNotAllowed,
    NotFound,
    NotImplementedHere,
    Refusal,
    Unauthenticated,
)
from doorlist.scim import discovery
from doorlist.scim.core import RESOURCE_TYPES
from doorlist.scim.messages import SEARCH_URN, Stored, etag, location, render, render_list
from doorlist.scim.projection import Projection, read_projection
from doorlist.scim.schema import ResourceType
from doorlist.service import membership, people
from doorlist.service.clock import new_id
from doorlist.service.provisioning import Call, Limits, Outcome, Query, Versions, get_resource, list_resources
from doorlist.service.requestlog import RequestLog
from doorlist.store.db import Database
from doorlist.store.journal import Line
from doorlist.store.reading import groups_table, users_table
from doorlist.store.where import Table
from doorlist.web import requests
from doorlist.web.auth import Authenticator, Refused, visible_hint
from doorlist.web.replies import Gone, Headers, Reply, fault, json_reply, refusal_reply
from doorlist.web.requests import Disconnected, Receive, Request, Send

PREFIX: Final = "/scim"
BASE: Final = "/scim/v2"
_WHOLE_NUMBER: Final = re.compile(r"\s*[+-]?[0-9]{1,15}\s*")
_SEARCH_MEMBERS: Final = frozenset(
    {"attributes", "excludedattributes", "filter", "sortby", "sortorder", "startindex", "count", "cursor"}
)
Write = Callable[..., Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A resource type with its table, its verbs and its scopes. `patch_body` says whether a PATCH answers with one."""

    resource_type: ResourceType
    table: Table
    create: Write
    replace: Write
    patch: Write
    delete: Write
    reading: Scope
    patch_body: bool


@dataclass(slots=True)
class Trace:
    """What the log will say of a request, gathered on its way."""

    org_id: UUID | None = None
    connection_id: UUID | None = None
    token_id: UUID | None = None
    token_hint: str | None = None
    change: Mapping[str, Any] = field(default_factory=dict)


class ScimApi:
    """The ASGI application of one process."""

    def __init__(self, database: Database, settings: Settings, authenticator: Authenticator, log: RequestLog) -> None:
        self._database = database
        self._authenticator = authenticator
        self._log = log
        self._base = settings.base_url + BASE
        self._max_body = settings.max_body_bytes
        self._limits = Limits(settings.default_page_size, settings.max_page_size, settings.max_filter_length)
        self._endpoints = {
            "Users": Endpoint(
                users_table(self._base).resource_type,
                users_table(self._base),
                people.create_user,
                people.replace_user,
                people.patch_user,
                people.delete_user,
                Scope.USERS_READ,
                patch_body=True,
            ),
            "Groups": Endpoint(
                groups_table(self._base).resource_type,
                groups_table(self._base),
                membership.create_group,
                membership.replace_group,
                membership.patch_group,
                membership.delete_group,
                Scope.GROUPS_READ,
                patch_body=False,
            ),
        }

    async def __call__(self, scope: requests.Scope, receive: Receive, send: Send) -> None:
        started, now = time.perf_counter_ns(), datetime.now(UTC)
        request_id = new_id(now)
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
            if isinstance(error, Unauthenticated):
                trace.token_hint = visible_hint(request.header(b"authorization"))
        except Exception as error:  # the edge of the process: whatever it is, the client gets an answer
            refusal, reply = (failed := fault(error, request_id)), refusal_reply(failed)
        if not isinstance(refusal, Gone):
            await _send(send, reply, head=request.method == "HEAD", request_id=request_id)
        duration = (time.perf_counter_ns() - started) // 1000
        self._log.add(_line(request, trace, reply, refusal, duration), request.body, reply.body)

    async def _answer(self, request: Request, trace: Trace) -> Reply:
        parts = _parts(request.path)
        if parts == ["ServiceProviderConfig"]:
            return self._service_provider_config(request)
        caller = await self._authenticator.caller(request.header(b"authorization"), now=request.now)
        trace.org_id, trace.connection_id, trace.token_id = caller.org_id, caller.connection_id, caller.token_id
        request.check_accept()
        if parts and parts[0] in self._endpoints:
            return await self._resources(request, self._endpoints[parts[0]], parts[1:], caller, trace)
        if parts and parts[0] in ("ResourceTypes", "Schemas"):
            return self._discover(request, parts)
        raise _unknown(parts)

    async def _resources(
        self, request: Request, endpoint: Endpoint, rest: list[str], caller: Caller, trace: Trace
    ) -> Reply:
        call = Call(caller, request.now, request.id, self._base)
        if rest == [".search"]:
            if _allow(request, "POST") == "OPTIONS":
                return _options("POST")
            return await self._list(call, endpoint, await self._search_query(request, endpoint))
        if not rest:
            return await self._collection(request, endpoint, call, trace)
        if len(rest) == 1:
            return await self._resource(request, endpoint, call, parse_id(rest[0]), trace)
        raise NotFound("There is nothing at this address.")

    async def _collection(self, request: Request, endpoint: Endpoint, call: Call, trace: Trace) -> Reply:
        method = _allow(request, "GET", "POST")
        if method == "OPTIONS":
            return _options("GET", "POST")
        parameters = request.parameters()
        if method == "GET":
            return await self._list(call, endpoint, _query(parameters, endpoint.resource_type))
        projection = _projection(parameters, endpoint.resource_type)
        body = await request.json(limit=self._max_body)
        outcome = await endpoint.create(self._database, call, body)
        trace.change = outcome.change
        return await self._written(endpoint, call, outcome, projection, status=201)

    async def _resource(
        self, request: Request, endpoint: Endpoint, call: Call, identifier: UUID | None, trace: Trace
    ) -> Reply:
        methods = ("GET", "PUT", "PATCH", "DELETE")
        method = _allow(request, *methods)
        if method == "OPTIONS":
            return _options(*methods)
        parameters = request.parameters()
        projection = _projection(parameters, endpoint.resource_type)
        if method == "GET":
            return await self._get(request, endpoint, call, identifier, projection)
        versions = Versions(request.tags(b"if-match"))
        if method == "DELETE":
            outcome = await endpoint.delete(self._database, call, identifier, versions)
            trace.change = outcome.change
            return Reply(204)
        body = await request.json(limit=self._max_body)
        verb = endpoint.replace if method == "PUT" else endpoint.patch
        outcome = await verb(self._database, call, identifier, body, versions)
        trace.change = outcome.change
        if method == "PATCH" and not endpoint.patch_body and projection.is_whole:
            return Reply(204, headers=_tag(outcome.stored))
        return await self._written(endpoint, call, outcome, projection, status=200)

    async def _get(
        self, request: Request, endpoint: Endpoint, call: Call, identifier: UUID | None, projection: Projection
    ) -> Reply:
        stored = await get_resource(
            self._database, call, endpoint.table, identifier, scope=endpoint.reading, projection=projection
        )
        seen = request.tags(b"if-none-match")
        current = etag(stored.version)
        if seen is not None and ("*" in seen or current.removeprefix("W/") in {tag.removeprefix("W/") for tag in seen}):
            return Reply(304, headers=_tag(stored))
        body = render(endpoint.resource_type, stored, base=self._base, projection=projection)
        return Reply(200, body, _tag(stored))

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
        headers = _tag(stored)
        if status == 201:
            address = location(endpoint.resource_type, self._base, stored.id)
            headers = (*headers, (b"location", address.encode()))
        return Reply(status, render(endpoint.resource_type, stored, base=self._base, projection=projection), headers)

    async def _list(self, call: Call, endpoint: Endpoint, query: Query) -> Reply:
        page = await list_resources(
            self._database, call, endpoint.table, query, scope=endpoint.reading, limits=self._limits
        )
        rendered = [
            render(endpoint.resource_type, stored, base=self._base, projection=query.projection)
            for stored in page.resources
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

    async def _search_query(self, request: Request, endpoint: Endpoint) -> Query:
        """The parameters of POST /.search (RFC 7644 section 3.4.3), as if they stood in the query.

        As there, unknown ones are nobody's business; null is the absence of a value.
        """
        body = await request.json(limit=self._max_body)
        if not isinstance(body, Mapping):
            raise InvalidSyntax("The body has to be a JSON object.")
        members = {name.lower(): value for name, value in body.items()}
        urns = members.get("schemas")
        if not isinstance(urns, list) or SEARCH_URN.lower() not in [str(urn).lower() for urn in urns]:
            raise InvalidSyntax(f"The list has to contain {SEARCH_URN}.", place="schemas")
        given = {name: members[name] for name in _SEARCH_MEMBERS & members.keys() if members[name] is not None}
        return _query({name: _as_parameter(value, name) for name, value in given.items()}, endpoint.resource_type)

    def _service_provider_config(self, request: Request) -> Reply:
        request.check_accept()
        if _allow(request, "GET") == "OPTIONS":
            return _options("GET")
        return json_reply(
            200,
            discovery.service_provider_config(
                base=self._base, default_page=self._limits.default_page, max_page=self._limits.max_page
            ),
        )

    def _discover(self, request: Request, parts: list[str]) -> Reply:
        if _allow(request, "GET") == "OPTIONS":
            return _options("GET")
        if "filter" in request.parameters():
            raise Forbidden("Discovery addresses cannot be filtered.", place="filter")
        if parts[0] == "Schemas":
            found = [discovery.schema(item, base=self._base) for item in discovery.schemas_of(RESOURCE_TYPES)]
        else:
            found = [discovery.resource_type(item, base=self._base) for item in RESOURCE_TYPES]
        if len(parts) == 1:
            encoded = [msgspec.json.encode(item) for item in found]
            return Reply(200, render_list(encoded, total=len(encoded), start_index=1))
        wanted = "/".join(parts[1:]).lower()
        for item in found:
            if item["id"].lower() == wanted:
                return json_reply(200, item)
        raise NotFound(f"There is no {parts[0].removesuffix('s')} of this name.")


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
    if parts in (["Bulk"], [".search"]):
        return NotImplementedHere(f"/{parts[0]} is not offered; ServiceProviderConfig tells what is.")
    return NotFound("There is nothing at this address.")


def _allow(request: Request, *methods: str) -> str:
    """The method, HEAD as GET. Raises `MethodNotAllowed`."""
    method = "GET" if request.method == "HEAD" else request.method
    if method not in (*methods, "OPTIONS"):
        raise MethodNotAllowed(f"{method[:20]} is not possible here.", allow=(*methods, "OPTIONS"))
    return method


def _options(*methods: str) -> Reply:
    head = ("HEAD",) if "GET" in methods else ()
    return Reply(204, headers=((b"allow", ", ".join((*methods, *head, "OPTIONS")).encode()),))


def _projection(parameters: Mapping[str, str], resource_type: ResourceType) -> Projection:
    return read_projection(
        resource_type, _names(parameters.get("attributes")), _names(parameters.get("excludedattributes"))
    )


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _query(parameters: Mapping[str, str], resource_type: ResourceType) -> Query:
    order = parameters.get("sortorder", "ascending").lower()
    if order not in ("ascending", "descending"):
        raise InvalidValue("sortOrder is ascending or descending.", place="sortOrder")
    return Query(
        filter=parameters.get("filter") or None,
        sort_by=parameters.get("sortby") or None,
        descending=order == "descending",
        start_index=_integer(parameters, "startIndex", 1),
        count=None if "count" not in parameters else _integer(parameters, "count", 0),
        cursor=parameters.get("cursor"),
        projection=_projection(parameters, resource_type),
    )


def _integer(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name.lower())
    if text is None:
        return default
    if not _WHOLE_NUMBER.fullmatch(text):
        raise InvalidValue(f"A whole number is expected, not {text[:40]!r}.", place=name)
    return int(text)


def _as_parameter(value: Any, name: str) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidValue("A string or a whole number is expected.", place=name)
    return str(value)


def _tag(stored: Stored | None) -> Headers:
    return () if stored is None else ((b"etag", etag(stored.version).encode()),)


async def _send(send: Send, reply: Reply, *, head: bool, request_id: UUID) -> None:
    headers = [*reply.headers, (b"x-request-id", str(request_id).encode())]
    if reply.body:
        headers.append((b"content-type", reply.media_type))
    if reply.status not in (204, 304):
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
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
        target_id=_made(reply),
        code=None if refusal is None else refusal.code,
        detail=None if refusal is None else _logged(str(refusal), 2000),
        change=msgspec.json.encode(trace.change).decode() if trace.change else None,
    )


def _made(reply: Reply) -> UUID | None:
    """The id of the resource that was created, from its address; the log finds others in the request."""
    if reply.status != 201:
        return None
    return parse_id(dict(reply.headers)[b"location"].decode().rpartition("/")[2])


def _logged(text: str, length: int) -> str:
    """A text of a client as PostgreSQL stores it: bounded, without NUL."""
    return text[:length].replace("\x00", "\N{REPLACEMENT CHARACTER}")
