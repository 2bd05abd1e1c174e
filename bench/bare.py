"""A bare handler: what an application without any checks does with the same requests, one statement each.

It compares a token, parses JSON, runs one prepared statement through asyncpg and answers stored bytes: no validation,
schema, filter grammar, version, audit or request log. An upper bound of this design, not a server to use.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4

import asyncpg

from bench.reference import serve_workers

TABLE = """
create schema if not exists bare;
create table if not exists bare.people (id uuid primary key, name text unique, doc text not null);
create table if not exists bare.edges (team uuid, person uuid, primary key (team, person));
"""
INSERT = "insert into bare.people (id, name, doc) values ($1, $2, $3)"
FIND = "select doc from bare.people where name = $1"
GET = "select doc from bare.people where id = $1"
UPDATE = "update bare.people set doc = doc where id = $1 returning doc"
DIGEST = hashlib.sha256(b"bare").digest()
NOBODY = b'{"totalResults":0,"Resources":[]}'


class Handler:
    """The ASGI application; its pool opens with the first request of a worker."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pool: asyncpg.Pool | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        token = dict(scope["headers"]).get(b"authorization", b"")[7:]
        if hashlib.sha256(token).digest() != DIGEST:
            await _answer(send, 401, b"")
            return
        if self.pool is None:
            self.pool = await asyncpg.create_pool(self.url, min_size=4, max_size=4, reset=_keep)
        status, text = await self._reply(scope, body)
        await _answer(send, status, text)

    async def _reply(self, scope: dict[str, Any], body: bytes) -> tuple[int, bytes]:
        assert self.pool is not None
        async with self.pool.acquire() as connection:
            if scope["method"] == "POST":
                made, document = uuid4(), json.loads(body)
                stored = json.dumps({"id": str(made), **document}, separators=(",", ":"))
                await connection.execute(INSERT, made, document["userName"].lower(), stored)
                return 201, stored.encode()
            query = scope["query_string"].decode()
            if query:
                found = await connection.fetchval(FIND, unquote(query).split('"')[1].lower())
                return 200, b'{"totalResults":1,"Resources":[' + found.encode() + b"]}" if found else NOBODY
            statement = UPDATE if scope["method"] == "PATCH" else GET
            return 200, (await connection.fetchval(statement, UUID(scope["path"].rsplit("/", 1)[1]))).encode()


async def _keep(_: asyncpg.Connection) -> None:
    """A connection goes back as it is, as in `doorlist.store.db`."""


async def _body(receive: Any) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


async def _answer(send: Any, status: int, text: bytes) -> None:
    headers = [(b"content-type", b"application/scim+json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


if __name__ == "__main__":
    serve_workers(Handler(os.environ["BARE_DATABASE_URL"]), int(sys.argv[1]), "the bare handler")
