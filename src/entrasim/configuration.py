"""How provisioning is set up: mappings, scoping filters, object actions, the deletion guard; and verbs to change it.

One setting of the state file holds what differs from the defaults. Saving mappings, filters or actions has
everything evaluated again in the next cycle, as in the real service; the other settings do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from entrasim.application import WATERMARK
from entrasim.expressions import ExpressionError, compile_expression
from entrasim.expressions.functions import compiled
from entrasim.filters import Clause, ScopingFilter
from entrasim.flows import GROUP_SOURCES, USER_SOURCES
from entrasim.links import mark_everything_due
from entrasim.mappings import GROUP_MAPPINGS, USER_MAPPINGS, Mapping
from entrasim.refusals import InvalidMapping
from entrasim.statefile import StateFile
from entrasim.targets import parse_target

Kind = Literal["users", "groups"]
_SETTING = "configuration"
_REFERENCES = {"users": ("manager",), "groups": ("members",)}


class ObjectRules(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of object is provisioned; `delete` covers disabling as well."""

    enabled: bool = True
    create: bool = True
    update: bool = True
    delete: bool = True
    mappings: list[Mapping]
    filters: list[ScopingFilter] = []


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """Everything. `guard` is the number of deletions above which a cycle holds them back, None for no guard."""

    users: ObjectRules = ObjectRules(mappings=list(USER_MAPPINGS))
    groups: ObjectRules = ObjectRules(mappings=list(GROUP_MAPPINGS))
    guard: int | None = None
    notify: str | None = None
    skip_out_of_scope_deletions: bool = False

    def rules(self, kind: Kind) -> ObjectRules:
        """Return the rules of one kind of object."""
        return self.users if kind == "users" else self.groups


def load_configuration(state: StateFile) -> Configuration:
    """Return the configuration as it is now."""
    packed = state.setting(_SETTING)
    return Configuration() if packed is None else msgspec.json.decode(packed, type=Configuration)


def put_mapping(state: StateFile, kind: Kind, *, mapping: Mapping) -> Configuration:
    """Add a mapping, or replace the one with the same target. Raises `InvalidMapping`."""
    _check_mapping(kind, mapping)
    rules = load_configuration(state).rules(kind)
    mappings = [mapping if one.target == mapping.target else one for one in rules.mappings]
    if mapping not in mappings:
        mappings.append(mapping)
    return _save_rules(state, kind, rules=msgspec.structs.replace(rules, mappings=mappings))


def remove_mapping(state: StateFile, kind: Kind, *, target: str) -> Configuration:
    """Remove the mapping of a target. Raises `InvalidMapping` where there is none, or no matching one remains."""
    rules = load_configuration(state).rules(kind)
    mappings = [one for one in rules.mappings if one.target != target]
    if len(mappings) == len(rules.mappings):
        raise InvalidMapping(f"No mapping has the target {target!r}.")
    return _save_rules(state, kind, rules=msgspec.structs.replace(rules, mappings=mappings))


def restore_mappings(state: StateFile, kind: Kind) -> Configuration:
    """Go back to the default mappings and actions, without filters."""
    default = Configuration().rules(kind)
    return _save_rules(state, kind, rules=default)


def save_filters(state: StateFile, kind: Kind, *, filters: Sequence[ScopingFilter]) -> Configuration:
    """Set the scoping filters. Raises `InvalidMapping`."""
    known = USER_SOURCES if kind == "users" else GROUP_SOURCES
    for one in filters:
        if not one.clauses:
            raise InvalidMapping(f"The filter {one.title!r} has no clause.")
        for clause in one.clauses:
            _check_clause(clause, known)
    rules = msgspec.structs.replace(load_configuration(state).rules(kind), filters=list(filters))
    return _save_rules(state, kind, rules=rules)


