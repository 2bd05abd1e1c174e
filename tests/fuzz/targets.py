"""What the coverage-guided fuzzer feeds: bytes in, and nothing out but a refusal of ours, in a bounded time.

Each target does all that the server does with such bytes before it asks the database. The corpus beside this file is
replayed in the suite; `python -m tests.fuzz` goes on from it.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from doorlist.domain.ids import uuid7
from doorlist.errors import Refusal
from doorlist.scim.bulk import BulkOperation, parse_bulk, resolved, without_references
from doorlist.scim.condition import bind, holds
from doorlist.scim.core import ENTERPRISE_URN, GROUP_TYPE, USER_TYPE, USER_URN
from doorlist.scim.filter import parse_filter, parse_path, to_text
from doorlist.scim.patch import PATCH_URN, apply_changes, parse_patch
from doorlist.scim.plan import plan_group
from doorlist.scim.resource import read_resource
from doorlist.scim.values import comparison_form
from doorlist.web.requests import Request

MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
PERSON = {
    "schemas": [USER_URN, ENTERPRISE_URN],
    "userName": "ana",
    "active": True,
    "name": {"givenName": "Ana"},
    "emails": [{"value": "a@x.example", "type": "work", "primary": True}, {"value": "b@x.example", "type": "home"}],
    ENTERPRISE_URN: {"department": "Sales", "manager": {"value": "m"}},
}
_LOOP = asyncio.new_event_loop()


def decoded(data: bytes) -> Any:
    """The body as the server decodes it. Raises a refusal."""
    pieces = [data[: len(data) // 2], data[len(data) // 2 :]]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    scope = {"method": "POST", "path": "/", "headers": [], "query_string": b"", "client": None}
    request = Request(scope, receive, request_id=uuid7(1, b"0" * 8), now=MOMENT)
    return _LOOP.run_until_complete(request.json(limit=1 << 20))


def json_body(data: bytes) -> None:
    """A body becomes JSON and a resource of either type."""
    content = decoded(data)
    for kind in (USER_TYPE, GROUP_TYPE):
        try:
            document = read_resource(kind, content).document
        except Refusal:
            continue
        again = read_resource(kind, copy.deepcopy(document)).document
        assert again == document, "what is canonical stays as it is"


def filter_text(data: bytes) -> None:
    """A filter is parsed, bound and evaluated; its text is parsed to the same."""
    text = data.decode("utf-8", "replace")
    tree = parse_filter(text)
    again = to_text(tree)
    assert to_text(parse_filter(again, max_length=1 << 20)) == again
    form = comparison_form(USER_TYPE, read_resource(USER_TYPE, copy.deepcopy(PERSON)).document)
    holds(bind(tree, USER_TYPE), form)


def path_text(data: bytes) -> None:
    """A path of PATCH is parsed."""
    parse_path(data.decode("utf-8", "replace"))


def patch_body(data: bytes) -> None:
    """A PATCH is parsed and done to a person, and planned for a group.

    What is no JSON is read as operations of a line each, a path before its first space and a value after it, so that
    the fuzzer need not learn the envelope.
    """
    content = decoded(data) if data.startswith(b"{") else _operations(data)
    with suppress(Refusal):
        apply_changes(USER_TYPE, copy.deepcopy(PERSON), parse_patch(content, USER_TYPE))
    changes = plan_group(parse_patch(content, GROUP_TYPE))
    apply_changes(GROUP_TYPE, {"displayName": "Design"}, changes.attributes)


def _operations(data: bytes) -> Any:
    operations = []
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n")):
        path, _, value = line.rpartition(" ")
        operations.append({"op": ("add", "replace", "remove")[(len(line) + number) % 3], "path": path, "value": value})
    return {"schemas": [PATCH_URN], "Operations": operations}


def bulk_body(data: bytes) -> None:
    """A Bulk request is read, its references found, replaced and left out."""
    for operation in parse_bulk(decoded(data)).operations:
        if isinstance(operation, BulkOperation):
            known = dict.fromkeys(operation.references, "id")
            if not without_references(resolved(operation.data, known)):
                continue
            assert all(isinstance(name, str) for name in operation.references)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "filter": filter_text,
    "path": path_text,
    "patch": patch_body,
    "bulk": bulk_body,
    "json": json_body,
}


def feed(name: str, data: bytes) -> None:
    """Give bytes to a target; a refusal is an answer, anything else that is raised is a fault."""
    with suppress(Refusal):
        TARGETS[name](data)
