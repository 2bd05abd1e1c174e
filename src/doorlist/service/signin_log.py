"""The sign-in log: every try with its checks and the reason of a refusal. Uniform outside, detailed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorlist.domain.tenancy import Administrator
from doorlist.errors import NotFound
from doorlist.saml.checks import Step
from doorlist.service import clock
from doorlist.service.authority import require_manager
from doorlist.service.session_control import Origin
from doorlist.store import signin_rows
from doorlist.store.db import Connection, Database
from doorlist.store.signin_rows import SignInLine

MOST: Final = 500
MOST_REFUSED: Final = 300
_WINDOW: Final = timedelta(minutes=1)
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try as it is logged; `kind` is signin, test or signout."""

    method: str
    kind: str
    steps: Sequence[Step]
    subject: str = ""
    user_id: UUID | None = None
    attributes: dict[str, list[str]] | None = None

    @property
    def refused(self) -> Step | None:
        """The check that refused it."""
        return next((step for step in self.steps if not step.passed), None)


async def write(connection: Connection, org_id: UUID, attempt: Attempt, *, origin: Origin, now: datetime) -> UUID:
    """Log a try; the id under which it is found, and which the page of a refusal shows.

    Of the refusals of an organization no more than so many a minute are kept: nobody outside can fill the database.
    """
    refused = attempt.refused
    line = SignInLine(
        id=clock.new_id(now),
        at=now,
        method=attempt.method,
        kind=attempt.kind,
        accepted=refused is None,
        check_name=None if refused is None else refused.check.value,
        detail="" if refused is None else _clean(refused.detail),
        user_id=attempt.user_id,
        subject=_clean(attempt.subject),
        steps=tuple((step.check.value, step.passed, _clean(step.detail)) for step in attempt.steps),
        attributes=attempt.attributes,
        address=_clean(origin.address),
        agent=_clean(origin.agent),
    )
    await signin_rows.log(connection, org_id, line, since=clock.new_id(now - _WINDOW), most=MOST_REFUSED)
    return line.id


async def find_attempt(database: Database, org_id: UUID, log_id: object) -> SignInLine:
    """One entry, for who was just told its number. Raises `NotFound`."""
    async with database.reading() as connection:
        found = await signin_rows.logged_one(connection, org_id, log_id) if isinstance(log_id, UUID) else None
    if found is None:
        raise NotFound("There is no such entry in the sign-in log.")
    return found


async def list_attempts(
    database: Database,
    administrator: Administrator,
    org_id: UUID,
    *,
    before: UUID | None = None,
    refused: bool = False,
    kind: str | None = None,
    limit: int = 50,
) -> list[SignInLine]:
    """The newest tries, newest first, those before an id for the next page. Raises `Forbidden`."""
    async with database.reading() as connection:
        await require_manager(connection, administrator, org_id)
        return await signin_rows.logged(
            connection, org_id, before=before, refused=refused, kind=kind, limit=min(limit, MOST)
        )


def _clean(text: str) -> str:
    """Text that the database takes: no zero characters, no halves of characters, not endless."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()[:_LONGEST]
