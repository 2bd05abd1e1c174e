"""Attribute mappings as data: which source flows to which target, the defaults of a custom SCIM application.

An empty source flows nothing: Entra never sends null, so an attribute emptied in the directory stays in the target.
Matching attributes carry a precedence from 1. References (manager, members) travel on their own, later. What
mappings make of a person is in `flows`. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from entrasim.targets import ENTERPRISE_USER, ShapeError, parse_target


class Mapping(msgspec.Struct, frozen=True):
    """One row of the mapping table.

    `source` is an attribute's Entra name, a constant text, or an expression, as `kind` says. `default` flows on
    creation where the source is empty. `apply` says whether the value flows always or only when the object is
    created. `precedence` from 1 makes the target a matching attribute.
    """

    source: str
    target: str
    kind: Literal["direct", "constant", "expression"] = "direct"
    default: str | None = None
    precedence: int = 0
    apply: Literal["always", "creation"] = "always"
    reference: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A target attribute that has to move from `old` (None: empty) to `new`, both as mappings spell them."""

    target: str
    old: str | None
    new: str


SOFT_DELETED = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
FULL_NAME = 'Join(" ", [givenName], [surname])'

USER_MAPPINGS = (
    Mapping("userPrincipalName", "userName", precedence=1),
    Mapping(SOFT_DELETED, "active", kind="expression"),
    Mapping("displayName", "displayName"),
    Mapping("jobTitle", "title"),
    Mapping("mail", 'emails[type eq "work"].value'),
    Mapping("preferredLanguage", "preferredLanguage"),
    Mapping("givenName", "name.givenName"),
    Mapping("surname", "name.familyName"),
    Mapping(FULL_NAME, "name.formatted", kind="expression"),
    Mapping("physicalDeliveryOfficeName", 'addresses[type eq "work"].formatted'),
    Mapping("streetAddress", 'addresses[type eq "work"].streetAddress'),
    Mapping("city", 'addresses[type eq "work"].locality'),
    Mapping("state", 'addresses[type eq "work"].region'),
    Mapping("postalCode", 'addresses[type eq "work"].postalCode'),
    Mapping("country", 'addresses[type eq "work"].country'),
    Mapping("telephoneNumber", 'phoneNumbers[type eq "work"].value'),
    Mapping("mobile", 'phoneNumbers[type eq "mobile"].value'),
    Mapping("facsimileTelephoneNumber", 'phoneNumbers[type eq "fax"].value'),
    Mapping("mailNickname", "externalId"),
    Mapping("employeeId", f"{ENTERPRISE_USER}:employeeNumber"),
    Mapping("department", f"{ENTERPRISE_USER}:department"),
    Mapping("manager", f"{ENTERPRISE_USER}:manager", reference=True),
)
GROUP_MAPPINGS = (
    Mapping("displayName", "displayName", precedence=1),
    Mapping("objectId", "externalId"),
    Mapping("members", "members", reference=True),
)


def matching_targets(mappings: Sequence[Mapping]) -> list[str]:
    """Return the matching attributes' targets in order of precedence."""
    matching = sorted((m for m in mappings if m.precedence), key=lambda m: m.precedence)
    return [mapping.target for mapping in matching]


def differences(values: dict[str, str], resource: dict[str, Any]) -> list[Change]:
    """Return what must change in a target resource so that it holds the values. Raises `ShapeError`."""
    changes = []
    for target, new in values.items():
        old = _spelled(target, parse_target(target).read(resource))
        if old != new:
            changes.append(Change(target, old, new))
    return changes


def _spelled(target: str, value: str | bool | None) -> str | None:
    if target == "active":
        if isinstance(value, str):
            raise ShapeError("active is text, not a boolean")
        return None if value is None else str(value)
    if isinstance(value, bool):
        raise ShapeError(f"{target} is a boolean, not text")
    return value or None
