"""What the service does with one group, members aside: skip, create, update, delete.

A group that is unassigned or deleted is deleted in the target; groups know no disabled state.
"""

from __future__ import annotations

from entrasim import links
from entrasim.dialects import attribute_patch, group_creation
from entrasim.job.attempt import Attempt, Result, Run
from entrasim.links import GroupSubject
from entrasim.mappings import GROUP_MAPPINGS, differences, group_values, matching_targets
from entrasim.outcomes import DUPLICATE_TARGET, INVALID_ANCHOR, Failure
from entrasim.provisioning_log import Identity, LogEntry
from entrasim.scim_client import GROUPS, Resource, incompatible
from entrasim.targets import ShapeError


async def sync_group(run: Run, key: int) -> LogEntry:
    """Bring the target in line with one group (row key) and return the log entry."""
    subject = links.load_group(run.state, key)
    group = subject.group
    attempt = Attempt(run, Identity(kind="Group", id=group.id, name=group.name, target_id=subject.target_id))
    attempt.step("import", "read from the directory", displayName=group.name)
    attempt.step(
        "scope",
        "in scope" if subject.assigned else "not in scope",
        status="success" if subject.assigned else "skipped",
        activeInSourceSystem=str(group.deleted_at is None),
        assignedToApplication=str(subject.assigned),
    )
    try:
        result = await _bring_in_line(attempt, subject)
    except ShapeError as error:
        run.tally.groups.failed += 1
        return attempt.fail(incompatible(error))
    except Failure as failure:
        run.tally.groups.failed += 1
        return attempt.fail(failure)
    return attempt.succeed(result, run.tally.groups)


async def _bring_in_line(attempt: Attempt, subject: GroupSubject) -> Result:
    if not subject.assigned:
        return await _leave(attempt, subject)
    if subject.target_id is not None:
        resource = await attempt.conversation.read(GROUPS, subject.target_id)
        if resource is not None:
            attempt.step("match", "linked before", targetId=subject.target_id)
            return await _update(attempt, subject, resource)
        attempt.step("match", "the linked resource is gone", status="failure", code=INVALID_ANCHOR)
        with attempt.run.state.transaction():
            links.drop_group_link(attempt.run.state, subject.group.key)
    resource = await _match(attempt, subject)
    if resource is not None:
        return await _update(attempt, subject, resource)
    attempt.action = "Create"
    values = group_values(subject.group)
    attempt.changing(differences(values, {}))
    created = await attempt.conversation.create(GROUPS, group_creation(values))
    return Result("Create", lambda: links.save_group(attempt.run.state, subject.group, target_id=created["id"]))


async def _match(attempt: Attempt, subject: GroupSubject) -> Resource | None:
    values = group_values(subject.group)
    for target in matching_targets(GROUP_MAPPINGS):
        found = await attempt.conversation.find(GROUPS, target, value=values[target])
        if len(found) > 1:
            raise Failure(DUPLICATE_TARGET, f"{len(found)} resources have {target} {values[target]!r}")
        if found:
            attempt.step("match", "found in the target", attribute=target, targetId=found[0]["id"])
            return found[0]
    attempt.step("match", "not in the target")
    return None


async def _update(attempt: Attempt, subject: GroupSubject, resource: Resource) -> Result:
    target_id = resource["id"]
    changes = differences(group_values(subject.group), resource)
    if changes:
        attempt.action = "Update"
        attempt.changing(changes)
        await attempt.conversation.patch(GROUPS, target_id, body=attribute_patch(changes, attempt.run.dialect))
    else:
        attempt.action = "Skip"
    return Result(attempt.action, lambda: links.save_group(attempt.run.state, subject.group, target_id=target_id))


async def _leave(attempt: Attempt, subject: GroupSubject) -> Result:
    state, group = attempt.run.state, subject.group
    if subject.target_id is not None:
        attempt.action = "Delete"
        await attempt.conversation.delete(GROUPS, subject.target_id)

    def save() -> None:
        if group.deleted_at is not None:
            links.forget_group(state, group.key)
        else:
            links.drop_group_link(state, group.key)
            links.settle_group(state, group)

    return Result("Delete" if subject.target_id is not None else "Skip", save)
