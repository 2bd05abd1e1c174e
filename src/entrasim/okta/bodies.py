"""Request bodies as Okta writes them, for catalog integrations (OIN) and custom ones (AIW). Pure.

OIN: profile by GET and PUT, activation and groups by PATCH. AIW: everything by PUT.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

from entrasim.dialects import PATCH_OP
from entrasim.entries import Person
from entrasim.targets import CORE_GROUP, CORE_USER

AGENT = "Okta SCIM Client 1.0.0"
PAGE = 100
Body = dict[str, Any]


class Integration(enum.Enum):
    """Which kind of integration the client is configured as."""

    OIN = "oin"
    AIW = "aiw"


def user_creation(person: Person, *, placeholder: str) -> Body:
    """Return the body of `POST /Users`; `placeholder` is the throw-away password that is sent in any case."""
    return {
        "schemas": [CORE_USER],
        **_profile(person),
        "externalId": person.id,
        "groups": [],
        "password": placeholder,
        "active": True,
    }


def user_replacement(held: Body, person: Person, *, active: bool) -> Body:
    """Return the body of `PUT /Users/{id}`: the document as it was read, with the profile written over it."""
    return {**held, **_profile(person), "active": active}


def activation(active: bool) -> Body:
    """Return the PATCH that activates or deactivates: without a path, with a JSON boolean."""
    return {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": {"active": active}}]}


def group_creation(name: str) -> Body:
    """Return the body of `POST /Groups`."""
    return {"schemas": [CORE_GROUP], "displayName": name, "members": []}


def group_rename(target_id: str, name: str) -> Body:
    """Return the PATCH that names a group; its value repeats the id."""
    return {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": {"id": target_id, "displayName": name}}]}


def member_changes(gone: Sequence[str], new: Sequence[tuple[str, str]]) -> Body:
    """Return the PATCH of memberships: each removal by its filter, the additions (id, display) as one."""
    operations: list[Body] = [{"op": "remove", "path": f'members[value eq "{one}"]'} for one in gone]
    if new:
        value = [{"value": one, "display": display} for one, display in new]
        operations.append({"op": "add", "path": "members", "value": value})
    return {"schemas": [PATCH_OP], "Operations": operations}


def group_replacement(target_id: str, name: str, *, members: Sequence[tuple[str, str]]) -> Body:
    """Return the body of `PUT /Groups/{id}` with every member."""
    listed = [{"value": one, "display": display} for one, display in members]
    return {"schemas": [CORE_GROUP], "id": target_id, "displayName": name, "members": listed}


def _profile(person: Person) -> Body:
    mail = person.mail or person.user_principal_name
    return {
        "userName": person.user_principal_name,
        "name": {"givenName": person.given_name or person.name, "familyName": person.surname or person.name},
        "emails": [{"primary": True, "value": mail, "type": "work"}],
        "displayName": person.name,
        "locale": (person.preferred_language or "en-US").replace("_", "-"),
    }
