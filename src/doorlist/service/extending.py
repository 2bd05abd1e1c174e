"""What a write of a resource owes to the schemas that its organization declares. Nothing where it declares none.

The declarations by which a document was read have to be those in force when it is written, and its unique values have
to be its own; both are settled in the transaction of the write.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from doorlist.errors import Taken, Unavailable
from doorlist.scim.catalogue import unique_values
from doorlist.scim.schema import ResourceType
from doorlist.service.provisioning import Call
from doorlist.store import declarations
from doorlist.store.db import Connection, Database

Document = Mapping[str, Any]


def concerns(call: Call, *documents: Document) -> bool:
    """Whether a document before or after a change uses a declared schema, so that its write needs `secure`."""
    return any(call.catalogue.declared_in(document) for document in documents)


@asynccontextmanager
async def opened(database: Database, call: Call, document: Document) -> AsyncIterator[Connection]:
    """A connection to write a new document with: in a transaction where `secure` has something to do."""
    async with database.transaction() if concerns(call, document) else database.reading() as connection:
        yield connection


async def secure(
    connection: Connection, call: Call, resource_type: ResourceType, identifier: UUID, document: Document
) -> None:
    """Hold the declarations that a document uses and claim its unique values, in the transaction that writes it.

    Raises `Unavailable` where a declaration has changed since the document was read, `Taken` naming the attribute whose
    value another resource has.
    """
    org_id, used = call.caller.org_id, call.catalogue.declared_in(document)
    if used and await declarations.hold(connection, org_id, list(used)) != used:
        raise Unavailable("The schemas of the organization have just changed.")
    values = dict(unique_values(resource_type, document))
    taken = await declarations.claim(
        connection,
        org_id,
        resource_type=resource_type.name,
        connection_id=call.caller.connection_id,
        resource_id=identifier,
        values=values,
    )
    for name, value in values.items():
        if name.lower() in taken:
            raise Taken(
                f"Another {resource_type.name} of this directory has this value.",
                place=name,
                kind=resource_type.name,
                value=(value, value),
            )
