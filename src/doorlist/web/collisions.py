"""From the refusals of a request to what the log notes as conflicts. Runs only where something was refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from doorlist.domain.ids import parse_id
from doorlist.errors import Refusal, Taken
from doorlist.service.batch import Result
from doorlist.store.conflicts import Collision

_LONGEST = 1000


def of_request(refusal: Refusal | None, *, method: str, path: str) -> tuple[Collision, ...]:
    """The collision for which one request was refused, if any; the address names whom it was to change."""
    target = None if method == "POST" else parse_id(path.rstrip("/").rpartition("/")[2])
    return tuple(_of(refusal, method, target))


def of_bulk(results: Iterable[Result]) -> tuple[Collision, ...]:
    """The collisions among the operations of a bulk request."""
    return tuple(
        collision
        for result in results
        if result.operation is not None
        for collision in _of(result.refusal, result.operation.method, parse_id(str(result.operation.target)))
    )


def _of(refusal: Refusal | None, method: str, target: UUID | None) -> Iterator[Collision]:
    if isinstance(refusal, Taken) and refusal.kind:
        value, key = (text[:_LONGEST].replace("\x00", "\N{REPLACEMENT CHARACTER}") for text in refusal.value)
        yield Collision(refusal.kind, refusal.place, value, key, method, target)
