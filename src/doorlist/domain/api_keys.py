"""Keys of programs: what one may be allowed to do, and whose it is. Values only.

A key belongs to one organization. Without a person it acts as the organization itself, up to its scopes; with one it
acts as that person, up to the scopes and to the person's levels, and ends with the person.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from doorlist.domain.tenancy import Administrator

KEY_PREFIX: Final = "dl_key_"
"""How the text of a key starts, so that secret scanners find it."""


class KeyScope(StrEnum):
    """What a key may be used for."""

    ORGANIZATION_READ = "organization:read"
    ORGANIZATION_WRITE = "organization:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    ACCESS_READ = "access:read"
    ACCESS_WRITE = "access:write"
    PROJECTS_READ = "projects:read"
    PROJECTS_WRITE = "projects:write"
    LOGS_READ = "logs:read"
    DECISIONS = "decisions"


ALL_KEY_SCOPES: Final = tuple(sorted(scope.value for scope in KeyScope))


@dataclass(frozen=True, slots=True)
class Program:
    """A program that presented a valid key: which key it is, what it may do, and as whom it acts."""

    key_id: UUID
    org_id: UUID
    slug: str
    scopes: frozenset[str]
    administrator: Administrator
