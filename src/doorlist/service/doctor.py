"""`doorlist doctor`: what must not be and what somebody should see to, each with its meaning and what to do about it.

Reads only. What is broken is a fault of the program or a change behind its back; the rest is for somebody to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from doorlist.domain.tenancy import Administrator
from doorlist.service import auditing
from doorlist.store import ailments, migrate, organizations
from doorlist.store.ailments import Found
from doorlist.store.db import Connection, Database

_SLOW_SECONDS: Final = 5.0
_REPORT: Final = "Operator: keep a backup of now, and report it with the audit log of the organization."


class Severity(StrEnum):
    """How bad it is."""

    BROKEN = "broken"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked for: its code, what it means, and who does what where."""

    code: str
    severity: Severity
    statement: str
    meaning: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; at most twenty subjects of `total` are named, each with its organization."""

    code: str
    severity: Severity
    meaning: str
    remedy: str
    total: int
    subjects: tuple[tuple[str | None, str], ...]


CHECKS: Final = (
    Check(
        "orphan-members",
        Severity.BROKEN,
        ailments.ORPHANS,
        "A membership names a person or a group that does not exist.",
        f"{_REPORT} The directory's next full cycle does not mend it.",
    ),
    Check(
        "workspace-without-home",
        Severity.BROKEN,
        ailments.HOMELESS,
        "A workspace has no home folder, or several: access to it cannot be worked out.",
        _REPORT,
    ),
    Check(
        "workspace-without-owner",
        Severity.WARNING,
        ailments.OWNERLESS,
        "Nobody owns a workspace; only owners and admins of the organization manage it.",
        "Owner of the organization: doorlist access grant, with the level owner.",
    ),
    Check(
        "retained-without-person",
        Severity.BROKEN,
        ailments.UNPERSONED,
        "Access is kept for a person who does not exist.",
        _REPORT,
    ),
    Check(
        "retained-while-inactive",
        Severity.BROKEN,
        ailments.LIVE_WHILE_INACTIVE,
        "Kept access of a deactivated person is live; it should be held until the person is back.",
        _REPORT,
    ),
    Check(
        "history-overlaps",
        Severity.BROKEN,
        ailments.OVERLAPPING,
        "The history says of one moment that a membership or grant was there twice.",
        f"{_REPORT} Access of today is not concerned, answers about that moment are.",
    ),
    Check(
        "token-ends",
        Severity.WARNING,
        ailments.TOKENS,
        "A directory's token ends within 14 days, or ended within 90; then nothing is provisioned.",
        "Admin of the organization: doorlist token rotate, then give the new one to the directory.",
    ),
    Check(
        "certificate-ends",
        Severity.WARNING,
        ailments.CERTIFICATES,
        "A certificate of the identity provider ends within 30 days; then nobody signs in.",
        "Admin of the organization: renew it at the identity provider, then doorlist saml (metadata or certificate).",
    ),
    Check(
        "directory-silent",
        Severity.WARNING,
        ailments.SILENT,
        "A directory that has a valid token was not heard of for two days: people who left keep their access.",
        "Admin of the directory: see whether provisioning is stopped or in quarantine there, and start it.",
    ),
    Check(
        "connection-paused",
        Severity.WARNING,
        ailments.PAUSED,
        "A connection is paused: its directory is asked to wait.",
        "Admin of the organization: doorlist connection resume, when the reason is gone.",
    ),
    Check(
        "audit-unsealed",
        Severity.WARNING,
        ailments.UNSEALED,
        "Audit events wait for their seal for more than five minutes; a server seals within seconds.",
        "Operator: see that a server runs and what its log says; doorlist audit seal does it at once.",
    ),
)


async def behind(url: str) -> Finding | None:
    """Whether the database lacks migrations; nothing else can be looked at then."""
    found, head = await migrate.current(url), migrate.head()
    if found == head:
        return None
    subject = f"the database is at {found or 'no migration'}, this version needs {head}"
    return Finding(
        "migrations-behind",
        Severity.WARNING,
        "The database has another schema than this version needs.",
        "Operator: back up, then doorlist db upgrade; with a newer schema, install the version that made it.",
        1,
        ((None, subject),),
    )


async def examine(database: Database, *, log_days: int, slow_seconds: float = _SLOW_SECONDS) -> list[Finding]:
    """Run every check; the findings, what is broken first. `log_days` is how long requests are to be remembered."""
    async with database.reporting() as connection:
        found = [_finding(check, await ailments.look(connection, check.statement)) for check in CHECKS]
        found.append(await _unforgotten(connection, log_days))
        found.append(await _slow(connection, slow_seconds))
    return [finding for finding in found if finding.total]


async def examine_audit(database: Database, operator: Administrator) -> Finding | None:
    """Walk the audit chain of every organization, which reads the whole of every log."""
    async with database.reading() as connection:
        known = await organizations.everyone(connection)
    faults: list[tuple[str | None, str]] = []
    for organization in known:
        verdict = await auditing.verify(database, operator, organization.org_id)
        faults += [(organization.slug, fault) for fault in verdict.faults]
    check = Check(
        "audit-broken", Severity.BROKEN, "", "Somebody changed the audit log behind the program's back.", _REPORT
    )
    return _finding(check, Found(tuple(faults[: ailments.SHOWN]), len(faults))) if faults else None


async def _unforgotten(connection: Connection, days: int) -> Finding:
    check = Check(
        "clean-up-behind",
        Severity.WARNING,
        ailments.UNFORGOTTEN,
        "The request log is older than the setting allows; a server cleans up every hour.",
        "Operator: see that a server runs and what its log says.",
    )
    return _finding(check, await ailments.look(connection, check.statement, (days,)))


async def _slow(connection: Connection, seconds: float) -> Finding:
    """Statements that are slow on average, where the server counts them; otherwise those that run for long now."""
    counted = await ailments.has_statistics(connection)
    check = Check(
        "slow-statements",
        Severity.WARNING,
        ailments.SLOW_EVER if counted else ailments.SLOW_NOW,
        "A statement takes long; requests wait for its connection or its locks.",
        "Operator: see who runs it (pg_stat_activity); analyze the tables; report one that is Doorlist's.",
    )
    arguments: tuple[Any, ...] = (seconds,)
    return _finding(check, await ailments.look(connection, check.statement, arguments))


def _finding(check: Check, found: Found) -> Finding:
    return Finding(check.code, check.severity, check.meaning, check.remedy, found.total, found.subjects)
