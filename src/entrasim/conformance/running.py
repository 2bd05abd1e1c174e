"""Running a rehearsal: the checks of a profile in their order, each with its findings; what was made is cleaned up."""

from __future__ import annotations

import secrets
from contextlib import suppress

from entrasim.application import Application
from entrasim.conformance import entra_cycles, entra_groups, entra_users, okta_checks
from entrasim.conformance.report import Finding, Report
from entrasim.conformance.session import Check, Session, UnmetError
from entrasim.dialects import FLAG
from entrasim.okta.bodies import AGENT
from entrasim.outcomes import Failure
from entrasim.wire import Wire

PROFILES = ("entra", "entra-flag", "okta")
ENTRA = [*entra_users.CHECKS, *entra_groups.CHECKS, *entra_groups.LAST_CHECKS, *entra_users.LAST_CHECKS]


async def rehearse(url: str, token: str, *, profile: str = "entra", patience: float = 30.0) -> Report:
    """Rehearse a profile against a SCIM base URL and clean up. Never raises for what the endpoint does.

    Args:
        profile: `entra`, `entra-flag` (the URL carries the feature flag) or `okta`.
        patience: seconds that one request may take.
    """
    assert profile in PROFILES, profile
    if profile == "entra-flag" and FLAG not in url:
        url = f"{url}{'&' if '?' in url else '?'}{FLAG}"
    application = Application(url, token)
    wire = Wire(url, 2, timeout=patience)
    session = Session(
        wire=wire,
        endpoint=application.endpoint,
        tokens=application.tokens(),
        agent=AGENT if profile == "okta" else "entrasim",
        mark=secrets.token_hex(4),
        dialect=application.dialect,
    )
    try:
        findings = await _rehearsed(session, application, profile=profile)
        await _clean_up(session)
    finally:
        wire.close()
    return Report(profile=profile, url=url, findings=findings)


async def _rehearsed(session: Session, application: Application, *, profile: str) -> list[Finding]:
    if profile == "okta":
        return await _run(session, okta_checks.CHECKS)
    findings = await _run(session, ENTRA)
    with entra_cycles.founded(application, session.mark) as company:
        findings += await _run(session, entra_cycles.checks(company))
        session.made += company.left_behind()
        return findings


async def _run(session: Session, checks: list[Check]) -> list[Finding]:
    findings: list[Finding] = []
    lost: set[str] = set()
    for check in checks:
        if missing := [name for name in check.needs if name in lost]:
            lost.add(check.id)
            found = f"needs {', '.join(missing)}"
            findings.append(Finding(id=check.id, title=check.title, status="skipped", found=found))
            continue
        finding = await _finding(session, check)
        if finding.status == "failed" and check.provides not in session.things:
            lost.add(check.id)
        findings.append(finding)
    return findings


async def _finding(session: Session, check: Check) -> Finding:
    session.exchanges = []
    status, found = "passed", ""
    try:
        await check.run(session)
    except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
        status, found = "failed", f"the answer has a shape that no client expects: {error!r}"
    except (UnmetError, Failure) as unmet:
        status, found = "failed" if check.must else "warning", str(unmet)
    then = check.next_step if found else ""
    requests = session.exchanges
    return Finding(id=check.id, title=check.title, status=status, found=found, next_step=then, requests=requests)


async def _clean_up(session: Session) -> None:
    session.exchanges = []
    for kind, target in reversed(session.made):
        with suppress(UnmetError):
            await session.delete(kind, target)
