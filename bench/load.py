"""A load generator: a number of keep-alive connections, each sending the next request when the last is answered.

It speaks as much HTTP/1.1 as it needs, on asyncio streams, so that it costs little beside what it measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and the status that it has to be answered with."""

    method: str
    path: str
    body: Any = None
    expect: int = 200


@dataclass(slots=True)
class Result:
    """What a run measured: seconds in all, and milliseconds of each request."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class Unexpected(Exception):  # noqa: N818 - ends the benchmark: a wrong answer is not credited
    """An answer had another status than the scenario expects."""


async def run(port: int, calls: Iterable[Call], *, connections: int, token: str = "", keep: bool = False) -> Result:
    """Send all calls over so many connections. Raises `Unexpected`."""
    source, result = iter(calls), Result()
    started = time.perf_counter()
    await asyncio.gather(*(_lane(port, source, token, result, keep) for _ in range(connections)))
    result.seconds = time.perf_counter() - started
    return result


async def _lane(port: int, source: Iterator[Call], token: str, result: Result, keep: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    try:
        for call in source:
            payload = encoded(call, token)
            before = time.perf_counter()
            writer.write(payload)
            status, body = await _answer(reader)
            result.latencies.append((time.perf_counter() - before) * 1000)
            if status != call.expect:
                raise Unexpected(f"{call.method} {call.path}: {status} {body[:300]!r}")
            if keep:
                result.bodies.append(body)
    finally:
        writer.close()


def encoded(call: Call, token: str) -> bytes:
    """The bytes of a request on a connection that stays open."""
    body = b"" if call.body is None else msgspec.json.encode(call.body)
    head = (
        f"{call.method} {call.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/scim+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    if b"\r\ntransfer-encoding: chunked" in head:
        return status, await _chunks(reader)
    at = head.find(b"\r\ncontent-length:")
    length = int(head[at + 17 : head.index(b"\r\n", at + 2)]) if at >= 0 else 0
    return status, await reader.readexactly(length) if length else b""


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    pieces = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        pieces.append((await reader.readexactly(size + 2))[:-2])
    await reader.readuntil(b"\r\n")
    return b"".join(pieces)
