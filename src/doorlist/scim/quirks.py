"""What real clients send that the RFCs do not say, one named function each, with its reason.

The names in parentheses are those of the quirk table in docs/reference/clients.md. Each function turns a client's
dialect into the normal form or says that the value is not its business; none of them guesses: what they do not
know stays as it is and is refused by the ordinary rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from doorlist.scim.schema import Attribute, ResourceType, Target, Type

_BARE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*")
_AFTER_BRACKETS: Final = re.compile(r"\.(\$?[A-Za-z][A-Za-z0-9_$-]*)")
_LABELS: Final = frozenset({"type", "primary", "display", "$ref"})
_TRUTH: Final = {"true": True, "false": False}


def bare_word(text: str) -> str | None:
    """A filter value without quotes (Q19): Microsoft's own example shows ``externalId eq jyoung``."""
    return text if _BARE.fullmatch(text) else None


def sub_attribute_after_brackets(text: str) -> str | None:
    """The sub-attribute in ``emails[type eq "work"].value eq "…"`` (Q24), where the grammar ends at the bracket.

    Entra asks so when an administrator matches people by their e-mail address.
    """
    found = _AFTER_BRACKETS.fullmatch(text)
    return found.group(1) if found is not None else None


def attribute_without_its_urn(resource_type: ResourceType, name: str, sub: str | None) -> Target | None:
    """An extension attribute under its bare name (Q9): Entra's reference check asks ``manager eq "…"``.

    Only for a name that the base schema does not have, so that nothing changes its meaning.
    """
    for extension in resource_type.extensions:
        target = resource_type.find(extension.schema.urn, name, sub)
        if target is not None:
            return target
    return None


def truth_as_text(attribute: Attribute, value: Any) -> Any:
    """``"True"`` and ``"False"`` in any case for boolean attributes (Q2, Q5, Q16): Entra's default dialect."""
    if attribute.type is Type.BOOLEAN and isinstance(value, str):
        return _TRUTH.get(value.strip().lower(), value)
    return value


def operation_in_any_case(op: Any) -> Any:
    """``Add``, ``Replace``, ``Remove`` with a capital (Q1): Entra's default dialect."""
    return op.lower() if isinstance(op, str) else op


def manager_in_any_shape(attribute: Attribute, value: Any) -> Any:
    """The manager as a bare id or as a list of one or none (Q9), where RFC 7643 section 4.3 has an object.

    The rule holds for every single-valued complex attribute with a sub-attribute ``value``.
    """
    if not _is_reference(attribute):
        return value
    if isinstance(value, list) and len(value) < 2:
        value = value[0] if value else None
    return {"value": value} if isinstance(value, str) and value else value


def manager_under_its_old_name(attribute: Attribute, value: Any) -> Any:
    """``managerId`` for ``value`` (Q25): the spelling of SCIM 1.1, still in the templates of OneLogin."""
    if not _is_reference(attribute) or not isinstance(value, Mapping) or "value" in value or "managerId" not in value:
        return value
    return {"value" if name == "managerId" else name: part for name, part in value.items()}


def _is_reference(attribute: Attribute) -> bool:
    return attribute.is_complex and not attribute.multi_valued and attribute.sub("value") is not None


def empty_text_unassigns(value: Any) -> Any:
    """``""`` means no value (Q10): Microsoft's gallery validation clears attributes by replacing them with it."""
    return None if value == "" else value


def role_as_json_text(attribute: Attribute, value: Any) -> Any:
    """A role whose ``value`` is a JSON text of the role (Q15): Entra's AppRoleAssignmentsComplex."""
    if attribute.name != "roles" or not isinstance(value, Mapping):
        return value
    text = value.get("value")
    if not isinstance(text, str) or not text.startswith("{"):
        return value
    try:
        role = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return value
    inner = {"value": role.get("value"), "display": role.get("displayName"), "type": role.get("type")}
    return {**value, **{name: part for name, part in inner.items() if isinstance(part, str)}}


def value_described_by_its_filter(equalities: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The value to create when ``emails[type eq "work"].value`` selects none (Q3, Q4, Q5).

    RFC 7644 section 3.5.2.3 says noTarget; Entra never creates the value first, it counts on this. Only equalities on
    ``type`` and ``primary`` describe a value; other filters that select nothing stay noTarget.
    """
    return equalities if equalities.keys() <= {"type", "primary"} else None


def nothing_but_labels(element: Mapping[str, Any]) -> bool:
    """Whether only labels are left of a value that was removed (Q6): Entra clears ``emails[type eq "work"].value``."""
    return not element.keys() - _LABELS


def value_names_what_to_remove(attribute: Attribute) -> bool:
    """``Remove`` with a bare path and a value list removes what is listed (Q7): Entra's default dialect, JumpCloud.

    RFC 7644 section 3.5.2.2 knows no value here; read literally it would empty the group.
    """
    return attribute.multi_valued


def name_is_a_path(name: str) -> bool:
    """``name.givenName`` and ``urn:…:User:department`` as names in a path-less value (Q11): Entra with its flag."""
    return not name.isalnum()


def no_operation_is_none_too_few(operations: list[Any]) -> bool:
    """An empty ``Operations`` list (Q12): Microsoft's validator sends one and expects success."""
    return not operations


def read_only_among_others(attribute: Attribute) -> bool:
    """A read-only attribute among others in a PATCH value (Q18): Okta sends a group's ``id`` beside the new name."""
    return attribute.read_only


def one_value_for_many(attribute: Attribute, value: Any) -> Any:
    """A single object where PATCH expects a list of values; several clients add one member that way."""
    return [value] if attribute.multi_valued and attribute.is_complex and isinstance(value, Mapping) else value


def schema_of_an_older_version(urn: str) -> bool:
    """A schema URN of SCIM 1 or of Microsoft's own namespace (Q13): accepted, not echoed, not interpreted."""
    lowered = urn.lower()
    return lowered.startswith(("urn:scim:schemas:", "http://schemas.microsoft.com/"))