def set_actions(
    state: StateFile,
    kind: Kind,
    *,
    enabled: bool | None = None,
    create: bool | None = None,
    update: bool | None = None,
    delete: bool | None = None,
) -> Configuration:
    """Choose whether a kind of object is provisioned at all, and what may be done to it; None leaves one alone."""
    chosen = {"enabled": enabled, "create": create, "update": update, "delete": delete}
    wanted = {name: value for name, value in chosen.items() if value is not None}
    return _save_rules(state, kind, rules=msgspec.structs.replace(load_configuration(state).rules(kind), **wanted))


def set_guard(state: StateFile, threshold: int | None) -> Configuration:
    """Hold deletions back when a cycle would do more than this many; None never does. Raises `InvalidMapping`."""
    if threshold is not None and not 0 <= threshold <= 1_000_000:
        raise InvalidMapping("The threshold of the deletion guard lies between 0 and 1,000,000.")
    return _save(state, msgspec.structs.replace(load_configuration(state), guard=threshold))


def set_notification(state: StateFile, address: str | None) -> Configuration:
    """Keep whom the real service would write to about a quarantine; nothing is sent from here."""
    return _save(state, msgspec.structs.replace(load_configuration(state), notify=address or None))


def set_skip_out_of_scope(state: StateFile, skip: bool) -> Configuration:
    """Choose whether people who leave the scope but stay in the directory are left as they are in the target."""
    return _save(state, msgspec.structs.replace(load_configuration(state), skip_out_of_scope_deletions=skip))


def _save_rules(state: StateFile, kind: Kind, *, rules: ObjectRules) -> Configuration:
    if not any(mapping.precedence for mapping in rules.mappings):
        raise InvalidMapping("At least one mapping must be a matching attribute with a precedence from 1.")
    with state.transaction():
        mark_everything_due(state)
        state.set_setting(WATERMARK, None)
        configuration = load_configuration(state)
        if kind == "users":
            configuration = msgspec.structs.replace(configuration, users=rules)
        else:
            configuration = msgspec.structs.replace(configuration, groups=rules)
        state.set_setting(_SETTING, msgspec.json.encode(configuration).decode())
    return configuration


def _save(state: StateFile, configuration: Configuration) -> Configuration:
    with state.transaction():
        state.set_setting(_SETTING, msgspec.json.encode(configuration).decode())
    return configuration


def _check_mapping(kind: Kind, mapping: Mapping) -> None:
    known = USER_SOURCES if kind == "users" else GROUP_SOURCES
    try:
        parse_target(mapping.target)
        read = compile_expression(mapping.source).attributes if mapping.kind == "expression" else frozenset()
    except ValueError as error:  # ExpressionError is one
        raise InvalidMapping(f"The mapping of {mapping.target!r} cannot be used: {error}.") from error
    if mapping.kind == "direct":
        read = frozenset({mapping.source})
    if mapping.reference != (mapping.kind == "direct" and mapping.source in _REFERENCES[kind]):
        raise InvalidMapping(f"Of {kind}, {_REFERENCES[kind][0]} is the reference, and nothing else.")
    if not mapping.reference and (unknown := read - known):
        raise InvalidMapping(f"The directory has no attribute {', '.join(sorted(unknown))} for {kind}.")
    if mapping.kind == "constant" and not mapping.source:
        raise InvalidMapping("A constant cannot be empty: nothing would flow.")


def _check_clause(clause: Clause, known: frozenset[str]) -> None:
    if clause.attribute not in known:
        raise InvalidMapping(f"The directory has no attribute {clause.attribute!r} to filter by.")
    if clause.operator.endswith("REGEX MATCH"):
        try:
            compiled(clause.value)
        except ExpressionError as error:
            raise InvalidMapping(f"The filter clause {clause} cannot be used: {error}.") from error
    if clause.operator.startswith("GREATER") and not clause.value.lstrip("-").isdigit():
        raise InvalidMapping(f"The filter clause {clause} needs an integer.")
