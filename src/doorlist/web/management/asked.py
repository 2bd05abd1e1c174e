"""What a route is asked with: the caller with the scope that the route needs, pages, versions."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query, Response
from fastapi.security import HTTPBearer
from starlette.requests import Request

from doorlist.domain.api_keys import KeyScope, Program
from doorlist.domain.ids import parse_id
from doorlist.domain.tenancy import Administrator
from doorlist.errors import BadInput, ScopeMissing, VersionMismatch
from doorlist.store.db import Database
from doorlist.web.management.shapes.basic_shapes import Page, Shape

S = TypeVar("S", bound=Shape)

LONGEST_PAGE: Final = 500
Who = tuple[Database, Administrator, UUID]

_BEARER: Final = HTTPBearer(
    scheme_name="key", description="A key of the organization: `doorlist key create`.", auto_error=False
)
_VERSION: Final = re.compile(r'(?:W/)?"([0-9]{1,18})"')


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the database, and the program that asks."""

    database: Database
    program: Program

    @property
    def who(self) -> Who:
        """What every verb of the service begins with: the database, who acts, and for which organization."""
        return self.database, self.program.administrator, self.program.org_id


class Needs:
    """A dependency that answers the `Asked` of a request whose key has a scope. Raises `ScopeMissing`."""

    def __init__(self, scope: KeyScope) -> None:
        self.scope = scope

    def __call__(self, request: Request) -> Asked:
        program: Program = request.state.program
        if self.scope not in program.scopes:
            raise ScopeMissing(f"The key has no scope {self.scope.value}.")
        return Asked(request.state.database, program)


SECURED: Final = Depends(_BEARER)
"""Puts the key into the description of a route; it was checked at the door."""


def needs(scope: KeyScope) -> Any:
    """The annotation's dependency for a scope."""
    return Depends(Needs(scope))


ReadsOrganization = Annotated[Asked, needs(KeyScope.ORGANIZATION_READ)]
WritesOrganization = Annotated[Asked, needs(KeyScope.ORGANIZATION_WRITE)]
ReadsPeople = Annotated[Asked, needs(KeyScope.PEOPLE_READ)]
WritesPeople = Annotated[Asked, needs(KeyScope.PEOPLE_WRITE)]
ReadsAccess = Annotated[Asked, needs(KeyScope.ACCESS_READ)]
WritesAccess = Annotated[Asked, needs(KeyScope.ACCESS_WRITE)]
ReadsProjects = Annotated[Asked, needs(KeyScope.PROJECTS_READ)]
WritesProjects = Annotated[Asked, needs(KeyScope.PROJECTS_WRITE)]
ReadsLogs = Annotated[Asked, needs(KeyScope.LOGS_READ)]
Decides = Annotated[Asked, needs(KeyScope.DECISIONS)]

Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2000, description="`next` of the page before; the first page has none.")
]
IfMatch = Annotated[
    str | None,
    Header(max_length=100, description='The ETag that the change starts from, such as `"3"`, or `*` for any.'),
]


def encode_cursor(parts: Sequence[object] | None) -> str | None:
    """A place in a list, as text that nobody but `decode_cursor` reads."""
    if parts is None:
        return None
    return base64.urlsafe_b64encode(json.dumps([str(part) for part in parts]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: Callable[[str], Any]) -> tuple[Any, ...] | None:
    """The parts of a place in a list, each read by its kind. Raises `BadInput` for what was never given out."""
    if cursor is None:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise ValueError
        return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, binascii.Error, UnicodeDecodeError, RecursionError):
        raise BadInput("The cursor is none of this list's.", place="cursor") from None


def an_id(text: str) -> UUID:
    """An id in a cursor. Raises `ValueError`."""
    found = parse_id(text)
    if found is None:
        raise ValueError
    return found


def a_text(text: str) -> str:
    """A text in a cursor. Raises `ValueError` for what cannot be stored."""
    text.encode()
    if "\x00" in text:
        raise ValueError
    return text


def a_number(text: str) -> int:
    """A number in a cursor. Raises `ValueError`."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError
    return int(text)


def moment(at: datetime | None) -> datetime | None:
    """A moment with its zone; without one it is UTC."""
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC)


def expected_version(if_match: str | None) -> int | None:
    """The version that If-Match names, None for any. Raises `VersionMismatch` for a tag that was never given out."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _VERSION.fullmatch(if_match.strip())
    if found is None:
        raise VersionMismatch("This is no version of it.", place="If-Match")
    return int(found[1])


def tag(response: Response, version: int) -> None:
    """Name the version of what is answered."""
    response.headers["ETag"] = f'"{version}"'


def paged(rows: Sequence[Any], limit: int, shape: type[S], place: Callable[[Any], Sequence[object]]) -> Page[S]:
    """A page made of one row more than its limit, where there is one; `place` tells where a row stands."""
    shown = rows[:limit]
    following = place(shown[-1]) if len(rows) > limit else None
    return Page[S](items=[shape.model_validate(row) for row in shown], next=encode_cursor(following))


def by_id(row: Any) -> tuple[UUID]:
    """Where a row stands in a list in the order of ids."""
    return (row.id,)


def after_id(cursor: str | None) -> UUID | None:
    """The id behind which a page begins."""
    parts = decode_cursor(cursor, an_id)
    return None if parts is None else parts[0]
