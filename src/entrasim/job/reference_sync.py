"""What the service does with references once both ends have a link: managers, then members of groups.

Members travel in batches, and each batch is saved before the next goes out. A batch that the target refuses is
sent again one member at a time, so that one bad id does not hold back the others.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from entrasim import links
from entrasim.dialects import manager_patch, member_addition, member_removal
from entrasim.job.attempt import Attempt, Run
from entrasim.links import DueMember, Reference
from entrasim.outcomes import INVALID_ANCHOR, SYNC_SKIPPED, Failure
from entrasim.provisioning_log import Identity, Modified, append_entry
from entrasim.scim_client import GROUPS, USERS

_REFUSED = (400, 409, 422)


async def sync_manager(run: Run, reference: Reference) -> None:
    """Tell the target about one person's manager.

    A manager who is not in the target is skipped, and written no earlier than the person changes again or the job
    is restarted: so does the real service. Only one whose own creation failed is waited for.
    """
    if reference.manager is not None and reference.manager_target is None:
        if not _awaited(run, reference.manager):
            _skip_manager(run, reference)
        return
    if reference.told == reference.manager_target:
        with run.state.transaction():
            links.save_manager(run.state, reference.person, told=reference.told)
        return
    attempt = _manager_attempt(run, reference)
    attempt.modified.append(Modified(name="manager", old=reference.told, new=reference.manager_target))
    try:
        await _tell_manager(attempt, reference)
    except Failure as failure:
        run.tally.managers.failed += 1
        attempt.fail(failure, save=_reevaluation(run, reference.person, failure))
        return
    with run.state.transaction():
        links.save_manager(run.state, reference.person, told=reference.manager_target)
        append_entry(run.state, attempt.entry("Update", "Success"))
    counter = "removed" if reference.manager_target is None else "set"
    setattr(run.tally.managers, counter, getattr(run.tally.managers, counter) + 1)


async def sync_members(run: Run, group: int, *, target_id: str) -> None:
    """Tell the target about every membership of one group (row key) that is due."""
    for adding in (True, False):
        due = iter(links.members_due(run.state, group, adding=adding))
        while members := list(islice(due, run.batch)):
            if run.stopped or not await tell_members(run, group, target_id=target_id, members=members, adding=adding):
                return


async def tell_members(run: Run, group: int, *, target_id: str, members: list[DueMember], adding: bool) -> bool:
    """Send one PATCH that adds or removes members and save it; False when the group itself cannot go on."""
    subject = links.load_group(run.state, group)
    identity = Identity(kind="Group", id=subject.group.id, name=subject.group.name, target_id=target_id)
    attempt = Attempt(run, identity)
    attempt.action = "Update"
    ids = [member.target_id for member in members]
    attempt.modified += [Modified(name="members", **{"new" if adding else "old": one}) for one in ids]
    body = (member_addition if adding else member_removal)(ids, run.dialect)
    try:
        await attempt.conversation.patch(GROUPS, target_id, body=body)
    except Failure as failure:
        return await _members_refused(attempt, group, members=members, adding=adding, failure=failure)
    attempt.step("action", "members added" if adding else "members removed", count=str(len(ids)))
    with run.state.transaction():
        links.save_members(run.state, group, members=members, added=adding)
        append_entry(run.state, attempt.entry("Update", "Success"))
    if adding:
        run.tally.members.added += len(ids)
    else:
        run.tally.members.removed += len(ids)
    return True


async def _members_refused(
    attempt: Attempt, group: int, *, members: list[DueMember], adding: bool, failure: Failure
) -> bool:
    run = attempt.run
    if failure.status in _REFUSED and len(members) > 1:
        attempt.fail(failure)
        target_id = attempt.identity.target_id or ""
        for member in members:
            alone = await tell_members(run, group, target_id=target_id, members=[member], adding=adding)
            if run.stopped or not alone:
                return False
        return True
    run.tally.members.failed += len(members)
    if failure.code == INVALID_ANCHOR:
        attempt.fail(failure, save=lambda: links.reevaluate_group(run.state, group))
        return False
    if failure.status in _REFUSED:
        attempt.fail(failure, save=lambda: links.reevaluate_person(run.state, members[0].person))
        return True
    attempt.fail(failure)
    return False


async def _tell_manager(attempt: Attempt, reference: Reference) -> None:
    attempt.action = "Update"
    new = reference.manager_target
    talk = attempt.conversation
    if new is not None and await talk.holds_reference(USERS, reference.target_id, attribute="manager", value=new):
        attempt.step("action", "the target holds the manager already")
        return
    body = manager_patch(reference.told, new, dialect=attempt.run.dialect)
    await talk.patch(USERS, reference.target_id, body=body)
    attempt.step("action", "manager removed" if new is None else "manager set")


def _awaited(run: Run, manager: int) -> bool:
    """True where the manager should be in the target and will be tried again."""
    subject = links.load_user(run.state, manager)
    return not subject.soft_deleted


def _skip_manager(run: Run, reference: Reference) -> None:
    attempt = _manager_attempt(run, reference)
    attempt.step("action", "the manager is not in the target", status="skipped", code=SYNC_SKIPPED)
    with run.state.transaction():
        links.save_manager(run.state, reference.person, told=reference.told)
        append_entry(run.state, attempt.entry("Skip", "Skipped"))
    run.tally.managers.skipped += 1


def _manager_attempt(run: Run, reference: Reference) -> Attempt:
    person = links.load_user(run.state, reference.person).person
    return Attempt(run, Identity(kind="User", id=person.id, name=person.name, target_id=reference.target_id))


def _reevaluation(run: Run, person: int, failure: Failure) -> Callable[[], None] | None:
    if failure.code != INVALID_ANCHOR:
        return None
    return lambda: links.reevaluate_person(run.state, person)
