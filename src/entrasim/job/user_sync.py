"""What the service does with one person: skip, create, update, disable, delete.

Order: import, scope, match, action. A linked person is read by id first; a 404 voids the link (InvalidAnchor) and
the person is matched again. Each call ends in one saved log entry; what fails stays due and goes into escrow.
"""

from __future__ import annotations

from entrasim import links
from entrasim.dialects import attribute_patch, user_creation
from entrasim.expressions import ExpressionError, Source
from entrasim.filters import explained
from entrasim.flows import user_source
from entrasim.job.attempt import Attempt, Result, Run
from entrasim.job.matching import find_match, find_unseen, gone_for_good
from entrasim.links import UserSubject
from entrasim.mappings import differences
from entrasim.outcomes import EXPRESSION_FAILED, INVALID_ANCHOR, Failure
from entrasim.provisioning_log import Identity, LogEntry
from entrasim.scim_client import USERS, Resource, incompatible
from entrasim.targets import ShapeError


async def sync_user(run: Run, key: int) -> LogEntry:
    """Bring the target in line with one person (row key) and return the log entry."""
    subject = links.load_user(run.state, key)
    person = subject.person
    identity = Identity(kind="User", id=person.id, name=person.name, target_id=subject.target_id)
    attempt = Attempt(run, identity)
    source = user_source(person, soft_deleted=subject.soft_deleted)
    attempt.step("import", "read from the directory", **{name: str(value) for name, value in source.items() if value})
    _explain_scope(attempt, subject, source)
    try:
        result = await _bring_in_line(attempt, subject, source)
    except ShapeError as error:
        return _failed(attempt, subject, incompatible(error))
    except ExpressionError as error:
        return _failed(attempt, subject, Failure(EXPRESSION_FAILED, str(error)))
    except Failure as failure:
        return _failed(attempt, subject, failure)
    return attempt.succeed(result, run.tally.users)


def _failed(attempt: Attempt, subject: UserSubject, failure: Failure) -> LogEntry:
    run = attempt.run
    run.tally.users.failed += 1
    return attempt.fail(failure, save=lambda: run.hold("user", subject.person.key, failure, subject.person.touched))


def _explain_scope(attempt: Attempt, subject: UserSubject, source: Source) -> None:
    active = not subject.soft_deleted
    attempt.step(
        "scope",
        "in scope" if active else "not in scope",
        status="success" if active else "skipped",
        activeInSourceSystem=str(subject.person.active),
        assignedToApplication=str(subject.assigned),
        **explained(attempt.run.configuration.users.filters, source),
    )


async def _bring_in_line(attempt: Attempt, subject: UserSubject, source: Source) -> Result:
    if subject.person.purged_at is not None:
        return await _delete(attempt, subject, source)
    if subject.target_id is not None:
        resource = await attempt.conversation.read(USERS, subject.target_id)
        if resource is not None:
            attempt.step("match", "linked before", targetId=subject.target_id)
            return await _update(attempt, subject, source=source, resource=resource)
        attempt.step("match", "the linked resource is gone", status="failure", code=INVALID_ANCHOR)
    elif subject.soft_deleted:
        return await _leave_unlinked(attempt, subject, source)
    resource = await find_match(attempt, USERS, flow=attempt.run.users, source=source)
    if resource is not None:
        result = await _update(attempt, subject, source=source, resource=resource)
    elif subject.soft_deleted:
        result = _skip(attempt, subject, "not in the target any more")
    else:
        result = await _create(attempt, subject, source)
    kept = subject.target_id is None or (resource is not None and resource["id"] == subject.target_id)
    return result if kept or result.action == "StagedDelete" else _voiding(attempt, subject, result)


async def _leave_unlinked(attempt: Attempt, subject: UserSubject, source: Source) -> Result:
    """Skip who is not in the target; who may be, because a create was tried, is looked for and disabled."""
    found = await find_unseen(attempt, USERS, flow=attempt.run.users, source=source) if subject.tried else None
    if found is None:
        return _skip(attempt, subject, "not active in the directory or not in scope, and not in the target")
    return await _update(attempt, subject, source=source, resource=found)


async def _create(attempt: Attempt, subject: UserSubject, source: Source) -> Result:
    attempt.action = "Create"
    if not attempt.run.configuration.users.create:
        return _skip(attempt, subject, "creating people is turned off")
    values = attempt.run.users.values(source, creating=True)
    attempt.changing(differences(values, {}))
    links.try_person(attempt.run.state, subject.person.key)
    created = await attempt.conversation.create(USERS, user_creation(values))
    return Result("Create", lambda: links.save_user(attempt.run.state, subject, target_id=created["id"]))


async def _update(attempt: Attempt, subject: UserSubject, *, source: Source, resource: Resource) -> Result:
    run, target_id = attempt.run, resource["id"]
    in_line = Result("Skip", lambda: links.save_user(run.state, subject, target_id=target_id))
    values = run.users.values(source)
    if not subject.in_scope or subject.person.soft_deleted_at is not None:
        values = {name: value for name, value in values.items() if name == "active"}  # nothing else flows any more
    changes = differences(values, resource)
    disables = any(change.target == "active" and change.new == "False" for change in changes)
    if not changes or _left_alone(attempt, subject, disables=disables):
        return in_line
    attempt.changing(changes)
    if disables and run.staging:
        return Result("StagedDelete", lambda: None)
    attempt.action = "Disable" if disables else "Update"
    await attempt.conversation.patch(USERS, target_id, body=attribute_patch(changes, run.dialect))
    return Result(attempt.action, in_line.save)


def _left_alone(attempt: Attempt, subject: UserSubject, *, disables: bool) -> bool:
    """Tell whether the configuration forbids the change, and note why."""
    configuration = attempt.run.configuration
    rules = configuration.users
    why = None
    if disables and not rules.delete:
        why = "disabling people is turned off"
    elif disables and subject.person.active and configuration.skip_out_of_scope_deletions:
        why = "people who leave the scope are left as they are"
    elif not disables and not rules.update:
        why = "updating people is turned off"
    if why is not None:
        attempt.step("action", why, status="skipped")
    return why is not None


async def _delete(attempt: Attempt, subject: UserSubject, source: Source) -> Result:
    """Delete a purged person, unless the link was out of scope before: then the real service sends nothing."""
    run = attempt.run
    forgotten = Result("Skip", lambda: links.forget_person(run.state, subject.person.key))
    target = subject.target_id if subject.was_in_scope else None
    if subject.tried and subject.target_id is None:
        found = await find_unseen(attempt, USERS, flow=run.users, source=source)
        target = None if found is None else str(found["id"])
    if target is None or not run.configuration.users.delete:
        return forgotten
    if run.staging:
        return Result("StagedDelete", lambda: None)
    attempt.action = "Delete"
    if not await attempt.conversation.delete(USERS, target):
        await gone_for_good(attempt, USERS, flow=run.users, source=source)
    return Result("Delete", forgotten.save)


def _skip(attempt: Attempt, subject: UserSubject, verdict: str) -> Result:
    attempt.step("action", verdict, status="skipped")
    return Result("Skip", lambda: links.settle_user(attempt.run.state, subject.person))


def _voiding(attempt: Attempt, subject: UserSubject, result: Result) -> Result:
    """Drop the link to a resource that is gone for good, in the transaction that saves the result."""

    def save() -> None:
        links.drop_user_link(attempt.run.state, subject.person.key)
        result.save()

    return Result(result.action, save)
