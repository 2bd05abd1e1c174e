"""A receiver of webhooks: it checks every signature with the library of the convention, and misbehaves on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook
from starlette.requests import Request
from starlette.responses import Response


@dataclass
class Receiver:
    """What arrived, in the order of arrival; `secrets` are those that it accepts."""

    secrets: list[str] = field(default_factory=list)
    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    attempts: int = 0
    verdict: Callable[[int], int] = lambda _: 204
    delay: Callable[[int], float] = lambda _: 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        body = await request.body()
        self.attempts += 1
        number = self.attempts
        for secret in self.secrets:
            Webhook(secret).verify(body, dict(request.headers))
        await asyncio.sleep(self.delay(number))
        status = self.verdict(number)
        if status < 300:
            self.seen.append((request.headers["webhook-id"], json.loads(body)))
        await Response(status_code=status)(scope, receive, send)

    @property
    def once(self) -> list[dict[str, Any]]:
        """What arrived, each message once, by its first arrival."""
        known: dict[str, dict[str, Any]] = {}
        for name, body in self.seen:
            known.setdefault(name, body)
        return list(known.values())

    def counts(self) -> dict[str, int]:
        """How many events of each name were told, one by one and in summaries."""
        found: dict[str, int] = {}
        for body in self.once:
            name = body["type"].removesuffix(".summary")
            found[name] = found.get(name, 0) + (body["data"]["count"] if body["type"].endswith(".summary") else 1)
        return found
