"""Levels, and the rule that combines paths into one effective level. Pure values, standard library only.

The rule is stated twice in the product: here, to be read and to judge by, and in the SQL view `effective_access`,
which serves every check and list. A property test compares the two on generated organizations. Neither reads a
policy: keep and remove act when state changes, never when access is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class Level(IntEnum):
    """What somebody may do on a workspace or folder, in one total order; `max` is the only combining rule."""

    VIEWER = 1
    CHECKER = 2
    EDITOR = 3
    ADMIN = 4
    OWNER = 5

    @property
    def label(self) -> str:
        """The name that people read and write."""
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> Level | None:
        """The level that a text names, in any case and between blanks, or None."""
        return _LEVELS.get(text.strip().lower())


_LEVELS: Final = {level.label: level for level in Level}

GROUP_CEILING: Final = Level.EDITOR
"""The highest level that a group can carry."""

MANAGES_ACCESS: Final = Level.ADMIN
"""The lowest level that may change who has access to a resource."""


class Policy(StrEnum):
    """What the loss of a group path does: keep writes a retained row, remove writes nothing."""

    KEEP = "keep"
    REMOVE = "remove"


class Role(StrEnum):
    """A person's part in the organization itself. SCIM does not manage it."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"

    @property
    def manages(self) -> bool:
        """Whether the role may change the organization: its settings, tokens, workspaces and access."""
        return self in {Role.OWNER, Role.ADMIN}


def authority(role: Role, effective: int) -> int:
    """The level up to which a person may grant on a resource: an organization's owner and admins act as such."""
    by_role = {Role.OWNER: Level.OWNER, Role.ADMIN: Level.ADMIN}.get(role, 0)
    return max(by_role, effective)


@dataclass(frozen=True, slots=True)
class Resource:
    """A workspace (its own `workspace`) or a folder of one; `home` marks the folder that comes with it."""

    key: str
    workspace: str
    home: bool = False
    archived: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """An organization as far as access depends on it. Keys are any names, unique among their kind.

    Attributes:
        active: the people who are active, not blocked and not deleted.
        members: for each live group the people in it; a deleted group is absent.
        resources: every workspace and folder by key.
        direct: (person, resource) → level.
        grants: (group, resource) → level.
        retained: (person, resource, group) → level, live rows only.
        exclusions: (person, resource).
    """

    active: frozenset[str]
    members: Mapping[str, frozenset[str]]
    resources: Mapping[str, Resource]
    direct: Mapping[tuple[str, str], int]
    grants: Mapping[tuple[str, str], int]
    retained: Mapping[tuple[str, str, str], int]
    exclusions: frozenset[tuple[str, str]]


def paths(state: State, person: str, resource: Resource) -> Iterator[int]:
    """The level of every path by which a person reaches a resource, in no order."""
    for via in {resource.key, resource.workspace} if resource.home else {resource.key}:
        if (person, via) in state.direct:
            yield state.direct[person, via]
        if (person, via) not in state.exclusions:
            yield from (n for (g, r), n in state.grants.items() if r == via and person in state.members.get(g, ()))
        yield from (n for (p, r, _), n in state.retained.items() if (p, r) == (person, via))


def effective(state: State, person: str, resource: Resource) -> int:
    """The one level that a person has on a resource, 0 for none."""
    workspace = state.resources[resource.workspace]
    if person not in state.active or resource.deleted or workspace.deleted:
        return 0
    highest = max(paths(state, person, resource), default=0)
    return min(Level.VIEWER, highest) if resource.archived or workspace.archived else highest
