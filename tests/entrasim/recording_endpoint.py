"""A small strict SCIM endpoint: real HTTP on 127.0.0.1, users and groups in memory, every request recorded.

It answers 400 to anything that Entra's provisioning service would not send in the expected dialect, so that a
wrong shape fails a test even where nobody looks at the recording.
"""

from __future__ import annotations

import copy
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TOKEN = "a-secret-token-of-the-tests"
CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ADSCIM = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
FLAG = "aadOptscim062020"

USER_KEYS = {"schemas", "externalId", "userName", "active", "displayName", "title", "emails", "preferredLanguage"}
USER_KEYS |= {"name", "addresses", "phoneNumbers", "roles", "meta", ENTERPRISE}
GROUP_KEYS = {"schemas", "externalId", "displayName", "meta"}
PLAIN_TARGETS = {"userName", "active", "displayName", "title", "preferredLanguage", "externalId"}
PLAIN_TARGETS |= {"name.givenName", "name.familyName", "name.formatted"}
PLAIN_TARGETS |= {f"{ENTERPRISE}:department", f"{ENTERPRISE}:employeeNumber"}
FILTERED_TARGETS = {'emails[type eq "work"].value'}
FILTERED_TARGETS |= {
    f'addresses[type eq "work"].{sub}'
    for sub in ("formatted", "streetAddress", "locality", "region", "postalCode", "country")
}
FILTERED_TARGETS |= {f'phoneNumbers[type eq "{kind}"].value' for kind in ("work", "mobile", "fax")}
SIMPLE_FILTER = re.compile(r'(userName|displayName) eq ("(?:[^"\\]|\\.)*")')
REFERENCE_FILTER = re.compile(r'id eq "([\w-]+)" and (manager|members) eq "([\w-]+)"')


class RefusedError(Exception):
    """The request is not one that Entra would send, or cannot be done."""

    def __init__(self, status: int, detail: str, scim_type: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.scim_type = status, detail, scim_type


@dataclass
class Recorded:
    method: str
    path: str
    query: str
    body: Any
    status: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f"?{self.query}" if self.query else "")


@dataclass
class Endpoint:
    """The endpoint's memory. `fault` may answer a request in its place."""

    flagged: bool = False
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    recorded: list[Recorded] = field(default_factory=list)
    fault: Callable[[Recorded], Response | None] = lambda recorded: None
    created: int = 0
    url: str = ""
    query_flag: bool | None = None

    def take(self) -> list[Recorded]:
        """Return what was recorded since the last call."""
        taken, self.recorded = self.recorded, []
        return taken

    def user(self, user_name: str) -> dict[str, Any]:
        (found,) = [user for user in self.users.values() if user["userName"] == user_name]
        return found

    def group(self, name: str) -> dict[str, Any]:
        (found,) = [group for group in self.groups.values() if group["displayName"] == name]
        return found

    def member_names(self, group: str) -> set[str]:
        return {self.users[i]["userName"] for i in self.members[self.group(group)["id"]]}

    def new_id(self, prefix: str) -> str:
        self.created += 1
        return f"{prefix}-{self.created}"


def scim(status: int, body: Any = None) -> Response:
    """Spell an answer."""
    content = b"" if body is None else json.dumps(body).encode()
    return Response(content, status, media_type="application/scim+json")


def listed(resources: list[dict[str, Any]]) -> Response:
    """Spell a list."""
    schemas = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    count = len(resources)
    page = {"totalResults": count, "startIndex": 1, "itemsPerPage": count, "Resources": resources}
    return scim(200, {"schemas": schemas, **page})


def demand(truth: object, detail: str) -> None:
    if not truth:
        raise RefusedError(400, detail)


def build_app(endpoints: dict[str, Endpoint]) -> Starlette:
    """Serve each endpoint below its own name."""

    async def answer(request: Request) -> Response:
        endpoint = endpoints[request.path_params["name"]]
        raw = await request.body()
        path = "/" + request.path_params["rest"]
        recorded = Recorded(request.method, path, request.url.query, json.loads(raw) if raw else None)
        endpoint.recorded.append(recorded)
        try:
            _check_headers(request, bool(raw))
            response = endpoint.fault(recorded) or _dispatch(endpoint, request, recorded)
        except RefusedError as refused:
            error = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(refused.status)}
            error["detail"] = refused.detail
            if refused.scim_type:
                error["scimType"] = refused.scim_type
            response = scim(refused.status, error)
        recorded.status = response.status_code
        return response

    methods = ["GET", "POST", "PATCH", "DELETE", "PUT"]
    return Starlette(routes=[Route("/{name}/scim/{rest:path}", answer, methods=methods)])


