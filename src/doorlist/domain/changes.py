"""Changes of access that can be planned and applied, and what a plan tells of one. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorlist.domain.levels import Level, Policy


@dataclass(frozen=True, slots=True)
class GrantGroup:
    """Give a group a level on a resource, or change the level it has."""

    resource_id: UUID
    group_id: UUID
    level: Level
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class UngrantGroup:
    """Take a group's grant away; `members` says whether its members keep the level."""

    resource_id: UUID
    group_id: UUID
    members: Policy


@dataclass(frozen=True, slots=True)
class GrantPerson:
    """Give a person a level on a resource, or change the level given."""

    resource_id: UUID
    user_id: UUID
    level: Level


@dataclass(frozen=True, slots=True)
class UngrantPerson:
    """Take a person's own grant away."""

    resource_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class RemovePerson:
    """Delete a person's own and kept access to a folder, or to a workspace with all its folders."""

    resource_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class DeleteResource:
    """Delete a folder, or a workspace with all its folders."""

    resource_id: UUID


@dataclass(frozen=True, slots=True)
class DeleteGroup:
    """End a group: what its directory would do, or an administrator does with a local or detached one."""

    group_id: UUID


@dataclass(frozen=True, slots=True)
class SwitchPolicy:
    """Say what leavers of groups keep where the grant does not."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class RestoreMembers:
    """Put back everybody whose membership of a group ended since a moment and who is still there."""

    group_id: UUID
    since: datetime


@dataclass(frozen=True, slots=True)
class RestoreRemoved:
    """Bring back what directories took away since a moment: all, or what a request or token did, or a person lost."""

    since: datetime
    request_id: UUID | None = None
    token_id: UUID | None = None
    user_id: UUID | None = None


Change = (
    GrantGroup
    | UngrantGroup
    | GrantPerson
    | UngrantPerson
    | RemovePerson
    | DeleteResource
    | DeleteGroup
    | SwitchPolicy
    | RestoreMembers
    | RestoreRemoved
)
