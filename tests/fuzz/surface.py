"""Requests made at random from the attribute table, sent to a server of real processes; what came of them is counted.

Every method, address, header and body is mostly right and partly wrong, so that the refusals of every stage are
reached. A fault (5xx but 501), an answer that takes too long, a connection that is dropped and a process that grows are
what is looked for.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2 as httpx

from doorlist.scim.bulk import BULK_URN
from doorlist.scim.core import GROUP_TYPE, USER_TYPE
from doorlist.scim.patch import PATCH_URN
from doorlist.scim.schema import Attribute, ResourceType, Type
from tests.live.processes import Commands, Organization, Served, serving

SEARCH_URN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
NOBODY = "0190c0de-0000-7000-8000-000000000000"
LANES = 4
TOO_LONG = 20.0
TYPES = {"Users": USER_TYPE, "Groups": GROUP_TYPE}
ODD = (
    "", " ", "\x00", "\ud800", "\udfff\ud800", "\u202e", "a\u0300" * 20, "ß", "ﬃ", "İ", "'; drop table users; --", '"',
    "\\", "%", "_", "%00", "null", "true", "1e999", "bulkId:1", NOBODY, "x" * 600, "\U0001f600", "${7*7}", "../../etc",
)  # fmt: skip
NUMBERS = (0, -1, 1, 1.5, 2**63, -(2**63) - 1, 10**400, 1e308, -0.0)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FROB")


@dataclass
class Tally:
    """What came of a run."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    grown: list[int] = field(default_factory=list)

    def told(self) -> str:
        shares = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        grown = ", ".join(f"{size >> 20} MB" for size in self.grown)
        lines = [f"{self.requests} requests ({shares}); slowest {self.slowest:.2f} s; workers grew by {grown}"]
        return "\n".join([*lines, *self.faults[:20]])


