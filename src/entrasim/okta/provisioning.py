"""What Okta does with people and groups that are assigned: import, push of users, push of groups.

A person is linked, then kept in line by GET and PUT; whoever leaves is deactivated and never deleted. A group is pushed
by name, and its members are told after it is named again. Links and what was told are those of the state file.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime

import msgspec

from entrasim import links
from entrasim.application import Application
from entrasim.configuration import load_configuration
from entrasim.dialects import Dialect
from entrasim.faulty_wire import open_wire
from entrasim.job.attempt import Attempt, Result, Run, Tally
from entrasim.links import DueMember, GroupSubject, UserSubject
from entrasim.okta import bodies
from entrasim.okta.bodies import Integration
from entrasim.okta.client import OktaClient, OktaConversation, Sleep
from entrasim.outcomes import Failure
from entrasim.people import find_person
from entrasim.provisioning_log import Identity, LogEntry, append_entry
from entrasim.refusals import UnknownName
from entrasim.scim_client import GROUPS, USERS, Resource
from entrasim.statefile import StateFile


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What an import found: linked to people of the directory, or unknown here."""

    linked: list[str]
    unknown: list[str]


class PushResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a push did."""

    tally: Tally
    requests: int
    stopped: str | None

    @property
    def ok(self) -> bool:
        """True when nothing failed."""
        return self.stopped is None and not self.tally.failures


class Okta:
    """Okta's client on a state file and its connection; use it within `state.only_cycle()`."""

    def __init__(
        self,
        state: StateFile,
        application: Application,
        *,
        integration: Integration,
        clock: Callable[[], datetime],
        mint: Callable[[], str],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.state, self.integration = state, integration
        self.wire = open_wire(state, application, 1, clock=clock)
        client = OktaClient(self.wire, application, clock=clock, sleep=sleep)
        self.run = Run(state, client, Dialect.DEFAULT, mint, load_configuration(state))
        self._client = client

    async def import_users(self) -> ImportResult:
        """Read every user of the target and link those whose user name is somebody's here. Raises `Failure`."""
        linked: list[str] = []
        unknown: list[str] = []
        try:
            async for user in self._client.conversation().everything(USERS):
                name = str(user.get("userName"))
                (linked if self._take_over(user, name) else unknown).append(name)
        finally:
            self.wire.close()
        return ImportResult(linked=linked, unknown=unknown)

    def _take_over(self, user: Resource, name: str) -> bool:
        try:
            person = find_person(self.state, name)
        except UnknownName:
            return False
        subject = links.load_user(self.state, person.key)
        with self.state.transaction():
            links.link_user(self.state, subject, target_id=user["id"])
        return True

    async def push(self) -> PushResult:
        """Bring the target in line with everything that is due; what fails stays due."""
        try:
            await self._push_everything()
        finally:
            self.wire.close()
        stopped = None if self.run.stopped is None else self.run.stopped.message
        return PushResult(tally=self.run.tally, requests=self.wire.requests, stopped=stopped)

    async def _push_everything(self) -> None:
        for key in links.users_due(self.state, sys.maxsize):
            if self.run.stopped is None:
                await self._push_user(links.load_user(self.state, key))
        for key in links.groups_due(self.state, sys.maxsize):
            if self.run.stopped is None:
                await self._push_group(links.load_group(self.state, key))
        for key, target in links.groups_with_members_due(self.state):
            if self.run.stopped is None:
                await self._push_members(links.load_group(self.state, key), target)

    async def _push_user(self, subject: UserSubject) -> None:
        person = subject.person
        identity = Identity(kind="User", id=person.id, name=person.name, target_id=subject.target_id)
        attempt, talk = self._attempt(identity)
        try:
            result = await self._user_result(attempt, talk, subject=subject)
        except Failure as failure:
            self.run.tally.users.failed += 1
            attempt.fail(failure)
            return
        attempt.succeed(result, self.run.tally.users)

    async def _user_result(self, attempt: Attempt, talk: OktaConversation, *, subject: UserSubject) -> Result:
        state, person, target = self.state, subject.person, subject.target_id
        if person.purged_at is not None:
            return Result("Skip", lambda: links.forget_person(state, person.key))  # never a DELETE
        if target is None and subject.soft_deleted:
            return Result("Skip", lambda: links.settle_user(state, person))
        if target is None:
            target = await self._matched_or_created(attempt, talk, subject=subject)
        elif subject.soft_deleted and subject.told_disabled:
            attempt.action = "Skip"
        else:
            await self._write_user(attempt, talk, subject=subject, target=target)
        found = target
        return Result(attempt.action, lambda: links.save_user(state, subject, target_id=found))

    async def _matched_or_created(self, attempt: Attempt, talk: OktaConversation, *, subject: UserSubject) -> str:
        found = await talk.match(USERS, "userName", value=subject.person.user_principal_name)
        if found is not None:
            attempt.step("match", "found in the target", targetId=found["id"])
            await self._write_user(attempt, talk, subject=subject, target=found["id"])
            return str(found["id"])
        attempt.action = "Create"
        body = bodies.user_creation(subject.person, placeholder=self.run.mint())
        return str((await talk.create(USERS, body))["id"])

    async def _write_user(self, attempt: Attempt, talk: OktaConversation, *, subject: UserSubject, target: str) -> None:
        """Deactivate who left, and activate and replace the profile of who is there."""
        active = not subject.soft_deleted
        attempt.action = "Update" if active else "Disable"
        by_patch = self.integration is Integration.OIN
        if by_patch and active == subject.told_disabled:
            await talk.patch(USERS, target, body=bodies.activation(active))
            if not active:
                return
        held = await talk.get(USERS, target)
        if held is None:
            raise Failure("InvalidAnchor", "HTTP 404: the linked user is gone from the target", 404)
        body = bodies.user_replacement(held, subject.person, active=active) if active else {**held, "active": False}
        if by_patch and not active:
            await talk.patch(USERS, target, body=bodies.activation(False))
        else:
            await talk.put(USERS, target, body=body)

    async def _push_group(self, subject: GroupSubject) -> None:
        group = subject.group
        identity = Identity(kind="Group", id=group.id, name=group.name, target_id=subject.target_id)
        attempt, talk = self._attempt(identity)
        try:
            result = await self._group_result(attempt, talk, subject=subject)
        except Failure as failure:
            self.run.tally.groups.failed += 1
            attempt.fail(failure)
            return
        attempt.succeed(result, self.run.tally.groups)

    async def _group_result(self, attempt: Attempt, talk: OktaConversation, *, subject: GroupSubject) -> Result:
        state, group, target = self.state, subject.group, subject.target_id
        if not subject.in_scope:
            return await self._unlinked(attempt, talk, subject=subject)
        if target is None:
            found = await talk.match(GROUPS, "displayName", value=group.name)
            attempt.action = "Create" if found is None else "Skip"
            held: Resource = found or await talk.create(GROUPS, bodies.group_creation(group.name))
            target = str(held["id"])
        else:
            attempt.action = "Update"
            await self._write_group(talk, subject, target=target)
        linked = target
        return Result(attempt.action, lambda: links.save_group(state, group, target_id=linked))

    async def _unlinked(self, attempt: Attempt, talk: OktaConversation, *, subject: GroupSubject) -> Result:
        """Delete a group that is no longer pushed."""
        state, group = self.state, subject.group
        if subject.target_id is not None:
            attempt.action = "Delete"
            await talk.delete(GROUPS, subject.target_id)

        def save() -> None:
            if group.deleted_at is not None:
                links.forget_group(state, group.key)
            else:
                links.drop_group_link(state, group.key)
                links.settle_group(state, group)

        return Result("Delete" if subject.target_id is not None else "Skip", save)

    async def _push_members(self, subject: GroupSubject, target: str) -> None:
        group = subject.group
        attempt, talk = self._attempt(Identity(kind="Group", id=group.id, name=group.name, target_id=target))
        attempt.action = "Update"
        new = links.members_due(self.state, group.key, adding=True)
        gone = links.members_due(self.state, group.key, adding=False)
        try:
            await self._write_group(talk, subject, target=target)
            if self.integration is Integration.OIN:
                changes = bodies.member_changes([one.target_id for one in gone], self._displayed(new))
                await talk.patch(GROUPS, target, body=changes)
        except Failure as failure:
            self.run.tally.members.failed += len(new) + len(gone)
            attempt.fail(failure)
            return
        attempt.step("action", "members pushed", added=str(len(new)), removed=str(len(gone)))
        self._save_members(group.key, new, gone=gone, entry=attempt.entry("Update", "Success"))

    async def _write_group(self, talk: OktaConversation, subject: GroupSubject, *, target: str) -> None:
        """Name the group, as comes before every change of members; a custom integration sends them all with it."""
        name = subject.group.name
        if self.integration is Integration.OIN:
            await talk.patch(GROUPS, target, body=bodies.group_rename(target, name))
            return
        everybody = self._displayed(links.present_members(self.state, subject.group.key))
        await talk.put(GROUPS, target, body=bodies.group_replacement(target, name, members=everybody))

    def _save_members(self, group: int, new: list[DueMember], *, gone: list[DueMember], entry: LogEntry) -> None:
        with self.state.transaction():
            links.save_members(self.state, group, members=new, added=True)
            links.save_members(self.state, group, members=gone, added=False)
            append_entry(self.state, entry)
        self.run.tally.members.added += len(new)
        self.run.tally.members.removed += len(gone)

    def _displayed(self, members: list[DueMember]) -> list[tuple[str, str]]:
        people = (links.load_user(self.state, one.person).person for one in members)
        return [(one.target_id, person.name) for one, person in zip(members, people, strict=True)]

    def _attempt(self, identity: Identity) -> tuple[Attempt, OktaConversation]:
        attempt, talk = Attempt(self.run, identity), self._client.conversation()
        attempt.conversation = talk
        return attempt, talk
