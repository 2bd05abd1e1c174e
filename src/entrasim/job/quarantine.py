"""When the job is held back, and for how long: the thresholds and the schedule of the quarantine. Pure.

Refused credentials and an endpoint that answers a query with 404 quarantine at once. Otherwise failures are counted:
from 5,000 on, a cycle in which more than 40 % failed; 40,000 at any rate; 60,000 with those of references. The job is
then tried after 6, 12, 24 hours and every 24 hours from there, and disabled after 28 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from entrasim.job.control import Job, Quarantine, next_after
from entrasim.outcomes import UNAUTHORIZED, Failure

DELAYS = (timedelta(hours=6), timedelta(hours=12), timedelta(hours=24))
DISABLED_AFTER = timedelta(days=28)
CREDENTIALS, COMPLIANCE, DELETIONS = "InvalidCredentials", "ScimNonCompliance", "AccidentalDeletions"
PROPORTION, ENCOUNTERED = "EncounteredEscrowProportionThreshold", "EncounteredQuarantineException"
FIRST_LOOK, SHARE, OWN_LIMIT, ALL_LIMIT = 5_000, 0.4, 40_000, 60_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What a cycle that ended says about the job's health; failures of references are counted apart."""

    stopped: Failure | None
    operations: int
    failures: int
    reference_failures: int
    pending_deletions: int = 0


def after_cycle(job: Job, facts: Facts, *, began: datetime, now: datetime) -> Job:
    """Return the job as the cycle leaves it: healthy and due in 40 minutes, in quarantine, or disabled."""
    found = reason(facts)
    job = msgspec.structs.replace(job, deletions_allowed=False)
    if found is None:
        due = next_after(began, now) if job.status == "on" else None
        return msgspec.structs.replace(job, quarantine=None, next_cycle=due)
    since, tries = (job.quarantine.since, job.quarantine.tries) if job.quarantine else (now, 0)
    held = Quarantine(
        reason=found[0],
        message=found[1],
        since=since,
        next_try=now + DELAYS[min(tries, len(DELAYS) - 1)],
        tries=tries + 1,
        pending_deletions=facts.pending_deletions,
    )
    disabled = job.status == "on" and now - since >= DISABLED_AFTER
    return msgspec.structs.replace(job, quarantine=held, next_cycle=None, status="disabled" if disabled else job.status)


def reason(facts: Facts) -> tuple[str, str] | None:
    """Return the code and message of the quarantine that a cycle calls for, or None."""
    if facts.stopped is not None:
        code = CREDENTIALS if facts.stopped.code == UNAUTHORIZED else COMPLIANCE
        return code, facts.stopped.message
    if facts.pending_deletions:
        return DELETIONS, f"{facts.pending_deletions} deletions are more than the guard lets through."
    everything = facts.failures + facts.reference_failures
    if facts.failures > OWN_LIMIT or everything > ALL_LIMIT:
        return ENCOUNTERED, f"{everything} failures in one cycle."
    if facts.failures >= FIRST_LOOK and facts.failures > SHARE * facts.operations:
        return PROPORTION, f"{facts.failures} of {facts.operations} operations failed."
    return None
