"""Answers that are made while they are sent: groups whose member lists are too long for memory.

A slow client is given a time for every piece; when it is over the connection ends, with the snapshot it held.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from doorlist.scim.messages import Stored, list_head, render, render_open
from doorlist.scim.projection import Projection
from doorlist.service.endpoints import Endpoint
from doorlist.service.provisioning import Call
from doorlist.service.rosters import stream_members
from doorlist.service.searching import Page
from doorlist.store.db import Database

Item = tuple[Endpoint, Stored, Projection]


async def resource_pieces(database: Database, call: Call, item: Item) -> AsyncIterator[bytes]:
    """One resource; the members of a large group straight from the database."""
    endpoint, stored, projection = item
    if not stored.more:
        yield render(endpoint.resource_type, stored, base=call.base, projection=projection)
        return
    head, tail = render_open(endpoint.resource_type, stored, base=call.base, projection=projection)
    yield head
    async with database.snapshot() as connection:
        named = projection.names("members", "display")
        async for piece in stream_members(connection, call, stored.id, named=named):
            yield piece
    yield tail


async def list_pieces(database: Database, call: Call, page: Page, items: Sequence[Item]) -> AsyncIterator[bytes]:
    """A ListResponse with at least one resource that has to be streamed."""
    yield list_head(
        len(items),
        total=page.total,
        start_index=page.start_index,
        following=page.following,
        preceding=page.preceding,
    )
    for number, item in enumerate(items):
        if number:
            yield b","
        async for piece in resource_pieces(database, call, item):
            yield piece
    yield b"]}"
