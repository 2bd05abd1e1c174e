"""What the service does with one person: skip, create, update, disable, delete.

Order: import, scope, match, action. A linked person is read by id first; a 404 voids the link (InvalidAnchor) and
the person is matched again. Each call ends in one saved log entry; what fails stays due.
"""

from __future__ import annotations

from entrasim import links
from entrasim.dialects import attribute_patch, user_creation
from entrasim.job.attempt import Attempt, Result, Run
from entrasim.links import UserSubject
from entrasim.mappings import USER_MAPPINGS, differences, matching_targets, user_values
from entrasim.outcomes import DUPLICATE_TARGET, INVALID_ANCHOR, Failure
from entrasim.provisioning_log import Identity, LogEntry
from entrasim.scim_client import USERS, Resource, incompatible
from entrasim.targets import ShapeError


async def sync_user(run: Run, key: int) -> LogEntry:
    """Bring the target in line with one person (row key) and return the log entry."""
    subject = links.load_user(run.state, key)
    person = subject.person
    identity = Identity(kind="User", id=person.id, name=person.name, target_id=subject.target_id)
    attempt = Attempt(run, identity)
    attempt.step("import", "read from the directory", userPrincipalName=person.user_principal_name)
    _explain_scope(attempt, subject)
    try:
        result = await _bring_in_line(attempt, subject)
    except ShapeError as error:
        run.tally.users.failed += 1
        return attempt.fail(incompatible(error))
    except Failure as failure:
        run.tally.users.failed += 1
        return attempt.fail(failure)
    return attempt.succeed(result, run.tally.users)


def _explain_scope(attempt: Attempt, subject: UserSubject) -> None:
    in_scope = not subject.soft_deleted
    attempt.step(
        "scope",
        "in scope" if in_scope else "not in scope",
        status="success" if in_scope else "skipped",
        activeInSourceSystem=str(subject.person.active),
        assignedToApplication=str(subject.assigned),
    )


async def _bring_in_line(attempt: Attempt, subject: UserSubject) -> Result:
    if subject.person.purged_at is not None:
        return await _delete(attempt, subject)
    if subject.target_id is not None:
        resource = await attempt.conversation.read(USERS, subject.target_id)
        if resource is not None:
            attempt.step("match", "linked before", targetId=subject.target_id)
            return await _update(attempt, subject, resource)
        _void_link(attempt, subject)
    if subject.soft_deleted:
        return _skip(attempt, subject, "not active in the directory or not assigned, and not in the target")
    resource = await _match(attempt, subject)
    if resource is None:
        return await _create(attempt, subject)
    return await _update(attempt, subject, resource)


async def _match(attempt: Attempt, subject: UserSubject) -> Resource | None:
    values = user_values(subject.person, soft_deleted=False)
    for target in matching_targets(USER_MAPPINGS):
        found = await attempt.conversation.find(USERS, target, value=values[target])
        if len(found) > 1:
            raise Failure(DUPLICATE_TARGET, f"{len(found)} resources have {target} {values[target]!r}")
        if found:
            attempt.step("match", "found in the target", attribute=target, targetId=found[0]["id"])
            return found[0]
    attempt.step("match", "not in the target")
    return None


async def _create(attempt: Attempt, subject: UserSubject) -> Result:
    attempt.action = "Create"
    values = user_values(subject.person, soft_deleted=False)
    attempt.changing(differences(values, {}))
    created = await attempt.conversation.create(USERS, user_creation(values))
    return Result("Create", lambda: links.save_user(attempt.run.state, subject, target_id=created["id"]))


async def _update(attempt: Attempt, subject: UserSubject, resource: Resource) -> Result:
    target_id = resource["id"]
    values = user_values(subject.person, soft_deleted=subject.soft_deleted)
    if not subject.assigned or subject.person.soft_deleted_at is not None:
        values = {"active": values["active"]}  # who is out of scope is disabled; nothing else flows
    changes = differences(values, resource)
    if changes:
        disables = any(change.target == "active" and change.new == "False" for change in changes)
        attempt.action = "Disable" if disables else "Update"
        attempt.changing(changes)
        await attempt.conversation.patch(USERS, target_id, body=attribute_patch(changes, attempt.run.dialect))
    else:
        attempt.action = "Skip"
    return Result(attempt.action, lambda: links.save_user(attempt.run.state, subject, target_id=target_id))


async def _delete(attempt: Attempt, subject: UserSubject) -> Result:
    """Delete a purged person, unless the link was out of scope before: then the real service sends nothing."""
    linked = subject.target_id is not None and subject.was_in_scope
    if linked and subject.target_id is not None:
        attempt.action = "Delete"
        await attempt.conversation.delete(USERS, subject.target_id)
    return Result("Delete" if linked else "Skip", lambda: links.forget_person(attempt.run.state, subject.person.key))


def _skip(attempt: Attempt, subject: UserSubject, verdict: str) -> Result:
    attempt.step("action", verdict, status="skipped")
    return Result("Skip", lambda: links.settle_user(attempt.run.state, subject.person))


def _void_link(attempt: Attempt, subject: UserSubject) -> None:
    attempt.step("match", "the linked resource is gone", status="failure", code=INVALID_ANCHOR)
    with attempt.run.state.transaction():
        links.drop_user_link(attempt.run.state, subject.person.key)
