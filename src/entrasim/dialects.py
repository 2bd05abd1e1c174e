"""Request bodies as Entra writes them, in its default dialect and in the one behind `aadOptscim062020`.

On a PATCH the default dialect spells operations `Add`, `Replace`, `Remove`, sends one operation per attribute and
`active` as text, and removes members by a value list. The flagged dialect spells them in lower case, gathers plain
attributes in one path-less operation with dotted and URN-colon keys, sends JSON booleans, and removes members by a
value filter. A create is alike in both, and carries a JSON boolean. Pure.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

from entrasim.mappings import Change
from entrasim.targets import CORE_GROUP, CORE_USER, ENTERPRISE_USER, parse_target

FLAG = "aadOptscim062020"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ADSCIM_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
MANAGER = f"{ENTERPRISE_USER}:manager"

Body = dict[str, Any]


class Dialect(enum.Enum):
    """Which way the client words its PATCH requests."""

    DEFAULT = "default"
    FLAGGED = FLAG


def user_creation(values: Mapping[str, str]) -> Body:
    """Return the body of `POST /Users`: nested, with the enterprise URN listed even when nothing is under it."""
    body: Body = {"schemas": [CORE_USER, ENTERPRISE_USER], "meta": {"resourceType": "User"}, "roles": []}
    _write(body, values)
    return body


def group_creation(values: Mapping[str, str]) -> Body:
    """Return the body of `POST /Groups`: without members, and with a schema that no server defines."""
    body: Body = {"schemas": [CORE_GROUP, ADSCIM_GROUP], "meta": {"resourceType": "Group"}}
    _write(body, values)
    return body


def attribute_patch(changes: Sequence[Change], dialect: Dialect) -> Body:
    """Return the PATCH for changed attributes: add where the target was empty, replace where it held something."""
    if dialect is Dialect.DEFAULT:
        return _patch([{"op": _op(change, dialect), "path": change.target, "value": change.new} for change in changes])
    filtered = [change for change in changes if parse_target(change.target).type is not None]
    operations: list[Body] = [
        {"op": _op(change, dialect), "path": change.target, "value": change.new} for change in filtered
    ]
    for op in ("add", "replace"):
        gathered = {
            change.target: _flagged_value(change)
            for change in changes
            if change not in filtered and _op(change, dialect) == op
        }
        if gathered:
            operations.append({"op": op, "value": gathered})
    return _patch(operations)


def member_addition(ids: Sequence[str], dialect: Dialect) -> Body:
    """Return the PATCH that adds members by target id."""
    if dialect is Dialect.DEFAULT:
        return _patch([{"op": "Add", "path": "members", "value": [{"$ref": None, "value": i} for i in ids]}])
    return _patch([{"op": "add", "path": "members", "value": [{"value": i} for i in ids]}])


def member_removal(ids: Sequence[str], dialect: Dialect) -> Body:
    """Return the PATCH that removes exactly these members."""
    if dialect is Dialect.DEFAULT:
        return _patch([{"op": "Remove", "path": "members", "value": [{"$ref": None, "value": i} for i in ids]}])
    return _patch([{"op": "remove", "path": f'members[value eq "{i}"]'} for i in ids])


def manager_patch(old: str | None, new: str | None, *, dialect: Dialect) -> Body:
    """Return the PATCH that moves the manager reference from one target id to another; None means no manager."""
    op = "Remove" if new is None else "Add" if old is None else "Replace"
    operation: Body = {"op": op if dialect is Dialect.DEFAULT else op.lower(), "path": MANAGER}
    if new is not None:
        operation["value"] = new
    return _patch([operation])


def _op(change: Change, dialect: Dialect) -> str:
    op = "Add" if change.old is None else "Replace"
    return op if dialect is Dialect.DEFAULT else op.lower()


def _flagged_value(change: Change) -> str | bool:
    return change.new == "True" if change.target == "active" else change.new


def _write(body: Body, values: Mapping[str, str]) -> None:
    for target, value in values.items():
        parse_target(target).write(body, value == "True" if target == "active" else value)


def _patch(operations: list[Body]) -> Body:
    return {"schemas": [PATCH_OP], "Operations": operations}
