"""What the service does with one group, members aside: skip, create, update, delete.

A group that is unassigned or deleted is deleted in the target; groups know no disabled state.
"""

from __future__ import annotations

from entrasim import links
from entrasim.dialects import attribute_patch, group_creation
from entrasim.expressions import ExpressionError, Source
from entrasim.filters import explained
from entrasim.flows import group_source
from entrasim.job.attempt import Attempt, Result, Run
from entrasim.job.matching import find_match, find_unseen, gone_for_good
from entrasim.links import GroupSubject
from entrasim.mappings import differences
from entrasim.outcomes import EXPRESSION_FAILED, INVALID_ANCHOR, Failure
from entrasim.provisioning_log import Identity, LogEntry
from entrasim.scim_client import GROUPS, Resource, incompatible
from entrasim.targets import ShapeError


async def sync_group(run: Run, key: int) -> LogEntry:
    """Bring the target in line with one group (row key) and return the log entry."""
    subject = links.load_group(run.state, key)
    group = subject.group
    attempt = Attempt(run, Identity(kind="Group", id=group.id, name=group.name, target_id=subject.target_id))
    source = group_source(group)
    attempt.step("import", "read from the directory", **{name: str(value) for name, value in source.items() if value})
    attempt.step(
        "scope",
        "in scope" if subject.in_scope else "not in scope",
        status="success" if subject.in_scope else "skipped",
        activeInSourceSystem=str(group.deleted_at is None),
        assignedToApplication=str(subject.assigned),
        **explained(run.configuration.groups.filters, source),
    )
    try:
        result = await _bring_in_line(attempt, subject, source)
    except ShapeError as error:
        return _failed(attempt, subject, incompatible(error))
    except ExpressionError as error:
        return _failed(attempt, subject, Failure(EXPRESSION_FAILED, str(error)))
    except Failure as failure:
        return _failed(attempt, subject, failure)
    return attempt.succeed(result, run.tally.groups)


def _failed(attempt: Attempt, subject: GroupSubject, failure: Failure) -> LogEntry:
    run = attempt.run
    run.tally.groups.failed += 1
    return attempt.fail(failure, save=lambda: run.hold("group", subject.group.key, failure, subject.group.touched))


async def _bring_in_line(attempt: Attempt, subject: GroupSubject, source: Source) -> Result:
    if not subject.in_scope:
        return await _leave(attempt, subject, source)
    if subject.target_id is not None:
        resource = await attempt.conversation.read(GROUPS, subject.target_id)
        if resource is not None:
            attempt.step("match", "linked before", targetId=subject.target_id)
            return await _update(attempt, subject, source=source, resource=resource)
        attempt.step("match", "the linked resource is gone", status="failure", code=INVALID_ANCHOR)
    resource = await find_match(attempt, GROUPS, flow=attempt.run.groups, source=source)
    if resource is not None:
        result = await _update(attempt, subject, source=source, resource=resource)
    else:
        result = await _create(attempt, subject, source)
    kept = subject.target_id is None or (resource is not None and resource["id"] == subject.target_id)
    return result if kept or result.action == "StagedDelete" else _voiding(attempt, subject, result)


async def _create(attempt: Attempt, subject: GroupSubject, source: Source) -> Result:
    run = attempt.run
    attempt.action = "Create"
    if not run.configuration.groups.create:
        attempt.step("action", "creating groups is turned off", status="skipped")
        return Result("Skip", lambda: links.settle_group(run.state, subject.group))
    values = run.groups.values(source, creating=True)
    attempt.changing(differences(values, {}))
    links.try_group(run.state, subject.group.key)
    created = await attempt.conversation.create(GROUPS, group_creation(values))
    return Result("Create", lambda: links.save_group(run.state, subject.group, target_id=created["id"]))


async def _update(attempt: Attempt, subject: GroupSubject, *, source: Source, resource: Resource) -> Result:
    run, target_id = attempt.run, resource["id"]
    in_line = Result("Skip", lambda: links.save_group(run.state, subject.group, target_id=target_id))
    changes = differences(run.groups.values(source), resource)
    if not changes:
        return in_line
    if not run.configuration.groups.update:
        attempt.step("action", "updating groups is turned off", status="skipped")
        return in_line
    attempt.action = "Update"
    attempt.changing(changes)
    await attempt.conversation.patch(GROUPS, target_id, body=attribute_patch(changes, run.dialect))
    return Result("Update", in_line.save)


def _voiding(attempt: Attempt, subject: GroupSubject, result: Result) -> Result:
    """Drop the link to a resource that is gone for good, in the transaction that saves the result."""

    def save() -> None:
        links.drop_group_link(attempt.run.state, subject.group.key)
        result.save()

    return Result(result.action, save)


async def _leave(attempt: Attempt, subject: GroupSubject, source: Source) -> Result:
    run, group = attempt.run, subject.group
    kept = group.deleted_at is None and run.configuration.skip_out_of_scope_deletions

    def save() -> None:
        if group.deleted_at is not None:
            links.forget_group(run.state, group.key)
        else:
            links.drop_group_link(run.state, group.key)
            links.settle_group(run.state, group)

    target = subject.target_id
    if target is None and subject.tried:
        found = await find_unseen(attempt, GROUPS, flow=run.groups, source=source)
        target = None if found is None else str(found["id"])
    if target is None or kept or not run.configuration.groups.delete:
        return Result("Skip", save)
    if run.staging:
        return Result("StagedDelete", lambda: None)
    attempt.action = "Delete"
    if not await attempt.conversation.delete(GROUPS, target):
        await gone_for_good(attempt, GROUPS, flow=run.groups, source=source)
    return Result("Delete", save)