def _check_headers(request: Request, has_body: bool) -> None:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        raise RefusedError(401, "the token is unknown")
    demand(request.headers.get("accept") == "application/scim+json", "wrong Accept")
    if has_body:
        demand(request.headers.get("content-type") == "application/scim+json; charset=utf-8", "wrong Content-Type")


def _dispatch(endpoint: Endpoint, request: Request, recorded: Recorded) -> Response:
    flag_in_query = FLAG in request.query_params
    expected = endpoint.flagged if endpoint.query_flag is None else endpoint.query_flag
    demand(flag_in_query == expected, "the feature flag of the tenant URL must be on every request")
    parts = recorded.path.strip("/").split("/")
    kind, target = parts[0], parts[1] if len(parts) == 2 else None
    query = {name: value for name, value in request.query_params.items() if name != FLAG}
    if kind == "Schemas":
        return listed([{"id": urn} for urn in (CORE_USER, CORE_GROUP, ENTERPRISE)])
    demand(kind in ("Users", "Groups"), "unknown endpoint")
    store = endpoint.users if kind == "Users" else endpoint.groups
    if target is None:
        if request.method == "POST":
            demand(not query, "a query on a create")
            return _create(endpoint, kind, recorded.body)
        demand(request.method == "GET", "unknown method")
        return _query(endpoint, kind, query)
    demand(kind == "Users" or request.method != "GET" or query == {"excludedAttributes": "members"}, "members asked")
    if target not in store:
        raise RefusedError(404, "no such resource")
    return _on_resource(endpoint, request.method, kind=kind, target=target, body=recorded.body)


def _on_resource(endpoint: Endpoint, method: str, *, kind: str, target: str, body: Any) -> Response:
    store = endpoint.users if kind == "Users" else endpoint.groups
    if method == "GET":
        return scim(200, store[target])
    if method == "DELETE":
        del store[target]
        endpoint.members.pop(target, None)
        for members in endpoint.members.values():
            members.discard(target)
        return scim(204)
    demand(method == "PATCH", "unknown method")
    demand(set(body) == {"schemas", "Operations"} and body["schemas"] == [PATCH_OP], "not a PatchOp")
    demand(isinstance(body["Operations"], list) and body["Operations"], "no operations")
    for operation in body["Operations"]:
        _operate(endpoint, kind, target=target, operation=operation)
    return scim(200, store[target]) if kind == "Users" else scim(204)


def _query(endpoint: Endpoint, kind: str, query: dict[str, str]) -> Response:
    store = endpoint.users if kind == "Users" else endpoint.groups
    reference = REFERENCE_FILTER.fullmatch(query.get("filter", ""))
    if reference:
        demand(query.keys() == {"filter", "attributes"} and query["attributes"] == "id", "wrong reference query")
        holder, attribute, wanted = reference.groups()
        if attribute == "members":
            held = wanted in endpoint.members.get(holder, set())
        else:
            held = store.get(holder, {}).get(ENTERPRISE, {}).get("manager", {}).get("value") == wanted
        return listed([{"id": holder}] if held else [])
    simple = SIMPLE_FILTER.fullmatch(query.get("filter", ""))
    demand(simple, f"unexpected filter {query.get('filter')!r}")
    assert simple is not None
    wanted_keys = {"filter"} if kind == "Users" else {"filter", "excludedAttributes"}
    demand(query.keys() == wanted_keys, "wrong query parameters")
    attribute, value = simple[1], json.loads(simple[2]).casefold()
    demand(attribute == ("userName" if kind == "Users" else "displayName"), "not the matching attribute")
    return listed([one for one in store.values() if one[attribute].casefold() == value])


def _create(endpoint: Endpoint, kind: str, body: dict[str, Any]) -> Response:
    if kind == "Users":
        demand(body.keys() <= USER_KEYS, f"unknown attributes {body.keys() - USER_KEYS}")
        demand(body["schemas"] == [CORE_USER, ENTERPRISE], "wrong schemas")
        demand(body["meta"] == {"resourceType": "User"} and body["roles"] == [], "wrong meta or roles")
        demand(body["active"] is True, "active is not the JSON true")
        name, store, prefix = "userName", endpoint.users, "u"
    else:
        demand(body.keys() == GROUP_KEYS, f"unexpected attributes {body.keys() ^ GROUP_KEYS}")
        demand(body["schemas"] == [CORE_GROUP, ADSCIM] and body["meta"] == {"resourceType": "Group"}, "wrong schemas")
        name, store, prefix = "displayName", endpoint.groups, "g"
    demand(None not in body.values(), "null in a create")
    if any(one[name].casefold() == body[name].casefold() for one in store.values()):
        raise RefusedError(409, f"{name} is taken", "uniqueness")
    created = {**copy.deepcopy(body), "id": endpoint.new_id(prefix)}
    store[created["id"]] = created
    if kind == "Groups":
        endpoint.members[created["id"]] = set()
    return scim(201, created)


