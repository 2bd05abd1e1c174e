"""Bulk requests: operations one after the other, each its own transaction, with references between them.

An operation that counts on one that comes later waits for it; where they count on each other, the first is made
without the reference and completed when the circle is closed (RFC 7644 section 3.7.1). What was done stays done when
a later operation is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from doorlist.domain.ids import parse_id
from doorlist.errors import Conflict, InvalidValue, NotFound, Refusal
from doorlist.scim.bulk import BulkOperation, BulkRequest, resolved, without_references
from doorlist.scim.messages import Stored
from doorlist.scim.preconditions import UNCONDITIONAL, read_versions
from doorlist.service.endpoints import Endpoint, Endpoints
from doorlist.service.provisioning import Call, Outcome
from doorlist.store.db import Database

_STATUS: Final = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an operation: its status, the resource as it is now, or the refusal."""

    operation: BulkOperation | None
    raw: Mapping[str, Any]
    status: int
    stored: Stored | None = None
    endpoint: Endpoint | None = None
    refusal: Refusal | None = None


@dataclass(slots=True)
class _Run:
    """The state of one bulk request."""

    database: Database
    call: Call
    endpoints: Endpoints
    request: BulkRequest
    results: dict[int, Result] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    unfinished: list[BulkOperation] = field(default_factory=list)

    @property
    def stopped(self) -> bool:
        limit = self.request.fail_on_errors
        return limit is not None and sum(result.refusal is not None for result in self.results.values()) >= limit


async def run_bulk(database: Database, call: Call, endpoints: Endpoints, request: BulkRequest) -> list[Result]:
    """The results of the operations that were processed, in the order of the request."""
    run = _Run(database, call, endpoints, request)
    waiting: list[BulkOperation] = []
    for index, operation in enumerate(request.operations):
        if isinstance(operation, BulkOperation):
            waiting.append(operation)
        else:
            raw, refusal = operation
            run.results[index] = Result(None, raw, refusal.status, refusal=refusal)
    while waiting and not run.stopped:
        waiting = await _round(run, waiting)
    for operation in run.unfinished:
        await _finish(run, operation)
    return [run.results[index] for index in sorted(run.results)]


async def _round(run: _Run, waiting: list[BulkOperation]) -> list[BulkOperation]:
    """Process what can be; where nothing can, break a circle. Those that still wait."""
    later: list[BulkOperation] = []
    promised = {operation.bulk_id for operation in waiting if operation.method == "POST"}
    for operation in waiting:
        if run.stopped:
            return []
        missing = operation.references - run.known.keys()
        if missing & promised:
            later.append(operation)
            continue
        if missing:
            _refuse(run, operation, _unresolved(run, missing, operation))
        else:
            await _process(run, operation, resolved(operation.data, run.known))
        promised.discard(operation.bulk_id)
    if len(later) == len(waiting):
        first = next(operation for operation in later if operation.method == "POST")
        later.remove(first)
        await _process(run, first, without_references(resolved(first.data, run.known)))
        if first.bulk_id in run.known:
            run.unfinished.append(first)
    return later


async def _process(run: _Run, operation: BulkOperation, data: Any) -> None:
    try:
        endpoint = run.endpoints.get(operation.collection)
        if endpoint is None:
            raise NotFound(
                f"There is no endpoint {operation.collection!r}.", place=f"Operations[{operation.index}].path"
            )
        outcome = await _do(run, endpoint, operation, data)
    except Refusal as refusal:
        _refuse(run, operation, refusal)
        return
    if operation.method == "POST" and operation.bulk_id is not None and outcome.stored is not None:
        run.known[operation.bulk_id] = str(outcome.stored.id)
    run.results[operation.index] = Result(
        operation, {}, _STATUS[operation.method], stored=outcome.stored, endpoint=endpoint
    )


async def _do(run: _Run, endpoint: Endpoint, operation: BulkOperation, data: Any) -> Outcome:
    if operation.method == "POST":
        return await endpoint.create(run.database, run.call, data)
    identifier = parse_id(str(resolved(operation.target, run.known)))
    versions = read_versions(operation.version, None)
    if operation.method == "DELETE":
        return await endpoint.delete(run.database, run.call, identifier, versions)
    verb = endpoint.replace if operation.method == "PUT" else endpoint.patch
    return await verb(run.database, run.call, identifier, data, versions)


async def _finish(run: _Run, operation: BulkOperation) -> None:
    """Complete a resource that was made without its references; what cannot be completed is taken back."""
    endpoint, done = run.endpoints[operation.collection], run.results[operation.index]
    assert done.stored is not None
    missing = operation.references - run.known.keys()
    try:
        if missing:
            raise _unresolved(run, missing, operation)
        data = resolved(operation.data, run.known)
        outcome = await endpoint.replace(run.database, run.call, done.stored.id, data, UNCONDITIONAL)
    except Refusal as refusal:
        await endpoint.delete(run.database, run.call, done.stored.id, UNCONDITIONAL)
        _refuse(run, operation, Conflict(f"The circle of references could not be closed: {refusal}"))
        return
    run.results[operation.index] = Result(operation, {}, done.status, stored=outcome.stored, endpoint=endpoint)


def _unresolved(run: _Run, missing: frozenset[str], operation: BulkOperation) -> Refusal:
    named, place = ", ".join(sorted(missing)), f"Operations[{operation.index}]"
    if missing & run.lost:
        return Conflict(f"The operation that was to make {named} failed.", place=place)
    return InvalidValue(f"No operation of this request makes {named}.", place=place)


def _refuse(run: _Run, operation: BulkOperation, refusal: Refusal) -> None:
    run.results[operation.index] = Result(operation, {}, refusal.status, refusal=refusal)
    if operation.bulk_id is not None:
        run.lost.add(operation.bulk_id)
        run.known.pop(operation.bulk_id, None)
