"""How an object finds its resource in the target: by its matching attributes, in their order of precedence."""

from __future__ import annotations

from entrasim.expressions import Source
from entrasim.flows import Flow
from entrasim.job.attempt import Attempt
from entrasim.links import stands_for_another
from entrasim.outcomes import DUPLICATE_TARGET, INVALID_ANCHOR, MANDATORY_MISSING, Failure
from entrasim.scim_client import Resource


async def find_match(attempt: Attempt, kind: str, *, flow: Flow, source: Source) -> Resource | None:
    """Ask for a resource by each matching attribute that has a value, until one is found.

    Raises `Failure` where no matching attribute has a value, and where a query finds several resources.
    """
    matches = flow.matches(source)
    if not matches:
        raise Failure(MANDATORY_MISSING, "no matching attribute has a value")
    for target, value in matches:
        found = await attempt.conversation.find(kind, target, value=value)
        if len(found) > 1:
            ids = ", ".join(one["id"] for one in found[:10])
            attempt.step("match", "several in the target", status="failure", attribute=target, targetIds=ids)
            raise Failure(DUPLICATE_TARGET, f"{len(found)} resources have {target} {value!r}")
        if found:
            attempt.step("match", "found in the target", attribute=target, value=value, targetId=found[0]["id"])
            return found[0]
        attempt.step("match", "not in the target", attribute=target, value=value)
    return None


async def find_unseen(attempt: Attempt, kind: str, *, flow: Flow, source: Source) -> Resource | None:
    """Find what a create made whose answer was never seen; a resource that stands for another object is not it."""
    found = await find_match(attempt, kind, flow=flow, source=source)
    return None if found is None or stands_for_another(attempt.run.state, found["id"]) else found


async def gone_for_good(attempt: Attempt, kind: str, *, flow: Flow, source: Source) -> None:
    """Make sure that a resource that could not be deleted, because it was not found, is not there either.

    Raises `Failure` where the matching attributes still find one: the link is wrong, and the object stays due.
    """
    if await find_match(attempt, kind, flow=flow, source=source) is not None:
        raise Failure(INVALID_ANCHOR, "HTTP 404 to a DELETE, but the match query still finds the resource", 404)
