"""The default attribute mappings of a custom SCIM application, as data, and what they make of a person or group.

An empty source flows nothing: Entra never sends null, so an attribute emptied in the directory stays in the target.
Matching attributes carry a precedence from 1. References (manager, members) travel on their own, later. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from entrasim.entries import FIELD_OF_ENTRA, Group, Person
from entrasim.targets import ENTERPRISE_USER, ShapeError, parse_target


@dataclass(frozen=True, slots=True)
class Mapping:
    """One row of the mapping table. `source` is an attribute's Entra name or the text of an expression."""

    source: str
    target: str
    precedence: int = 0
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
    Mapping(SOFT_DELETED, "active"),
    Mapping("displayName", "displayName"),
    Mapping("jobTitle", "title"),
    Mapping("mail", 'emails[type eq "work"].value'),
    Mapping("preferredLanguage", "preferredLanguage"),
    Mapping("givenName", "name.givenName"),
    Mapping("surname", "name.familyName"),
    Mapping(FULL_NAME, "name.formatted"),
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

_EXPRESSIONS: dict[str, Callable[[Person, bool], str | None]] = {
    SOFT_DELETED: lambda _, soft_deleted: "False" if soft_deleted else "True",
    FULL_NAME: lambda person, _: " ".join(part for part in (person.given_name, person.surname) if part),
}
_GROUP_FIELDS = {"displayName": "name", "objectId": "id"}


def user_values(person: Person, *, soft_deleted: bool) -> dict[str, str]:
    """Return target → value for everything of a person that flows.

    `soft_deleted` is Entra's IsSoftDeleted: unassigned, out of scope, in the recycle bin or disabled.
    """
    values: dict[str, str] = {}
    for mapping in USER_MAPPINGS:
        expression = _EXPRESSIONS.get(mapping.source)
        if mapping.reference:
            continue
        if expression is not None:
            value = expression(person, soft_deleted)
        else:
            value = getattr(person, FIELD_OF_ENTRA[mapping.source])
        if value:
            values[mapping.target] = value
    return values


def group_values(group: Group) -> dict[str, str]:
    """Return target → value for everything of a group that flows."""
    return {
        mapping.target: getattr(group, _GROUP_FIELDS[mapping.source])
        for mapping in GROUP_MAPPINGS
        if not mapping.reference
    }


def matching_targets(mappings: tuple[Mapping, ...]) -> list[str]:
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
