"""The requests of Okta's client over HTTP: pages, GET then PUT, and patience with an endpoint that throttles.

429 is waited out: for as many seconds as an integer Retry-After says, for five minutes otherwise, ten times at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

from entrasim.application import Application
from entrasim.okta.bodies import AGENT, PAGE
from entrasim.outcomes import INCOMPATIBLE, Failure
from entrasim.scim_client import Conversation, Resource, ScimClient, literal
from entrasim.wire import Answer, Wire

ATTEMPTS = 10
UNTOLD = 300.0  # seconds to wait where Retry-After is missing or a date
Sleep = Callable[[float], Awaitable[None]]


class OktaClient(ScimClient):
    """An endpoint as Okta talks to it; `sleep` waits for so many seconds."""

    def __init__(
        self, wire: Wire, application: Application, *, clock: Callable[[], datetime], sleep: Sleep = asyncio.sleep
    ) -> None:
        super().__init__(wire, application.endpoint, tokens=application.tokens(), clock=clock, agent=AGENT)
        self.sleep = sleep

    def conversation(self) -> OktaConversation:
        """Begin the requests for one object."""
        return OktaConversation(self)


class OktaConversation(Conversation):
    """The requests made for one object."""

    def __init__(self, client: OktaClient) -> None:
        super().__init__(client)
        self._okta = client

    async def page(self, kind: str, start: int, *, wanted: str | None = None) -> tuple[list[Resource], int]:
        """Read a page and the total, of everything or of what a filter finds. Raises `Failure`."""
        query = {"startIndex": str(start), "count": str(PAGE)}
        if wanted is not None:
            query = {"filter": wanted, **query}
        answer = await self._send("GET", self._okta.endpoint.path(kind, **query))
        if answer.status == 404 and wanted is not None:
            return [], 0  # as good as an empty list
        listed: Any = self._expect(answer, 200) or {}
        numbers = [listed.get(name) for name in ("totalResults", "startIndex", "itemsPerPage")]
        if listed.get("totalResults") != 0 and not all(type(number) is int for number in numbers):
            raise Failure(INCOMPATIBLE, "the paging numbers are no integers", answer.status)
        return [self._resource(one) for one in listed.get("Resources", [])], int(listed["totalResults"])

    async def everything(self, kind: str) -> AsyncIterator[Resource]:
        """Read page after page."""
        start, total = 1, 1
        while start <= total:
            page, total = await self.page(kind, start)
            for one in page:
                yield one
            start += PAGE

    async def match(self, kind: str, attribute: str, *, value: str) -> Resource | None:
        """Return the first resource that a query finds."""
        found, _ = await self.page(kind, 1, wanted=f"{attribute} eq {literal(value)}")
        return found[0] if found else None

    async def get(self, kind: str, target_id: str) -> Resource | None:
        """Read a resource whole; None when it is gone."""
        answer = await self._send("GET", self._okta.endpoint.path(kind, target_id))
        return None if answer.status == 404 else self._resource(self._expect(answer, 200))

    async def put(self, kind: str, target_id: str, *, body: dict[str, Any]) -> None:
        """Replace a resource."""
        answer = await self._send("PUT", self._okta.endpoint.path(kind, target_id), body)
        self._expect(answer, 200, 204)

    async def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        for attempt in range(ATTEMPTS):
            answer = await super()._send(method, path, body)
            if answer.status != 429 or attempt == ATTEMPTS - 1:
                return answer
            await self._okta.sleep(_patience(answer.headers.get("retry-after"), attempt))
        raise AssertionError("the last attempt returns")


def _patience(retry_after: str | None, attempt: int) -> float:
    if retry_after is not None and retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    return UNTOLD * 2.0**attempt
