"""Audit events: the closed list of what can happen, and the shape in which it is remembered. Values only.

One event stands for one change set, whatever its size. `change` holds what was before and after, by ids and
levels, so that the sum of an organization's events reproduces its memberships, grants and retained rows; names in
it are the names of that moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from doorlist.domain.tenancy import Administrator, Caller


class Action(StrEnum):
    """What happened. A value is never reused for another meaning."""

    ORGANIZATION_CREATED = "organization.created"
    ORGANIZATION_CHANGED = "organization.changed"
    TOKEN_CREATED = "token.created"  # noqa: S105 - the name of an event
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - the name of an event
    SETUP_LINK_CREATED = "setup-link.created"
    SETUP_LINK_REVOKED = "setup-link.revoked"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_DELETED = "webhook.deleted"

    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DEACTIVATED = "user.deactivated"
    USER_REACTIVATED = "user.reactivated"
    USER_DELETED = "user.deleted"
    GROUP_CREATED = "group.created"
    GROUP_CHANGED = "group.changed"
    GROUP_MEMBERS_CHANGED = "group.members-changed"
    GROUP_DELETED = "group.deleted"

    WORKSPACE_CREATED = "workspace.created"
    WORKSPACES_UPGRADED = "workspaces.upgraded"
    FOLDER_CREATED = "folder.created"
    GRANT_ADDED = "grant.added"
    GRANT_CHANGED = "grant.changed"
    GRANT_REMOVED = "grant.removed"
    RETAINED_REMOVED = "retained.removed"
    PERSON_REMOVED = "person.removed-from-resource"
    GRANTS_IMPORTED = "grants.imported"

    PERSON_EXCLUDED = "exclusion.set"
    EXCLUSION_LIFTED = "exclusion.lifted"
    RESOURCE_ARCHIVED = "resource.archived"
    RESOURCE_UNARCHIVED = "resource.unarchived"
    RESOURCE_DELETED = "resource.deleted"
    RESOURCE_RESTORED = "resource.restored"
    OWNERSHIP_PASSED = "ownership.passed-on"
    JOINED_AS_OWNER = "resource.joined-as-owner"
    ROLE_CHANGED = "user.role-changed"
    USER_BLOCKED = "user.blocked"
    USER_UNBLOCKED = "user.unblocked"
    HELD_CONFIRMED = "retained.confirmed"
    HELD_DROPPED = "retained.dropped"
    ACCESS_RESTORED = "access.restored"
    REMOVALS_UNDONE = "directory-removals.undone"
    GRANTS_REATTACHED = "grants.reattached"
    ATTENTION_RESOLVED = "attention.resolved"
    DELETED_CLEANED = "deleted.cleaned-up"
    HISTORY_FORGOTTEN = "history.forgotten"

    SESSIONS_REVOKED = "sessions.revoked"
    SAML_CHANGED = "saml.changed"
    DOMAIN_CHANGED = "domain.changed"
    SIGNIN_LINK_MADE = "signin-link.made"
    CREDENTIALS_SET = "credentials.set"
    CREDENTIALS_REMOVED = "credentials.removed"
    BREAK_GLASS_USED = "break-glass.used"

    PROJECT_CREATED = "project.created"
    PROJECT_CHANGED = "project.changed"
    PROJECT_MOVED = "project.moved"
    PROJECT_DELETED = "project.deleted"
    TASK_CREATED = "task.created"
    TASK_CHANGED = "task.changed"
    TASK_TICKED = "task.ticked"
    TASK_UNTICKED = "task.unticked"
    TASK_MOVED = "task.moved"
    TASK_DELETED = "task.deleted"

    SCHEMA_DECLARED = "schema.declared"
    SCHEMA_CHANGED = "schema.changed"
    SCHEMA_REMOVED = "schema.removed"


class TargetKind(StrEnum):
    """What kind of thing an event is about."""

    ORGANIZATION = "organization"
    TOKEN = "token"  # noqa: S105 - the name of a kind
    KEY = "key"
    WEBHOOK = "webhook"
    USER = "user"
    GROUP = "group"
    RESOURCE = "resource"
    ATTENTION = "attention"
    SESSION = "session"
    PROJECT = "project"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `kind` is operator, person, key, directory or chore; `source` is the way in (cli, console, api,
    scim, server)."""

    kind: str
    identity: str
    source: str

    @classmethod
    def administrator(cls, administrator: Administrator) -> Actor:
        """The operator or a key of the organization under its name, or a person under the id."""
        if administrator.user_id is None:
            kind = "key" if administrator.source == "api" else "operator"
            return cls(kind, administrator.name, administrator.source)
        return cls("person", str(administrator.user_id), administrator.source)

    @classmethod
    def directory(cls, caller: Caller) -> Actor:
        """The directory connection that presented a token."""
        return cls("directory", str(caller.connection_id), "scim")


@dataclass(frozen=True, slots=True)
class Event:
    """One change set, to be appended in the transaction that makes it.

    Attributes:
        change: JSON values only; UUIDs as text.
    """

    action: Action
    target_kind: TargetKind
    target_id: UUID
    actor: Actor
    request_id: UUID
    change: Mapping[str, object] = field(default_factory=dict)
