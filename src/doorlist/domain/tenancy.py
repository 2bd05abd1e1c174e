"""Organizations, plans and callers: who asks, for which organization, with which rights. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from doorlist.domain.behaviour import USUAL, Behaviour


class Plan(StrEnum):
    """What an organization or a workspace has paid for, in rising order."""

    FREE = "free"
    TEAM = "team"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"


PROVISIONING_PLAN: Final = Plan.ENTERPRISE


class Scope(StrEnum):
    """What a SCIM token may do."""

    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    GROUPS_READ = "groups:read"
    GROUPS_WRITE = "groups:write"


ALL_SCOPES: Final = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """A directory that presented a valid token.

    `plan`, `scim_enabled` and `declared`, the schemas that it declares (as `scim.catalogue` reads them), are the
    organization's at the time the credential was read, `behaviour` is the connection's; a change of any invalidates the
    cached caller in every process.
    """

    org_id: UUID
    connection_id: UUID
    token_id: UUID
    scopes: frozenset[str]
    plan: Plan
    scim_enabled: bool
    expires_at: datetime | None
    declared: str | None
    behaviour: Behaviour = USUAL


@dataclass(frozen=True, slots=True)
class Administrator:
    """The operator of the installation (command line), or a person acting for one organization.

    `org_id` None means the operator, who acts for every organization. `name` goes into the audit log.
    """

    name: str
    source: str
    org_id: UUID | None = None
    user_id: UUID | None = None