class Requests:
    """A source of requests; what was created before is asked for again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.known = {"Users": [NOBODY], "Groups": [NOBODY]}

    def some(self, *weighted: tuple[int, Any]) -> Any:
        weights, values = zip(*weighted, strict=True)
        return self.random.choices(values, weights)[0]

    def text(self) -> str:
        if self.random.random() < 0.3:
            return self.random.choice(ODD)
        return "".join(self.random.choices("abcABC 019.@-_:éß", k=self.random.randrange(1, 9)))

    def junk(self, depth: int = 3) -> Any:
        kind = self.random.randrange(7 if depth else 5)
        if kind == 5:
            return [self.junk(depth - 1) for _ in range(self.random.randrange(4))]
        if kind == 6:
            return {self.text(): self.junk(depth - 1) for _ in range(self.random.randrange(4))}
        return (None, self.random.random() < 0.5, self.random.choice(NUMBERS), self.text(), self.text())[kind]

    def value(self, attribute: Attribute) -> Any:
        if self.random.random() < 0.08:
            return self.junk()
        if attribute.multi_valued:
            return [self.one(attribute) for _ in range(self.random.randrange(4))]
        return self.one(attribute)

    def one(self, attribute: Attribute) -> Any:
        if attribute.is_complex:
            subs = attribute.sub_attributes
            return {sub.name: self.value(sub) for sub in self.random.sample(subs, self.random.randrange(len(subs)) + 1)}
        if attribute.type is Type.BOOLEAN:
            return self.random.choice([True, False, "True", "false"])
        if attribute.name == "value" and self.random.random() < 0.6:
            return self.random.choice(self.known[self.random.choice(["Users", "Groups"])])
        return self.text()

    def resource(self, kind: ResourceType) -> dict[str, Any]:
        names = [attribute for attribute in kind.names.values() if attribute.name != "schemas"]
        chosen = self.random.sample(names, self.random.randrange(min(8, len(names))))
        body = {attribute.name: self.value(attribute) for attribute in chosen}
        for extension in kind.extensions:
            if self.random.random() < 0.3:
                inner = self.random.sample(extension.schema.attributes, 2)
                body[extension.schema.urn] = {attribute.name: self.value(attribute) for attribute in inner}
        required = "userName" if kind is USER_TYPE else "displayName"
        if self.random.random() < 0.9:
            body[required] = self.text() + str(self.random.randrange(500))
        return {"schemas": self.some((9, [kind.schema.urn]), (1, self.junk())), **body}

    def name(self, kind: ResourceType) -> str:
        attribute = self.random.choice(list(kind.names.values()))
        name = attribute.name
        if attribute.sub_attributes and self.random.random() < 0.5:
            name += "." + self.random.choice(attribute.sub_attributes).name
        return str(self.some((8, name), (1, f"{kind.schema.urn}:{name}"), (1, self.text())))

    def constant(self) -> str:
        return json.dumps(
            self.some((5, self.text()), (1, True), (1, None), (1, 5), (1, "2026-11-23T10:00:00Z"), (1, NOBODY))
        )

    def filter(self, kind: ResourceType, depth: int = 3) -> str:
        if self.random.random() < 0.05:
            return "".join(self.random.choices('()[]" andornotpreqw.:\\1', k=20))
        shape = self.random.randrange(6 if depth else 3)
        if shape == 0:
            return f"{self.name(kind)} pr"
        if shape in (1, 2):
            operator = self.random.choice(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "is"])
            return f"{self.name(kind)} {operator} {self.constant()}"
        if shape == 3:
            return f"not ({self.filter(kind, depth - 1)})"
        if shape == 4:
            return f"{self.name(kind)}[{self.random.choice(['value', 'type', 'display'])} eq {self.constant()}]"
        joined = self.random.choice(["and", "or"])
        return f"({self.filter(kind, depth - 1)}) {joined} {self.filter(kind, depth - 1)}"

    def patch(self, kind: ResourceType) -> dict[str, Any]:
        operations = []
        for _ in range(self.random.randrange(5)):
            path = self.some((6, self.name(kind)), (2, f"{self.name(kind)}[{self.filter(kind, 1)}]"), (1, None))
            attribute = self.random.choice(list(kind.names.values()))
            value = self.some((6, self.value(attribute)), (2, self.resource(kind)), (1, self.junk()))
            verb = self.random.choice(["add", "replace", "remove", "Add", "Remove", "move"])
            operations.append({"op": verb, **({"path": path} if path is not None else {}), "value": value})
        return {"schemas": [PATCH_URN], "Operations": operations}

    def bulk(self) -> dict[str, Any]:
        operations = []
        for number in range(self.random.randrange(6)):
            name = self.random.choice(list(TYPES))
            method = self.random.choice(["POST", "PUT", "PATCH", "DELETE", "GET"])
            target = "" if method == "POST" else f"/{self.random.choice([*self.known[name], 'bulkId:1'])}"
            data = self.patch(TYPES[name]) if method == "PATCH" else self.resource(TYPES[name])
            operations.append({"method": method, "path": f"/{name}{target}", "bulkId": str(number % 4), "data": data})
        return {"schemas": [BULK_URN], "Operations": operations, "failOnErrors": self.some((5, None), (1, 1), (1, "x"))}

    def search(self, kind: ResourceType) -> dict[str, Any]:
        asked: dict[str, Any] = {"schemas": [SEARCH_URN]}
        if self.random.random() < 0.7:
            asked["filter"] = self.filter(kind)
        others: dict[str, Any] = {
            "sortBy": self.name(kind),
            "sortOrder": self.text(),
            "attributes": self.name(kind),
            "excludedAttributes": self.name(kind),
            "count": self.random.randrange(-5, 40),
            "startIndex": self.random.choice(NUMBERS),
            "cursor": self.text(),
        }
        asked.update({name: value for name, value in others.items() if self.random.random() < 0.15})
        return asked

    def following(self) -> tuple[str, str, dict[str, Any], bytes | None, dict[str, str]]:
        """Method, address, query, body and headers of the next request."""
        name = self.random.choice(list(TYPES))
        kind, one = TYPES[name], self.random.choice(self.known[name])
        shapes: list[tuple[int, tuple[str, str, Any, Any]]] = [
            (6, ("POST", f"/{name}", {}, self.resource(kind))),
            (3, ("PUT", f"/{name}/{one}", {}, self.resource(kind))),
            (6, ("PATCH", f"/{name}/{one}", {}, self.patch(kind))),
            (1, ("DELETE", f"/{name}/{one}", {}, None)),
            (5, ("GET", f"/{name}", self.search(kind), None)),
            (2, ("GET", f"/{name}/{one}", self.search(kind), None)),
            (2, ("GET", f"/Groups/{one}/members", self.search(kind), None)),
            (3, ("POST", f"/{name}/.search", {}, self.search(kind))),
            (1, ("POST", "/.search", {}, self.search(kind))),
            (1, ("GET", "/", self.search(kind), None)),
            (3, ("POST", "/Bulk", {}, self.bulk())),
            (1, ("GET", self.random.choice(["/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/Me"]), {}, None)),
            (1, (self.random.choice(METHODS), f"/{self.text()}", {}, self.junk())),
        ]
        method, path, query, content = self.some(*shapes)
        query = {key: value for key, value in query.items() if key != "schemas"}
        return method, path, query, self._spoilt(content), self._headers()

    def _spoilt(self, content: Any) -> bytes | None:
        """The body; now and then cut, doubled or with a byte changed."""
        if content is None:
            return None
        body = json.dumps(content).encode()
        chance = self.random.random()
        if chance < 0.02:
            return body[: self.random.randrange(len(body) + 1)]
        if chance < 0.04:
            at = self.random.randrange(len(body))
            return body[:at] + bytes([self.random.randrange(256)]) + body[at + 1 :]
        return body.replace(b'"schemas"', b'"schemas":[],"schemas"', 1) if chance < 0.05 else body

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/scim+json"}
        if self.random.random() < 0.1:
            headers[self.random.choice(["If-Match", "If-None-Match", "Accept", "Content-Type"])] = self.random.choice(
                ['W/"1"', "*", "text/html", "application/json; charset=utf-16", '"', "a,,b;q=x"]
            )
        return headers


def run(seconds: float, *, seed: int) -> Tally:
    """Send requests for so long to a server of two processes that is started for it."""
    with tempfile.TemporaryDirectory(prefix="doorlist-fuzz-") as folder:
        data = Path(folder) / "data"
        with serving("--data", data, "--port", "0", "--workers", "2", DOORLIST_LOG_LEVEL="error") as served:
            organization = Commands(data, Path(folder) / "none").organization("Fuzz")
            return asyncio.run(_run(served, organization, seconds, seed))


async def _run(served: Served, organization: Organization, seconds: float, seed: int) -> Tally:
    tally, source = Tally(), Requests(seed)
    deadline = time.monotonic() + seconds
    workers = served.workers()
    await asyncio.gather(*(_lane(organization, source, tally, time.monotonic() + seconds / 5) for _ in range(LANES)))
    before = [worker.memory_info().rss for worker in workers]
    await asyncio.gather(*(_lane(organization, source, tally, deadline) for _ in range(LANES)))
    tally.grown = [worker.memory_info().rss - size for worker, size in zip(workers, before, strict=True)]
    if {worker.pid for worker in served.workers()} != {worker.pid for worker in workers}:
        tally.faults.append("a serving process ended")
    return tally


async def _lane(organization: Organization, source: Requests, tally: Tally, deadline: float) -> None:
    headers = {"Authorization": f"Bearer {organization.token}"}
    async with httpx.AsyncClient(headers=headers, timeout=TOO_LONG) as client:
        while time.monotonic() < deadline:
            await _send(client, organization.scim_url, source, tally)


async def _send(client: httpx.AsyncClient, base: str, source: Requests, tally: Tally) -> None:
    method, path, query, body, headers = source.following()
    try:
        url = httpx.URL(base + path, params={key: str(value) for key, value in query.items()})
        request = client.build_request(method, url, content=body, headers=headers)
    except (ValueError, httpx.InvalidURL):
        return  # nothing that could be sent
    started = time.monotonic()
    try:
        answer = await client.send(request)
    except httpx.TransportError as error:
        tally.faults.append(f"{method} {path[:100]}: {error!r}")
        return
    tally.requests += 1
    tally.slowest = max(tally.slowest, time.monotonic() - started)
    tally.statuses[answer.status_code] += 1
    if answer.status_code >= 500 and answer.status_code != 501:
        tally.faults.append(f"{method} {request.url} {(body or b'')[:2000]!r}: {answer.text[:300]}")
    elif answer.status_code == 201:
        _remember(source, path, answer)


def _remember(source: Requests, path: str, answer: httpx.Response) -> None:
    known = source.known[path.strip("/")]
    known.append(answer.json()["id"])
    if len(known) > 200:
        del known[source.random.randrange(1, len(known))]