def _operate(endpoint: Endpoint, kind: str, *, target: str, operation: dict[str, Any]) -> None:
    op, path, value = operation.get("op"), operation.get("path"), operation.get("value")
    ops = {"add", "replace", "remove"} if endpoint.flagged else {"Add", "Replace", "Remove"}
    demand(op in ops, f"unexpected op {op!r}")
    if kind == "Groups" and path is not None and path.startswith("members"):
        _operate_on_members(endpoint, target, operation=operation)
    elif path == f"{ENTERPRISE}:manager" and kind == "Users":
        extension = endpoint.users[target].setdefault(ENTERPRISE, {})
        if op.lower() == "remove":
            demand("value" not in operation, "a value on a removal")
            extension.pop("manager", None)
        else:
            demand(value in endpoint.users, "the manager is unknown")
            extension["manager"] = {"value": value}
    elif path is None:
        demand(endpoint.flagged and isinstance(value, dict) and value, "path-less in the default dialect")
        for name, one in value.items():
            _set(endpoint, kind, target=target, path=name, value=one)
    else:
        demand(not endpoint.flagged or path in FILTERED_TARGETS, "a plain path in the flagged dialect")
        _set(endpoint, kind, target=target, path=path, value=value)


def _operate_on_members(endpoint: Endpoint, target: str, *, operation: dict[str, Any]) -> None:
    op, path = operation["op"].lower(), operation["path"]
    members = endpoint.members[target]
    if endpoint.flagged and op == "remove":
        found = re.fullmatch(r'members\[value eq "([\w-]+)"\]', path)
        demand(found and "value" not in operation, "wrong member removal")
        members.discard(found[1] if found else "")
        return
    demand(path == "members" and isinstance(operation.get("value"), list), "wrong members operation")
    keys = {"value"} if endpoint.flagged else {"$ref", "value"}
    for member in operation["value"]:
        demand(member.keys() == keys and member.get("$ref") is None, f"unexpected member {member}")
        if op == "add":
            if member["value"] not in endpoint.users:
                raise RefusedError(400, f"no user {member['value']}", "invalidValue")
            members.add(member["value"])
        else:
            members.discard(member["value"])


def _set(endpoint: Endpoint, kind: str, *, target: str, path: str, value: Any) -> None:
    resource = (endpoint.users if kind == "Users" else endpoint.groups)[target]
    allowed = PLAIN_TARGETS | FILTERED_TARGETS if kind == "Users" else {"displayName", "externalId"}
    demand(path in allowed, f"unknown target {path}")
    if path == "active":
        demand(isinstance(value, bool) if endpoint.flagged else value in ("True", "False"), f"active is {value!r}")
        resource["active"] = value in (True, "True")
        return
    demand(isinstance(value, str) and value, f"{path} is no text")
    filtered = re.fullmatch(r'(\w+)\[type eq "(\w+)"\]\.(\w+)', path)
    if filtered:
        elements = resource.setdefault(filtered[1], [])
        element = next((one for one in elements if one["type"] == filtered[2]), None)
        if element is None:
            elements.append(element := {"type": filtered[2]})
        element[filtered[3]] = value
    elif path.startswith(ENTERPRISE):
        resource.setdefault(ENTERPRISE, {})[path.rpartition(":")[2]] = value
    elif "." in path:
        resource.setdefault("name", {})[path.partition(".")[2]] = value
    else:
        resource[path] = value


class EndpointServer:
    """One HTTP server on a free port of 127.0.0.1 for all endpoints of a test run."""

    def __init__(self) -> None:
        self._endpoints: dict[str, Endpoint] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(build_app(self._endpoints), log_level="error", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)

    def open(self, *, flagged: bool = False) -> Endpoint:
        """Begin an endpoint with a URL and a memory of its own."""
        name = f"e{len(self._endpoints) + 1}"
        url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/{name}/scim"
        endpoint = self._endpoints[name] = Endpoint(flagged=flagged, url=url)
        return endpoint

    def stop(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
