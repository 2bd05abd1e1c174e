"""The HTTP client against a raw server: framing, keep-alive, stale connections, time limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from entrasim.wire import Wire, WireError, WireTimeoutError

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(conversation: Conversation, *, patience: float = 5.0) -> AsyncIterator[Wire]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await conversation(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire = Wire(f"http://127.0.0.1:{port}", 2, timeout=patience)
    try:
        yield wire
    finally:
        wire.close()
        server.close()


async def head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def test_one_connection_carries_many_requests() -> None:
    connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        for number in range(3):
            await head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % number)

    async with raw_server(serve) as wire:
        bodies = [(await wire.send("GET", "/")).body for _ in range(3)]
    assert (bodies, len(connections)) == ([b"0", b"1", b"2"], 1)


async def test_a_request_goes_out_as_http_1_1() -> None:
    seen = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await head(reader) + await reader.readexactly(2))
        writer.write(b"HTTP/1.1 204 No Content\r\nX-Request-Id: 7\r\n\r\n")

    async with raw_server(serve) as wire:
        answer = await wire.send("POST", "/a?b=c", headers=b"x: y\r\n", body=b"{}")
    lines = seen[0].split(b"\r\n")
    assert lines[0] == b"POST /a?b=c HTTP/1.1"
    assert lines[1].startswith(b"host: 127.0.0.1:")
    assert lines[2:] == [b"x: y", b"content-length: 2", b"", b"{}"]
    assert (answer.status, answer.headers["x-request-id"]) == (204, "7")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc",
        b"HTTP/1.0 200 OK\r\n\r\nabc",
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
    ],
    ids=["chunked", "until close", "HTTP/1.0", "after an informational answer"],
)
async def test_every_framing_of_a_body_is_understood(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(answer)
        await writer.drain()

    async with raw_server(serve) as wire:
        got = await wire.send("GET", "/")
    assert (got.status, got.body) == (200, b"abc")


async def answer_once_then_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


async def test_a_connection_closed_while_idle_is_replaced() -> None:
    async with raw_server(answer_once_then_close) as wire:
        for _ in range(3):
            assert (await wire.send("POST", "/")).status == 200
            await asyncio.sleep(0.02)


async def close_on_second_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await answer_once_then_close(reader, writer)
    await head(reader)


async def test_a_read_on_a_connection_that_dies_is_repeated_and_a_create_is_not() -> None:
    async with raw_server(close_on_second_request) as wire:
        await wire.send("GET", "/")
        assert (await wire.send("GET", "/")).status == 200
        with pytest.raises(WireError):
            await wire.send("POST", "/")


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"])
async def test_what_is_no_complete_answer_is_an_error(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(answer)

    async with raw_server(serve) as wire:
        with pytest.raises(WireError):
            await wire.send("GET", "/")


async def test_silence_ends_after_the_time_limit_and_the_connection_is_not_used_again() -> None:
    calls = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await head(reader)
        if calls == 1:
            await asyncio.sleep(0.2)
            writer.write(b"HTTP/1.1 500 Late\r\ncontent-length: 0\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with raw_server(serve, patience=0.1) as wire:
        with pytest.raises(WireTimeoutError):
            await wire.send("GET", "/")
        assert (await wire.send("GET", "/")).status == 200
        assert calls == 2


async def test_no_more_connections_are_open_than_allowed() -> None:
    open_now = most = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        while await reader.read(65536):
            open_now += 1
            most = max(most, open_now)
            await asyncio.sleep(0.01)
            open_now -= 1
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with raw_server(serve) as wire:
        await asyncio.gather(*(wire.send("GET", "/") for _ in range(10)))
    assert most == 2
